"""A table of the test's own."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("counter", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO counter VALUES (1)")


def downgrade() -> None:
    op.drop_table("counter")
