"""What callers used of their limits."""

from alembic import op

from shared.platform.database import metadata_for
from shared.platform.rate import rate_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table in the schema of the role."""
    rate_table(metadata_for("metrics")).create(op.get_bind())
