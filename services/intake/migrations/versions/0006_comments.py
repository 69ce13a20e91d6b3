"""Notes of staff about a dossier, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the table in the schema of the role."""
    op.create_table(
        "comment",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="author and Idempotency-Key"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text, nullable=False, comment="person code"),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("agency_code", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="keyed hash of the words"),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="what a colleague wrote"),
        sa.PrimaryKeyConstraint("dossier_code", "key", name="pk_comment"),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["intake.filing.dossier_code"], name="fk_comment_dossier_code", ondelete="CASCADE"
        ),
        schema="intake",
    )
