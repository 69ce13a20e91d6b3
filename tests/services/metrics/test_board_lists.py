"""The list behind a figure on the real store: as long as the figure says, for colleagues only; and the pulse."""

from __future__ import annotations

import asyncio
import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI

from services.metrics import store
from services.metrics.__main__ import build
from services.metrics.rules.days import A_DAY, Days, Kind
from services.metrics.rules.measures import Measures
from services.metrics.rules.period import Period
from services.metrics.rules.seen import Seen
from services.metrics.store import Question, Reading, lists
from services.metrics.store.pulse import Pulse
from services.metrics.views import Door
from shared.catalogue.model import Catalogue
from shared.platform.settings import ServiceSettings
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told
from tests.services.metrics.test_doors import PROVINCE, SERVICE, Cells, Everybody, app, get, rows, shares

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
CODE = re.compile(r'<th scope="row" class="code">([^<]+)</th>')
NEXT = re.compile(r'<a rel="next" href="([^"]*after=[^"]*)"')
INDICATORS = (
    "online_share",
    "on_time_share",
    "digitized_share",
    "returned_by_post_share",
    "open_late_share",
    "received",
)


def board(log: Log, catalogue: Catalogue) -> FastAPI:
    async def read(asked: Question) -> Reading:
        async with log.sessions() as session:
            return await store.standing(session, log.stream, asked, log.topic)

    async def listed(asked: lists.Listed, keeps: lists.Keeps) -> tuple[list[Seen], bool]:
        async with log.sessions() as session:
            return await lists.listed(session, log.stream, asked, keeps, 7)

    async def read_days(spans: Sequence[Days], at: datetime) -> list[Reading]:
        async with log.sessions() as session:
            return await lists.of_days(session, log.stream, Measures.of(catalogue), spans, at, log.topic)

    door = Door(read, catalogue, lambda: NOW, 0, listed=listed, read_days=read_days)
    return build(door, identity=Everybody())


async def codes(to: FastAPI, address: str) -> list[str]:
    """All dossiers of a list, page by page."""
    found: list[str] = []
    while address:
        page = await get(to, address, SERVICE)
        assert page.status_code == 200, page.text
        found += CODE.findall(page.text)
        further = NEXT.search(page.text)
        address = further[1].replace("&amp;", "&") if further else ""
    return found


async def test_the_list_is_as_long_as_the_figure_and_the_sheet(
    log: Log, catalogue: Catalogue, lives: list[list[Told]]
) -> None:
    records = [told[:2] for life in lives for told in life]
    await log.tell(records)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records))
    to = board(log, catalogue)
    sheet = (await get(to, f"/board/{PROVINCE}/board.csv?period=2026")).text
    rows = list(csv.reader(sheet.lstrip("\ufeff").splitlines(), delimiter=";"))
    checked = 0
    for agency in (PROVINCE, max({row[0] for row in rows[1:]} - {PROVINCE})):
        for indicator in INDICATORS:
            [[numerator, denominator]] = [row[5:7] for row in rows if row[0] == agency and row[2] == indicator]
            address = f"/board/{agency}/{indicator}/dossiers?period=2026&which="
            everything = await codes(to, f"{address}all")
            assert len(everything) == len(set(everything)) == int(denominator or numerator), (agency, indicator)
            if denominator:
                missing, met = await codes(to, f"{address}missing"), await codes(to, f"{address}met")
                assert sorted(missing + met) == everything
                checked += 0 < len(missing) < len(everything)
    assert checked > 2


async def test_the_days_of_a_month_are_the_month(log: Log, catalogue: Catalogue, lives: list[list[Told]]) -> None:
    records = [told[:2] for life in lives for told in life]
    await log.tell(records)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records))
    days = [Days.of(Kind.DAY, date(2026, 10, 1) + number * A_DAY) for number in range(31 + 30)]
    both = Question(Period("", "2026-10", "2026-11"), NOW, by_procedure=True)
    async with log.sessions() as session:
        readings = await lists.of_days(session, log.stream, Measures.of(catalogue), days, NOW, log.topic)
    async with log.sessions() as session:
        months = await store.standing(session, log.stream, both, log.topic)
    summed: Counter[tuple[str, str, str]] = Counter()
    for reading in readings:
        summed.update(reading.counts)
    assert summed == months.counts
    assert {tuple(sorted(reading.position.items())) for reading in readings} == {tuple(sorted(months.position.items()))}
    busy = max(zip(readings, days, strict=True), key=lambda each: sum(each[0].counts.values()))[1]
    to = board(log, catalogue)
    [row] = await rows(to, f"/api/kpi?indicator=online_share&agency_code={PROVINCE}&period={busy.text}")
    listed = await codes(to, f"/board/{PROVINCE}/online_share/dossiers?period={busy.text}&which=all")
    assert len(listed) == row["denominator"] > 0


@pytest.mark.parametrize(("kind", "status"), [(None, 401), ("citizen", 403), ("staff", 404), ("service", 200)])
async def test_dossiers_are_for_colleagues_of_the_agency(catalogue: Catalogue, kind: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {kind}"} if kind else {}
    address = f"/board/{PROVINCE}/online_share"
    to = app(catalogue, Cells(shares(5, 10)))
    assert (await get(to, f"{address}/dossiers", headers)).status_code == status
    page = (await get(to, f"{address}?period=2023-01", headers)).text
    assert ("/dossiers" in page) is (status == 200)


async def test_what_counts_services_has_no_list_of_dossiers(catalogue: Catalogue) -> None:
    to = app(catalogue, Cells(shares(5, 10)))
    assert (await get(to, f"/board/{PROVINCE}/online_services_used/dossiers", SERVICE)).status_code == 404


async def test_the_pulse_beats_when_the_fold_moves_and_after_a_cut(
    log: Log, settings: ServiceSettings, lives: list[list[Told]]
) -> None:
    pulse = Pulse(settings.database_url.get_secret_value())
    listening = asyncio.create_task(pulse.run())
    tick = await asyncio.wait_for(pulse.after(1), 10)
    records = [told[:2] for told in lives[0]]
    await log.tell(records)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records))
        tick = await asyncio.wait_for(pulse.after(tick), 10)
        await log.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND usename = current_user"
        )
        cut = await asyncio.wait_for(pulse.after(tick), 10)
        assert await asyncio.wait_for(pulse.after(cut), 10) > tick
    await pulse.shutdown()
    await asyncio.wait_for(listening, 10)
