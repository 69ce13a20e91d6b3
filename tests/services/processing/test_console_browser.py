"""The console in a real browser where several dossiers are decided: axe, both languages, desk and phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
from playwright.async_api import Browser, Page

from services.processing import acts
from services.processing.acts import Door
from shared.contracts.facts import facts_of
from shared.dossier.lifecycle import Stage
from tests import builders
from tests.browser import browser, chromium, served, violations
from tests.services.processing.conftest import NOW, PASSWORD, Site
from tests.services.processing.fakes import FakeDesk
from tests.services.processing.test_operator import ONE, FakeLog, log
from tests.services.processing.test_pages import CODE, hold, press
from tests.services.processing.test_worklist_api import facts_at

__all__ = ["browser", "chromium", "log"]

LONG_AGO: Final = NOW - timedelta(days=30)


@pytest.fixture
async def address(site: Site) -> AsyncIterator[str]:
    async with served(site.app) as at:
        yield f"{at}/desk"


async def signed_in(browser: Browser, address: str, login: str) -> Page:
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{address}/sign-in")
    await page.fill("#f-login", login)
    await page.fill("#f-password", PASSWORD)
    await page.click("[data-main]")
    await page.wait_for_url(address)
    return page


async def check(page: Page, language: str) -> None:
    """This page as it stands, on a desk and on a phone."""
    assert await page.locator("html").get_attribute("lang") == language
    assert await page.locator("h1").count() == 1
    for width in (1280, 320):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await violations(page) == [], (page.url, width)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_approving_hinders_nobody(  # noqa: PLR0917 - one double each
    browser: Browser, address: str, door: Door, desk: FakeDesk, site: Site, language: str
) -> None:
    await hold(door, desk, Stage.REVIEW)
    page = await signed_in(browser, address, "unit_head")
    for path in ("/approve", f"/approve/{CODE}", "/approve"):
        await page.goto(f"{address}{path}?lang={language}")
        await check(page, language)
    await press(await site.browser("everybody"), "approve_draft")
    await page.click("button[name=only]")
    await page.wait_for_selector("text=09:30")
    await check(page, language)


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_list_that_comes_back_hinders_nobody(  # noqa: PLR0917 - one double each
    browser: Browser, address: str, door: Door, desk: FakeDesk, site: Site, language: str
) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    page = await signed_in(browser, address, "specialist")
    await page.goto(f"{address}/bulk/file?lang={language}")
    await check(page, language)
    for data in (b"PK\x03\x04", f"Dossier code,Note\n{CODE},x\n{CODE},\n".encode()):
        await page.check("input[name=act][value=claim]")
        await page.set_input_files("#f-list", {"name": "a.csv", "mimeType": "text/csv", "buffer": data})
        async with page.expect_navigation():
            await page.click("[data-main]")
        await check(page, language)
    async with page.expect_navigation():
        await page.click("[data-main]")
    await check(page, language)
    assert desk.dossiers[CODE].holder == "CB-specialist"


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_looking_after_the_machines_hinders_nobody(
    browser: Browser, address: str, door: Door, log: FakeLog, language: str
) -> None:
    stands = facts_of(builders.a_dossier(Stage.PROCESSING))
    await acts.learn(door, [stands.model_copy(update={"due_at": NOW - timedelta(days=9), "submitted_at": LONG_AGO})])
    page = await signed_in(browser, address, "operator")
    for path in ("/ops", ONE.removeprefix("/desk")):
        await page.goto(f"{address}{path}?lang={language}")
        await check(page, language)
    await page.fill("textarea, input[name=reason]", "vì")
    async with page.expect_navigation():
        await page.click("button[value=replayed]")
    await check(page, language)
    log.away = True
    await page.goto(f"{address}/ops")
    await check(page, language)
    assert stands.dossier_code in await page.inner_text("main")


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_being_second_hinders_nobody(  # noqa: PLR0917 - one double each
    browser: Browser, address: str, door: Door, desk: FakeDesk, site: Site, language: str
) -> None:
    await hold(door, desk, Stage.REVIEW)
    page = await signed_in(browser, address, "unit_head")
    await page.goto(f"{address}/{CODE}/act/send_back?lang={language}")
    await page.select_option("#f-cause", "draft_wrong")
    await page.fill("#f-words", "Dự thảo còn sai tên tại trang hai.")
    await press(await site.browser("everybody"), "approve_draft")
    async with page.expect_navigation():
        await page.click("[data-main]")
    assert await page.locator("#kept").count() == 1
    await check(page, language)


WEIGHT_LIMIT: Final = 100_000
"""Bytes that travel for a page and what it loads the first time, without fonts (screens 1)."""
WEIGHT: Final = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
    .filter((each) => !each.name.includes(".woff2")).reduce((sum, each) => sum + each.transferSize, 0)"""


async def test_a_full_page_is_light(browser: Browser, address: str, door: Door) -> None:
    await acts.learn(door, [facts_at(Stage.SUBMITTED, number) for number in range(1, 61)])
    page = await signed_in(browser, address, "clerk")
    assert await page.locator("tbody tr").count() >= 50
    for path in ("", "/counter", "/bulk/file"):
        fresh = await browser.new_context(storage_state=await page.context.storage_state())
        first = await fresh.new_page()
        await first.goto(f"{address}{path}")
        weight = await first.evaluate(WEIGHT)
        assert 15_000 < weight <= WEIGHT_LIMIT, (path, weight)
        await fresh.close()
