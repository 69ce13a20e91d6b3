"""What callers used of their limits."""

from alembic import op

from shared.platform.database import metadata_for
from shared.platform.rate import rate_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table in the schema of the role."""
    rate_table(metadata_for("delivery")).create(op.get_bind())
