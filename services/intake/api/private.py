"""The private door: the least of a person that another service needs, for a purpose, and every reading is recorded."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.intake import acts
from services.intake.acts import Door, finding
from services.intake.api._door import TheDoor
from services.intake.rules.person import Person
from services.intake.store import filings, records
from services.intake.store.records import Reading
from shared.contracts.person import NamesAsked, PersonName, PostalAddress, Purpose, SearchAsked, WordsTold
from shared.dossier.codes import DossierCode
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.dossier.refusal import Refused, Unknown
from shared.web.identity import allows, caller, demand
from shared.web.limits import unlimited
from shared.web.problem import Problem

router = APIRouter(prefix="/private", tags=["private"])
Service = Annotated[Actor, Depends(caller(Kind.SERVICE))]
MOST_NAMES: Final = 200


class AddressAsked(BaseModel):
    """One parcel's way home."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Literal[Purpose.PARCEL]
    dossier_code: DossierCode


@router.post("/names")
@allows(Right.READ_PERSON)
async def names(asked: NamesAsked, door: TheDoor, actor: Service) -> list[PersonName]:
    """Names of the owners of these dossiers, in the order asked; dossiers that do not exist are left out."""
    demand(actor, Right.READ_PERSON, Resource())
    if len(asked.dossier_codes) > MOST_NAMES:
        raise Problem(422, "too_many_codes", errors=[{"pointer": "#/dossier_codes", "message": "Quá nhiều mục."}])
    people = await _read(door, actor, asked.purpose, "name", asked.dossier_codes)
    return [
        PersonName(dossier_code=code, full_name=people[code].full_name)
        for code in dict.fromkeys(asked.dossier_codes)
        if code in people
    ]


@router.post("/search")
@allows(Right.READ_PERSON)
@unlimited("a sibling has counted its own caller")
async def search(asked: SearchAsked, door: TheDoor, actor: Service) -> list[str]:
    """Codes of dossiers whose applicant fits the text, exact tones first; no name goes out. Recorded as a reading."""
    demand(actor, Right.READ_PERSON, Resource())
    found = await finding.search(door, asked.text, asked.agency_codes)
    await _record(door, actor, asked.purpose, "search", asked=found, known=found)
    return list(found)


@router.post("/address")
@allows(Right.READ_PERSON)
async def address(asked: AddressAsked, door: TheDoor, actor: Service) -> PostalAddress:
    """Where the carrier brings the result. 404 for an unknown dossier, 409 when no address was given."""
    demand(actor, Right.READ_PERSON, Resource(dossier_code=asked.dossier_code))
    people = await _read(door, actor, asked.purpose, "address", (asked.dossier_code,))
    person = people.get(asked.dossier_code)
    if person is None:
        raise Unknown
    if person.address is None:
        raise Refused("address_missing", "Người nộp không đăng ký địa chỉ nhận kết quả.")
    return PostalAddress(
        dossier_code=asked.dossier_code, full_name=person.full_name, phone=person.phone, address=person.address
    )


@router.post("/words", status_code=204)
@allows(Right.TELL_MACHINE)
async def words(told: WordsTold, door: TheDoor, actor: Service) -> None:
    """Keep what an officer wrote to the applicant. The same order with other words: 409."""
    demand(actor, Right.TELL_MACHINE, Resource(dossier_code=told.dossier_code))
    await acts.keep_words(door, told)


async def _read(door: Door, actor: Actor, purpose: Purpose, what: str, codes: Iterable[str]) -> dict[str, Person]:
    """Opens the owners of those dossiers that exist and records the reading, refused ones included (SR-42)."""
    asked = list(dict.fromkeys(codes))
    async with door.sessions() as session:
        owners = await filings.owners_of(session, asked)
    await _record(door, actor, purpose, what, asked=asked, known=owners)
    return {code: acts.person_of(door.vault, owner) for code, owner in owners.items()}


async def _record(
    door: Door, actor: Actor, purpose: Purpose, what: str, *, asked: Iterable[str], known: Container[str]
) -> None:
    readings = [
        Reading(
            at=door.now(),
            reader=actor.person_code,
            purpose=purpose,
            what=what,
            dossier_code=code,
            granted="yes" if code in known else "unknown",
        )
        for code in asked
    ]
    async with door.sessions.begin() as session:
        await records.add_readings(session, readings)
