"""Which agencies and procedures there are today: open to everybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.intake import views
from services.intake.api._door import TheDoor, ThePage
from services.intake.rules.completeness import refused_by_catalogue
from services.intake.views import AgencyList, AgencyView, ProcedureList, ProcedureView
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.dossier.codes import AgencyCode, ProcedureCode
from shared.web.identity import public
from shared.web.limits import unlimited
from shared.web.pages import cursor, next_link
from shared.web.problem import Problem

router = APIRouter(prefix="/api", tags=["catalogue"])
_OPEN = "the catalogue is published by law"


@router.get("/agencies")
@public(_OPEN)
async def agencies(door: TheDoor) -> AgencyList:
    """Agencies in force today, by code."""
    rows = sorted(lookup.agencies_on(door.catalogue, door.today()), key=lambda row: row.code)
    return AgencyList(agencies=tuple(AgencyView.of(row) for row in rows))


@router.get("/procedures")
@public(_OPEN)
@unlimited("read from memory, nothing to guess")
async def procedures(
    request: Request,
    response: Response,
    door: TheDoor,
    page: ThePage,
    agency_code: Annotated[AgencyCode | None, Query()] = None,
) -> ProcedureList:
    """Procedures offered today, by code; of one agency when it is named."""
    try:
        rows = views.offered(door.catalogue, agency_code, door.today())
    except NotInCatalogue as missing:
        raise refused_by_catalogue(missing) from missing
    left = [row for row in rows if page.after is None or row.code > page.after]
    more = cursor(left[page.limit - 1].code) if len(left) > page.limit else None
    response.headers.update(next_link(request, more))
    shown = tuple(ProcedureView.of(door.catalogue, row) for row in left[: page.limit])
    return ProcedureList(procedures=shown, next_cursor=more)


@router.get("/procedures/{procedure_code}")
@public(_OPEN)
@unlimited("read from memory, nothing to guess")
async def procedure(
    procedure_code: ProcedureCode, door: TheDoor, agency_code: Annotated[AgencyCode | None, Query()] = None
) -> ProcedureView:
    """One procedure with components, fees and time limit; 404 when this agency does not decide it."""
    try:
        row = lookup.procedure(door.catalogue, procedure_code, door.today())
        agency = lookup.agency(door.catalogue, agency_code, door.today()) if agency_code else None
    except NotInCatalogue as missing:
        raise Problem(404, missing.code, detail=refused_by_catalogue(missing).detail) from missing
    if agency is not None and not lookup.is_competent(row, agency):
        no = refused_by_catalogue(NotInCatalogue("wrong_agency", ""))
        raise Problem(404, no.code, detail=no.detail)
    return ProcedureView.of(door.catalogue, row)
