"""The door for people: the board, drilled down unit by unit and figure by figure; read by anybody; aggregates only."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from services.metrics.pages.asking import Asking, Sight, asked_of, frame, root_of, scene_of, sight_of
from services.metrics.pages.hours import Find
from services.metrics.pages.lateness import add_hours
from services.metrics.pages.lists import add_lists
from services.metrics.pages.live import Drawn, Shared, stream
from services.metrics.pages.looking import Reader, SignInNeeded, to_sign_in
from services.metrics.pages.memory import SHOWN_S, Memory
from services.metrics.pages.scorecards import add_scorecards
from services.metrics.views.asked import Asked
from services.metrics.views.board import board
from services.metrics.views.figure import figure_page
from services.metrics.views.figures import Door
from services.metrics.views.scorecard import cards_on
from services.metrics.views.sheet import file_name, sheet
from shared.dossier.codes import AgencyCode
from shared.dossier.permission import Actor, Resource, Right
from shared.web.html import Pages
from shared.web.identity import allows, demand
from shared.web.limits import EXPORT, limited

_HERE: Final = Path(__file__).parent.parent


def add_pages(app: FastAPI, door: Door, find_hours: Find) -> None:
    """Serves `/board` and everything below it. `find_hours`: reads the log for the hours behind a figure."""
    pages = Pages(_HERE / "templates", prefix="/board")
    pages.mount(app)
    app.mount("/board/sheet", StaticFiles(directory=_HERE / "static"), name="sheet")
    memory = Memory(door)

    @app.exception_handler(SignInNeeded)
    async def sign_in(request: Request, _: Exception) -> Response:
        return to_sign_in(door.desk or "", request)

    add_lists(app, door, memory, pages)
    add_scorecards(app, door, memory, pages)
    add_hours(app, door, memory, pages, find_hours)
    shared = Shared(door)

    async def shown(asked: Asked, sight: Sight, at_most_s: float = SHOWN_S) -> dict[str, Any]:
        """What the template of the page gets."""
        scene = await scene_of(door, memory, asked, sight, at_most_s)
        view = figure_page(scene) if asked.indicator else board(scene)
        return {"view": view, **frame(asked, sight, cards_on(scene))}

    async def page(request: Request, actor: Actor, asked: Asked) -> HTMLResponse:
        demand(actor, Right.READ_KPI, Resource())
        template = "figure.html" if asked.indicator else "board.html"
        return pages.render(request, template, **await shown(asked, sight_of(door, actor, asked)))

    @app.get("/board", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def province(request: Request, actor: Reader, given: Asking) -> HTMLResponse:
        return await page(request, actor, asked_of(door, root_of(door.catalogue), given))

    @app.get("/board/{agency_code}", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def unit(request: Request, actor: Reader, agency_code: AgencyCode, given: Asking) -> HTMLResponse:
        return await page(request, actor, asked_of(door, agency_code, given))

    @app.get("/board/{agency_code}/live", include_in_schema=False)
    @allows(Right.READ_KPI)
    async def live(request: Request, actor: Reader, agency_code: AgencyCode, given: Asking) -> StreamingResponse:
        demand(actor, Right.READ_KPI, Resource())
        asked = asked_of(door, agency_code, given, given.indicator)
        sight = sight_of(door, actor, asked)

        async def draw() -> Drawn:
            view = await shown(asked, sight, 0)  # what moved is on it
            template = "_figure.html" if asked.indicator else "_board.html"
            whole, stamp = (pages.render(request, part, **view).body for part in (template, "_stamp.html"))
            return Drawn(bytes(whole).decode(), bytes(stamp).decode())

        return stream(shared.events((asked, sight), draw))

    @app.get("/board/{agency_code}/board.csv", include_in_schema=False)
    @allows(Right.READ_KPI)
    @limited(EXPORT)
    async def spreadsheet(actor: Reader, agency_code: AgencyCode, given: Asking) -> Response:
        demand(actor, Right.READ_KPI, Resource())
        asked = asked_of(door, agency_code, given)
        scene = await scene_of(door, memory, asked, sight_of(door, actor, asked))
        named = {"Content-Disposition": f'attachment; filename="{file_name(scene)}"'}
        return Response(sheet(scene).encode(), media_type="text/csv; charset=utf-8", headers=named)

    @app.get("/board/{agency_code}/{indicator}", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def figure(
        request: Request, actor: Reader, agency_code: AgencyCode, indicator: str, given: Asking
    ) -> HTMLResponse:
        return await page(request, actor, asked_of(door, agency_code, given, indicator))
