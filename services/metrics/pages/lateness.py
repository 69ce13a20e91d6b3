"""The door to the hours behind a figure: "Vì sao đỏ?", answered from the log of events."""

from __future__ import annotations

from typing import Final

from aiokafka.errors import KafkaError
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from services.metrics.pages.asking import Asking, asked_of, frame, scene_of, sight_of
from services.metrics.pages.hours import Find, Readings, Wanted
from services.metrics.pages.looking import Reader
from services.metrics.pages.memory import Memory
from services.metrics.rules.period import Period
from services.metrics.store import Question
from services.metrics.store.lists import Listed
from services.metrics.views.figures import Door
from services.metrics.views.hours import AWAY_SAID, READING_SAID, Told, hours
from services.metrics.views.scene import Scene
from services.metrics.views.scorecard import cards_on
from services.metrics.views.spans import months_of
from services.metrics.views.why import has_hours
from shared.dossier.codes import AgencyCode
from shared.dossier.permission import Resource, Right
from shared.platform.database import AWAY
from shared.web.html import Pages
from shared.web.identity import allows, demand
from shared.web.problem import Problem

PATIENCE_S: Final = 5.0
"""How long a page waits for the log before it says that it is still being read."""


def add_hours(app: FastAPI, door: Door, memory: Memory, pages: Pages, find: Find) -> None:
    """Serves `/board/{agency_code}/{indicator}/hours`: for those from whom no small number is hidden."""
    readings = Readings(find)

    async def told(scene: Scene) -> tuple[Told | None, str]:
        """What the log says, or why it says nothing yet."""
        try:
            found = await readings.within(PATIENCE_S, _wanted(scene))
        except (*AWAY, KafkaError, TimeoutError, LookupError):
            return None, AWAY_SAID
        return (found.told, "") if found else (None, READING_SAID)

    @app.get("/board/{agency_code}/{indicator}/hours", response_class=HTMLResponse, include_in_schema=False)
    @allows(Right.READ_KPI)
    async def whose_hours(
        request: Request, actor: Reader, agency_code: AgencyCode, indicator: str, given: Asking
    ) -> HTMLResponse:
        demand(actor, Right.READ_KPI, Resource())
        asked = asked_of(door, agency_code, given, indicator)
        sight = sight_of(door, actor, asked)
        scene = await scene_of(door, memory, asked, sight)
        figure = scene.figures(agency_code, [scene.indicators[indicator]])[indicator]
        if not has_hours(scene, figure):
            raise Problem(404, "no_hours", detail=("Chỉ tiêu này không tính được giờ.", "No hours behind this figure."))
        found, waiting = await told(scene)
        view = hours(scene, found, waiting)
        return pages.render(request, "hours.html", view=view, **frame(asked, sight, cards_on(scene)))


def _wanted(scene: Scene) -> Wanted:
    asked = scene.asked
    first, last = months_of(asked.period)
    whose = Listed(scene.borders.below(asked.agency_code), first, last)
    return Wanted(scene.indicators[asked.indicator], whose, Question(Period(asked.period.text, first, last), scene.now))
