"""Tells applicants what happened, each change at most once per way, and never in the way of a dossier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from services.intake import acts
from services.intake.acts import Door
from services.intake.adapters.messengers import Messenger, NobodyKnows, NotTaken, RefusedForGood
from services.intake.rules.notices import Message, Way, is_news, message, pause, ways_of
from services.intake.store import filings, notices, timeline
from services.intake.store.filings import Owner
from services.intake.store.notices import Notice, State
from shared.contracts.facts import Event
from shared.platform.telemetry import log

AT_ONCE: Final = 8

type Outcome = tuple[Notice, State, str | None, datetime]


async def send_due(door: Door, way: Way) -> int:
    """Sends what is due this way, at most AT_ONCE notices; how many there were.

    Marked SENDING before and settled after: a process that dies between leaves UNKNOWN, never a second message.
    """
    now = door.now()
    async with door.sessions.begin() as session:
        due = await notices.claim(session, way, now, AT_ONCE)
        lost = 0 if due else await notices.give_up(session, way, now)
        events = await timeline.at(session, [(each.dossier_code, each.seq) for each in due]) if due else {}
        owners = await filings.owners_of(session, {each.dossier_code for each in due}) if due else {}
    if lost:
        log.warning("notices_unknown", count=lost)
    if due:
        outcomes = await asyncio.gather(*(_told(door, each, events, owners) for each in due))
        async with door.sessions.begin() as session:
            await notices.settle(session, outcomes)
    return len(due)


async def _told(
    door: Door, each: Notice, events: Mapping[tuple[str, int], Event], owners: Mapping[str, Owner]
) -> Outcome:
    """What became of one notice. Nothing that is wrong with one may keep the others from being told."""
    now, messenger = door.now(), door.messengers.get(each.way)
    if not is_news(each.at, now):
        return each, State.EXPIRED, each.reference, now
    try:
        what = _composed(door, each, events, owners)
    except Exception:  # noqa: BLE001 - one unreadable owner must not silence the province
        log.exception("notice_not_composed", dossier_code=each.dossier_code)
        return each, State.FAILED, "not composed", now
    if what is None or messenger is None:
        return each, State.NOBODY, None, now
    return await _sent(door, each, what, messenger)


def _composed(
    door: Door, each: Notice, events: Mapping[tuple[str, int], Event], owners: Mapping[str, Owner]
) -> Message | None:
    event, owner = events.get((each.dossier_code, each.seq)), owners.get(each.dossier_code)
    if event is None or owner is None:
        return None
    to = ways_of(acts.person_of(door.vault, owner)).get(each.way)
    return message(event, each.way, to, door.catalogue, door.site, door.phone) if to else None


async def _sent(door: Door, each: Notice, what: Message, messenger: Messenger) -> Outcome:
    try:
        reference = await messenger.send(what, f"{each.dossier_code}.{each.seq}.{each.way.lower()}")
    except NotTaken as no:
        return each, State.WAITING, str(no), door.now() + pause(each.attempts)
    except RefusedForGood as no:
        return each, State.FAILED, str(no), door.now()
    except NobodyKnows as lost:
        log.warning("notice_unknown", dossier_code=each.dossier_code, reason=str(lost))
        return each, State.UNKNOWN, str(lost), door.now()
    except Exception:  # noqa: BLE001 - as above; how far it came is not known
        log.exception("notice_unknown", dossier_code=each.dossier_code)
        return each, State.UNKNOWN, "error", door.now()
    return each, State.SENT, reference, door.now()


async def told_of(door: Door, dossier_code: str) -> Sequence[Notice]:
    """What the applicant was told, and how it went."""
    async with door.sessions() as session:
        return await notices.of_dossier(session, dossier_code)
