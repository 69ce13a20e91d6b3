"""The API and the board over counts made by hand: numbers, colours, words, who sees what."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import services.metrics
from services.metrics.__main__ import build
from services.metrics.api import document
from services.metrics.rules.complaints import Complaints
from services.metrics.rules.days import Days
from services.metrics.rules.measures import Measures
from services.metrics.store import Question, Reading
from services.metrics.views import Door
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Catalogue
from shared.dossier.permission import Actor, Kind
from shared.web.identity import Identity, undeclared_routes

NOW = datetime(2023, 1, 31, 10, tzinfo=UTC)
PROVINCE, JUSTICE = "000.00.00.H39", "000.00.03.H39"
TRADE = "000.00.06.H39"
RECORD = "2.000488"
SERVICE = {"Authorization": "Bearer service"}

type Counts = dict[tuple[str, str, str], int]


class Everybody(Identity):
    """Believes a header `Bearer <kind>`."""

    def __init__(self) -> None:
        super().__init__("{}", production=False)

    def actor(self, authorization: str | None) -> Actor | None:
        return Actor(person_code="x", kind=Kind(authorization.split()[1])) if authorization else None


class Cells:
    """The store as a value; remembers what it was asked."""

    def __init__(self, counts: Counts | None = None, as_of: datetime | None = NOW) -> None:
        self.reading = Reading(counts or {}, {0: 7, 1: 0}, as_of, 0)
        self.asked: list[Question] = []

    async def __call__(self, asked: Question) -> Reading:
        self.asked.append(asked)
        return self.reading


def shares(numerator: int, denominator: int, agency: str = JUSTICE) -> Counts:
    """So many of so many dossiers came online."""
    return {("received_online", agency, RECORD): numerator, ("received", agency, RECORD): denominator}


def app(catalogue: Catalogue, cells: Cells, hides_below: int = 0) -> FastAPI:
    return build(Door(cells, catalogue, lambda: NOW, hides_below), identity=Everybody())


async def get(to: FastAPI, address: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(to), base_url="http://metrics") as client:
        return await client.get(address, headers=headers)


async def rows(to: FastAPI, address: str, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    answer = await get(to, address, headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


async def test_a_figure_has_its_parts_its_value_and_its_colour(catalogue: Catalogue) -> None:
    [row] = await rows(app(catalogue, Cells(shares(5, 10))), f"/api/kpi?indicator=online_share&agency_code={JUSTICE}")
    assert row == {
        "indicator": "online_share", "agency_code": JUSTICE, "period": "2023-01", "numerator": 5, "denominator": 10,
        "value": "50.00", "colour": "yellow", "is_hidden": False, "as_of": "2023-01-31T10:00:00Z",
    }  # fmt: skip


async def test_parts_are_summed_up_the_tree_before_they_are_divided(catalogue: Catalogue) -> None:
    """1/2 and 9/98 are 10.00 %, not the mean of 50 % and 9.18 %."""
    counts = shares(1, 2) | shares(9, 98, "000.00.06.H39")
    [row] = await rows(app(catalogue, Cells(counts)), f"/api/kpi?indicator=online_share&agency_code={PROVINCE}")
    assert (row["numerator"], row["denominator"], row["value"]) == (10, 100, "10.00")


async def test_services_are_counted_once_however_many_agencies_offer_them(catalogue: Catalogue) -> None:
    communes = [row.code for row in catalogue.agencies if row.kind == "COMMUNE" and row.in_force(NOW.date())][:3]
    online = [row.code for row in catalogue.procedures if row.is_online_service and row.in_force(NOW.date())][:4]
    offline = [row.code for row in catalogue.procedures if not row.is_online_service and row.in_force(NOW.date())][:1]
    counts: Counts = {("received", commune, code): 2 for commune in communes for code in [*online, *offline]}
    counts |= {("received_online", commune, online[0]): 1 for commune in communes}
    [row] = await rows(app(catalogue, Cells(counts)), f"/api/kpi?indicator=online_services_used&agency_code={PROVINCE}")
    assert (row["numerator"], row["denominator"]) == (1, len(online))


async def test_no_dossiers_is_no_value_and_grey(catalogue: Catalogue) -> None:
    [row] = await rows(app(catalogue, Cells()), f"/api/kpi?indicator=on_time_share&agency_code={JUSTICE}")
    assert (row["value"], row["denominator"], row["colour"]) == (None, 0, "none")


async def test_an_agency_that_was_closed_counts_where_it_belonged(catalogue: Catalogue) -> None:
    closed = next(row.code for row in catalogue.agencies if row.valid_to and row.successors)
    to = build(Door(Cells(shares(3, 4, closed)), catalogue, lambda: NOW.replace(year=2026), 0), identity=Everybody())
    [row] = await rows(to, f"/api/kpi?indicator=received&agency_code={PROVINCE}")
    assert row["numerator"] == 4


async def test_questions_reach_the_store(catalogue: Catalogue) -> None:
    cells = Cells()
    await rows(app(catalogue, cells), f"/api/kpi?period=2022-Q4&procedure_code={RECORD}&channel=2")
    [asked] = cells.asked
    assert (asked.period.first_month, asked.period.last_month, asked.procedure_code, asked.channel, asked.at) == (
        "2022-10", "2022-12", RECORD, 2, NOW,
    )  # fmt: skip


async def test_small_shares_are_hidden_from_the_public_only(catalogue: Catalogue) -> None:
    to = app(catalogue, Cells(shares(3, 4)), hides_below=5)
    address = f"/api/kpi?indicator=online_share&agency_code={JUSTICE}"
    for headers in ({}, {"Authorization": "Bearer citizen"}):
        [row] = await rows(to, address, headers)
        assert (row["numerator"], row["denominator"], row["value"], row["is_hidden"]) == (None, None, None, True)
    [row] = await rows(to, address, {"Authorization": "Bearer staff"})
    assert (row["numerator"], row["is_hidden"]) == (3, False)
    page = (await get(to, "/board")).text
    assert "Ít hồ sơ, không công bố" in page
    assert "3/4" not in page


async def test_the_tag_stays_while_the_figures_do(catalogue: Catalogue) -> None:
    first = await get(app(catalogue, Cells(shares(5, 10))), "/api/kpi")
    again = {"If-None-Match": first.headers["etag"]}
    later = Cells(shares(5, 10), as_of=NOW + timedelta(seconds=5))
    assert (await get(app(catalogue, later), "/api/kpi", again)).status_code == 304
    assert (await get(app(catalogue, Cells(shares(6, 10))), "/api/kpi", again)).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("period=2023-13", 422, "invalid"),
        ("indicator=happiness", 404, "unknown_indicator"),
        ("agency_code=000.00.99.H39", 404, "unknown_agency"),
        ("agency_code=%27%3B--", 422, "invalid"),
        ("period=2023-02-30", 422, "invalid"),
        ("period=2023-W04&channel=2", 422, "not_kept"),
        ("period=2023-W04&as_of=2023-01-25", 422, "not_kept"),
        ("channel=7", 422, "invalid"),
        ("procedure_code=x", 422, "invalid"),
    ],
)
async def test_wrong_questions_are_problems(catalogue: Catalogue, query: str, status: int, code: str) -> None:
    answer = await get(app(catalogue, Cells()), f"/api/kpi?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_board_says_colour_word_and_parts(catalogue: Catalogue) -> None:
    page = await get(app(catalogue, Cells(shares(5, 10))), "/board?period=2023-01")
    assert page.status_code == 200
    stamp = 'Số liệu đến <span class="at">17:00:00 31/01/2023</span>'
    figure = ("level-yellow", "Vàng", "50,00%", "5/10", "trên 50%")
    for words in ("Tháng 01/2023", "Sở Tư pháp", *figure, "Không phát sinh", stamp, "P0:7"):
        assert words in page.text, words
    assert "<script>" not in page.text
    assert "style=" not in page.text


async def test_old_figures_are_grey_and_say_what_they_were(catalogue: Catalogue) -> None:
    page = await get(app(catalogue, Cells(shares(5, 10), as_of=NOW - timedelta(minutes=3))), "/board?period=2023-01")
    assert 'id="board" class="stale"' in page.text
    assert "đang trễ 3 phút" in page.text


@pytest.mark.parametrize("address", ["/board", "/board?period=", "/board?period=nonsens", "/board?period=2023"])
async def test_the_board_always_has_a_period(catalogue: Catalogue, address: str) -> None:
    assert (await get(app(catalogue, Cells()), address)).status_code == 200


@pytest.mark.parametrize("address", ["/board/static/built/frame.css", "/board/sheet/board.css"])
async def test_the_style_sheets_are_there(catalogue: Catalogue, address: str) -> None:
    assert (await get(app(catalogue, Cells()), address)).headers["content-type"].startswith("text/css")


async def test_the_board_shows_every_share_of_the_catalogue(catalogue: Catalogue) -> None:
    page = (await get(app(catalogue, Cells(shares(5, 10))), "/board?period=2023-01")).text
    counted = {*Measures.of(catalogue).names, *(row.name for row in catalogue.service_measures)}
    counted |= set(Complaints.of(catalogue).names)
    for indicator in indicators_on(catalogue, NOW.date()):
        assert (indicator.name in page) is (indicator.numerator in counted)


# --- what does not add up, days, borders ------------------------------------------------------------------------------


async def test_figures_that_do_not_add_up_are_nowhere(catalogue: Catalogue) -> None:
    cells = Cells(shares(5, 10) | shares(7, 9, TRADE))
    cells.reading = replace(cells.reading, unfair=((JUSTICE, "2023-01"),))
    to = app(catalogue, cells)
    page = (await get(to, "/board?period=2023-01", SERVICE)).text
    assert "không công bố: số đếm không khớp" in page
    assert "<li>Sở Tư pháp, tháng 01/2023</li>" in page
    assert "5/10" not in page
    assert "7/9" in page
    assert "not published: the counts do not add up" in (await get(to, f"/board/{JUSTICE}?lang=en")).text
    sheet = (await get(to, f"/board/{PROVINCE}/board.csv?period=2023-01", SERVICE)).text
    lines = {row[0]: row for row in csv.reader(sheet.splitlines(), delimiter=";") if row[2] == "online_share"}
    assert [lines[JUSTICE][column] for column in (5, 6, 7, 9)] == ["", "", "", "không công bố: số đếm không khớp"]
    assert lines[TRADE][5:8] == ["7", "9", "77,78"]
    found = {row["agency_code"]: row for row in await rows(to, "/api/kpi?indicator=online_share", SERVICE)}
    assert (found[JUSTICE]["numerator"], found[JUSTICE]["is_hidden"], found[TRADE]["numerator"]) == (None, True, 7)


def by_days(catalogue: Catalogue, asked: list[Sequence[Days]]) -> FastAPI:
    """Of each span the number of its place: 1 of 10, 2 of 10, …"""

    async def read_days(spans: Sequence[Days], at: datetime) -> list[Reading]:
        asked.append(spans)
        return [Reading(shares(number, 10), {0: 7}, NOW, 0) for number, _ in enumerate(spans, 1)]

    return build(Door(Cells(), catalogue, lambda: NOW, 0, read_days=read_days), identity=Everybody())


async def test_a_week_is_counted_on_read_and_says_so(catalogue: Catalogue) -> None:
    asked: list[Sequence[Days]] = []
    to = by_days(catalogue, asked)
    page = (await get(to, "/board?period=2023-W04")).text
    assert [span.text for span in asked[0]] == ["2022-W52", "2023-W01", "2023-W02", "2023-W03", "2023-W04"]
    for words in ("Tuần 4/2023 (23/01 – 29/01)", "5/10", "tăng 10,00 điểm", "Được đếm khi mở trang"):
        assert words in page, words
    assert 'data-stream=""' in page
    assert "/api/certificate" not in page
    assert "period=2023-W03" in page
    assert "period=2023-W05" in page
    await get(to, f"/board/{JUSTICE}?period=2023-W04")
    assert len(asked) == 1, "counted once for all who look within the promise"
    [row] = await rows(to, f"/api/kpi?indicator=online_share&agency_code={JUSTICE}&period=2023-01-C7")
    assert (row["period"], row["numerator"]) == ("2023-01-C7", 1)


async def test_a_week_that_has_not_begun_is_not_offered(catalogue: Catalogue) -> None:
    page = (await get(by_days(catalogue, []), "/board?period=2023-W05&lang=en")).text
    assert "Week 5/2023" in page
    assert "period=2023-W06" not in page


async def test_todays_borders_show_todays_agencies(catalogue: Catalogue) -> None:
    """Planning and Investment went into Finance on 01/03/2025."""
    closed, heir = "000.00.04.H39", "000.00.05.H39"
    now = datetime(2026, 11, 27, 3, tzinfo=UTC)
    cells = Cells(shares(3, 4, closed) | shares(1, 6, heir))
    to = build(Door(cells, catalogue, lambda: now, 0), identity=Everybody())
    then = (await get(to, f"/board/{heir}?period=2023-01")).text
    today = (await get(to, f"/board/{heir}?period=2023-01&borders=today")).text
    assert ("1/6" in then, "4/10" in then) == (True, False)
    assert ("1/6" in today, "4/10" in today) == (False, True)
    assert f"/board/{heir}?period=2023-01&amp;borders=today" in (await get(to, f"/board/{closed}?period=2023-01")).text
    for borders in ("", "&borders=today"):
        assert "4/10" in (await get(to, f"/board?period=2023-01{borders}")).text
    assert "Gồm cả số của 1 đơn vị" in today
    for unmoved in ("2026-10", "2026-11"):
        assert "Địa giới" not in (await get(to, f"/board?period={unmoved}")).text


def test_every_route_says_who_may_come(catalogue: Catalogue) -> None:
    assert undeclared_routes(app(catalogue, Cells())) == []


def test_the_committed_document_is_what_the_service_speaks() -> None:
    committed = Path(services.metrics.__file__).parent / "openapi.json"
    assert json.loads(committed.read_text()) == document()


async def test_programs_too_ask_in_either_borders(catalogue: Catalogue) -> None:
    closed = next(row for row in catalogue.agencies if row.kind == "COMMUNE" and str(row.valid_to) == "2025-06-30")
    to = build(
        Door(Cells(shares(4, 10, closed.code)), catalogue, lambda: datetime(2026, 11, 2, tzinfo=UTC), 0),
        identity=Everybody(),
    )
    address = "/api/kpi?period=2023-01&indicator=online_share"
    then, today = await rows(to, address), await rows(to, f"{address}&borders=today")
    assert {row["agency_code"] for row in then} != {row["agency_code"] for row in today}
    for found in (then, today):
        assert [row["value"] for row in found if row["agency_code"] == PROVINCE] == ["40.00"]
    assert (await get(to, f"{address}&borders=elsewhere")).status_code == 422
