"""The door for people: the board, drilled down unit by unit; read by anybody; aggregates only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.staticfiles import StaticFiles

from services.metrics.rules.period import Period, month_of
from services.metrics.store import Question
from services.metrics.views.asked import Asked
from services.metrics.views.board import Known, board
from services.metrics.views.figures import Door, day_of, roll_up
from services.metrics.views.periods import lately
from shared.catalogue.model import AgencyKind, Catalogue
from shared.dossier.codes import AgencyCode
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.web.html import Pages
from shared.web.identity import allows, caller, demand
from shared.web.problem import Problem

_HERE: Final = Path(__file__).parent.parent
_COLLEAGUES: Final = frozenset({Kind.STAFF, Kind.SERVICE})

type Reader = Annotated[Actor, Depends(caller(*Kind))]
type Short = Annotated[str, Field(max_length=60)]


class Given(BaseModel):
    """What stands in an address of the board; all of it may be absent."""

    model_config = ConfigDict(frozen=True)

    period: Short = ""
    rank: Short = ""
    lang: Short = ""
    wall: Short = ""


type Asking = Annotated[Given, Query()]


def add_pages(app: FastAPI, door: Door) -> None:
    """Serves `/board` and everything below it."""
    pages = Pages(_HERE / "templates", prefix="/board")
    pages.mount(app)
    app.mount("/board/sheet", StaticFiles(directory=_HERE / "static"), name="sheet")
    root = root_of(door.catalogue)

    async def shown(request: Request, actor: Actor, agency_code: str, given: Given) -> HTMLResponse:
        demand(actor, Right.READ_KPI, Resource())
        asked = asked_of(door, agency_code, root, given)
        hides_below = 0 if actor.kind in _COLLEAGUES else door.hides_below
        view = board(await known(door, asked), door.catalogue, asked, door.now(), hides_below=hides_below)
        return pages.render(request, "board.html", board=view, **frame(asked))

    @app.get("/board", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def province(request: Request, actor: Reader, given: Asking) -> HTMLResponse:
        return await shown(request, actor, root, given)

    @app.get("/board/{agency_code}", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def unit(request: Request, actor: Reader, agency_code: AgencyCode, given: Asking) -> HTMLResponse:
        return await shown(request, actor, agency_code, given)


def root_of(catalogue: Catalogue) -> str:
    """The province's code."""
    return next(row.code for row in catalogue.agencies if row.kind is AgencyKind.PROVINCE)


def asked_of(door: Door, agency_code: str, root: str, given: Given) -> Asked:
    """The question of an address; what cannot be read is the ordinary case. Raises Problem 404."""
    if agency_code not in door.catalogue.agencies_by_code:
        raise Problem(404, "unknown_agency", detail=("Không có cơ quan này.", "No such agency."))
    now = door.now()
    try:
        span = Period.parse(given.period or month_of(now))
    except ValueError:
        span = Period.parse(month_of(now))
    return Asked(
        agency_code=agency_code,
        is_root=agency_code == root,
        period=span,
        rank_by=given.rank,
        language="en" if given.lang == "en" else "vi",
        is_wall=given.wall == "1",
    )


async def known(door: Door, asked: Asked) -> Known:
    """What the store says of the period and of those before it."""
    now = door.now()
    spans = lately(asked.period)
    readings = await asyncio.gather(*(door.read(Question(span, now)) for span in spans))
    totals = [
        roll_up(reading.counts, door.catalogue, day_of(span, now))
        for span, reading in zip(spans, readings, strict=True)
    ]
    return Known(readings[-1], totals[-1], tuple(zip(spans, totals, strict=True)))


def frame(asked: Asked) -> dict[str, Any]:
    """What every template gets beside its view."""
    other = asked.but(language="vi" if asked.language == "en" else "en")
    return {"t": asked.words, "lang": asked.language, "asked": asked, "other_language": other.href}
