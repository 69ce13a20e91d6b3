"""What is read from the newest facts: lists of dossiers behind a figure, and the counts of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.days import Days, counted
from services.metrics.rules.fold import Stream
from services.metrics.rules.measures import Measures
from services.metrics.rules.period import Period
from services.metrics.rules.seen import Seen
from services.metrics.store.reading import Question, Reading, standing

PAGE: Final = 50
_CHUNK: Final = 5000
_PIECE: Final = 500
"""How many are counted before other readers have their turn: some 30 ms."""

_NEXT: Final = text("""
    SELECT dossier_code, state FROM metrics.facts
    WHERE agency_code = ANY(CAST(:agencies AS text[])) AND period BETWEEN :first AND :last AND dossier_code > :after
    ORDER BY dossier_code LIMIT :limit
""")

_OF_MONTHS: Final = text("SELECT state FROM metrics.facts WHERE period = ANY(CAST(:months AS text[]))")


@dataclass(frozen=True)
class Listed:
    """Whose dossiers, of which months, after which code."""

    agencies: Sequence[str]
    first_month: str
    last_month: str
    after: str = ""


type Keeps = Callable[[Seen], bool]


async def listed(
    session: AsyncSession, stream: Stream, asked: Listed, keeps: Keeps, limit: int = PAGE
) -> tuple[list[Seen], bool]:
    """The next dossiers that are kept, by code, and whether there are more. Reads only as far as it must."""
    found: list[Seen] = []
    async for seen in each(session, stream, asked):
        if keeps(seen):
            if len(found) == limit:
                return found, True
            found.append(seen)
    return found, False


async def each(session: AsyncSession, stream: Stream, asked: Listed) -> AsyncIterator[Seen]:
    """All these dossiers by code, a chunk at a time in memory."""
    after = asked.after
    while True:
        given = {
            "agencies": list(asked.agencies), "first": asked.first_month, "last": asked.last_month,
            "after": after, "limit": _CHUNK,
        }  # fmt: skip
        rows = (await session.execute(_NEXT, given)).all()
        for after, state in rows:  # noqa: B007 - the last one is where the next chunk begins
            yield stream.seen_in(state)
        if len(rows) < _CHUNK:
            return


async def of_days(  # noqa: PLR0917 - the question of `standing`, for several spans in one reading
    session: AsyncSession,
    stream: Stream,
    measures: Measures,
    spans: Sequence[Days],
    at: datetime,
    topic: str | None = None,
) -> list[Reading]:
    """The counts of each span, judged at that time: the facts of their months are read once, in one snapshot.

    Opens its own snapshot, so it must be the session's first statement.
    """
    first, last = min(span.months[0] for span in spans), max(span.months[1] for span in spans)
    stands_on = await standing(session, stream, Question(Period("", first, last), at), topic)
    counts: list[Counter[tuple[str, str, str]]] = [Counter() for _ in spans]
    months = sorted({month for span in spans for month in span.months})
    rows = await session.stream_scalars(_OF_MONTHS, {"months": months}, execution_options={"yield_per": _PIECE})
    async for states in rows.partitions():
        seens = [stream.seen_in(state) for state in states]
        for span, totals in zip(spans, counts, strict=True):
            totals.update(counted(measures, seens, span.first_on, span.last_on, at))
    return [_of(span, totals, stands_on) for span, totals in zip(spans, counts, strict=True)]


def _of(days: Days, counts: Counter[tuple[str, str, str]], stands_on: Reading) -> Reading:
    first, last = days.months
    unfair = tuple((agency, month) for agency, month in stands_on.unfair if first <= month <= last)
    return replace(stands_on, counts=counts, unfair=unfair)
