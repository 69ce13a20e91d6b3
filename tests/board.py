"""Golden pictures of the leader's board: a small province, folded purely at a fixed time, drawn by a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright

from services.metrics.__main__ import build
from services.metrics.acts.attribution import Attribution
from services.metrics.pages.hours import Found, Wanted
from services.metrics.rules.attribution import Known, calendars, charged
from services.metrics.rules.days import counted
from services.metrics.rules.measures import Measures
from services.metrics.rules.nearest import Nearest
from services.metrics.rules.seen import seen_of
from services.metrics.store import Question, Reading
from services.metrics.views import Door
from services.metrics.views.dossiers import keeps
from services.metrics.views.figures import day_of
from services.metrics.views.spans import first_on
from shared.platform.catalogue import load_catalogue
from shared.web.identity import Identity
from tests.browser import find, served
from tests.pictures import rewritten
from tests.services.metrics.lives import Told, province

PICTURES: Final = Path(__file__).parent / "golden" / "board"
NOW: Final = datetime(2026, 11, 27, 3, tzinfo=UTC)
CATALOGUE: Final = load_catalogue()
PROVINCE: Final = "000.00.00.H39"
_MONTHS: Final = (8, 9, 10, 11)
_DOSSIERS: Final = 150


class Shot(NamedTuple):
    """A page in a window of that size; only what stands in the window is the picture."""

    name: str
    path: str
    width: int
    height: int


SHOTS: Final = (
    Shot("desk", "/board", 1280, 1000),
    Shot("phone", "/board", 390, 844),
    Shot("wall", "/board?wall=1", 1920, 1080),
    Shot("figure-desk", f"/board/{PROVINCE}/on_time_share", 1280, 1300),
    Shot("figure-phone", f"/board/{PROVINCE}/on_time_share", 390, 1300),
    Shot("points-desk", f"/board/{PROVINCE}/scorecards/qd766", 1280, 1500),
    Shot("points-phone", f"/board/{PROVINCE}/scorecards/qd766", 390, 844),
    Shot("rating-desk", f"/board/{PROVINCE}/scorecards/tt01?period=2026-Q4", 1280, 1000),
)


@cache
def lives() -> tuple[Sequence[Told], ...]:
    """What has happened by `NOW`, dossier by dossier; the same in every process."""
    told = (
        [each for each in life if each.event.change.at <= NOW]
        for month in _MONTHS
        for life in province(CATALOGUE, _DOSSIERS, datetime(2026, month, 1, 2, tzinfo=UTC))
    )
    return tuple(life for life in told if life)


def app() -> FastAPI:
    """The board over that province, without a database and without a log."""
    seens = [seen_of(life[-1].event.facts) for life in lives()]
    measures = Measures.of(CATALOGUE)

    async def read(asked: Question) -> Reading:
        counts = counted(measures, seens, first_on(asked.period), asked.period.last_on, asked.at)
        return Reading(counts, {0: 18422, 1: 18377}, NOW, 0)

    async def hours(wanted: Wanted) -> Found:
        kept, nearest, sums = keeps(measures, wanted.indicator, "missing", NOW), Nearest(200, NOW), Attribution()
        span = wanted.question.period
        for seen, life in zip(seens, lives(), strict=True):
            received_on = day_of(span, seen.received_at or seen.submitted_at)
            if kept(seen) and first_on(span) <= received_on <= span.last_on:
                nearest.add(seen)
                events = [Known(each.event, each.event.change.at + timedelta(hours=1)) for each in life]
                told = charged(events, calendars(CATALOGUE)(life[-1].event.facts), NOW)
                sums.add(seen.dossier_code, told, is_listed=True)
        return Found(NOW, sums.dossiers, nearest.found, sums)

    door = Door(read, CATALOGUE, lambda: NOW, 0)
    return build(door, hours=hours, identity=Identity("{}", production=False))


async def drawn(browser: Browser, address: str, shot: Shot) -> bytes:
    """The picture, as PNG, once fonts and late parts are there."""
    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="light",
        reduced_motion="reduce",
        device_scale_factor=1,
    )
    page = await context.new_page()
    await page.clock.set_fixed_time(NOW)
    await page.goto(address + shot.path)
    await _settled(page)
    picture = await page.screenshot(animations="disabled")
    await context.close()
    return picture


async def _settled(page: Page) -> None:
    await page.evaluate("document.fonts.ready")
    await page.wait_for_function("!document.querySelector('[data-load]')")


async def pictures() -> Mapping[str, bytes]:
    """All of them anew, by name."""
    async with async_playwright() as playwright, served(app()) as address:
        browser = await playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        found = {shot.name: await drawn(browser, address, shot) for shot in SHOTS}
        await browser.close()
    return found


def write() -> Iterator[Path]:
    """Draws anew what no longer looks the same."""
    yield from rewritten(PICTURES, asyncio.run(pictures()))
