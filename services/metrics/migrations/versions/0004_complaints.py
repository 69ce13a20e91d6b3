"""Newest facts of complaints. They are few: their figures are counted on read."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE complaint (
            feedback_code text COLLATE "C" NOT NULL CONSTRAINT pk_complaint PRIMARY KEY,
            seq integer NOT NULL,
            period text COLLATE "C" NOT NULL,
            state bytea NOT NULL
        )
    """)
    op.execute("CREATE INDEX ix_complaint_period ON complaint (period)")


def downgrade() -> None:
    op.execute("DROP TABLE complaint")
