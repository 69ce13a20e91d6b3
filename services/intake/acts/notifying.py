"""Tells applicants what happened, each change at most once per way, and never in the way of a dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.intake import acts
from services.intake.acts import Door
from services.intake.adapters.messengers import NobodyKnows, NotTaken, RefusedForGood
from services.intake.rules.notices import Message, message
from services.intake.store import filings, notices, timeline
from services.intake.store.filings import Owner
from services.intake.store.notices import Notice, State
from shared.contracts.facts import Event
from shared.platform.telemetry import log

AT_ONCE: Final = 16
TRIES: Final = 6
"""About an hour: 1, 2, 4 … minutes apart."""

type Outcome = tuple[Notice, State, str | None, datetime]


async def send_due(door: Door) -> int:
    """Sends what is due, at most AT_ONCE notices; how many there were.

    Marked SENDING before and settled after: a process that dies between leaves UNKNOWN, never a second message.
    """
    now = door.now()
    async with door.sessions.begin() as session:
        due = await notices.claim(session, now, AT_ONCE)
        lost = 0 if due else await notices.give_up(session, now)
        events = await timeline.at(session, [(each.dossier_code, each.seq) for each in due]) if due else {}
        owners = await filings.owners_of(session, {each.dossier_code for each in due}) if due else {}
    if lost:
        log.warning("notices_unknown", count=lost)
    if due:
        outcomes = await asyncio.gather(*(_one(door, each, _composed(door, each, events, owners)) for each in due))
        async with door.sessions.begin() as session:
            await notices.settle(session, outcomes)
    return len(due)


def _composed(
    door: Door, each: Notice, events: Mapping[tuple[str, int], Event], owners: Mapping[str, Owner]
) -> Message | None:
    event, owner = events.get((each.dossier_code, each.seq)), owners.get(each.dossier_code)
    if event is None or owner is None:
        return None
    return message(event, each.way, acts.person_of(door.vault, owner), door.catalogue, door.site)


async def _one(door: Door, each: Notice, what: Message | None) -> Outcome:
    now, messenger = door.now(), door.messengers.get(each.way)
    if what is None or messenger is None:
        return each, State.NOBODY, None, now
    try:
        reference = await messenger.send(what, f"{each.dossier_code}.{each.seq}.{each.way.lower()}")
    except NotTaken as no:
        if each.attempts >= TRIES:
            return each, State.FAILED, str(no), now
        return each, State.WAITING, str(no), now + timedelta(minutes=2 ** (each.attempts - 1))
    except RefusedForGood as no:
        return each, State.FAILED, str(no), now
    except NobodyKnows as lost:
        log.warning("notice_unknown", dossier_code=each.dossier_code, reason=str(lost))
        return each, State.UNKNOWN, str(lost), now
    return each, State.SENT, reference, now


async def told_of(door: Door, dossier_code: str) -> Sequence[Notice]:
    """What the applicant was told, and how it went."""
    async with door.sessions() as session:
        return await notices.of_dossier(session, dossier_code)
