"""One batch of the fold as one transaction, and what it stands on.

Nothing is locked while Python works: the transaction begins by advancing each offset from where this consumer believes
it to be. When one is not there any more, somebody else has folded: nothing is written, and the consumer reads anew.
The same holds for each dossier's row. So what a consumer remembers is proved right by every commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.fold import Cell, Moved, Row, Stream
from services.metrics.rules.measures import FOREVER
from services.metrics.store.copying import copy, wide
from services.metrics.store.tables import CELL, KEYS, flat, ranges
from shared.platform.kafka import Record


class Behind(Exception):
    """The store is not where this consumer believed it to be: somebody else folds, or a backup was restored."""


class Progress(NamedTuple):
    """A partition's step: from the next offset that is stored to the one after the batch; counted as of `folded_at`."""

    stored: int
    next: int
    folded_at: datetime


_RESERVE: Final = text("""
    INSERT INTO metrics.consumer_offset (topic, partition, next_offset)
    SELECT :topic, partition, 0 FROM unnest(CAST(:partitions AS integer[])) AS partition
    ORDER BY partition ON CONFLICT DO NOTHING
""")
_OFFSETS: Final = text("SELECT partition, next_offset FROM metrics.consumer_offset WHERE topic = :topic")
_ADVANCE: Final = text("""
    WITH relaxed AS (
        SELECT set_config('synchronous_commit', 'off', true), set_config('enable_hashjoin', 'off', true),
            set_config('enable_mergejoin', 'off', true)
    ),
    held AS (
        SELECT partition FROM metrics.consumer_offset, relaxed
        WHERE topic = :topic AND partition = ANY(CAST(:partitions AS integer[])) ORDER BY partition FOR UPDATE OF
        consumer_offset
    )
    UPDATE metrics.consumer_offset AS o
    SET next_offset = n.next_offset, folded_at = greatest(o.folded_at, n.folded_at)
    FROM held JOIN unnest(
        CAST(:partitions AS integer[]), CAST(:stored AS bigint[]), CAST(:next AS bigint[]),
        CAST(:times AS timestamptz[])
    ) AS n(partition, stored, next_offset, folded_at) USING (partition)
    WHERE o.topic = :topic AND o.partition = n.partition AND o.next_offset = n.stored
""")
"""A commit that a crash takes back takes its offsets with it, so nobody waits for the disk (synchronous_commit).
What is copied is few beside what is stored: each is found by its key, never by reading all (the joins)."""
_FRESH: Final = text("""
    UPDATE metrics.consumer_offset AS o SET folded_at = n.folded_at
    FROM unnest(CAST(:partitions AS integer[]), CAST(:next AS bigint[]), CAST(:times AS timestamptz[]))
        AS n(partition, next_offset, folded_at)
    WHERE o.topic = :topic AND o.partition = n.partition AND o.next_offset = n.next_offset
        AND (o.folded_at IS NULL OR o.folded_at < n.folded_at)
""")
_QUARANTINE: Final = text("""
    INSERT INTO metrics.quarantine (topic, partition, "offset", reason, raw)
    SELECT :topic, * FROM unnest(
        CAST(:partitions AS integer[]), CAST(:offsets AS bigint[]), CAST(:reasons AS text[]), CAST(:raws AS bytea[])
    ) ON CONFLICT DO NOTHING
""")
_ROW: Final = (
    "dossier_code", "stored_seq", "seq", "partition", "missing", "at_day", "known_day", "agency_code", "period",
    "state",
)  # fmt: skip


async def reserve(session: AsyncSession, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """The next offset of each partition; one that was never folded begins at 0."""
    await session.execute(_RESERVE, {"topic": topic, "partitions": sorted(partitions)})
    return await offsets(session, topic)


async def offsets(session: AsyncSession, topic: str) -> dict[int, int]:
    """Partition → next offset."""
    return dict((await session.execute(_OFFSETS, {"topic": topic})).all())


async def known(session: AsyncSession, stream: Stream, keys: Iterable[str]) -> list[Row]:
    """What is stored of these dossiers; unknown ones are absent."""
    rows = await session.execute(_known(stream.table), {"keys": list(keys)})
    return [Row(key, seq, seq, partition, ranges(missing), *rest) for key, seq, partition, missing, *rest in rows]


async def write(
    session: AsyncSession, stream: Stream, moved: Moved, to: Mapping[int, Progress], *, topic: str, shard: int
) -> None:
    """All of a batch. Raises Behind when offsets or dossiers are not as the batch was folded on."""
    given = {
        "topic": topic,
        "partitions": list(to),
        "stored": [step.stored for step in to.values()],
        "next": [step.next for step in to.values()],
        "times": [step.folded_at for step in to.values()],
    }
    if _count(await session.execute(_ADVANCE, given)) != len(to):
        raise Behind
    await _put_facts(session, stream.table, moved.rows)
    await _add(session, "kpi_cell", stream.measures, moved.cells, shard)
    await _add(session, "kpi_day", stream.measures, moved.days, shard)
    await _sweep(session, stream.measures, moved.cells)


async def note_fresh(session: AsyncSession, topic: str, at: Mapping[int, tuple[int, datetime]]) -> None:
    """Partition → (next offset, the log ended there at this time): nothing new came, the figures are as of then."""
    given = {
        "topic": topic,
        "partitions": list(at),
        "next": [next_offset for next_offset, _ in at.values()],
        "times": [seen_at for _, seen_at in at.values()],
    }
    await session.execute(_FRESH, given)


async def put_aside(session: AsyncSession, topic: str, poison: Sequence[tuple[Record, str]]) -> None:
    """(record, reason): what nobody could read, kept with its bytes."""
    given = {
        "topic": topic,
        "partitions": [record.partition for record, _ in poison],
        "offsets": [record.offset for record, _ in poison],
        "reasons": [reason for _, reason in poison],
        "raws": [record.value or b"" for record, _ in poison],
    }
    if poison:
        await session.execute(_QUARANTINE, given)


async def _put_facts(session: AsyncSession, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    await session.execute(_staged(table, "stored_seq integer"))
    records = [(*row[:4], flat(row.missing), *row[5:]) for row in sorted(rows)]
    await copy(session, f"new_{table}", _ROW, records, schema=None)
    added = sum(not row.stored_seq for row in rows)
    for statement, count in ((_changed(table), len(rows) - added), (_added(table), added)):
        if count and _count(await session.execute(statement)) != count:
            raise Behind


async def _add(
    session: AsyncSession, table: str, measures: tuple[str, ...], moved: Mapping[Any, int], shard: int
) -> None:
    if not moved:
        return
    await session.execute(_staged(table))
    columns = [*(name for name, _ in KEYS[table]), *measures]
    await copy(session, f"new_{table}", columns, wide(moved, shard, len(measures)), schema=None)
    await session.execute(_adding(table, measures))


async def _sweep(session: AsyncSession, measures: tuple[str, ...], cells: Mapping[Cell, int]) -> None:
    """A cell that a running clock left behind and that is empty now goes away."""
    if any(cell.until != FOREVER for cell in cells):
        await session.execute(_sweeping(measures), {"forever": FOREVER})


def _count(result: Any) -> int:
    return int(result.rowcount)


@cache
def _staged(table: str, *more: str) -> Any:
    """A connection's own copy of the table's columns, empty at each transaction's end."""
    columns_ = ", ".join((f"LIKE metrics.{table}", *more))
    return text(f"CREATE TEMPORARY TABLE IF NOT EXISTS new_{table} ({columns_}) ON COMMIT DELETE ROWS")


@cache
def _known(table: str) -> Any:
    return text(
        "SELECT dossier_code, seq, partition, missing, at_day, known_day, agency_code, period, state"  # noqa: S608
        f" FROM metrics.{table} WHERE dossier_code = ANY(CAST(:keys AS text[]))"
    )


@cache
def _changed(table: str) -> Any:
    return text(f"""
        UPDATE metrics.{table} AS f
        SET seq = n.seq, partition = n.partition, missing = n.missing, at_day = n.at_day, known_day = n.known_day,
            agency_code = n.agency_code, period = n.period,
            state = CASE WHEN n.state = '' THEN f.state ELSE n.state END
        FROM new_{table} AS n WHERE f.dossier_code = n.dossier_code AND f.seq = n.stored_seq
    """)  # noqa: S608


@cache
def _added(table: str) -> Any:
    names = ", ".join(name for name in _ROW if name != "stored_seq")
    return text(f"""
        INSERT INTO metrics.{table} ({names}) SELECT {names} FROM new_{table} WHERE stored_seq = 0
        ON CONFLICT DO NOTHING
    """)  # noqa: S608


@cache
def _adding(table: str, measures: tuple[str, ...]) -> Any:
    key = ", ".join(name for name, _ in KEYS[table])
    names = ", ".join([key, *(f'"{name}"' for name in measures)])
    sums = ", ".join(
        f'"{name}" = nullif(coalesce(c."{name}", 0) + coalesce(excluded."{name}", 0), 0)' for name in measures
    )
    return text(f"""
        INSERT INTO metrics.{table} AS c ({names}) SELECT {names} FROM new_{table}
        ON CONFLICT ({key}) DO UPDATE SET {sums}
    """)  # noqa: S608


@cache
def _sweeping(measures: tuple[str, ...]) -> Any:
    key = " AND ".join(f"c.{name} = n.{name}" for name, _ in CELL)
    columns_ = ", ".join(f'c."{name}"' for name in measures)
    return text(f"""
        DELETE FROM metrics.kpi_cell AS c USING new_kpi_cell AS n
        WHERE n.until <> :forever AND {key} AND num_nonnulls({columns_}) = 0
    """)  # noqa: S608
