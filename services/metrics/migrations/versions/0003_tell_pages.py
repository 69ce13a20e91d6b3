"""Tells pages that the fold has moved: a notice for each statement that advances an offset or notes freshness."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION tell_pages() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NOTIFY metrics_folded;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER tell_pages AFTER UPDATE ON consumer_offset
        FOR EACH STATEMENT EXECUTE FUNCTION tell_pages()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_pages ON consumer_offset")
    op.execute("DROP FUNCTION tell_pages()")
