"""File a dossier, read it, withdraw it, fetch its result."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from services.intake import acts
from services.intake.api._door import TheDoor, ThePage
from services.intake.rules.completeness import FilingForm
from services.intake.store import documents, dossiers, records
from services.intake.store.tables import once
from services.intake.views import DocumentView, DossierList, DossierView, FactsView, FiledView, LookupView
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor, Kind, Right, as_whom
from shared.dossier.refusal import Unknown
from shared.web.etag import etag, not_modified
from shared.web.idempotency import IdempotencyKey, once_only
from shared.web.identity import allows, caller, demand
from shared.web.pages import cursor, next_link

router = APIRouter(prefix="/api", tags=["dossiers"])
Key = Annotated[str, Depends(IdempotencyKey)]
Citizen = Annotated[Actor, Depends(caller(Kind.CITIZEN))]
Code = Annotated[DossierCode, Path()]


@router.post("/dossiers", status_code=201)
@allows(Act.SUBMIT, Act.REGISTER_AT_DESK, Act.REGISTER_FROM_POST)
async def file(
    form: FilingForm,
    response: Response,
    door: TheDoor,
    key: Key,
    actor: Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF))],
) -> FiledView:
    """Online by its owner, at the desk and from the post by a clerk of the agency. 503: repeat with the same key."""
    filed = await acts.file(door, actor, key, form)
    response.headers.update({"Location": f"/api/dossiers/{filed.dossier_code}", "ETag": etag(filed.facts.seq)})
    return FiledView(dossier_code=filed.dossier_code, tracking_secret=filed.tracking_secret, facts=filed.facts)


@router.get("/dossiers")
@allows(Right.READ_DOSSIER)
async def mine(
    request: Request,
    response: Response,
    door: TheDoor,
    actor: Citizen,
    page: ThePage,
) -> DossierList:
    """The caller's own dossiers, by code."""
    async with door.sessions() as session:
        found = await dossiers.of_owner(session, actor.person_code, after=page.after, limit=page.limit + 1)
    more = cursor(found[page.limit - 1].dossier_code) if len(found) > page.limit else None
    response.headers.update(next_link(request, more))
    return DossierList(dossiers=tuple(found[: page.limit]), next_cursor=more)


@router.get("/dossiers/{dossier_code}", response_model=DossierView)
@allows(Right.READ_DOSSIER)
async def read(
    dossier_code: Code,
    request: Request,
    response: Response,
    door: TheDoor,
    actor: Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF, Kind.SERVICE))],
) -> DossierView | Response:
    """Facts and papers' metadata, as far as this service has heard."""
    facts, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    if unchanged := not_modified(request, facts.seq):
        return unchanged
    async with door.sessions() as session:
        papers = await documents.of_dossier(session, dossier_code)
        found = await records.lookups_of(session, dossier_code)
    response.headers["ETag"] = etag(facts.seq)
    return DossierView(
        facts=facts,
        documents=tuple(DocumentView.of(paper) for paper in papers),
        lookups=tuple(LookupView.of(each) for each in found),
    )


@router.post("/dossiers/{dossier_code}/withdrawal", response_model=FactsView)
@allows(Act.WITHDRAW, Act.ASK_WITHDRAW)
async def withdraw(dossier_code: Code, request: Request, door: TheDoor, key: Key, actor: Citizen) -> Response:
    """At will before acceptance; after it this asks the unit head."""
    _, resource = await acts.rights_to(door, dossier_code)
    by = as_whom(actor, Act.WITHDRAW, resource)
    if by is None:
        raise Unknown

    async def work() -> Response:
        facts = await acts.withdraw(door, by, dossier_code, key)
        body = FactsView(facts=facts).model_dump_json()
        return Response(body, media_type="application/json", headers={"ETag": etag(facts.seq)})

    return await once_only(request, door.sessions, once, work, principal=actor.person_code, key=key)


@router.get(
    "/dossiers/{dossier_code}/result",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The signed result"}},
)
@allows(Right.READ_DOSSIER)
async def result(dossier_code: Code, door: TheDoor, actor: Citizen) -> Response:
    """The signed file, for its owner. Where the result is electronic, fetching it is its return."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    content = await acts.fetch_result(door, dossier_code)
    name = f'attachment; filename="{dossier_code}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})
