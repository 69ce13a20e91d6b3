"""Feedback and what was written in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them to the schema of the role."""
    op.create_table(
        "feedback",
        sa.Column("feedback_code", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False, comment="person code, or the dossier whose receipt was shown"),
        sa.Column("key", sa.Text, nullable=False, comment="Idempotency-Key"),
        sa.Column("request_digest", sa.Text, nullable=False, comment="keyed: the body holds a citizen's words"),
        sa.Column("owner_code", sa.Text, nullable=False),
        sa.Column("dossier_code", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("agency_code", sa.Text, nullable=False, comment="which has it now"),
        sa.Column("opening", JSONB, nullable=False),
        sa.Column("order", JSONB, nullable=False, comment="exactly what every attempt hands to the workflow"),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, comment="0 while the workflow has not answered"),
        sa.Column("stage", sa.Text),
        sa.Column("facts", JSONB, comment="newest facts known"),
        sa.PrimaryKeyConstraint("feedback_code", name="pk_feedback"),
        sa.UniqueConstraint("caller", "key", name="uq_feedback_caller_key"),
        schema="intake",
    )
    op.create_index("ix_feedback_owner_code", "feedback", ["owner_code", "feedback_code"], schema="intake")
    op.create_index("ix_feedback_agency_code", "feedback", ["agency_code", "feedback_code"], schema="intake")
    op.create_table(
        "feedback_words",
        sa.Column("feedback_code", sa.Text, nullable=False),
        sa.Column("command_id", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.BigInteger, comment="the change they belong to; null: not taken (yet)"),
        sa.Column("digest", sa.Text, nullable=False, comment="keyed hash of the words"),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="what the citizen or the agency wrote"),
        sa.PrimaryKeyConstraint("feedback_code", "command_id", name="pk_feedback_words"),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["intake.feedback.feedback_code"],
            name="fk_feedback_words_feedback_code",
            ondelete="CASCADE",
        ),
        schema="intake",
    )
