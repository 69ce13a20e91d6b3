"""Who may call which page, made from the routes' own declarations: anonymous, each role, another agency."""

from __future__ import annotations

import re

import pytest

from services.processing import api, pages
from services.processing.acts import Door
from services.processing.views.worklist import BULK
from shared.dossier.lifecycle import MOVES, Act, Stage
from shared.dossier.permission import Right
from shared.web.identity import Route, routes_of
from tests.services.processing.conftest import ROLES, Site
from tests.services.processing.fakes import FakeDesk
from tests.services.processing.test_operator import ONE, REASON, FakeLog, log
from tests.services.processing.test_pages import CODE, hold

__all__ = ["log"]

SCREENS = [
    route
    for route in routes_of(pages.attach(api.build(None, identity=None, readiness={}, environment="local"), None))
    if route.path.startswith("/desk")
]
OWNED = [route for route in SCREENS if not isinstance(route.declares, str)]
OPERATORS = [route for route in OWNED if route.declares == (Right.OPERATE.value,)]
EVERYBODY = (*ROLES, "OPERATOR")
WITH_CODE = [route for route in OWNED if "{dossier_code}" in route.path]


def name(route: Route) -> str:
    return f"{'|'.join(route.methods)} {route.path}"


def address(route: Route) -> str:
    return route.path.replace("{dossier_code}", CODE).replace("{act}", "accept")


def test_the_screens_are_many_and_few_are_public() -> None:
    assert len(OWNED) >= 20
    public = sorted(name(route) for route in SCREENS if isinstance(route.declares, str))
    assert public == [
        "GET /desk/sign-in",
        "GET /desk/sign-in/return",
        "POST /desk/sign-in",
        "POST /desk/sign-in/provider",
    ]


async def test_nobody_comes_in_without_signing_in(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser()
    for route in OWNED:
        answer = await browser.http.request(route.methods[0], address(route))
        assert answer.status_code in {303, 401}, name(route)
        assert CODE not in answer.text.replace(address(route), "") or answer.status_code == 401, name(route)
    assert desk.asked == []


@pytest.mark.parametrize("login", ["stranger", "operator"])
async def test_another_agency_and_operators_find_no_dossier_behind_any_address(
    site: Site, door: Door, desk: FakeDesk, login: str
) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    stranger = await site.browser(login)
    token = (await stranger.get("/desk")).text.partition('name="csrf" value="')[2].partition('"')[0]
    typed = {"csrf": token, "act": "accept", "command_id": "desk-0123456789"}
    assert len(WITH_CODE) >= 4
    for route in WITH_CODE:
        answer = await stranger.http.request(
            route.methods[0], address(route), data=typed if route.methods == ("POST",) else None
        )
        assert answer.status_code == 404, name(route)
    assert desk.asked == []


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_shown_exactly_the_tables_acts_and_no_forged_one_is_done(
    site: Site, door: Door, desk: FakeDesk, role: str
) -> None:
    await hold(door, desk, Stage.REVIEW)
    before = desk.dossiers[CODE].seq
    browser = await site.browser(role.lower())
    page = await browser.get(f"/desk/{CODE}")
    assert page.status_code == 200
    allowed = {act for (stage, act), move in MOVES.items() if stage is Stage.REVIEW and role in move.by}
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    for act in Act:
        is_shown = f'/act/{act}"' in page.text or f'name="act" value="{act}"' in page.text
        assert is_shown == (act in allowed and act in _pressed()), act
        if act not in allowed:
            typed = {"csrf": token, "act": act.value, "command_id": f"desk-{act}-000", "outcome": "GRANTED"}
            answer = await browser.http.post(f"/desk/{CODE}/act", data=typed)
            assert answer.status_code in {403, 404, 409, 422}, act
    assert desk.dossiers[CODE].seq == before, "what the table refuses changes nothing"


@pytest.mark.parametrize("role", EVERYBODY)
async def test_pages_about_several_dossiers_offer_each_role_the_tables_acts_alone(
    site: Site, door: Door, desk: FakeDesk, role: str
) -> None:
    await hold(door, desk, Stage.REVIEW)
    browser = await site.browser(role.lower())
    mine = {act for (_, act), move in MOVES.items() if role in move.by}
    lists = (await browser.get("/desk/bulk/file")).text
    assert {act for act in BULK if f'value="{act}"' in lists} == mine & set(BULK)
    drafts = (await browser.get("/desk/approve")).text
    assert (CODE in drafts) == (Act.APPROVE_DRAFT in mine)
    assert (await browser.get(f"/desk/approve/{CODE}")).status_code == (200 if Act.APPROVE_DRAFT in mine else 404)
    token = drafts.partition('name="csrf" value="')[2].partition('"')[0]
    row = f"{CODE} desk-0123456789 {desk.dossiers[CODE].seq}"
    before = desk.dossiers[CODE].seq
    for act in BULK:
        forged = await browser.http.post(
            "/desk/bulk/do", data={"csrf": token, "act": act.value, "row": row, "person_code": "CB-specialist"}
        )
        assert forged.status_code in {200, 409, 422}, act
    assert desk.dossiers[CODE].seq == before, "what the table refuses changes nothing"


@pytest.mark.parametrize("role", [*EVERYBODY, "everybody"])
async def test_operators_pages_are_theirs_alone(site: Site, log: FakeLog, role: str) -> None:
    browser, is_operator = await site.browser(role.lower()), role == "OPERATOR"
    front = (await browser.get("/desk")).text
    assert ('href="/desk/ops"' in front) == is_operator
    token = front.partition('name="csrf" value="')[2].partition('"')[0]
    assert len(OPERATORS) == 3
    for route in OPERATORS:
        at = re.sub(r"/\{topic\}.*", ONE.removeprefix("/desk/ops/dead-letters"), route.path)
        typed = {"csrf": token, "verdict": "replayed", "reason": REASON} if route.methods == ("POST",) else None
        answer = await browser.http.request(route.methods[0], at, data=typed)
        assert answer.status_code in ({200, 303} if is_operator else {404}), name(route)
    assert bool(log.replayed) == is_operator


def _pressed() -> set[Act]:
    from services.processing.rules.forms import PRESSED

    return set(PRESSED)
