"""The board's side door: who holds a session, told to the board alone; and the way to the board and back."""

from __future__ import annotations

from datetime import timedelta

from services.processing import api, pages
from services.processing.acts import Door
from services.processing.acts.accounts import Staff
from shared.contracts.session import SessionHolder
from shared.dossier.permission import Actor, Kind
from tests.services.processing.conftest import NOW, PASSWORD, Browser, People, Site

BOARD = "http://board.example"


async def holder(people: People, browser: Browser, *, is_use: bool = False) -> Actor | None:
    asked = {"token": browser.http.cookies["session"], "is_use": is_use}
    answer = await people("service:metrics", kind=Kind.SERVICE).post("/api/session", json=asked)
    assert answer.status_code == 200, answer.text
    return SessionHolder.model_validate_json(answer.content).holder


async def test_the_board_learns_who_holds_a_session_until_it_ends(people: People, site: Site) -> None:
    browser = await site.browser("clerk")
    found = await holder(people, browser)
    assert found is not None
    assert (found.person_code, found.kind, {grant.role for grant in found.grants}) == (
        "CB-clerk",
        Kind.STAFF,
        {"CLERK"},
    )
    page = await browser.get("/desk")
    token = browser.http.cookies["session"]
    await browser.send(page, "/desk/sign-out")
    browser.http.cookies.set("session", token)
    assert await holder(people, browser) is None


async def test_a_locked_screen_is_locked_at_the_board_too(people: People, site: Site) -> None:
    browser = await site.browser("clerk")
    await browser.send(await browser.get("/desk"), "/desk/lock")
    assert await holder(people, browser) is None


async def test_a_session_lives_on_by_use_and_not_by_a_stream(people: People, site: Site, door: Door) -> None:
    browser = await site.browser("clerk")
    staff = Staff(door.sessions, lambda: NOW + timedelta(minutes=10))
    token = browser.http.cookies["session"]
    for is_use, minutes in ((False, 0), (True, 10)):
        assert await staff.member(token, is_use=is_use)
        seen = await staff.member(token, is_use=False)
        assert seen is not None
        assert seen.session.seen_at == NOW + timedelta(minutes=minutes)


async def test_nobody_else_is_told(people: People) -> None:
    asked = {"token": "x", "is_use": False}
    answer = await people("service:intake", kind=Kind.SERVICE).post("/api/session", json=asked)
    assert answer.status_code == 404
    staff = await people("DESK_HEAD").post("/api/session", json=asked)
    assert staff.status_code == 403


async def test_no_answer_and_no_error_repeats_the_token(people: People) -> None:
    secret = "geheim" * 40
    asked = {"token": secret, "is_use": False}
    answer = await people("service:metrics", kind=Kind.SERVICE).post("/api/session", json=asked)
    assert answer.status_code == 422
    assert secret not in answer.text


async def test_the_sign_in_leads_back_to_the_board_and_nowhere_else(site: Site, door: Door) -> None:
    app = api.build(door, identity=None, readiness={}, environment="local", leads_to=(BOARD,))
    pages.attach(app, pages.console(door, site.staff, secure=False, help_phone="0272", board_url=BOARD))
    at_board = Site(app, site.staff, site.stack)
    behind = "/board/000.00.03.H39/on_time_share/dossiers?which=missing"
    for wanted, came in {
        behind: BOARD + behind,
        "/boardroom": "/desk",
        "//board": "/desk",
        "/board//evil.example": "/desk",
        f"{BOARD}/board": "/desk",
    }.items():
        browser = await at_board.browser()
        page = await browser.http.get("/desk/sign-in", params={"next": wanted})
        assert f"form-action 'self' {BOARD}" in page.headers["content-security-policy"]
        answer = await browser.send(page, "/desk/sign-in", login="clerk", password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, came)
    signed_in = await at_board.browser("clerk")
    assert f'href="{BOARD}/board"' in (await signed_in.get("/desk")).text
