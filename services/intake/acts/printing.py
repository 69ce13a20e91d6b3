"""Prints what the law wants on paper: the forms of one dossier, the register of a desk. Every printing is a reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from services.intake import acts
from services.intake.acts import Door
from services.intake.rules import forms
from services.intake.rules.forms import Desk, Printed
from services.intake.store import dossiers, filings, records, timeline
from services.intake.store.records import Reading
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.contracts.facts import Event
from shared.contracts.person import Purpose
from shared.dossier.lifecycle import CHANGES, Act, Form
from shared.dossier.permission import Actor, Resource
from shared.dossier.refusal import Unknown
from shared.platform.receipt import secret_of


async def events_of(door: Door, code: str) -> Sequence[Event]:
    """The dossier's events as far as the topic has told them."""
    async with door.sessions() as session:
        return await timeline.of_dossier(session, code)


async def forms_of(door: Door, code: str) -> tuple[Printed, ...]:
    """The forms of a dossier."""
    return forms.printed(await events_of(door, code))


async def printed(door: Door, actor: Actor, code: str, form: Form, seq: int | None) -> bytes:
    """One form as PDF. Raises Unknown when it was never issued."""
    events = await events_of(door, code)
    fitting = [each for each in forms.printed(events) if each.form is form and seq in (None, each.event.facts.seq)]
    if not fitting:
        raise Unknown
    what = fitting[-1]
    async with door.sessions.begin() as session:
        owner, told = await filings.owner_of(session, code), await timeline.told(session, code)
        await records.add_readings(session, [_reading(door, actor, code, f"form {form}")])
    if owner is None:
        raise Unknown
    words = door.vault.open("words", code, told[order]).decode() if (order := _order(what, events)) in told else ""
    person = acts.person_of(door.vault, owner)
    secret = secret_of(door.receipt_key, code)
    until = [event for event in events if event.facts.seq <= what.event.facts.seq]
    sheet = forms.sheet(what, until, person, words, door.catalogue, secret, Desk(door.site, door.phone))
    return await door.press.printed(sheet, what.event.change.at)


async def register(door: Door, actor: Actor, agency_code: str, on: date) -> bytes:
    """The handover book as PDF. Raises Unknown for a day before there were any."""
    async with door.sessions.begin() as session:
        received = await dossiers.received_on(session, agency_code, on)
        owners = await filings.owners_of(session, [facts.dossier_code for facts in received])
        codes = sorted(owners)
        await records.add_readings(session, [_reading(door, actor, code, "register") for code in codes])
    rows = [
        (facts, acts.person_of(door.vault, owners[facts.dossier_code]))
        for facts in received
        if facts.dossier_code in owners
    ]
    try:
        sheet = forms.register(rows, agency_code, on, door.catalogue)
    except NotInCatalogue:
        raise Unknown from None
    return await door.press.printed(sheet, door.now())


def desk_of(door: Door, agency_code: str) -> Resource:
    """The agency with all above it. Raises Unknown."""
    try:
        return Resource(agency_path=lookup.agency_path(door.catalogue, agency_code, door.today()))
    except NotInCatalogue:
        raise Unknown from None


def _order(what: Printed, events: Iterable[Event]) -> str:
    """Whose words stand on the form: the order of its change; for an apology those of the request before it."""
    if what.form is Form.APOLOGY:
        asked = [event for event in events if event.change.change == CHANGES[Act.ASK_EXTENSION]]
        return (asked[-1].change.command_id or "") if asked else ""
    return what.event.change.command_id or ""


def _reading(door: Door, actor: Actor, code: str, what: str) -> Reading:
    return Reading(
        at=door.now(),
        reader=actor.person_code,
        purpose=Purpose.FORM,
        what=what,
        dossier_code=code,
        granted="yes",
    )
