"""The counter: what the State holds, filing in the clerk's name, and reception as soon as the papers are read."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from services.processing import acts, store
from services.processing.acts import Click, Door, intake_of
from services.processing.adapters.intake_desk import HeldPapers, StoredPaper
from services.processing.rules.asked import AskedAccept
from shared.contracts.facts import Facts
from shared.dossier.permission import Actor
from shared.dossier.refusal import Refused
from shared.platform.http import Answered, Away

PATIENCE: Final = 4.0
"""Seconds that a clerk is let wait for the papers to be read; after that the page says so and has a button."""
_PAUSE: Final = 0.2
_NOT_YET: Final = "papers_pending"


async def held(door: Door, actor: Actor, asked: Mapping[str, str]) -> HeldPapers | None:
    """What need not be asked of this person; None when nobody could tell: then it is asked, and compared later."""
    try:
        return await intake_of(door).held(actor, asked)
    except (Away, Refused):
        return None


async def earlier(door: Door, personal_id: str, procedure_code: str, agencies: Collection[str]) -> Sequence[Facts]:
    """Open dossiers of the same person and procedure at these agencies, newest first: perhaps the same wish twice."""
    try:
        codes = await door.file.search(personal_id, agencies)
    except (Away, Answered):
        return ()
    async with door.sessions() as session:
        rows = await store.rows_of(session, codes)
    found = [row.facts for row in rows if row.facts.procedure_code == procedure_code and not row.facts.ended]
    near = [facts for facts in found if {facts.agency_competent, facts.agency_reception} & set(agencies)]
    return sorted(near, key=lambda facts: facts.submitted_at, reverse=True)


async def upload(door: Door, actor: Actor, key: str, *, kind: str, name: str, data: bytes) -> StoredPaper:
    """Hands a scan to intake, which checks and keeps it. Raises Refused with the reason, Away."""
    return await intake_of(door).upload(actor, f"{key}/{kind}", kind, name, data)


async def register(door: Door, actor: Actor, key: str, body: Mapping[str, Any]) -> Facts:
    """Files the dossier; it stands in our list before the answer. Raises FormRefused, Refused, Away."""
    facts = await intake_of(door).file(actor, key, body)
    await acts.learn(door, [facts])
    return facts


async def take_in(door: Door, actor: Actor, dossier_code: str, key: str) -> Facts:
    """Accepts the dossier, waiting a moment for the machines that read its papers. Raises Refused, Away."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        try:
            return await acts.take(door, actor, dossier_code, Click(f"{key}/accept", (AskedAccept(),)))
        except Refused as no:
            if no.code != _NOT_YET or loop.time() > until:
                raise
        await asyncio.sleep(_PAUSE)
