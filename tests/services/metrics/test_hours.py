"""Whose hours: the page says what `motcua kpi why` says, waits for nobody, and asks the log once for all who ask."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from typer.testing import CliRunner

from services.metrics import commands, store
from services.metrics.__main__ import build
from services.metrics.acts.attribution import Attribution
from services.metrics.pages import lateness
from services.metrics.pages.hours import Find, Found, Readings, Wanted, found
from services.metrics.rules.attribution import Holder
from services.metrics.rules.nearest import Nearest, late_by
from services.metrics.rules.seen import Seen, seen_of
from services.metrics.store import Question, Reading, lists
from services.metrics.views import Door
from services.metrics.views.hours import bars
from services.metrics.views.language import VIETNAMESE
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Catalogue
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told, province
from tests.services.metrics.test_doors import PROVINCE, SERVICE, Cells, Everybody, get, shares

type Lives = list[list[Told]]
PERIOD = "period=2023-03"
NOW = datetime(2023, 6, 1, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def lives(catalogue: Catalogue) -> Lives:
    return list(province(catalogue, 60, datetime(2023, 3, 1, 2, tzinfo=UTC)))


@pytest.fixture
async def told(log: Log, lives: Lives) -> Log:
    records = [record for step in range(30) for life in lives for record in life[step : step + 1]]
    async with AIOKafkaProducer(bootstrap_servers=log.settings.kafka_bootstrap_servers, acks="all") as producer:
        for key, value, event in records:
            await producer.send(log.topic, value, key=key, timestamp_ms=round(event.change.at.timestamp() * 1000))
        await producer.flush()
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records))
    return log


def board(log: Log, catalogue: Catalogue, find: Find | None = None) -> FastAPI:
    async def read(asked: Question) -> Reading:
        async with log.sessions() as session:
            return await store.standing(session, log.stream, asked, log.topic)

    async def listed(asked: lists.Listed, keeps: lists.Keeps) -> tuple[list[Seen], bool]:
        async with log.sessions() as session:
            return await lists.listed(session, log.stream, asked, keeps)

    async def search(wanted: Wanted) -> Found:
        return await found(log.settings, catalogue, wanted)

    door = Door(read, catalogue, lambda: datetime.now(UTC), 0, listed=listed)
    return build(door, hours=find or search, identity=Everybody())


async def test_the_page_says_what_the_command_says(
    told: Log, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.metrics.rules.stream.TOPIC", told.topic)
    monkeypatch.setattr(lateness, "PATIENCE_S", 30)
    words = ["why", "--indicator", "on_time_share", "--agency", PROVINCE, "--period", "2023-03", "--json"]
    asked = await asyncio.to_thread(CliRunner().invoke, commands.kpi, words)
    body = json.loads(asked.stdout)
    page = (await get(board(told, catalogue), f"/board/{PROVINCE}/on_time_share/hours?{PERIOD}", SERVICE)).text
    late = {holder: seconds for holder, seconds in body["attribution"]["late_holders_s"].items() if seconds}
    hours = [
        float(text.replace(".", "").replace(",", "."))
        for text in re.findall(r"<td class=\"number\">([\d.,]+) giờ", page)
    ]
    assert len(hours) == len(late) + 1 > 1
    assert hours[-1] == pytest.approx(body["attribution"]["late_s"] / 3600, abs=0.051)
    assert round(10 * sum(hours[:-1])) == round(10 * hours[-1])
    for shown, seconds in zip(hours, late.values(), strict=False):
        assert shown == pytest.approx(seconds / 3600, abs=0.11)
    shares_ = [float(text.replace(",", ".")) for text in re.findall(r"<td class=\"number\">(\d+,\d\d)%", page)]
    assert round(100 * sum(shares_)) == 10_000
    codes = re.findall(r'class="code">([^<]+)<', page)
    assert len(codes) == len(set(codes)) == min(body["least"]["count"], 50) > 0
    assert set(codes) <= {row["dossier_code"] for row in body["dossiers"]}


async def test_the_figure_leads_to_its_hours_unless_small_numbers_are_hidden(catalogue: Catalogue) -> None:
    async def nothing(_: Wanted) -> Found:
        return Found(NOW, 0, (), Attribution())

    for hides_below, is_there in ((0, True), (5, False)):
        door = Door(Cells(shares(5, 10)), catalogue, lambda: NOW, hides_below)
        to = build(door, hours=nothing, identity=Everybody())
        address = f"/board/{PROVINCE}/online_share"
        assert ("/hours?" in (await get(to, address)).text) is is_there
        assert (await get(to, f"{address}/hours")).status_code == (200 if is_there else 404)
    assert (await get(to, f"/board/{PROVINCE}/online_services_used/hours", SERVICE)).status_code == 404


async def test_a_log_that_is_away_or_slow_is_said_so(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "PATIENCE_S", 0.05)

    async def slow(_: Wanted) -> Found:
        await asyncio.sleep(60)
        raise AssertionError

    async def away(_: Wanted) -> Found:
        raise TimeoutError

    for find, said in ((slow, "Đang đọc nhật ký"), (away, "Nhật ký sự kiện chưa trả lời")):
        to = build(Door(Cells(shares(5, 10)), catalogue, lambda: NOW, 0), hours=find, identity=Everybody())
        page = await get(to, f"/board/{PROVINCE}/online_share/hours")
        assert page.status_code == 200
        assert said in page.text
        assert "data-again" in page.text


async def test_the_log_is_read_once_for_all_who_ask_and_again_after_a_failure(catalogue: Catalogue) -> None:
    asked: list[Wanted] = []

    async def find(wanted: Wanted) -> Found:
        asked.append(wanted)
        await asyncio.sleep(0)
        if len(asked) == 1:
            raise TimeoutError
        return Found(NOW, 0, (), Attribution())

    readings = Readings(find)
    [row] = [row for row in indicators_on(catalogue, NOW.date()) if row.id == "online_share"]
    wanted = Wanted(row, lists.Listed([PROVINCE], "2023-03", "2023-03"), None)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        await readings.within(1, wanted)
    both = await asyncio.gather(readings.within(1, wanted), readings.within(1, wanted))
    assert both[0] is both[1] is not None
    assert len(asked) == 2


def test_the_nearest_are_the_least_late_however_many_come(lives: Lives) -> None:
    seens = [seen_of(life[-1].event.facts) for life in lives]
    nearest = Nearest(7, NOW)
    for seen in seens:
        nearest.add(seen)
    wanted = sorted(seens, key=lambda seen: (late_by(seen, NOW), seen.dossier_code))[:7]
    assert list(nearest.found) == wanted


def test_bars_begin_where_the_one_before_ends() -> None:
    hour = int(timedelta(hours=1) / timedelta(microseconds=1))
    charges = Attribution(3, late_us=Counter({Holder.OFFICER: hour, Holder.CARRIER: hour, Holder.LATE_DATA: hour}))
    told = bars(Found(NOW, 3, (), charges).told, VIETNAMESE)
    assert [(bar.start, bar.length, bar.hours) for bar in told] == [
        ("0.00", "33.34", "1,0 giờ"), ("33.34", "33.33", "1,0 giờ"), ("66.67", "33.33", "1,0 giờ"),
    ]  # fmt: skip
