"""What happened to each dossier, as the topic told it, and what officers wrote to its applicant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import timeline, words
from shared.contracts.facts import Event


async def keep(session: AsyncSession, events: Iterable[Event]) -> None:
    """Stores events; twice or in any order is harmless."""
    rows = {
        (event.facts.dossier_code, event.facts.seq): {
            "dossier_code": event.facts.dossier_code,
            "seq": event.facts.seq,
            "at": event.change.at,
            "event": event.model_dump(mode="json"),
        }
        for event in events
    }
    if rows:
        values = [rows[place] for place in sorted(rows)]
        await session.execute(insert(timeline).values(values).on_conflict_do_nothing())


async def of_dossier(session: AsyncSession, dossier_code: str) -> Sequence[Event]:
    """All that is known of a dossier, in its order."""
    query = select(timeline.c.event).where(timeline.c.dossier_code == dossier_code).order_by(timeline.c.seq)
    return [Event.model_validate(found) for found in (await session.execute(query)).scalars()]


async def at(session: AsyncSession, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Event]:
    """The events at these places (dossier code, seq), as far as they are known."""
    query = select(timeline.c.event).where(tuple_(timeline.c.dossier_code, timeline.c.seq).in_(list(places)))
    events = [Event.model_validate(found) for found in (await session.execute(query)).scalars()]
    return {(event.facts.dossier_code, event.facts.seq): event for event in events}


async def tell(
    session: AsyncSession, dossier_code: str, command_id: str, *, digest: str, sealed: bytes, at: datetime
) -> bool:
    """Keeps words under their order; False when other words stand there."""
    values = insert(words).values(
        dossier_code=dossier_code, command_id=command_id, digest=digest, sealed=sealed, told_at=at
    )
    kept = values.on_conflict_do_update(
        index_elements=[words.c.dossier_code, words.c.command_id],
        set_={"digest": words.c.digest},  # the first ones stand; written again so that they are answered
    )
    return str((await session.execute(kept.returning(words.c.digest))).scalar_one()) == digest


async def told(session: AsyncSession, dossier_code: str) -> dict[str, bytes]:
    """Sealed words of a dossier by the order they belong to."""
    rows = await session.execute(select(words.c.command_id, words.c.sealed).where(words.c.dossier_code == dossier_code))
    return {row.command_id: row.sealed for row in rows}
