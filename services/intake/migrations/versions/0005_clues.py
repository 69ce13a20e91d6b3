"""Keyed hashes by which clerks find somebody's dossiers again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table in the schema of the role; dossiers that are there already are indexed at the next start."""
    op.create_table(
        "clue",
        sa.Column("digest", sa.LargeBinary, nullable=False, comment="keyed hash of a word, a phone's end, a number"),
        sa.Column("agency_code", sa.Text, nullable=False, comment="that received it"),
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", "agency_code", "dossier_code", name="pk_clue"),
        sa.ForeignKeyConstraint(
            ["dossier_code"],
            ["intake.filing.dossier_code"],
            name="fk_clue_dossier_code",
            ondelete="CASCADE",
        ),
        schema="intake",
    )
    op.create_index("ix_clue_digest_dossier_code", "clue", ["digest", "dossier_code"], schema="intake")
    op.create_index("ix_clue_dossier_code", "clue", ["dossier_code"], schema="intake")
