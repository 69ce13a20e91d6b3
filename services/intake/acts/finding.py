"""Finding somebody's dossiers again by hashed clues; every search is recorded as a reading (SR-42)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from services.intake import acts
from services.intake.acts import Door
from services.intake.rules.clues import clues_of, wanted
from services.intake.store import clues
from shared.platform.telemetry import log

MOST: Final = 200
"""Dossiers of one search: who gets more has to ask more exactly."""
FEW_AGENCIES: Final = 40
"""So many agencies narrow a search; more are the whole province, where the newest come first anyway."""
_BATCH: Final = 500


async def search(door: Door, text: str, agencies: Collection[str]) -> Sequence[str]:
    """Codes of dossiers whose applicant fits: exact tones first, own agencies before all others."""
    want = wanted(text)
    near = list(agencies) if len(agencies) <= FEW_AGENCIES else []
    found: dict[str, None] = {}
    async with door.sessions() as session:
        for group in (want.exact, want.loose):
            digests = [door.vault.clue(*each) for each in group]
            for where in [near, []] if near else [[]]:
                found |= dict.fromkeys(await clues.find(session, digests, where, MOST))
    return list(found)[:MOST]


async def fill(door: Door) -> int:
    """Indexes dossiers that were filed before there were clues; how many."""
    count = 0
    while True:
        async with door.sessions.begin() as session:
            owners = await clues.without(session, _BATCH)
            for owner in owners:
                person = acts.person_of(door.vault, owner)
                await clues.keep(session, owner.dossier_code, [door.vault.clue(*each) for each in clues_of(person)])
        count += len(owners)
        if len(owners) < _BATCH:
            break
    if count:
        log.info("clues_filled", count=count)
    return count
