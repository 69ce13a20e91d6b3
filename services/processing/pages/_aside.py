"""Two tabs beside the dossier's own story: who looked at it, and what colleagues noted."""

from __future__ import annotations

from typing import Any, Final

from services.processing import store
from services.processing.acts import intake_of
from services.processing.pages._door import Console, Person
from services.processing.pages._papers import look_words
from services.processing.rules.wording import ROLES
from services.processing.store import accounts
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused
from shared.platform.http import Away

MOST_LOOKS: Final = 50
HEADS: Final = frozenset({Role.UNIT_HEAD, Role.DESK_HEAD})
"""Who answers for what colleagues look at."""


async def looks_of(console: Console, person: Person, code: str) -> dict[str, Any]:
    """Who looked. Heads see everybody's looks, others their own."""
    actor = person.member.actor
    is_head = any(grant.role in HEADS for grant in actor.grants)
    async with console.door.reads() as session:
        looks = await store.readings_of(session, code, MOST_LOOKS, None if is_head else actor.person_code)
        titles = await accounts.titles(session, {who for _, who, _, _ in looks})
    seen = [(at, titles.get(who, who), look_words(console, person, what)) for at, who, what, _ in looks]
    return {"looks": seen, "is_head": is_head}


async def notes_of(console: Console, person: Person, code: str) -> dict[str, Any]:
    """Notes of colleagues, looked at with a record; None while intake is away."""
    door, actor = console.door, person.member.actor
    try:
        notes = await intake_of(door).notes(actor, code)
    except (Away, Refused):
        return {"notes": None}
    async with door.sessions.begin() as session:
        titles = await accounts.titles(session, {each.author for each in notes})
        if notes:
            await store.record_readings(session, actor.person_code, [code], "note", door.now())
    return {
        "notes": [
            {
                "at": each.at,
                "who": titles.get(each.author, each.author),
                "role": ROLES[each.role].said(person.language),
                "words": each.words,
            }
            for each in notes
        ]
    }
