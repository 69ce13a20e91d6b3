"""Names for pages: asked of intake in one call, and every look is recorded with the person who looked (SR-42)."""

from __future__ import annotations

from collections.abc import Sequence

from services.processing import store
from services.processing.acts import Door
from shared.platform.http import Answered, Away


async def names_for(door: Door, person_code: str, codes: Sequence[str]) -> dict[str, str] | None:
    """Names by dossier code; None while intake is away. Recorded before they are shown."""
    try:
        names = dict(await door.file.names_of(codes))
    except (Away, Answered):
        return None
    async with door.reads() as session:
        await store.record_readings(session, person_code, sorted(names), "name", door.now())
    return names
