"""Ratings by points as pages: the worked numbers of kpi §9, what has no data, the nine indices, both doors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.metrics.views.scorecard import Card, Part, card_page
from services.metrics.views.spans import parse
from shared.catalogue.indicator import Reported
from shared.catalogue.model import Catalogue
from tests.services.metrics.test_board_views import JUSTICE, PROVINCE, RECORD, Counts, scene
from tests.services.metrics.test_doors import Cells, app, get

JANUARY = {
    "received": 10, "received_online": 5, "received_online_complete": 3, "on_time": 8, "late": 2,
    "digitized": 4, "reused": 1, "paper_result": 10, "paper_result_linked": 4, "fee_due": 9, "paid_online": 3,
    "with_result": 4, "total_time_points": 5, "contact_points": 8, "agency_points": 4,
}  # fmt: skip
"""kpi §9: January 2023, as of its last second; index 1 of four dossiers 2, 1, 0, 2."""
SYNCED = Reported(
    indicator="sync_rate", agency_code=JUSTICE, period="2026-11", numerator=9, denominator=10, source="sample"
)


def counts(agency: str = JUSTICE, /, **more: int) -> Counts:
    return {(measure, agency, RECORD): count for measure, count in {**JANUARY, **more}.items()}


def card(catalogue: Catalogue, id_: str, found: Counts, agency: str = JUSTICE, **asked: Any) -> Card:
    return card_page(scene(catalogue, found, card=id_, agency_code=agency, is_root=agency == PROVINCE, **asked))


def part(found: Card, name: str) -> Part:
    return next(part for section in found.sections for part in section.parts if part.name == name)


def test_parts_earn_what_the_worked_numbers_say(catalogue: Catalogue) -> None:
    found = card(catalogue, "qd766", counts())
    assert [(part(found, name).value, part(found, name).points) for name in ("Số hóa hồ sơ", "Tái sử dụng")] == [
        ("40,00%", "2,00"), ("10,00%", "0,25"),
    ]  # fmt: skip
    assert (part(found, "Đúng hạn").points, part(found, "Kết quả điện tử").points) == ("16,00", "2,40")


def test_online_dossiers_are_reduced_by_the_sync_rate_only_where_it_is_known(catalogue: Catalogue) -> None:
    without = card(catalogue, "qd766", counts())
    assert part(without, "Hồ sơ nộp trực tuyến").points == "3,60"
    assert part(without, "Hồ sơ nộp trực tuyến").note == "chưa nhân tỷ lệ đồng bộ: chưa có dữ liệu"
    assert (part(without, "Đồng bộ hồ sơ").points, part(without, "Đồng bộ hồ sơ").note) == ("–", "chưa có dữ liệu")
    known = card(catalogue.model_copy(update={"reported": (SYNCED,)}), "qd766", counts())
    assert (part(known, "Hồ sơ nộp trực tuyến").value, part(known, "Hồ sơ nộp trực tuyến").points) == ("27,00%", "3,24")
    assert (part(known, "Hồ sơ nộp trực tuyến").note, part(known, "Đồng bộ hồ sơ").points) == ("", "5,40")


def test_what_nobody_counts_is_left_out_and_the_most_that_can_be_had_is_said(catalogue: Catalogue) -> None:
    found = card(catalogue, "qd766", counts())
    nothing = [one for section in found.sections for one in section.parts if one.points == "–"]
    assert {one.note for one in nothing} == {"chưa có dữ liệu"}
    assert int(found.possible) + int(found.missing) == int(found.all) == 100
    assert int(found.missing) == sum(int(one.most) for one in nothing)
    parts = [one for section in found.sections for one in section.parts if one not in nothing]
    earned = [float(one.points.replace(",", ".")) for one in parts]
    assert float(found.points.replace(",", ".")) == pytest.approx(sum(earned), abs=0.05)
    assert found.grade == "Yếu"


def test_nothing_at_all_has_no_class(catalogue: Catalogue) -> None:
    none = {("submitted", JUSTICE, RECORD): 0}
    found = card(catalogue, "tt01", none)
    assert (found.grade, found.possible, found.missing) == ("", "0", "18")


def test_the_nine_indices_are_rated_by_agency(catalogue: Catalogue) -> None:
    """Index 1 is 1.25 → 1.3; 9 is 1: half of the dossiers online, but two of them late."""
    more = {"answer_due": 5, "answered_in_time": 5, "complaints": 10, "complaints_in_time": 9}
    found = card(catalogue, "tt01", counts(**more), period=parse("2026-Q4"))
    [section] = found.sections
    assert [one.points for one in section.parts] == ["1,3", "–", "2,0", "1,0", "–", "–", "–", "1,0", "1,0"]
    assert (found.points, found.possible, found.all, found.grade) == ("6,3", "10", "18", "Trung bình")
    assert section.parts[6].note == "chưa có dữ liệu"
    assert found.quarter is None
    monthly = card(catalogue, "tt01", counts(**more))
    assert monthly.quarter is not None
    assert monthly.quarter.text == "Quý IV/2026"


def test_units_stand_below_most_points_first(catalogue: Catalogue) -> None:
    trade = "000.00.06.H39"
    found = card(catalogue, "qd766", {**counts(), **counts(trade, on_time=10)}, PROVINCE)
    [(title, lines)] = [(title, lines) for title, lines in found.groups if "Sở" in title]
    assert [line.name.split()[1] for line in lines][:2] == ["Công", "Tư"]
    assert all(len(line.cells) == len(found.columns) == 6 for line in lines), title


def test_small_and_withheld_numbers_earn_nothing(catalogue: Catalogue) -> None:
    few = {("received", JUSTICE, RECORD): 3, ("on_time", JUSTICE, RECORD): 3}
    hidden = card_page(scene(catalogue, few, hides_below=5, card="qd766", agency_code=JUSTICE, is_root=False))
    assert part(hidden, "Đúng hạn").points == "–"
    assert (part(hidden, "Đúng hạn").value, part(hidden, "Đúng hạn").counts) == ("", "")


async def test_boards_lead_to_the_scorecards_and_unknown_ones_are_not_found(catalogue: Catalogue) -> None:
    to = app(catalogue, Cells({("received", JUSTICE, RECORD): 8, ("on_time", JUSTICE, RECORD): 8}))
    board = (await get(to, "/board")).text
    for card_ in ("qd766", "tt01"):
        [href] = set(re.findall(rf'href="(/board/{PROVINCE}/scorecards/{card_}[^"]*)"', board))
        for language in ("", "&lang=en"):
            page = await get(to, href.replace("&amp;", "&") + language)
            assert page.status_code == 200, page.text
    assert (await get(to, f"/board/{PROVINCE}/scorecards/none")).status_code == 404
    assert (await get(to, f"/board/{PROVINCE}/scorecards/qd766?period=2022-01")).status_code == 404
