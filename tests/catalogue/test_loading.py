"""A catalogue with a mistake is refused by file and line, with every mistake at once."""

from __future__ import annotations

import time
from pathlib import Path

import holidays
import pytest
import yaml

from shared.catalogue.model import DayKind
from shared.platform.catalogue import CatalogueError, load_catalogue
from tests.catalogue.conftest import Spoil


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(folder)
    return refused.value.problems


def line_of(folder: Path, name: str, text: str) -> str:
    lines = (folder / name).read_text().splitlines()
    return f"{folder / name}:{next(n for n, line in enumerate(lines, 1) if text in line)}:"


CIVIL = "procedures-civil-status.yaml"


@pytest.mark.parametrize(
    ("name", "change", "at", "message"),
    [
        (CIVIL, ("    processing_time: same-day\n", ""), '- code: "1.001193"', "processing_time is missing"),
        (CIVIL, ("processing_time: same-day", "processing_time: soon"), "soon", "written 5wd, 15d"),
        (CIVIL, ("    fees: []\n", ""), '- code: "1.000894"', "fees is missing"),
        (CIVIL, ("    levels: [COMMUNE]\n", ""), '- code: "1.001193"', "levels is missing"),
        (CIVIL, ("levels: [COMMUNE]", "levels: [DISTRICT_OFFICE]"), "DISTRICT_OFFICE", "no agency is competent"),
        (CIVIL, ("field: G15-HT01", "colour: red\n    field: G15-HT01"), "colour", "unknown field colour"),
        (CIVIL, ("amount_vnd: 8000", "amount_vnd: -1"), "amount_vnd: -1", "greater than or equal to 0"),
        (CIVIL, ("- {kind: TK-KS}", "- {kind: TK-XX}"), "TK-XX", "unknown document kind TK-XX"),
        (
            CIVIL,
            ("GIAY-CHUNG-SINH, data_source: INSURANCE", "GIAY-CHUNG-SINH"),
            "GIAY-CHUNG-SINH",
            "INSURANCE supplies",
        ),
        (CIVIL, ("result_kind: GKS", "result_kind: GKX"), "GKX", "unknown document kind GKX"),
        (CIVIL, ('code: "1.000894"', 'code: "1.001193"'), "valid_from", "two versions in force"),
        (
            CIVIL,
            ("        levels: [COMMUNE, DEPARTMENT]", "        levels: [VILLAGE]"),
            "VILLAGE",
            "Input should be",
        ),
        ("agencies.yaml", ("parent: 000.00.01.H39", "parent: 000.00.99.H39"), "000.00.99.H39", "unknown agency"),
        ("agencies.yaml", ("fields: [G02-CT01], ", ""), "Sở Công Thương", "names no field"),
        ("documents.yaml", ("khai sinh}", "khai sinh, reusable: true}"), "TK-KS", "never reusable"),
        ("calendars.yaml", ("2022-01-03: OBSERVED", "2022-01-08: OBSERVED"), "2022-01-08", "weekend"),
        ("calendars.yaml", ("year: 2024", "year: 2034"), "year: 2034", "does not follow"),
        ("indicators.yaml", ("target: [80, 100]", "target: [80, 0]"), "target: [80, 0]", "greater than 0"),
        ("catalogue.yaml", ("yellow: [80, 100]", "yellow: [40, 100]"), "bands:", "bands must fall"),
    ],
)
def test_a_mistake_is_refused_at_its_line(
    folder: Path, spoil: Spoil, *, name: str, change: tuple[str, str], at: str, message: str
) -> None:
    spoil(name, *change)
    found = problems(folder)
    assert any(message in problem for problem in found), found
    if at != "valid_from":
        assert any(problem.startswith(line_of(folder, name, at)) for problem in found), found


def test_broken_yaml_and_doubled_keys_are_refused_at_their_line(folder: Path, spoil: Spoil) -> None:
    spoil(CIVIL, "    name: Đăng ký khai sinh\n", "    name: Đăng ký khai sinh\n    name: Khai sinh\n")
    (folder / "documents.yaml").write_text("document_kinds:\n  - {code: A\n")
    found = problems(folder)
    assert f"{folder / CIVIL}:6: name is written twice" in found
    assert any(problem.startswith(f"{folder / 'documents.yaml'}:3:") for problem in found)


def test_all_mistakes_are_named_at_once(folder: Path, spoil: Spoil) -> None:
    spoil(CIVIL, "- {kind: TK-KS}", "- {kind: TK-XX}")
    spoil("agencies.yaml", "parent: 000.00.01.H39", "parent: 000.00.99.H39")
    assert len(problems(folder)) == 2


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    assert "no catalogue here" in problems(tmp_path)[0]


def test_two_thousand_procedures_load_within_a_few_seconds(folder: Path) -> None:
    row = yaml.safe_load((folder / CIVIL).read_text())["procedures"][5]
    rows = [{**row, "code": f"8.{number:06d}"} for number in range(2000)]
    (folder / "procedures-many.yaml").write_text(yaml.safe_dump({"procedures": rows}, allow_unicode=True))
    begun = time.perf_counter()
    assert len(load_catalogue(folder).procedures) > 2000
    print(f"2,000 more procedures: {time.perf_counter() - begun:.2f} s")  # noqa: T201 - a measure, not a verdict


def test_the_calendar_agrees_with_the_holidays_library() -> None:
    for year in load_catalogue().calendar_years:
        ours = {day for day, kind in year.days.items() if kind is not DayKind.SWAP_WORK}
        theirs = {day for day in holidays.country_holidays("VN", years=year.year) if day.weekday() < 5}
        assert theirs - ours == set(), year.year
        assert all(year.days[day] is DayKind.SWAP_OFF for day in ours - theirs), year.year
