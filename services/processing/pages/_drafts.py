"""Drafts of results, as leaders read them before they decide: what is on the paper, and who read which state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.processing import store
from services.processing.acts.bulk import Picked
from services.processing.pages._door import Console, Person
from services.processing.rules import signing
from shared.contracts.facts import Facts
from shared.dossier import actions


def look_at(seq: int | None) -> str:
    """Under what a reading of this draft is recorded: a draft that changed since is another one."""
    return f"draft:{seq}"


async def record_look(console: Console, person: Person, facts: Facts) -> None:
    """Whoever was shown the draft may decide on it."""
    async with console.door.sessions.begin() as session:
        me, look = person.member.actor.person_code, look_at(facts.seq)
        await store.record_readings(session, me, [facts.dossier_code], look, console.door.now())


async def seen_of(console: Console, person: Person, states: dict[str, str]) -> frozenset[str]:
    """Which of these dossiers (code → look) the person has read as they are."""
    async with console.door.reads() as session:
        return await store.seen_by(session, person.member.actor.person_code, states)


async def are_seen(console: Console, person: Person, rows: Sequence[Picked]) -> bool:
    """Whether each row's draft was read in the very state that the row was made from."""
    seen = await seen_of(console, person, {row.dossier_code: look_at(row.seq) for row in rows})
    return all(row.dossier_code in seen for row in rows)


def sheet_of_draft(console: Console, person: Person, facts: Facts, name: str, at: datetime) -> signing.Sheet:
    """What will be on the paper; the number is given when it is signed."""
    decision = signing.Decision(
        dossier_code=facts.dossier_code,
        procedure_code=facts.procedure_code,
        agency_code=facts.agency_competent,
        signer_code=person.member.actor.person_code,
        outcome=facts.outcome or actions.Outcome.GRANTED,
        decided_at=at,
    )
    return signing.sheet_of(console.door.catalogue, decision, "…", name, facts.cause)
