"""Lists of dossiers behind a figure, read from their newest facts; only who belongs to an agency and some months."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.fold import Stream
from services.metrics.rules.seen import Seen

PAGE: Final = 50
_CHUNK: Final = 5000

_NEXT: Final = text("""
    SELECT dossier_code, state FROM metrics.facts
    WHERE agency_code = ANY(CAST(:agencies AS text[])) AND period BETWEEN :first AND :last AND dossier_code > :after
    ORDER BY dossier_code LIMIT :limit
""")


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
