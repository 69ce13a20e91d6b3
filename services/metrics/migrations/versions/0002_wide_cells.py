"""Wide cells, moves by day, compact facts. What each table is for stands in services/metrics/store/__init__.py.

Everything here is a function of the topic: the old rows go and the process folds the topic anew.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    "DROP TABLE event_log, facts, kpi_cell, counted_by",
    "DELETE FROM consumer_offset",
    """
    CREATE TABLE facts (
        dossier_code text COLLATE "C" NOT NULL CONSTRAINT pk_facts PRIMARY KEY,
        seq integer NOT NULL,
        partition integer NOT NULL,
        missing integer[],
        at_day integer NOT NULL,
        known_day integer NOT NULL,
        agency_code text COLLATE "C" NOT NULL,
        period text COLLATE "C" NOT NULL,
        state bytea NOT NULL
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_facts_agency_code_period ON facts (agency_code, period)",
    """
    CREATE TABLE kpi_cell (
        period text COLLATE "C" NOT NULL,
        agency_code text COLLATE "C" NOT NULL,
        procedure_code text COLLATE "C" NOT NULL,
        channel smallint NOT NULL,
        until timestamptz NOT NULL,
        shard integer NOT NULL,
        CONSTRAINT pk_kpi_cell PRIMARY KEY (period, agency_code, procedure_code, channel, until, shard)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE kpi_day (
        period text COLLATE "C" NOT NULL,
        agency_code text COLLATE "C" NOT NULL,
        procedure_code text COLLATE "C" NOT NULL,
        at_day integer NOT NULL,
        known_day integer NOT NULL,
        shard integer NOT NULL,
        CONSTRAINT pk_kpi_day PRIMARY KEY (period, agency_code, procedure_code, at_day, known_day, shard)
    ) WITH (fillfactor = 80)
    """,
    "CREATE TABLE counted_by (version text NOT NULL CONSTRAINT pk_counted_by PRIMARY KEY)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)


def downgrade() -> None:
    for table in ("counted_by", "kpi_day", "kpi_cell", "facts"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DELETE FROM consumer_offset")
    op.execute(
        "CREATE TABLE event_log (dossier_code text, seq integer, change text, at timestamptz, recorded_at timestamptz,"
        ' partition integer, "offset" bigint, CONSTRAINT pk_event_log PRIMARY KEY (dossier_code, seq))'
    )
    op.execute(
        "CREATE TABLE facts (dossier_code text CONSTRAINT pk_facts PRIMARY KEY, seq integer NOT NULL,"
        " partition integer NOT NULL, facts_json text NOT NULL)"
    )
    op.execute(
        "CREATE TABLE kpi_cell (period text, measure text, agency_code text, procedure_code text, channel smallint,"
        " until timestamptz, partition integer, count bigint NOT NULL, CONSTRAINT pk_kpi_cell"
        " PRIMARY KEY (period, measure, agency_code, procedure_code, channel, until, partition))"
    )
    op.execute("CREATE TABLE counted_by (version integer NOT NULL CONSTRAINT pk_counted_by PRIMARY KEY)")
