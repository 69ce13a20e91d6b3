"""The first tables of metrics. What each is for stands in services/metrics/store/__init__.py."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
    CREATE TABLE event_log (
        dossier_code text NOT NULL,
        seq integer NOT NULL,
        change text NOT NULL,
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        CONSTRAINT pk_event_log PRIMARY KEY (dossier_code, seq)
    )
    """,
    """
    CREATE TABLE facts (
        dossier_code text NOT NULL CONSTRAINT pk_facts PRIMARY KEY,
        seq integer NOT NULL,
        partition integer NOT NULL,
        facts_json text NOT NULL
    )
    """,
    """
    CREATE TABLE kpi_cell (
        period text NOT NULL,
        measure text NOT NULL,
        agency_code text NOT NULL,
        procedure_code text NOT NULL,
        channel smallint NOT NULL,
        until timestamptz NOT NULL,
        partition integer NOT NULL,
        count bigint NOT NULL,
        CONSTRAINT pk_kpi_cell
            PRIMARY KEY (period, measure, agency_code, procedure_code, channel, until, partition)
    )
    """,
    """
    CREATE TABLE consumer_offset (
        topic text NOT NULL,
        partition integer NOT NULL,
        next_offset bigint NOT NULL,
        folded_at timestamptz,
        CONSTRAINT pk_consumer_offset PRIMARY KEY (topic, partition)
    )
    """,
    """
    CREATE TABLE quarantine (
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        reason text NOT NULL,
        raw bytea NOT NULL,
        CONSTRAINT pk_quarantine PRIMARY KEY (topic, partition, "offset")
    )
    """,
    "CREATE TABLE counted_by (version integer NOT NULL CONSTRAINT pk_counted_by PRIMARY KEY)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)


def downgrade() -> None:
    for table in ("counted_by", "quarantine", "consumer_offset", "kpi_cell", "facts", "event_log"):
        op.execute(f"DROP TABLE {table}")
