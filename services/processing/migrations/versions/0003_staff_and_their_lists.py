"""Accounts, sessions and delegations of staff; histories; what the worklist is sorted and found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables; give known rows their place and number."""
    _accounts()
    _lists()
    op.execute(
        """
        UPDATE processing.worklist SET due_order = CASE
            WHEN facts ->> 'clock' = 'RUNS' AND facts ->> 'due_at' IS NOT NULL THEN (facts ->> 'due_at')::timestamptz
            WHEN facts ->> 'stage' = 'SUBMITTED' THEN (facts ->> 'submitted_at')::timestamptz + interval '1 day'
            ELSE (facts ->> 'submitted_at')::timestamptz + interval '36525 days' END
        """
    )


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("login", sa.Text, nullable=False, comment="embedded: user name; else subject at the provider"),
        sa.Column("title", sa.Text, nullable=False, comment="post in words, such as a counter's number; never a name"),
        sa.Column("password_hash", sa.Text, comment="argon2id; null: signs in at the provider only"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("locked_until", _AT),
        sa.Column("disabled_at", _AT),
        sa.Column("signed_in_at", _AT),
        sa.Column("single_keys", sa.Boolean, nullable=False, server_default="true"),
        sa.PrimaryKeyConstraint("person_code", name="pk_account"),
        schema="processing",
    )
    op.create_index("ix_account_login", "account", ["login"], unique=True, schema="processing")
    op.create_table(
        "account_grant",
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("agency_code", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, comment="last day; null: until revoked"),
        sa.PrimaryKeyConstraint("person_code", "role", "agency_code", name="pk_account_grant"),
        schema="processing",
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.Text, nullable=False, comment="SHA-256 of the cookie's value"),
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("proved_at", _AT, nullable=False, comment="last proof of identity"),
        sa.Column("role", sa.Text, comment="today's post; null: all of the person's posts"),
        sa.Column("agency_code", sa.Text),
        sa.Column("is_locked", sa.Boolean, nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
        schema="processing",
    )
    op.create_index("ix_session_person_code", "session", ["person_code"], schema="processing")
    op.create_table(
        "delegation",
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("to_person_code", sa.Text, nullable=False),
        sa.Column("first_on", sa.Date, nullable=False),
        sa.Column("last_on", sa.Date, nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("person_code", "first_on", name="pk_delegation"),
        schema="processing",
    )
    op.create_index("ix_delegation_to_person_code", "delegation", ["to_person_code"], schema="processing")


def _lists() -> None:
    op.create_table(
        "saved_view",
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False, comment="the filters as in the page's address"),
        sa.PrimaryKeyConstraint("person_code", "name", name="pk_saved_view"),
        schema="processing",
    )
    op.create_table(
        "happening",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("change", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "seq", name="pk_happening"),
        schema="processing",
        comment="what happened to each dossier, from its events",
    )
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("person_code", sa.Text, nullable=False),
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("granted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
        schema="processing",
        comment="who looked at which dossier's personal data, refused looks too",
    )
    op.create_index("ix_reading_dossier_code_at", "reading", ["dossier_code", "at"], schema="processing")
    op.add_column(
        "worklist",
        sa.Column(
            "number", sa.Text, sa.Computed("substring(dossier_code FROM '[0-9]+$')", persisted=True), nullable=False
        ),
        schema="processing",
    )
    for name, value in (
        ("procedure_code", "facts ->> 'procedure_code'"),
        ("channel", "(facts ->> 'channel')::integer"),
    ):
        kind = sa.Integer if name == "channel" else sa.Text
        op.add_column(
            "worklist", sa.Column(name, kind, sa.Computed(value, persisted=True), nullable=False), schema="processing"
        )
    op.create_index(
        "ix_worklist_task_role_agency_code_due_order_dossier_code",
        "worklist",
        ["task", "role", "agency_code", "due_order", "dossier_code"],
        schema="processing",
    )
    op.create_index("ix_worklist_number_dossier_code", "worklist", ["number", "dossier_code"], schema="processing")
    op.drop_index("ix_worklist_role_agency_code_due_order_dossier_code", "worklist", schema="processing")
    op.create_index("ix_holding_person_code", "holding", ["person_code"], schema="processing")
