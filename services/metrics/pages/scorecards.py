"""The door to ratings by points: aggregates only, read by anybody who may read figures."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from services.metrics.pages.asking import Asking, asked_of, frame, scene_of, sight_of
from services.metrics.pages.looking import Reader
from services.metrics.pages.memory import Memory
from services.metrics.views.figures import Door
from services.metrics.views.scorecard import card_page, cards_on
from shared.dossier.codes import AgencyCode
from shared.dossier.permission import Resource, Right
from shared.web.html import Pages
from shared.web.identity import allows, demand
from shared.web.problem import Problem


def add_scorecards(app: FastAPI, door: Door, memory: Memory, pages: Pages) -> None:
    """Serves `/board/{agency_code}/scorecards/{card}`."""

    @app.get("/board/{agency_code}/scorecards/{card}", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def scorecard(
        request: Request, actor: Reader, agency_code: AgencyCode, card: str, given: Asking
    ) -> HTMLResponse:
        demand(actor, Right.READ_KPI, Resource())
        asked = asked_of(door, agency_code, given).but(card=card)
        sight = sight_of(door, actor, asked)
        scene = await scene_of(door, memory, asked, sight)
        cards = cards_on(scene)
        if not any(row.id == card for row in cards):
            raise Problem(404, "unknown_scorecard", detail=("Không có bộ chỉ số này.", "No such scorecard."))
        return pages.render(request, "card.html", view=card_page(scene), **frame(asked, sight, cards))
