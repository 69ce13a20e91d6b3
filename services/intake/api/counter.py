"""What the counter asks before and beside a filing: which papers the State holds already, and notes of colleagues."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.intake import acts
from services.intake.acts import looking
from services.intake.api._door import TheDoor
from services.intake.api.dossiers import Code, Key
from services.intake.rules.completeness import looked_up
from services.intake.rules.person import FullName, PersonalId
from services.intake.rules.remarks import LONGEST
from services.intake.views import CommentList, HeldPapers
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.dossier.codes import AgencyCode, CommandId, ProcedureCode
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.dossier.refusal import Unknown
from shared.web.identity import allows, caller, demand
from shared.web.limits import SEARCH, limited

router = APIRouter(prefix="/api", tags=["counter"])
Staff = Annotated[Actor, Depends(caller(Kind.STAFF))]


class HeldAsked(BaseModel):
    """Who stands at the counter and wants what. `reference`: the key under which the dossier will be filed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    procedure_code: ProcedureCode
    agency_code: AgencyCode
    personal_id: PersonalId
    full_name: FullName
    reference: Annotated[CommandId, Field(max_length=40)]


class CommentGiven(BaseModel):
    """A note for colleagues; never shown to the applicant."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]


@router.post("/papers/held")
@allows(Act.REGISTER_AT_DESK)
@limited(SEARCH)
async def held(asked: HeldAsked, door: TheDoor, actor: Staff) -> HeldPapers:
    """What need not be asked of this person for this procedure (NĐ 47/2020/NĐ-CP Điều 9.3). Recorded as a reading."""
    try:
        path = lookup.agency_path(door.catalogue, asked.agency_code, door.today())
        kinds = looked_up(door.catalogue, asked.procedure_code, door.today())
    except NotInCatalogue:
        raise Unknown from None
    demand(actor, Act.REGISTER_AT_DESK, Resource(agency_path=path))
    person = looking.Asked(asked.personal_id, asked.full_name, asked.reference)
    return HeldPapers.of(await looking.held_at_counter(door, actor, person, kinds))


@router.post("/dossiers/{dossier_code}/comments", status_code=204)
@allows(Right.READ_DOSSIER)
async def comment(dossier_code: Code, given: CommentGiven, door: TheDoor, key: Key, actor: Staff) -> None:
    """Leaves a note for colleagues."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    await looking.say(door, actor, resource, dossier_code, key=key, words=given.words)


@router.get("/dossiers/{dossier_code}/comments")
@allows(Right.READ_DOSSIER)
async def comments(dossier_code: Code, door: TheDoor, actor: Staff) -> CommentList:
    """The notes of a dossier, oldest first."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    return CommentList.of(await looking.said(door, actor, dossier_code))
