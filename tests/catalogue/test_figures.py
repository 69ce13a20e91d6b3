"""A mistake in measures, indicators, colours or scorecards is refused by file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from shared.catalogue.formula import TRAITS, parse
from shared.platform.catalogue import load_catalogue
from tests.catalogue.conftest import Spoil
from tests.catalogue.test_loading import line_of, problems

M, F, S = "measures.yaml", "indicators.yaml", "scorecards.yaml"

REPORT = "agency_code: 000.00.00.H39, period: 2023-01, numerator: 1, denominator: 2, source: x"
RULE = "decision: x, valid_from: 2023-01-01, bands: {green: [1, 1], yellow: [4, 5], orange: [1, 2]}"


@pytest.mark.parametrize(
    ("name", "change", "at", "message"),
    [
        (M, ("where: [accepted]", "where: [acepted]"), "acepted", "unknown trait acepted"),
        (M, ("channel = IN_PERSON", "channel = DESK"), "channel = DESK", "channel is never DESK"),
        (M, ("channel = IN_PERSON", "channel >= 2"), "channel >= 2", "channel is a code"),
        (M, ("supplements >= 1", "supplements = many"), "= many", "supplements is a number"),
        (M, ("supplements >= 1", "supplements"), "[supplements]", "not yes or no"),
        (M, ("where: [guided]", "where: [guided = YES]"), "guided = YES", "guided is yes or no"),
        (M, ("where: [guided]", "where: ['']"), "where: ['']", "is no condition"),
        (M, ("of: received, where: [paused]", "of: recieved, where: [paused]"), "recieved", "unknown measure recieved"),
        (M, ("name: visited, of: submitted", "name: visited, of: guided"), "visited, of: guided", "defined by itself"),
        (M, ("sum: papers_reused", "sum: happiness"), "happiness", "no number happiness to sum"),
        (M, ("name: guided,", "name: visited,"), "of: visited", "two versions in force"),
        (M, ("having: paid_online", "having: paid"), "having: paid}", "unknown measure paid"),
        (
            M,
            ("{name: paused, of: received, where: [paused], valid_from: 2022-01-01}",
             "{name: paused, of: received, where: [paused], valid_from: 2023-01-01}"),
            None,
            "paused is not defined on 2022-01-01",
        ),
        (F, ("numerator: received_online\n", "numerator: recieved_online\n"), "recieved", "unknown measure"),
        (F, ("denominator: fee_due", "denominator: fees"), "denominator: fees", "unknown measure fees"),
        (F, ("target: [80, 100]", "target: [80, 0]"), "target: [80, 0]", "greater than 0"),
        (F, ('    comparator: ">="\n', ""), "services_offered", "a target needs its comparator"),
        (F, ("    factor: sync_rate", "    factor: sink_rate"), "sink_rate", "unknown indicator sink_rate"),
        (S, ("indicator: on_time_share", "indicator: in_time"), "in_time", "unknown indicator in_time"),
        (S, ("Đúng hạn, points: 20", "Đúng hạn, points: 19"), "Tiến độ", "do not add up to 20 points"),
        (S, ("reported: []", f"reported: [{{indicator: online_share, {REPORT}}}]"), "reported: [{", "none that others"),
        (S, ("colour_rules: []", f"colour_rules: [{{indicator: nix, {RULE}}}]"), "colour_rules: [{", "indicator nix"),
    ],
)  # fmt: skip
def test_a_mistake_is_placed(  # noqa: PLR0917 - a row of the table
    folder: Path, spoil: Spoil, name: str, change: tuple[str, str], at: str | None, message: str
) -> None:
    spoil(name, *change)
    found = [problem for problem in problems(folder) if message in problem]
    assert found, problems(folder)
    if at is not None:
        assert any(problem.startswith(line_of(folder, name, at)) for problem in found), found


def test_every_trait_is_used_by_a_measure_or_a_number() -> None:
    """A word nobody uses is a word nobody has tested."""
    text = " ".join(str(row) for row in load_catalogue().measures)
    unused = {name for name in TRAITS if name not in text}
    assert unused <= {"essential", "fully_online", "papers_digitized"}, unused


def test_a_condition_says_the_same_in_every_spelling() -> None:
    assert parse("accepted").holds(True)
    assert not parse("not accepted").holds(True)
    assert [parse("supplements >= 2").holds(n) for n in (1, 2, 3)] == [False, True, True]
    assert [parse("channel in ONLINE POST").holds(c) for c in ("ONLINE", "IN_PERSON")] == [True, False]
    assert parse("channel != ONLINE").holds("POST")


def test_a_published_figure_keeps_its_measures_over_its_whole_life() -> None:
    catalogue = load_catalogue()
    names = {row.name for row in catalogue.measures if row.in_force(date(2022, 5, 29))}
    assert {"received", "received_online", "on_time"} <= names
