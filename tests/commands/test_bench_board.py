"""What the bench of the board stands on: a history in the past, told the same each time, and months that have data."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from deploy.bench.board import LATEST, board_bench, months_of
from deploy.bench.facts import A_DAY, history, lives
from shared.platform.catalogue import load_catalogue


@pytest.mark.timeout(300)
def test_a_history_of_earlier_days_is_the_same_history_earlier() -> None:
    templates = lives(load_catalogue())
    now = [each for day in history(templates, 200) for each in day]
    before = [each for day in history(templates, 200, first_day=-90) for each in day]
    assert len(now) == len(before)
    assert {each.at_ms - 90 * 86_400_000 for each in now} == {each.at_ms for each in before}
    assert now != before
    filed = [re.search(rb'"submitted_at":"(\d{4}-\d\d)', each.value) for each in before]
    assert {found[1] for found in filed if found} == {b"2026-07"}


@pytest.mark.parametrize(
    ("dossiers", "count", "first"),
    [(1_000, 1, LATEST), (3 * 31 * A_DAY, 3, "2026-05"), (1_000_000, 23, "2024-09"), (9_000_000, 24, "2024-08")],
)
def test_months_reach_back_as_far_as_anything_was_filed(dossiers: int, count: int, first: str) -> None:
    months = months_of(dossiers)
    assert (len(months), months[0], months[-1]) == (count, LATEST, first)


def test_a_disk_that_is_too_small_is_told_in_one_line() -> None:
    app = typer.Typer()
    app.command()(board_bench)
    refused = CliRunner().invoke(app, ["--dossiers", str(10**12)])
    assert refused.exit_code == 2
    assert "of disk are needed" in refused.stderr
