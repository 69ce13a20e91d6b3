"""Filings: a dossier's code, reserved under the client's key before anything starts, and its applicant.

The counter row of an agency and day is locked only for the short transaction that stores the key: numbers are never
given twice, a rolled back filing leaves no trace, gaps do not occur but are not promised either (lifecycle §8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import applicant, code_counter, filing


@dataclass(frozen=True)
class Filing:
    """One filing. `opening` and `order` are what the workflow is given; `answer` its first facts."""

    dossier_code: str
    caller: str
    key: str
    request_digest: str
    opening: dict[str, Any]
    order: dict[str, Any]
    filed_at: datetime
    answer: dict[str, Any] | None = None


@dataclass(frozen=True)
class Owner:
    """Whose dossier it is: `owner_code` for rights, `owner_digest` for matching, `sealed` the person."""

    dossier_code: str
    owner_code: str
    owner_digest: str
    sealed: bytes


async def next_number(session: AsyncSession, agency_code: str, day: date) -> int:
    """The next number of that agency and day; the row stays locked until the transaction ends."""
    counted = insert(code_counter).values(agency_code=agency_code, day=day, last_number=1)
    counted = counted.on_conflict_do_update(
        index_elements=[code_counter.c.agency_code, code_counter.c.day],
        set_={"last_number": code_counter.c.last_number + 1},
    )
    number: int = (await session.execute(counted.returning(code_counter.c.last_number))).scalar_one()
    return number


async def take_turns(session: AsyncSession, caller: str, key: str) -> None:
    """Until the transaction ends, nobody else works on this caller's key."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"filing {caller} {key}", 0))))


async def reserve(session: AsyncSession, new: Filing, owner: Owner) -> None:
    """Stores filing and owner."""
    values = {name: value for name, value in vars(new).items() if name != "answer"}
    await session.execute(insert(filing).values(values))
    await session.execute(insert(applicant).values(vars(owner)))


async def by_key(session: AsyncSession, caller: str, key: str) -> Filing | None:
    """The filing of this caller under this key."""
    row = (await session.execute(select(filing).where(filing.c.caller == caller, filing.c.key == key))).one_or_none()
    return Filing(**row._mapping) if row else None  # noqa: SLF001 - public by documentation


async def by_code(session: AsyncSession, dossier_code: str) -> Filing | None:
    """The filing of this dossier."""
    row = (await session.execute(select(filing).where(filing.c.dossier_code == dossier_code))).one_or_none()
    return Filing(**row._mapping) if row else None  # noqa: SLF001


async def answered(session: AsyncSession, dossier_code: str, facts: Mapping[str, Any]) -> None:
    """Keeps the workflow's first answer: a later repeat of the key gets the same."""
    await session.execute(
        update(filing)
        .where(filing.c.dossier_code == dossier_code, filing.c.answer.is_(None))
        .values(answer=dict(facts))
    )


async def forget(session: AsyncSession, dossier_code: str) -> None:
    """Gives a refused filing up: its applicant goes with it, its documents are free again, its number stays used."""
    await session.execute(delete(filing).where(filing.c.dossier_code == dossier_code, filing.c.answer.is_(None)))


async def owner_of(session: AsyncSession, dossier_code: str) -> Owner | None:
    """Whose dossier it is."""
    found = await owners_of(session, (dossier_code,))
    return found.get(dossier_code)


async def owners_of(session: AsyncSession, dossier_codes: Iterable[str]) -> dict[str, Owner]:
    """Owners of those dossiers that exist, by dossier code."""
    rows = await session.execute(select(applicant).where(applicant.c.dossier_code.in_(list(dossier_codes))))
    return {row.dossier_code: Owner(**row._mapping) for row in rows}  # noqa: SLF001
