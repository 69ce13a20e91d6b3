"""Whom a dossier waits for beside its open task."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table in the schema of the role."""
    op.create_table(
        "errand",
        sa.Column("dossier_code", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("agency_code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "role", "task", "agency_code", name="pk_errand"),
        schema="processing",
        comment="whom a dossier waits for beside its open task: consulted agencies, second persons",
    )
    op.create_index("ix_errand_role_agency_code", "errand", ["role", "agency_code"], schema="processing")
