"""Limits of the console (SR-18): signing in, uploads, the search, the list as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from services.processing import api, pages
from services.processing.acts import Door
from services.processing.store import accounts
from services.processing.store.tables import rate
from shared.dossier.lifecycle import Role
from shared.platform import database
from shared.web.counting import Limits
from shared.web.limits import EXPORT, SEARCH, SIGN_IN, UPLOAD
from tests.limiting import ELSEWHERE, HOME, at, limits_on, use_up
from tests.services.processing.conftest import AGENCY, HASH, PASSWORD, Clock, Site

BROWSER = {"sec-fetch-site": "same-origin", "accept": "text/html"}

type Enter = Callable[..., Awaitable[httpx.Response]]


def limited(site: Site, door: Door, clock: Clock, limits: Limits) -> Site:
    """The same console, with limits."""
    app = api.build(door, identity=None, readiness={}, environment="local", limits=limits, uploads=pages.UPLOADS)
    pages.attach(app, pages.console(replace(door, now=clock), site.staff, secure=False, help_phone="0272"))
    return replace(site, app=app)


@pytest.fixture
def limits(door: Door, clock: Clock) -> Limits:
    return limits_on(door.sessions, rate, clock)


@pytest.fixture
def console(site: Site, door: Door, clock: Clock, limits: Limits) -> Site:
    return limited(site, door, clock, limits)


@pytest.fixture
def enter(console: Site) -> Enter:
    """`enter(login, password, address=..., english=...)`: the answer of the sign-in page."""

    async def send(
        login: str, password: str = PASSWORD, *, address: str = HOME, english: bool = False
    ) -> httpx.Response:
        headers = BROWSER | ({"cookie": "lang=en"} if english else {})
        async with at(console.app, address, headers) as http:
            return await http.post("/desk/sign-in", data={"login": login, "password": password})

    return send


def is_page(answer: httpx.Response, seconds: int, sentence: str) -> None:
    """A page that says when to try again."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["content-type"].startswith("text/html")
    assert sentence in answer.text


async def test_two_hundred_clerks_behind_one_address_all_sign_in(door: Door, enter: Enter) -> None:
    """One in five mistypes first; each comes three times this morning."""
    logins = [f"clerk-{n}" for n in range(200)]
    async with door.sessions.begin() as session:
        for login in logins:
            held = [accounts.DatedGrant(Role.CLERK, AGENCY, date(2022, 1, 1))]
            await accounts.keep(session, accounts.Account(f"CB-{login}", login, login, HASH), held)
    mistyped = [await enter(login, "Bốn từ dễ nhớ") for login in logins[::5]]
    assert {answer.status_code for answer in mistyped} == {401}
    for _ in range(3):
        for start in range(0, 200, 20):
            answers = await asyncio.gather(*(enter(login) for login in logins[start : start + 20]))
            assert {answer.status_code for answer in answers} == {303}


async def test_wrong_passwords_of_strangers_stop_their_address_and_nobody_who_works_there(
    site: Site, console: Site, door: Door, clock: Clock, enter: Enter
) -> None:
    assert (await enter("clerk")).status_code == 303, "works here"
    for n in range(100):
        assert (await enter(f"nobody-{n}", "guessed")).status_code == 401
    is_page(await enter("nobody", "guessed"), 6, "Đã thử quá nhiều lần. Thử lại sau 6 giây.")
    is_page(await enter("nobody", "guessed", english=True), 6, "Tried too often. Try again in 6 seconds.")
    is_page(await enter("signer"), 6, "Tạm dừng nhận yêu cầu")
    assert (await enter("clerk")).status_code == 303, "is not stopped by others"
    assert (await enter("signer", address=ELSEWHERE)).status_code == 303
    wrong = await enter("clerk", "guessed")
    assert wrong.status_code == 429, "but has no guesses more than others have there"

    again = limited(site, door, clock, limits_on(door.sessions, rate, clock))  # the process starts anew
    async with at(again.app, HOME, BROWSER) as http:
        typed = {"login": "signer", "password": PASSWORD}
        assert (await http.post("/desk/sign-in", data=typed)).status_code == 429
        clock.at += timedelta(seconds=6)
        assert (await http.post("/desk/sign-in", data=typed)).status_code == 303


async def test_an_account_still_waits_after_five_wrong_passwords(enter: Enter, clock: Clock) -> None:
    assert (await enter("signer")).status_code == 303
    for _ in range(5):
        assert "chưa đúng" in (await enter("signer", "guessed")).text
    waits = await enter("signer")
    assert (waits.status_code, "Thử lại sau 31 giây" in waits.text) == (401, True)
    clock.at += timedelta(seconds=31)
    assert (await enter("signer")).status_code == 303


async def test_right_passwords_are_counted_by_account_alone(limits: Limits, enter: Enter, clock: Clock) -> None:
    await use_up(limits, rate, SIGN_IN, "clerk")
    is_page(await enter("clerk"), 10, "Thử lại sau 10 giây.")
    is_page(await enter(" Clerk ", address=ELSEWHERE), 10, "Thử lại sau 10 giây.")
    assert (await enter("signer")).status_code == 303
    clock.at += timedelta(seconds=10)
    assert (await enter("clerk")).status_code == 303
    assert (await enter("clerk")).status_code == 429


async def test_wrong_passwords_use_up_no_account(enter: Enter, clock: Clock) -> None:
    """A stranger cannot shut a clerk out for longer than the account's own wait."""
    for _ in range(90):
        assert (await enter("clerk", "guessed", address=ELSEWHERE)).status_code == 401
    clock.at += timedelta(minutes=16)
    assert (await enter("clerk")).status_code == 303


async def test_the_list_as_a_file_is_counted_by_account(console: Site, limits: Limits, clock: Clock) -> None:
    clerk, other = await console.browser("clerk"), await console.browser("specialist")
    for _ in range(EXPORT.account.calls if EXPORT.account else 0):
        assert (await clerk.get("/desk/export.csv")).status_code == 200
    is_page(await clerk.get("/desk/export.csv"), 5, "Thử lại sau 5 giây.")
    assert (await other.get("/desk/export.csv")).status_code == 200
    clock.at += timedelta(seconds=5)
    assert (await clerk.get("/desk/export.csv")).status_code == 200


async def test_searches_are_counted_and_lists_are_not(console: Site, limits: Limits, clock: Clock) -> None:
    clerk = await console.browser("clerk")
    await use_up(limits, rate, SEARCH, "CB-clerk")
    is_page(await clerk.get("/desk?q=17"), 1, "Thử lại sau 1 giây.")
    assert (await clerk.get("/desk")).status_code == 200
    assert (await clerk.get("/desk?q=&view=all")).status_code == 200
    clock.at += timedelta(seconds=1)
    assert (await clerk.get("/desk?q=17")).status_code == 200


@pytest.mark.parametrize("path", ["/desk/counter", "/desk/bulk/file", "/desk/000.00.03.H39-230110-0007/papers"])
async def test_forms_with_files_are_counted_by_account(console: Site, limits: Limits, path: str) -> None:
    clerk = await console.browser("clerk")
    await use_up(limits, rate, UPLOAD, "CB-clerk")
    is_page(await clerk.http.post(path, files={"file": ("a.pdf", b"%PDF")}), 1, "Thử lại sau 1 giây.")
    strangers = await console.browser()
    assert (await strangers.http.post(path, files={"file": ("a.pdf", b"%PDF")})).status_code == 401


async def test_unlocking_is_counted_by_account(console: Site, limits: Limits) -> None:
    clerk = await console.browser("clerk")
    page = await clerk.get("/desk")
    await use_up(limits, rate, SIGN_IN, "CB-clerk")
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    answer = await clerk.http.post("/desk/unlock", data={"csrf": csrf, "password": PASSWORD})
    is_page(answer, 10, "Thử lại sau 10 giây.")


async def test_with_the_database_away_the_answer_is_the_doors_own(site: Site, door: Door, clock: Clock) -> None:
    away = database.engine("postgresql+asyncpg://nobody:x@127.0.0.1:9/motcua")
    app = limited(site, door, clock, limits_on(database.sessions(away), rate, clock)).app
    async with at(app, HOME, BROWSER) as http:
        right = await http.post("/desk/sign-in", data={"login": "clerk", "password": PASSWORD})
        wrong = await http.post("/desk/sign-in", data={"login": "clerk", "password": "guessed"})
    assert (right.status_code, wrong.status_code) == (303, 401)
    await away.dispose()
