"""The door for people: the board, one page, read by anybody; aggregates only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from services.metrics.rules.period import Period, month_of
from services.metrics.store import Question
from services.metrics.views import Door, board
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.web.html import Pages
from shared.web.identity import allows, caller, demand

_HERE: Final = Path(__file__).parent
_COLLEAGUES: Final = frozenset({Kind.STAFF, Kind.SERVICE})


def add_pages(app: FastAPI, door: Door) -> None:
    """Serves `GET /board?period=` and its style sheet."""
    pages = Pages(_HERE / "templates", prefix="/board")
    pages.mount(app)
    app.mount("/board/sheet", StaticFiles(directory=_HERE / "static"), name="sheet")

    @app.get("/board", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def show(
        request: Request,
        actor: Annotated[Actor, Depends(caller(*Kind))],
        period: Annotated[str, Query(max_length=7)] = "",
    ) -> HTMLResponse:
        demand(actor, Right.READ_KPI, Resource())
        now = door.now()
        try:
            span = Period.parse(period or month_of(now))
        except ValueError:
            span = Period.parse(month_of(now))
        reading = await door.read(Question(span, now))
        hides_below = 0 if actor.kind in _COLLEAGUES else door.hides_below
        view = board(reading, door.catalogue, span, now, hides_below=hides_below)
        return pages.render(request, "board.html", board=view)
