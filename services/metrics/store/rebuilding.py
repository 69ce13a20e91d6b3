"""Tables filled beside the ones in use and put in their place at one moment, so that nobody sees half a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.fold import Cell, Day, Row, Stream
from services.metrics.store.copying import copy, wide
from services.metrics.store.tables import KEYS, flat

_AT_ONCE: Final = 20_000
"""Rows copied by one statement: each is bounded in time."""
_FACTS: Final = (
    "dossier_code", "seq", "partition", "missing", "at_day", "known_day", "agency_code", "period", "state",
)  # fmt: skip


def _tables(stream: Stream) -> tuple[str, ...]:
    return (stream.table, *KEYS)


async def begin_next(session: AsyncSession, stream: Stream) -> None:
    """Makes the empty tables `<name>_next`, without indexes; what an interrupted rebuild left goes away."""
    for table in _tables(stream):
        await session.execute(text(f"DROP TABLE IF EXISTS metrics.{table}_next"))
        await session.execute(text(f"CREATE TABLE metrics.{table}_next (LIKE metrics.{table} INCLUDING STORAGE)"))
        await session.execute(text(f"ALTER TABLE metrics.{table}_next SET (fillfactor = 80)"))


async def copy_facts(session: AsyncSession, stream: Stream, rows: Iterable[Row]) -> None:
    """Dossiers into the next table."""
    records = ((row.key, row.seq, row.partition, flat(row.missing), *row[5:]) for row in rows)
    await _copy(session, f"{stream.table}_next", _FACTS, records)


async def copy_cells(
    session: AsyncSession, stream: Stream, cells: Mapping[Cell, int], days: Mapping[Day, int], shard: int
) -> None:
    """Cells and days into the next tables, as one writer's share."""
    sources: tuple[tuple[str, Mapping[Any, int]], ...] = (("kpi_cell", cells), ("kpi_day", days))
    for table, moved in sources:
        columns = [*(name for name, _ in KEYS[table]), *stream.measures]
        await _copy(session, f"{table}_next", columns, wide(moved, shard, len(stream.measures)))


async def swap(session: AsyncSession, stream: Stream, topic: str, position: Mapping[int, int]) -> None:
    """The next tables take the place of those in use, with the position they stand on. Whoever folds reads on there."""
    await session.execute(text("LOCK TABLE metrics.consumer_offset IN EXCLUSIVE MODE"))
    for table in _tables(stream):
        await session.execute(text(f"DROP TABLE metrics.{table}"))
        await session.execute(text(f"ALTER TABLE metrics.{table}_next RENAME TO {table}"))
        await session.execute(text(f"ALTER INDEX metrics.pk_{table}_next RENAME TO pk_{table}"))
    await session.execute(
        text(f"ALTER INDEX metrics.ix_{stream.table}_next RENAME TO ix_{stream.table}_agency_code_period")
    )
    await session.execute(text("DELETE FROM metrics.consumer_offset WHERE topic = :topic"), {"topic": topic})
    await session.execute(
        text("""
            INSERT INTO metrics.consumer_offset (topic, partition, next_offset, folded_at)
            SELECT :topic, *, now() FROM unnest(CAST(:partitions AS integer[]), CAST(:offsets AS bigint[]))
        """),
        {"topic": topic, "partitions": list(position), "offsets": list(position.values())},
    )
    await session.execute(text("DELETE FROM metrics.counted_by"))
    await session.execute(text("INSERT INTO metrics.counted_by VALUES (:version)"), {"version": stream.version})


async def index_next(session: AsyncSession, stream: Stream) -> None:
    """Keys and indexes of the next tables, made once they are full."""
    keys = {stream.table: ["dossier_code"], **{table: [name for name, _ in key] for table, key in KEYS.items()}}
    for table, columns in keys.items():
        key = f"CONSTRAINT pk_{table}_next PRIMARY KEY ({', '.join(columns)})"
        await session.execute(text(f"ALTER TABLE metrics.{table}_next ADD {key}"))
    await session.execute(
        text(f"CREATE INDEX ix_{stream.table}_next ON metrics.{stream.table}_next (agency_code, period)")
    )


async def _copy(session: AsyncSession, table: str, columns: Sequence[str], records: Iterable[tuple[Any, ...]]) -> None:
    for some in batched(records, _AT_ONCE):
        await copy(session, table, columns, some, schema="metrics")
