"""Keyed hashes of what people are found by: kept with the filing, asked by the private door."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.filings import Owner
from services.intake.store.tables import applicant, clue
from shared.dossier.codes import agency_of


async def keep(session: AsyncSession, dossier_code: str, digests: Iterable[bytes]) -> None:
    """Stores the clues of one dossier; twice is harmless."""
    agency = agency_of(dossier_code)
    rows = [{"digest": each, "agency_code": agency, "dossier_code": dossier_code} for each in sorted(set(digests))]
    if rows:
        await session.execute(insert(clue).values(rows).on_conflict_do_nothing())


async def copy(session: AsyncSession, dossier_code: str, to_code: str) -> None:
    """A correction is found by what its first dossier is found by."""
    found = await session.execute(select(clue.c.digest).where(clue.c.dossier_code == dossier_code))
    await keep(session, to_code, found.scalars())


async def find(session: AsyncSession, digests: Sequence[bytes], agencies: Collection[str], limit: int) -> Sequence[str]:
    """Codes of dossiers that have all of these clues, newest code first; `agencies` none = everywhere."""
    if not digests:
        return []
    asked: Select[Any] = select(clue.c.dossier_code).where(clue.c.digest == digests[0])
    if agencies:
        asked = asked.where(clue.c.agency_code.in_(agencies))
    for digest in digests[1:]:
        asked = asked.where(_has(digest))
    found = await session.execute(asked.order_by(clue.c.dossier_code.desc()).limit(limit))
    return list(found.scalars())


def _has(digest: bytes) -> ColumnElement[bool]:
    other = clue.alias()
    return exists().where(other.c.digest == digest, other.c.dossier_code == clue.c.dossier_code)


async def without(session: AsyncSession, limit: int) -> list[Owner]:
    """Owners of dossiers that have no clues yet: filed before there were any."""
    missing = ~exists().where(clue.c.dossier_code == applicant.c.dossier_code)
    rows = await session.execute(select(applicant).where(missing).limit(limit))
    return [Owner(**row._mapping) for row in rows]  # noqa: SLF001 - public by documentation
