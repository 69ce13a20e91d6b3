"""A second step, so that order shows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("counter", sa.Column("name", sa.Text, server_default="first", nullable=False))


def downgrade() -> None:
    op.drop_column("counter", "name")
