"""The door to the dossiers behind a figure: for colleagues, of their own agencies; codes and dates, no person."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from services.metrics.pages.asking import AskingList, asked_of, frame, scene_of, sight_of
from services.metrics.pages.looking import Colleague
from services.metrics.pages.memory import Memory
from services.metrics.rules.measures import Measures
from services.metrics.store.lists import Listed
from services.metrics.views.borders import path_of
from services.metrics.views.dossiers import Which, among, dossiers, is_listable, keeps
from services.metrics.views.figures import Door, day_of
from services.metrics.views.scorecard import cards_on
from services.metrics.views.spans import months_of
from shared.dossier.codes import AgencyCode
from shared.dossier.permission import Resource, Right
from shared.web.html import Pages
from shared.web.identity import allows, demand
from shared.web.problem import Problem


def add_lists(app: FastAPI, door: Door, memory: Memory, pages: Pages) -> None:
    """Serves `/board/{agency_code}/{indicator}/dossiers`."""

    @app.get("/board/{agency_code}/{indicator}/dossiers", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_DOSSIER)
    async def behind(
        request: Request, actor: Colleague, agency_code: AgencyCode, indicator: str, given: AskingList
    ) -> HTMLResponse:
        asked = asked_of(door, agency_code, given, indicator)
        measures, now = Measures.of(door.catalogue), door.now()
        path = path_of(door.catalogue, agency_code, day_of(asked.period, now))
        demand(actor, Right.READ_DOSSIER, Resource(agency_path=path))
        sight = sight_of(door, actor, asked)
        scene = await scene_of(door, memory, asked, sight)
        row = scene.indicators[indicator]
        if not is_listable(measures, row):
            raise Problem(404, "not_of_dossiers", detail=("Chỉ tiêu này không đếm hồ sơ.", "Not made of dossiers."))
        which: Which = given.which or ("missing" if row.denominator else "all")
        wanted = Listed(scene.borders.below(agency_code), *months_of(asked.period), given.after)
        kept = among(asked.period, keeps(measures, row, which, scene.now))
        found, has_more = await door.listed(wanted, kept)
        view = dossiers(scene, found, which, has_more=has_more)
        return pages.render(request, "dossiers.html", view=view, **frame(asked, sight, cards_on(scene)))
