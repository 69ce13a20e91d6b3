"""Notes that staff write to one another about a dossier; free text may name people, so it stands sealed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import comment


@dataclass(frozen=True)
class Comment:
    """One note. `key`: author and Idempotency-Key."""

    dossier_code: str
    key: str
    at: datetime
    author: str
    role: str
    agency_code: str
    digest: str
    sealed: bytes


async def add(session: AsyncSession, new: Comment) -> bool:
    """Keeps the note; False when other words stand under its key."""
    kept = insert(comment).values(**vars(new))
    kept = kept.on_conflict_do_update(
        index_elements=[comment.c.dossier_code, comment.c.key],
        set_={"digest": comment.c.digest},  # the first words stand; written again so that they are answered
    )
    return str((await session.execute(kept.returning(comment.c.digest))).scalar_one()) == new.digest


async def of_dossier(session: AsyncSession, dossier_code: str) -> Sequence[Comment]:
    """The notes of a dossier, oldest first."""
    query = select(comment).where(comment.c.dossier_code == dossier_code).order_by(comment.c.at, comment.c.key)
    return [Comment(**row._mapping) for row in await session.execute(query)]  # noqa: SLF001
