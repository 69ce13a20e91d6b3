"""Sign-in at a certified OpenID Provider, by its own pages, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, Request, Route

from services.processing import api, pages
from services.processing.acts import Door
from services.processing.acts.accounts import FRESH, IDLE, Staff
from services.processing.adapters.provider import Provider
from services.processing.store import accounts, interrupted
from shared.dossier.lifecycle import Stage
from tests.browser import browser, chromium, served, violations
from tests.identity_provider import SECRET, IdentityProvider, started
from tests.services.processing.conftest import AGENCY, NOW, PASSWORD, Site
from tests.services.processing.fakes import FakeDesk
from tests.services.processing.test_pages import CODE, hold

__all__ = ["browser", "chromium"]

CLERK: Final = {"preferred_username": "CB-0042", "title": "Quầy 03", "motcua_grants": [f"CLERK:{AGENCY}"]}
PEOPLE: Final[dict[str, dict[str, Any]]] = {
    "an": CLERK,
    "binh": {
        "preferred_username": "CB-0044",
        "title": "Quầy 04",
        "motcua_grants": [f"CLERK:{AGENCY}", f"RECORDS:{AGENCY}", f"SYSTEM:{AGENCY}", "nonsense", 7],
    },
    "chi": {"preferred_username": "CB-0043", "title": "Chủ tịch", "motcua_grants": [f"SIGNER:{AGENCY}"]},
    "nobody": {"preferred_username": "CB-0099", "title": "Chưa có việc"},
    "citizen": {"preferred_username": "Nguyễn Văn A"},
}
BUTTON: Final = "text=Đăng nhập bằng tài khoản công vụ"
WHOM_TO_ASK: Final = "Tài khoản công vụ này chưa được cấp vị trí làm việc ở đây. Gọi quản trị: 0272."
AGAIN: Final = "Đăng nhập không thành công. Thử lại từ đầu."


@dataclass
class Clock:
    """The console's time: that of the machine, since the provider's tokens are, and what has passed beside it."""

    passed: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(tz=NOW.tzinfo) + self.passed


@dataclass
class Desk:
    """The console at an address, its provider, and a browser's window."""

    app: FastAPI
    address: str
    provider: IdentityProvider
    clock: Clock
    staff: Staff
    context: BrowserContext
    page: Page

    async def to_provider(self, path: str = "/desk") -> None:
        """As far as the provider's own page."""
        await self.page.goto(self.address + path)
        await self.page.click(BUTTON)
        await self.page.wait_for_selector("input[name=login]")

    async def prove(self, subject: str) -> None:
        """On the provider's pages: sign in, and consent when it asks for that."""
        await self.page.fill("input[name=login]", subject)
        await self.page.fill("input[name=password]", "secret there")
        await self.page.click("button[type=submit]")
        await self.page.wait_for_load_state()
        if "/interaction/" in self.page.url:
            await self.page.click("button:has-text('Continue')")
        await self.page.wait_for_url(f"{self.address}/**")

    async def sign_in(self, subject: str, path: str = "/desk") -> None:
        await self.to_provider(path)
        await self.prove(subject)

    async def text(self) -> str:
        return await self.page.inner_text("body")

    async def change_flow(self, change: Callable[[list[str]], None]) -> None:
        """Bends what this browser remembers of the flow: state, nonce, verifier, way back, key."""
        [cookie] = [each for each in await self.context.cookies(self.address) if each["name"] == "sign-in"]
        flow = orjson.loads(bytes.fromhex(cookie["value"]))
        change(flow)
        value = orjson.dumps(flow).hex()
        await self.context.add_cookies([{"name": "sign-in", "value": value, "url": self.address}])


@pytest.fixture
async def desk_there(door: Door, browser: Browser) -> AsyncIterator[Desk]:
    """The console with one local account beside its provider."""
    clock = Clock()
    real = replace(door, now=clock)
    staff = Staff(door.sessions, clock)
    context = await browser.new_context(locale="vi-VN")
    async with started() as provider:
        client = Provider(
            issuer=provider.issuer, client_id="motcua-desk", client_secret=SECRET, redirect_uri="http://to-be-known"
        )
        app = api.build(
            real, identity=None, readiness={}, environment="local", uploads=pages.UPLOADS,
            leads_to=pages.leads_to("", client),
        )  # fmt: skip
        pages.attach(app, pages.console(real, staff, secure=False, help_phone="0272", identity_provider=client))
        async with served(app) as address:
            client.redirect_uri = f"{address}/desk/sign-in/return"
            await provider.know(address, PEOPLE)
            desk = Desk(app, address, provider, clock, staff, context, await context.new_page())
            await context.route(lambda url: urlsplit(url).hostname not in {"localhost", "127.0.0.1"}, _nowhere)
            yield desk
            await context.close()


async def _nowhere(route: Route) -> None:
    await route.abort()


async def test_who_signs_in_there_works_here_at_the_posts_that_were_granted(desk_there: Desk) -> None:
    await desk_there.to_provider("/desk/me")
    assert desk_there.page.url.startswith(desk_there.provider.issuer)
    await desk_there.prove("an")
    assert desk_there.page.url == f"{desk_there.address}/desk/me"
    assert "Quầy 03" in await desk_there.text()
    async with desk_there.staff.sessions() as session:
        held = await accounts.find(session, "CB-0042")
    assert held is not None
    assert held.password_hash is None


async def test_several_posts_are_chosen_from(desk_there: Desk) -> None:
    await desk_there.sign_in("binh")
    assert desk_there.page.url == f"{desk_there.address}/desk/post"
    assert await desk_there.page.locator("input[name=post]").count() == 3, "all, and two: machines' roles are none"


@pytest.mark.parametrize("which", [0, 1, 2], ids=["state", "nonce", "verifier"])
async def test_another_browsers_flow_is_refused(desk_there: Desk, which: int) -> None:
    def bend(flow: list[str]) -> None:
        flow[which] = "stolen-" * 7

    await desk_there.to_provider()
    await desk_there.change_flow(bend)
    await desk_there.prove("an")
    assert AGAIN in await desk_there.text()
    await desk_there.page.goto(f"{desk_there.address}/desk")
    assert "/desk/sign-in" in desk_there.page.url


async def test_a_code_is_good_once(desk_there: Desk) -> None:
    came: list[str] = []

    def note(request: Request) -> None:
        if "/desk/sign-in/return?" in request.url:
            came.append(request.url)

    desk_there.page.on("request", note)
    kept: list[list[str]] = []
    await desk_there.to_provider()
    await desk_there.change_flow(lambda flow: kept.append(list(flow)))
    await desk_there.prove("an")
    await desk_there.context.clear_cookies()
    value = orjson.dumps(kept[0]).hex()
    await desk_there.context.add_cookies([{"name": "sign-in", "value": value, "url": desk_there.address}])
    answer = await desk_there.page.goto(came[0])
    assert answer is not None
    assert answer.status == 401
    assert AGAIN in await desk_there.text()


@pytest.mark.parametrize("subject", ["nobody", "citizen"])
async def test_whom_the_provider_knows_and_we_do_not_is_told_whom_to_ask(desk_there: Desk, subject: str) -> None:
    await desk_there.sign_in(subject)
    assert WHOM_TO_ASK in await desk_there.text()
    assert await violations(desk_there.page) == []
    await desk_there.page.click(BUTTON)
    await desk_there.page.wait_for_selector("input[name=login]")
    await desk_there.prove("an")
    assert desk_there.page.url == f"{desk_there.address}/desk", "somebody else can sign in at the same machine"


async def test_who_loses_every_post_there_loses_them_here(desk_there: Desk) -> None:
    await desk_there.sign_in("an")
    await desk_there.provider.know(desk_there.address, {"an": CLERK | {"motcua_grants": []}})
    other = await desk_there.context.browser.new_context()  # type: ignore[union-attr] # it has one
    elsewhere = replace(desk_there, context=other, page=await other.new_page())
    await elsewhere.sign_in("an")
    assert WHOM_TO_ASK in await elsewhere.text()
    await other.close()
    await desk_there.page.goto(f"{desk_there.address}/desk/post")
    assert await desk_there.page.locator("input[name=post]").count() == 1, "only all of none"


async def test_who_says_no_there_is_not_signed_in_and_may_begin_again(desk_there: Desk) -> None:
    await desk_there.to_provider()
    await desk_there.page.click("text=Cancel")
    await desk_there.page.wait_for_url(f"{desk_there.address}/**")
    assert AGAIN in await desk_there.text()


async def test_signing_out_ends_the_providers_session_too(desk_there: Desk) -> None:
    await desk_there.sign_in("an")
    await desk_there.page.click("text=Đăng xuất")
    await desk_there.page.wait_for_url(f"{desk_there.provider.issuer}/**")
    await desk_there.page.click("button[name=logout]")
    await desk_there.page.wait_for_url(f"{desk_there.address}/desk/sign-in**")
    await desk_there.to_provider()


async def test_a_rotated_key_is_fetched(desk_there: Desk) -> None:
    await desk_there.sign_in("an")
    await desk_there.context.clear_cookies()
    await desk_there.provider.rotate()
    await desk_there.sign_in("binh")
    assert desk_there.page.url == f"{desk_there.address}/desk/post"


async def test_where_there_are_no_local_accounts_no_password_is_asked_for(desk_there: Desk) -> None:
    app = desk_there.app
    app.state.console = replace(app.state.console, has_accounts=False)
    await desk_there.page.goto(f"{desk_there.address}/desk")
    assert await desk_there.page.locator("input[type=password]").count() == 0
    assert await violations(desk_there.page) == []


async def test_while_the_provider_is_away_a_sentence_says_so_and_whoever_is_in_stays(
    desk_there: Desk, site: Site
) -> None:
    await desk_there.sign_in("an")
    await desk_there.provider.end()
    await desk_there.page.goto(f"{desk_there.address}/desk/me")
    assert "Quầy 03" in await desk_there.text()
    await desk_there.page.click("text=Đăng xuất")
    await desk_there.page.wait_for_url(f"{desk_there.address}/desk/sign-in")
    await desk_there.page.click(BUTTON)
    await desk_there.page.wait_for_selector("text=Cổng đăng nhập đang gián đoạn. Người đã đăng nhập vẫn làm việc được.")
    await desk_there.page.fill("#f-login", "clerk")
    await desk_there.page.fill("#f-password", PASSWORD)
    await desk_there.page.press("#f-password", "Enter")
    await desk_there.page.wait_for_url(f"{desk_there.address}/desk")


async def test_what_was_typed_when_the_session_ended_comes_back_from_there(
    desk_there: Desk, door: Door, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    await desk_there.sign_in("an")
    page, words = desk_there.page, "Giấy tờ chụp mờ, đề nghị chụp lại trang hai."
    await page.goto(f"{desk_there.address}/desk/{CODE}/act/reject")
    await page.fill("#f-words", words)
    desk_there.clock.passed = IDLE + timedelta(seconds=1)
    await page.click("[data-main]")
    await page.wait_for_selector("text=Đã hết thời gian đăng nhập.")
    async with door.sessions() as session:
        assert (await session.execute(interrupted.interrupted.select())).first() is None
    await desk_there.context.clear_cookies(domain="localhost")
    await page.click(BUTTON)
    await page.wait_for_selector("input[name=login]")
    async with door.sessions() as session:
        [kept] = (await session.execute(interrupted.interrupted.select())).all()
    assert words.encode() not in kept.sealed
    await desk_there.prove("an")
    assert await page.input_value("#f-words") == words
    assert desk.asked == []


async def test_a_locked_screen_is_opened_by_signing_in_anew_and_the_post_stays(desk_there: Desk) -> None:
    await desk_there.sign_in("binh")
    page = desk_there.page
    await page.check(f"input[value='CLERK:{AGENCY}']")
    await page.click("[data-main]")
    await page.wait_for_url(f"{desk_there.address}/desk")
    await page.click("text=Khóa màn hình")
    await page.wait_for_selector("text=Màn hình đã khóa")
    assert await violations(page) == []
    await page.click("[data-main]")
    await page.wait_for_selector("input[name=login]")
    await desk_there.prove("binh")
    assert page.url == f"{desk_there.address}/desk"
    assert "cán bộ tiếp nhận" in await page.inner_text(".top-post")


async def test_a_signature_wants_the_secret_again_and_keeps_its_form(
    desk_there: Desk, door: Door, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.SIGNING)
    await desk_there.sign_in("chi")
    page = desk_there.page
    await page.goto(f"{desk_there.address}/desk/{CODE}")
    desk_there.clock.passed = FRESH + timedelta(seconds=1)
    await page.click("button:has-text('Ký số')")
    await page.wait_for_selector("text=Xác nhận lại danh tính")
    desk_there.clock.passed = timedelta()
    await page.click("[data-main]")
    await page.wait_for_selector("input[name=login]")
    await desk_there.prove("chi")
    assert desk.asked == []
    await page.click("button:has-text('Ký số')")
    await page.wait_for_url("**done=sign**")
