"""The console in a real browser on the real stack: from counter to return by mouse, by keys and without scripts."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser import browser, chromium, painted, violations
from tests.journeys.people import YEN
from tests.journeys.town import Town, until

__all__ = ["browser", "chromium"]

BIRTH_AGAIN: Final = "1.004884"
WAY: Final = (
    ("tiepnhan", "accept"),
    ("tiepnhan", "transfer"),
    ("chuyenvien", "claim"),
    ("chuyenvien", "propose"),
    ("truongphong", "approve_draft"),
    ("lanhdao", "sign"),
    ("vanthu", "number_and_issue"),
    ("ketoan", "fee_paid"),
    ("trakq", "hand_over"),
)
"""Who presses what, in the order of the ordinary life."""
NOT_NOW: Final = re.compile("thử lại sau ít giây|đang được|chưa được số hóa|đang xử lý")

type Way = Callable[[Page, str, str], Awaitable[None]]


@pytest.fixture
async def desks(browser: Browser, town: Town, request: pytest.FixtureRequest) -> AsyncIterator[Desks]:
    opened = Desks(browser, town, scripts="without" not in request.node.name)
    yield opened
    await opened.close()


class Desks:
    """One browser window per member of staff of the commune, signed in when first needed."""

    def __init__(self, browser: Browser, town: Town, *, scripts: bool) -> None:
        self._browser, self._town, self._scripts = browser, town, scripts
        accounts = json.loads((town.stack.root / "secrets/processing/accounts.json").read_text())
        self._passwords = {each["login"]: each["password"] for each in accounts}
        self._windows: dict[str, tuple[BrowserContext, Page]] = {}
        self.said: list[str] = []

    async def of(self, post: str) -> Page:
        if post not in self._windows:
            context = await self._browser.new_context(java_script_enabled=self._scripts, locale="vi-VN")
            page = await context.new_page()
            page.on("console", lambda line: self.said.append(line.text) if "Security Policy" in line.text else None)
            await page.goto(f"{self._town.url('processing')}/desk")
            await self.sign_in(page, post)
            self._windows[post] = (context, page)
        return self._windows[post][1]

    async def sign_in(self, page: Page, post: str) -> None:
        """On the sign-in page; whatever was interrupted goes on."""
        await page.fill("#f-login", f"{post}.long-an")
        await page.fill("#f-password", self._passwords[f"{post}.long-an"])
        async with page.expect_navigation():
            await page.press("#f-password", "Enter")

    async def close(self) -> None:
        for context, _ in self._windows.values():
            await context.close()


async def by_mouse(page: Page, code: str, act: str) -> None:
    """Opens the dossier, presses the act's own button."""
    await page.goto(page.url.partition("/desk")[0] + f"/desk/{code}/act/{act}")
    if act == "propose":
        await page.check("input[name=outcome][value=GRANTED]")
    await page.click("[data-main]")


async def by_keys(page: Page, code: str, act: str) -> None:
    """The list's search, then the next action, by keys alone."""
    await page.goto(page.url.partition("/desk")[0] + "/desk")
    await painted(page)
    await page.keyboard.press("Slash")
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/{code}")
    if not await page.locator(f'input[name=act][value="{act}"]').count():
        link = page.locator(f'a[href$="/act/{act}"]')
        await link.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/act/{act}")
    await page.keyboard.press("KeyN")
    if act == "propose":
        await page.keyboard.press("Space")
    async with page.expect_navigation():
        await page.keyboard.press("Control+Enter")


async def carry(desks: Desks, town: Town, press: Way) -> str:
    """One dossier through the whole way; each act is tried again while the machines behind it are still busy."""
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON", guided=True)
    until("the clerks see it", lambda: filed.code in town.worklist("CLERK"), bool)
    for post, act in WAY:
        page = await desks.of(post)
        for _ in range(40):
            await press(page, filed.code, act)
            await page.wait_for_load_state()
            if f"done={act}" in page.url:
                break
            said = await page.locator("main").inner_text()
            assert NOT_NOW.search(said), f"{act}: {said}"
        assert f"done={act}" in page.url, act
        await expect(page.locator(".notice-good")).to_be_visible()
    until("the citizen sees it returned", lambda: town.progress(filed)["portal_status"], lambda status: status == 10)
    assert desks.said == []
    return filed.code


@pytest.mark.timeout(600)
async def test_from_the_counter_to_the_hand_over_by_mouse(desks: Desks, town: Town) -> None:
    code = await carry(desks, town, by_mouse)
    page = await desks.of("tiepnhan")
    await page.goto(f"{town.url('processing')}/desk/{code}?tab=history")
    numbers = [int(text) for text in await page.locator("tbody th").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.timeout(300)
async def test_one_sign_in_for_the_console_and_the_board(desks: Desks, browser: Browser, town: Town) -> None:
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON", guided=True)
    town.take_in(filed.code)
    [first, *_] = await asyncio.to_thread(town.told, filed.code, "accepted")
    behind = f"{town.url('metrics')}/board/{first['facts']['agency_competent']}/received/dossiers"
    context = await browser.new_context(locale="vi-VN")
    page = await context.new_page()
    await page.goto(behind)
    assert urlsplit(page.url).path == "/desk/sign-in", "who is nobody signs in at the console"
    await desks.sign_in(page, "truongphong")
    assert page.url == behind, "and comes back"
    await page.click(f"text={filed.code}")
    await expect(page.locator("h1")).to_contain_text(filed.code)
    assert page.url.startswith(f"{town.url('processing')}/desk/{filed.code}")
    await page.click("text=Bảng điều hành")
    await page.click("text=Việc của tôi")
    async with page.expect_navigation():
        await page.click("text=Đăng xuất")
    await page.goto(behind)
    assert urlsplit(page.url).path == "/desk/sign-in", "a session that ended there has ended here"
    await context.close()


@pytest.mark.timeout(600)
async def test_the_same_way_without_scripts(desks: Desks, town: Town) -> None:
    await carry(desks, town, by_mouse)


@pytest.mark.timeout(600)
async def test_the_same_way_by_keys_alone(desks: Desks, town: Town) -> None:
    await carry(desks, town, by_keys)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_no_page_hinders_anybody(desks: Desks, town: Town, language: str) -> None:
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON", guided=True)
    until("the clerks see it", lambda: filed.code in town.worklist("CLERK"), bool)
    page, base = await desks.of("tiepnhan"), f"{town.url('processing')}/desk"
    found: dict[str, Any] = {}
    tabs = [f"/{filed.code}?tab={tab}" for tab in ("way", "papers", "due", "payment", "parcel", "history", "looks")]
    others = ["", "?view=cho-ky", "?q=khong-co-ai", "/me", "/keys", "/post", f"/{filed.code}/act/reject", f"/{uuid4()}"]
    for path in [*others, *tabs]:
        for width in (1280, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.goto(f"{base}{path}{'&' if '?' in path else '?'}lang={language}")
            assert await page.locator("h1").count() == 1, path
            assert (await page.title()).endswith(" – Một Cửa")
            assert await page.locator("html").get_attribute("lang") == language
            overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{path} scrolls sideways at {width}"
            if wrong := await violations(page):
                found[f"{path} at {width}"] = wrong
    assert found == {}
