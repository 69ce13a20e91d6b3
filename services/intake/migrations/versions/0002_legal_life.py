"""Papers that came later, words told to applicants, and the timeline of each dossier."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them to the schema of the role."""
    op.add_column(
        "document",
        sa.Column(
            "replaced_at",
            sa.DateTime(timezone=True),
            comment="since when a better one of its kind stands for it",
        ),
        schema="intake",
    )
    op.drop_index("uq_document_dossier_kind", "document", schema="intake")
    op.create_index(
        "uq_document_dossier_kind",
        "document",
        ["dossier_code", "kind"],
        unique=True,
        schema="intake",
        postgresql_where=sa.text("dossier_code IS NOT NULL AND replaced_at IS NULL"),
    )
    op.create_table(
        "words",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("command_id", sa.Text, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="keyed hash of the words"),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="what an officer wrote to the applicant"),
        sa.PrimaryKeyConstraint("dossier_code", "command_id", name="pk_words"),
        schema="intake",
    )
    op.create_table(
        "timeline",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", JSONB, nullable=False, comment="the change and the facts after it"),
        sa.PrimaryKeyConstraint("dossier_code", "seq", name="pk_timeline"),
        schema="intake",
    )
