"""What follows a filing: papers brought later, a correction, the timeline, and the printed forms."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.intake import acts
from services.intake.acts import notifying, printing
from services.intake.api._door import TheDoor
from services.intake.api.dossiers import Code, Key
from services.intake.rules.completeness import DocumentGiven
from services.intake.store.tables import once
from services.intake.views import FactsView, FiledView, FormList, NoticeList, Timeline
from shared.dossier.codes import AgencyCode, Word
from shared.dossier.lifecycle import Act, Form
from shared.dossier.permission import Actor, Kind, Right, as_whom
from shared.dossier.refusal import Unknown
from shared.dossier.written import Day
from shared.web.etag import etag
from shared.web.idempotency import once_only
from shared.web.identity import allows, caller, demand
from shared.web.limits import EXPORT, limited

router = APIRouter(prefix="/api", tags=["dossiers"])
Bringer = Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF))]
Staff = Annotated[Actor, Depends(caller(Kind.STAFF))]
PDF: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"application/pdf": {}}, "description": "The form"}}


class PapersBrought(BaseModel):
    """Everything that was asked for, in one go; each kind once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: Annotated[tuple[DocumentGiven, ...], Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _each_kind_once(self) -> PapersBrought:
        if len({paper.kind for paper in self.documents}) < len(self.documents):
            raise ValueError("each kind of paper once")
        return self


class CorrectionAsked(BaseModel):
    """Why the result is wrong, as a word of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cause: Word


@router.post("/dossiers/{dossier_code}/papers", response_model=FactsView)
@allows(Act.COMPLETE, Act.SUPPLEMENT_DELIVERED)
async def bring(  # noqa: PLR0917 - what FastAPI hands in
    dossier_code: Code, brought: PapersBrought, request: Request, door: TheDoor, key: Key, actor: Bringer
) -> Response:
    """Complete a dossier before acceptance, or bring the supplement that was asked for."""
    _, resource = await acts.rights_to(door, dossier_code)
    by = as_whom(actor, Act.COMPLETE, resource)
    if by is None:
        raise Unknown
    given = {paper.document_id: paper.kind for paper in brought.documents}

    async def work() -> Response:
        facts = await acts.deliver(door, by, actor.person_code, dossier_code, key=key, given=given)
        body = FactsView(facts=facts).model_dump_json()
        return Response(body, media_type="application/json", headers={"ETag": etag(facts.seq)})

    return await once_only(request, door.sessions, once, work, principal=actor.person_code, key=key)


@router.post("/dossiers/{dossier_code}/correction", status_code=201)
@allows(Act.OPEN_CORRECTION)
async def correct(  # noqa: PLR0917 - what FastAPI hands in
    dossier_code: Code, asked: CorrectionAsked, response: Response, door: TheDoor, key: Key, actor: Staff
) -> FiledView:
    """Make a wrong result anew in a linked dossier, free of charge. 503: repeat with the same key."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    filed = await acts.correct(door, actor, dossier_code, key, asked.cause)
    response.headers.update({"Location": f"/api/dossiers/{filed.dossier_code}", "ETag": etag(filed.facts.seq)})
    return FiledView(dossier_code=filed.dossier_code, tracking_secret=filed.tracking_secret, facts=filed.facts)


@router.get("/dossiers/{dossier_code}/timeline")
@allows(Right.READ_DOSSIER)
async def timeline(dossier_code: Code, door: TheDoor, actor: Bringer) -> Timeline:
    """What happened, in its order."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    return Timeline.of(await printing.events_of(door, dossier_code))


@router.get("/dossiers/{dossier_code}/notices")
@allows(Right.READ_DOSSIER)
async def told(dossier_code: Code, door: TheDoor, actor: Bringer) -> NoticeList:
    """What the applicant was told by mail and SMS, and whether it was handed over; no address."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    return NoticeList.of(await notifying.told_of(door, dossier_code))


@router.get("/dossiers/{dossier_code}/forms")
@allows(Right.READ_DOSSIER)
async def forms(dossier_code: Code, door: TheDoor, actor: Bringer) -> FormList:
    """The forms that the dossier has, by the number of 2025; `number` is the one of its own rule set."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    return FormList.of(await printing.forms_of(door, dossier_code))


@router.get("/dossiers/{dossier_code}/forms/{form}", response_class=Response, responses=PDF)
@allows(Right.READ_DOSSIER)
async def form(
    dossier_code: Code, form: Form, door: TheDoor, actor: Bringer, seq: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """One form as PDF: that of the change `seq`, else the newest. 404 when it was never issued."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    content = await printing.printed(door, actor, dossier_code, form, seq)
    return _pdf(content, f"{dossier_code}-{form}")


@router.get("/agencies/{agency_code}/register", response_class=Response, responses=PDF)
@allows(Right.READ_WORKLIST)
@limited(EXPORT)
async def register(agency_code: AgencyCode, on: Day, door: TheDoor, actor: Staff) -> Response:
    """The handover book of a desk for the dossiers it received on a day."""
    demand(actor, Right.READ_WORKLIST, printing.desk_of(door, agency_code))
    return _pdf(await printing.register(door, actor, agency_code, on), f"{agency_code}-{on}")


def _pdf(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)
