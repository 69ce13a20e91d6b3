"""Which procedures may go online only, at each edge of the conditions."""

from __future__ import annotations

from datetime import date

import pytest

from services.metrics.rules.candidates import candidates
from shared.catalogue.lookup import procedures_on
from tests.rules.metrics.january import CATALOGUE

ON = date(2023, 6, 30)
OPEN = sorted(
    row.code
    for row in procedures_on(CATALOGUE, ON)
    if 2 in row.channels and not row.online_only and not row.presence_required
)
HERE = sorted(row.code for row in procedures_on(CATALOGUE, ON) if row.presence_required)


def half_a_year(code: str, *, online: int = 80, refused: int = 5, months: int = 6) -> dict[tuple[str, str, str], int]:
    """A hundred dossiers a month."""
    told = {"received": 100, "submitted": 100, "received_online": online, "refused": refused}
    return {(name, code, f"2023-{month:02d}"): n for month in range(1, months + 1) for name, n in told.items()}


@pytest.mark.parametrize(
    ("changed", "is_one"),
    [({}, True), ({"online": 79}, False), ({"refused": 6}, False), ({"months": 5}, False), ({"months": 7}, True)],
)
def test_all_conditions_must_be_met(changed: dict[str, int], is_one: bool) -> None:  # noqa: FBT001
    assert bool(candidates(half_a_year(OPEN[0], **changed), CATALOGUE, ON)) is is_one


def test_where_people_must_come_nothing_goes_online_only() -> None:
    assert HERE
    assert candidates(half_a_year(HERE[0]), CATALOGUE, ON) == ()


def test_the_highest_share_comes_first_then_the_most_dossiers() -> None:
    counts = (
        half_a_year(OPEN[0], online=81) | half_a_year(OPEN[1], online=99) | half_a_year(OPEN[2], online=81, months=7)
    )
    assert [row.procedure_code for row in candidates(counts, CATALOGUE, ON)] == [OPEN[1], OPEN[2], OPEN[0]]
