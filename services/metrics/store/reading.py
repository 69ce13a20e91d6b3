"""What figures read: counts of now and of the past, each in one snapshot with the position they stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.fold import Cell, Day, Row, Stream
from services.metrics.rules.measures import FOREVER
from services.metrics.rules.period import Period
from services.metrics.rules.vector import packed
from services.metrics.store.tables import ranges

FAIR: Final = ("finished", "open", "refused", "withdrawn", "stopped")
"""Ends and the open ones: together they are what was submitted, for each agency and month."""


@dataclass(frozen=True)
class Past:
    """A time that is over: what had happened by the end of `at_day`, as we knew at the end of `known_day`."""

    at_day: int
    known_day: int


@dataclass(frozen=True)
class Question:
    """Which counts: of a period, running dossiers judged at `at`, of one procedure or channel or all.

    `past`: not now; then of all procedures and channels. `by_procedure`: each procedure's counts apart; else only those
    by which services are counted.
    """

    period: Period
    at: datetime
    procedure_code: str | None = None
    channel: int | None = None
    past: Past | None = None
    by_procedure: bool = False


@dataclass(frozen=True)
class Reading:
    """Counts by (measure, agency, procedure), as of a time and a position on the log (partition → next offset).

    The procedure is empty where all of them are counted together.
    """

    counts: Mapping[tuple[str, str, str], int]
    position: Mapping[int, int]
    as_of: datetime | None
    """Everything that was on the log then is counted; None before the first fold of each partition."""
    quarantined: int
    unfair: tuple[tuple[str, str], ...] = ()
    """(agency, month) where the ends and the open ones are not what was submitted: such figures are not published."""


_OFFSETS: Final = text("SELECT partition, next_offset, folded_at FROM metrics.consumer_offset WHERE topic = :topic")
_QUARANTINED: Final = text("SELECT count(*) FROM metrics.quarantine WHERE topic = :topic")
_UNFAIR: Final = text(f"""
    SELECT agency_code, period FROM metrics.kpi_cell
    WHERE period BETWEEN :first AND :last AND until = :forever
    GROUP BY agency_code, period
    HAVING coalesce(sum(submitted), 0) <> {" + ".join(f"coalesce(sum({name}), 0)" for name in FAIR)}
    ORDER BY 1, 2
""")  # noqa: S608


async def standing(session: AsyncSession, stream: Stream, asked: Question, topic: str | None = None) -> Reading:
    """What the cells say. Opens its own snapshot, so it must be the session's first statement."""
    if asked.past is not None:
        return await _past_reading(session, stream, asked, asked.past, topic or stream.topic)
    given = {
        "first": asked.period.first_month,
        "last": asked.period.last_month,
        "at": asked.at,
        "procedure": asked.procedure_code,
        "channel": asked.channel,
    }
    await _snapshot(session)
    together = () if asked.by_procedure else tuple(name for name in stream.measures if name not in stream.services)
    apart = tuple(name for name in stream.measures if name not in together)
    counts = {
        (measure, agency, procedure): count
        for measures, key in ((together, "''"), (apart, "procedure_code"))
        if measures
        for agency, procedure, *found in await session.execute(_standing(measures, key), given)
        for measure, count in zip(measures, found, strict=True)
        if count
    }
    unfair = await _unfair(session, stream, asked.period)
    return await _reading(session, topic or stream.topic, counts, unfair)


async def _unfair(session: AsyncSession, stream: Stream, period: Period) -> tuple[tuple[str, str], ...]:
    if not {"submitted", *FAIR} <= set(stream.measures):
        return ()
    given = {"first": period.first_month, "last": period.last_month, "forever": FOREVER}
    return tuple((agency, month) for agency, month in await session.execute(_UNFAIR, given))


async def _past_reading(session: AsyncSession, stream: Stream, asked: Question, past: Past, topic: str) -> Reading:
    """What the days say: of all procedures and channels together, services apart (their procedure is named)."""
    given = {
        "first": asked.period.first_month,
        "last": asked.period.last_month,
        "at_day": past.at_day,
        "known_day": past.known_day,
    }
    await _snapshot(session)
    rows = (await session.execute(_past(stream.measures), given)).all()
    counts = {
        (measure, agency, procedure): count
        for agency, procedure, *found in rows
        for measure, count in zip(stream.measures, found, strict=True)
        if count and (measure in stream.services) is bool(procedure)
    }
    return await _reading(session, topic, counts, ())


async def cells_of(session: AsyncSession, stream: Stream) -> dict[Cell, int]:
    """All cells, shards summed, no empty ones. The session's snapshot is the caller's."""
    rows = await session.execute(_all(stream.measures, "kpi_cell", ", ".join(Cell._fields)))
    return {Cell(*key): vector for *key, vector in _vectors(rows, 5) if vector}


async def days_of(session: AsyncSession, stream: Stream) -> dict[Day, int]:
    """All moves, shards summed, no empty ones."""
    rows = await session.execute(_all(stream.measures, "kpi_day", ", ".join(Day._fields)))
    return {Day(*key): vector for *key, vector in _vectors(rows, 5) if vector}


async def rows(session: AsyncSession, stream: Stream) -> AsyncIterator[Row]:
    """Every dossier's row in the order of the codes."""
    found = await session.stream(
        text(
            "SELECT dossier_code, seq, partition, missing, at_day, known_day, agency_code, period, state"  # noqa: S608
            f" FROM metrics.{stream.table} ORDER BY dossier_code"
        )
    )
    async for key, seq, partition, missing, *rest in found:
        yield Row(key, seq, seq, partition, ranges(missing), *rest)


async def breaks(session: AsyncSession, stream: Stream) -> list[str]:
    """Dossiers with an event that never came."""
    rows = await session.scalars(
        text(f"SELECT dossier_code FROM metrics.{stream.table} WHERE missing IS NOT NULL ORDER BY 1")  # noqa: S608
    )
    return list(rows)


def _vectors(rows: Any, key: int) -> Any:
    return ((*row[:key], packed(tuple(row[key:]))) for row in rows)


async def _snapshot(session: AsyncSession) -> None:
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


async def _reading(
    session: AsyncSession, topic: str, counts: Mapping[tuple[str, str, str], int], unfair: tuple[tuple[str, str], ...]
) -> Reading:
    offsets: Sequence[Any] = (await session.execute(_OFFSETS, {"topic": topic})).all()
    times = [folded_at for _, _, folded_at in offsets]
    return Reading(
        counts=counts,
        position={partition: next_offset for partition, next_offset, _ in offsets},
        as_of=min(times) if times and None not in times else None,
        quarantined=await session.scalar(_QUARANTINED, {"topic": topic}) or 0,
        unfair=unfair,
    )


def _sums(measures: tuple[str, ...]) -> str:
    return ", ".join(f'CAST(sum("{name}") AS bigint)' for name in measures)


@cache
def _standing(measures: tuple[str, ...], procedure: str) -> Any:
    return text(f"""
        SELECT agency_code, {procedure}, {_sums(measures)} FROM metrics.kpi_cell
        WHERE period BETWEEN :first AND :last AND until >= :at
            AND (CAST(:procedure AS text) IS NULL OR procedure_code = :procedure)
            AND (CAST(:channel AS smallint) IS NULL OR channel = :channel)
        GROUP BY 1, 2
    """)  # noqa: S608


@cache
def _past(measures: tuple[str, ...]) -> Any:
    return text(f"""
        SELECT agency_code, procedure_code, {_sums(measures)} FROM metrics.kpi_day
        WHERE period BETWEEN :first AND :last AND at_day <= :at_day AND known_day <= :known_day
        GROUP BY agency_code, procedure_code
    """)  # noqa: S608


@cache
def _all(measures: tuple[str, ...], table: str, key: str) -> Any:
    return text(f"SELECT {key}, {_sums(measures)} FROM metrics.{table} GROUP BY {key}")  # noqa: S608
