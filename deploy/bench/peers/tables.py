"""Where contenders write, how far the database says they are, and whether what stands there is right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from deploy.bench.peer_programs.job import COUNTS, Facts
from deploy.bench.peers.counted import Cells, cells, difference, local_month
from services.metrics import store
from shared.platform import database as platform

_MIGRATIONS: Final = Path(store.__file__).parents[1] / "migrations"
_BOTH: Final = COUNTS[:-1]
"""What our cells count by the same definition; "on time" is the law's in ours and a plain comparison in the peers'."""


class Tables(Protocol):
    """One kind of contender's tables on an open asyncpg connection."""

    done: str
    """SQL: how many records are behind the stored offsets; "" = the program says itself when it is done."""

    async def empty(self, database: Any, url: str, partitions: int) -> None: ...
    async def wrong(self, database: Any, newest: Mapping[bytes, Facts]) -> str:
        """By how much the cells are not what the newest facts come to; "" = equal."""
        ...


class NoTables:
    """Who only reads writes nothing."""

    done = ""

    async def empty(self, database: Any, url: str, partitions: int) -> None:
        """Nothing to empty."""

    async def wrong(self, database: Any, newest: Mapping[bytes, Facts]) -> str:  # noqa: ARG002
        return ""


class PeerTables:
    """The peers' cells per partition, and their offsets."""

    done = "SELECT sum(next_offset)::bigint FROM peer_progress"

    async def empty(self, database: Any, url: str, partitions: int) -> None:  # noqa: ARG002
        counts = ", ".join(f"{name} integer NOT NULL" for name in COUNTS)
        await database.execute("DROP TABLE IF EXISTS peer_cell, peer_progress")
        await database.execute(
            "CREATE TABLE peer_cell (partition integer, agency_code text, procedure_code text, channel integer,"
            f" month text, {counts}, PRIMARY KEY (partition, agency_code, procedure_code, channel, month))"
        )
        await database.execute(
            "CREATE TABLE peer_progress (partition integer PRIMARY KEY, next_offset bigint NOT NULL)"
        )
        await database.execute("INSERT INTO peer_progress SELECT n, 0 FROM generate_series(0, $1 - 1) AS n", partitions)

    async def wrong(self, database: Any, newest: Mapping[bytes, Facts]) -> str:
        rows = await database.fetch(_summed("peer_cell", "month", COUNTS))
        return difference(_cells(rows), cells(newest.values()))


class OurTables:
    """The fold's own schema, by the service's own migrations."""

    def __init__(self, topic: str) -> None:
        self.done = f"SELECT sum(next_offset)::bigint FROM metrics.consumer_offset WHERE topic = '{topic}'"  # noqa: S608

    async def empty(self, database: Any, url: str, partitions: int) -> None:  # noqa: ARG002
        await emptied(url)

    async def wrong(self, database: Any, newest: Mapping[bytes, Facts]) -> str:
        rows = await database.fetch(_summed("metrics.kpi_cell", "period", _BOTH))
        of_all = cells(newest.values(), local_month)
        return difference(_cells(rows), {cell: counts[: len(_BOTH)] for cell, counts in of_all.items()})


async def emptied(url: str) -> None:
    """The schema as a release makes it, with nothing in it. `url`: as SQLAlchemy has it."""
    await platform.migrate(url, store.SCHEMA, _MIGRATIONS)
    engine = platform.engine(url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("TRUNCATE metrics.facts, metrics.kpi_cell, metrics.kpi_day")
        await connection.exec_driver_sql("TRUNCATE metrics.consumer_offset, metrics.quarantine")
    await engine.dispose()


def _summed(table: str, month: str, counts: tuple[str, ...]) -> str:
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in counts)
    key = f"agency_code, procedure_code, channel::integer, {month}"
    return f"SELECT {key}, {sums} FROM {table} GROUP BY {key}"  # noqa: S608 - names of this file


def _cells(rows: Any) -> Cells:
    return {tuple(row)[:4]: tuple(row)[4:] for row in rows}
