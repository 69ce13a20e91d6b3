"""The board in a real browser: axe, both languages, desk and phone, ageing, live figures, the script away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from services.metrics.__main__ import build
from services.metrics.acts.attribution import Attribution
from services.metrics.pages.hours import Found, Wanted
from services.metrics.rules.attribution import Holder
from services.metrics.rules.days import Days
from services.metrics.store import Question, Reading
from services.metrics.views import Door
from services.metrics.views.sources import VIETNAMESE_SOURCES
from services.metrics.views.texts import ENGLISH
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Catalogue
from shared.web.identity import Identity
from tests.browser import browser, chromium, served, violations
from tests.services.metrics.test_board_views import JUSTICE, PROVINCE, TRADE, shares

__all__ = ["browser", "chromium"]

HOUR_US = 3_600_000_000


async def late_hours(_: Wanted) -> Found:
    """A log that says: three hours with the officer, one with the applicant."""
    late = Counter({Holder.OFFICER: 3 * HOUR_US, Holder.CITIZEN: HOUR_US})
    return Found(datetime(2026, 11, 27, 3, tzinfo=UTC), 4, (), Attribution(4, late_us=late))


DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


class Fold:
    """A fold in the hands of the test: its figures, its time, whether it still moves."""

    def __init__(self) -> None:
        self.counts = shares(6, 10) | shares(1, 20, TRADE)
        self.began = asyncio.get_running_loop().time()
        self.stopped_at: datetime | None = None
        self.now = datetime(2026, 11, 27, 3, tzinfo=UTC)
        self._tick = 1
        self._moved = asyncio.Condition()

    def clock(self) -> datetime:
        return self.now + timedelta(seconds=asyncio.get_running_loop().time() - self.began)

    async def read(self, _: Question) -> Reading:
        return Reading(self.counts, {0: 7}, self.stopped_at or self.clock(), 1)

    async def read_days(self, spans: Sequence[Days], _: datetime) -> list[Reading]:
        return [Reading(self.counts, {0: 7}, self.clock(), 0) for _ in spans]

    async def after(self, tick: int) -> int:
        async with self._moved:
            await self._moved.wait_for(lambda: self._tick > tick)
            return self._tick

    async def move(self) -> None:
        async with self._moved:
            self._tick += 1
            self._moved.notify_all()


@pytest.fixture
async def fold() -> Fold:
    return Fold()


@pytest.fixture
async def board(fold: Fold, catalogue: Catalogue) -> AsyncIterator[str]:
    door = Door(fold.read, catalogue, fold.clock, 0, fold.after, read_days=fold.read_days)
    app = build(door, hours=late_hours, identity=Identity("{}", production=False))
    async with served(app) as address:
        yield f"{address}/board"


async def opened(
    browser: Browser, address: str, *, script: bool = True, viewport: dict[str, int] | None = None
) -> Page:
    context = await browser.new_context(viewport=viewport or DESK, java_script_enabled=script)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(address)
    return page


PAGES = {
    "province": "", "ranked": "?rank=online_share", "unit": f"/{JUSTICE}", "figure": f"/{PROVINCE}/online_share",
    "count": f"/{PROVINCE}/received", "year": "?period=2026", "wall": "?wall=1", "past": "?as_of=2026-10-31",
    "points": f"/{PROVINCE}/scorecards/qd766", "rating": f"/{PROVINCE}/scorecards/tt01?period=2026-Q4",
    "hours": f"/{PROVINCE}/online_share/hours",
    "week": "?period=2026-W47", "borders": "?period=2024-03&borders=today",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
async def test_axe_finds_nothing(browser: Browser, board: str, path: str) -> None:
    for language, viewport in (("vi", DESK), ("vi", PHONE), ("en", DESK)):
        page = await opened(browser, f"{board}{path}{'&' if '?' in path else '?'}lang={language}", viewport=viewport)
        assert await violations(page) == [], (path, language, viewport)
        assert await page.locator("h1").count() == 1
        assert await page.evaluate("document.documentElement.lang") == language
        assert (await page.title()).endswith(" – Một Cửa")
        await page.context.close()


@pytest.mark.parametrize(
    "path", ["", f"/{PROVINCE}/online_share", "?period=2026-11-C7", f"/{PROVINCE}/scorecards/qd766"]
)
async def test_nothing_sticks_out_on_a_phone(browser: Browser, board: str, path: str) -> None:
    for width in (390, 320):
        page = await opened(browser, board + path, viewport={"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_contrast_holds_by_day_and_by_night(browser: Browser, board: str, scheme: str) -> None:
    for path in ("", f"/{PROVINCE}/online_share"):
        page = await opened(browser, board + path)
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert [each for each in await violations(page) if each.startswith("color-contrast")] == []


async def test_old_figures_turn_grey_by_the_pages_own_clock(browser: Browser, board: str, fold: Fold) -> None:
    page = await opened(browser, board)
    tile = page.locator(".tile .level-green").first
    await expect(tile).to_be_visible()
    green = await tile.evaluate("(level) => getComputedStyle(level).backgroundColor")
    fold.stopped_at = fold.clock() - timedelta(seconds=13)
    await fold.move()
    await expect(page.locator("#board")).to_have_class("stale", timeout=6000)
    await expect(page.locator(".stamp .late")).to_contain_text("đang trễ")
    await expect(tile.locator(".was")).to_have_text("trước đó:")
    await expect(tile.locator(".word")).to_have_text("Xanh")
    assert green not in await page.evaluate(
        "[...document.querySelectorAll('.level')].map((level) => getComputedStyle(level).backgroundColor)"
    )
    fold.stopped_at = None
    await fold.move()
    await expect(page.locator("#board")).not_to_have_class("stale", timeout=5000)


async def test_a_figure_that_moves_shows_at_once_and_says_its_new_level(
    browser: Browser, board: str, fold: Fold
) -> None:
    page = await opened(browser, board)
    tile = page.locator('.tile[data-live="online_share"]')
    await expect(tile.locator(".value")).to_have_text("23,33%")
    await page.locator("details.others summary").click()
    await tile.locator("h3 a").focus()
    fold.counts = shares(16, 20)
    await fold.move()
    await expect(tile.locator(".value")).to_have_text("80,00%", timeout=3000)
    await expect(page.locator("#voice")).to_contain_text("Hồ sơ giải quyết trực tuyến: Xanh")
    assert await page.evaluate("document.activeElement.closest('.tile')?.dataset.live") == "online_share"


async def test_whose_hours_they_were_comes_after_the_page(browser: Browser, board: str) -> None:
    page = await opened(browser, f"{board}/{PROVINCE}/online_share")
    rows = page.locator("#hours table.holders tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Cơ quan giải quyết")
    await expect(rows.first).to_contain_text("75,00%")
    await expect(page.locator("#hours .whole rect")).to_have_count(2)
    plain = await opened(browser, f"{board}/{PROVINCE}/online_share", script=False)
    await plain.locator("#hours a").click()
    await expect(plain.locator("#hours table.holders")).to_contain_text("25,00%")


async def test_a_vietnamese_page_has_no_english_of_the_catalogue(
    browser: Browser, board: str, catalogue: Catalogue
) -> None:
    """Neither a source as the catalogue notes it, nor a sentence of the English board."""
    english = {text for text in VIETNAMESE_SOURCES if " " in text}
    english |= {text for text in ENGLISH.values() if " " in text and "{" not in text and text not in ENGLISH}
    indicators = indicators_on(catalogue, datetime(2026, 11, 27, tzinfo=UTC).date())
    addresses = [*PAGES.values(), *(f"/{PROVINCE}/{row.id}" for row in indicators if row.numerator != "reported")]
    page = await opened(browser, board)
    for path in addresses:
        await page.goto(board + path)
        shown = await page.locator("body").inner_text()
        assert [text for text in english if text in shown] == [], path


async def test_a_paused_board_stands_still(browser: Browser, board: str, fold: Fold) -> None:
    page = await opened(browser, board)
    await page.locator(".pause").click()
    await expect(page.locator(".pause")).to_have_text("Tiếp tục cập nhật")
    fold.counts = shares(16, 20)
    await fold.move()
    await page.locator(".pause").click()
    await expect(page.locator('.tile[data-live="online_share"] .value')).to_have_text("80,00%", timeout=3000)


async def test_without_its_script_the_board_is_whole(browser: Browser, board: str) -> None:
    page = await opened(browser, board, script=False)
    await expect(page.locator(".tile .value").first).to_be_visible()
    assert await page.locator("button.pause:visible, button.print:visible").count() == 0
    await page.select_option("#period", "2026-10")
    await page.locator(".picker button").click()
    await expect(page.locator("h1")).to_contain_text("Tháng 10/2026")
    await page.locator('a[rel="next"]').click()
    await page.locator("table.board tbody th a").first.click()
    await expect(page.locator(".path")).to_contain_text("UBND tỉnh Tây Ninh")


async def test_levels_are_told_apart_without_colour(browser: Browser, board: str) -> None:
    page = await opened(browser, board)
    for level in await page.locator(".level").all():
        assert await level.locator("svg").count() >= 1
        assert (await level.locator(".word").text_content() or "").strip()


async def test_the_policy_of_the_pages_is_never_hurt(browser: Browser, board: str) -> None:
    said: list[str] = []
    for path in ("", f"/{PROVINCE}/online_share"):
        context = await browser.new_context()
        page = await context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto(board + path)
        await expect(page.locator(".pause")).to_be_visible()
    assert said == []
