"""The first tables of processing: worklist, who holds what, commands taken, numbers and signed results."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them in the schema of the role."""
    op.create_table(
        "worklist",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, comment="whose task; null while nobody of the staff is waited for"),
        sa.Column("task", sa.Text),
        sa.Column("agency_code", sa.Text, nullable=False, comment="where the task lies"),
        sa.Column(
            "due_order",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="due time; no due time sorts first",
        ),
        sa.Column("facts", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_worklist"),
        schema="processing",
    )
    op.create_index(
        "ix_worklist_role_agency_code_due_order_dossier_code",
        "worklist",
        ["role", "agency_code", "due_order", "dossier_code"],
        schema="processing",
    )
    op.create_table(
        "holding",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("person_code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_holding"),
        schema="processing",
        comment="who holds a dossier: facts say only that somebody does",
    )
    op.create_table(
        "command",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("command_id", sa.Text, nullable=False),
        sa.Column("request_hash", sa.Text, nullable=False, comment="principal and body"),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "command_id", name="pk_command"),
        schema="processing",
    )
    op.create_table(
        "result_number",
        sa.Column("agency_code", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("agency_code", "year", name="pk_result_number"),
        schema="processing",
    )
    op.create_table(
        "result",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("agency_code", sa.Text, nullable=False),
        sa.Column("address", sa.Text, comment="in the document store; null until signed"),
        sa.Column("file_hash", sa.Text, comment="SHA-256 of the signed file"),
        sa.Column("signed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("dossier_code", "version", name="pk_result"),
        schema="processing",
    )
    op.create_index(
        "ix_result_agency_code_year_number",
        "result",
        ["agency_code", "year", "number"],
        unique=True,
        schema="processing",
    )
