"""What was typed while its author signs in at the identity provider."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create it in the schema of the role."""
    op.create_table(
        "interrupted",
        sa.Column("key_hash", sa.Text, nullable=False, comment="SHA-256 of the key, which only the browser has"),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="AES-256-GCM of what was typed"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_interrupted"),
        schema="processing",
        comment="what was typed while its author signs in elsewhere; minutes",
    )
