"""Notices owed to applicants."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them to the schema of the role."""
    op.create_table(
        "notice",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("way", sa.Text, nullable=False, comment="MAIL or SMS"),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="of the change"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, comment="when to try; since when SENDING"),
        sa.Column("reference", sa.Text, comment="the carrier's, or why not"),
        sa.PrimaryKeyConstraint("dossier_code", "seq", "way", name="pk_notice"),
        schema="intake",
    )
    op.create_index(
        "ix_notice_open",
        "notice",
        ["next_at"],
        schema="intake",
        postgresql_where=sa.text("state IN ('WAITING', 'SENDING')"),
    )
