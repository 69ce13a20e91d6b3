"""Two append-only records: what was looked up for reuse, and who read a person's data (SR-42)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import reading, reuse

REUSED = "REUSED"


@dataclass(frozen=True)
class Lookup:
    """One component's search: the verdict is REUSED or the reason why not; `ground` is the law that allows it."""

    dossier_code: str
    kind: str
    verdict: str
    source: str
    ground: str
    looked_at: datetime
    source_version: str | None = None
    request_no: str | None = None
    reference: str | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Reading:
    """Somebody asked for personal data: never the data."""

    at: datetime
    reader: str
    purpose: str
    what: str
    dossier_code: str
    granted: str


async def lookups_of(session: AsyncSession, dossier_code: str) -> Sequence[Lookup]:
    """What was found before, by kind: a repeated activity answers the same."""
    query = select(reuse).where(reuse.c.dossier_code == dossier_code).order_by(reuse.c.kind)
    return [Lookup(**row._mapping) for row in await session.execute(query)]  # noqa: SLF001


async def add_lookups(session: AsyncSession, new: Iterable[Lookup]) -> None:
    """Keeps the first verdict of each kind."""
    if rows := [vars(each) for each in new]:
        await session.execute(insert(reuse).values(rows).on_conflict_do_nothing())


async def add_readings(session: AsyncSession, new: Iterable[Reading]) -> None:
    if rows := [vars(each) for each in new]:
        await session.execute(insert(reading).values(rows))
