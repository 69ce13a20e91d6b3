"""What was done to a dossier since a page was made: the second of two people is told who was first (SR-09)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from services.processing import store
from services.processing.rules.meanwhile import Changes, decisive
from shared.contracts.facts import Facts


async def since(session: AsyncSession, dossier_code: str, seen: int) -> Changes:
    """What changed after the state that was seen, as far as the history is known here."""
    return [line for line in await store.history(session, dossier_code) if line[0] > seen]


async def present(session: AsyncSession, facts: Facts, seen: int) -> int:
    """The state to act upon: the newest when only machines wrote since then, else the one that was seen.

    A line that has not reached the history yet may be anybody's: then too it is the one that was seen.
    """
    if seen >= facts.seq:
        return seen
    changes = await since(session, facts.dossier_code, seen)
    is_whole = len(changes) == facts.seq - seen
    return facts.seq if is_whole and not decisive(changes) else seen
