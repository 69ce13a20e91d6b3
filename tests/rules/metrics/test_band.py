"""Colours at and around every threshold, by whole numbers (T-22)."""

from __future__ import annotations

from datetime import date

import pytest

from services.metrics.rules.band import Colour, bands_of, colour, is_met
from services.metrics.views import percent
from shared.catalogue.model import Bands, Comparator, Indicator
from shared.platform.catalogue import load_catalogue

BANDS = Bands(green=(1, 1), yellow=(4, 5), orange=(1, 2))


def an_indicator(comparator: str, target: tuple[int, int] | None) -> Indicator:
    return Indicator(
        id="x", code="X", name="x", name_en="x", numerator="a", denominator="b", source="test",
        comparator=Comparator(comparator), target=target, valid_from=date(2022, 1, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("numerator", "denominator", "comparator", "target", "expected"),
    [
        (41, 100, ">=", (80, 100), "orange"),  # the baseline of 05/2022: q = 0.5125
        (32, 100, ">", (50, 100), "orange"),
        (64, 100, ">=", (80, 100), "yellow"),
        (80, 100, ">=", (80, 100), "green"),
        (1999, 10_000, ">=", (50, 100), "red"),
        (0, 0, ">=", (80, 100), "none"),
        (50, 100, ">", (50, 100), "yellow"),  # exactly the strict target: not met
        (51, 100, ">", (50, 100), "green"),
        (100, 100, "=", (100, 100), "green"),
        (99, 100, "=", (100, 100), "yellow"),
        (0, 1, ">=", (80, 100), "red"),
        (1, 1, ">=", (80, 100), "green"),
        (0, 100, "<=", (5, 100), "green"),
        (5, 100, "<=", (5, 100), "green"),
        (6, 100, "<=", (5, 100), "yellow"),
        (7, 100, "<=", (5, 100), "orange"),
        (11, 100, "<=", (5, 100), "red"),
    ],
)
def test_colours(numerator: int, denominator: int, comparator: str, target: tuple[int, int], expected: str) -> None:
    assert colour(numerator, denominator, an_indicator(comparator, target), BANDS) == expected


@pytest.mark.parametrize("denominator", [1, 2, 3, 5, 7, 10, 100, 999, 1000, 1_000_000])
@pytest.mark.parametrize("share", [(80, 100), (50, 100), (100, 100), (1, 3)])
def test_one_dossier_more_or_less_changes_the_colour_only_at_a_threshold(
    denominator: int, share: tuple[int, int]
) -> None:
    """Against the definition in fractions: q = (n/d) / (a/b) compared with 1, 4/5 and 1/2."""
    from fractions import Fraction

    indicator = an_indicator(">=", share)
    for edge in (Fraction(1), Fraction(4, 5), Fraction(1, 2)):
        near = int(edge * Fraction(*share) * denominator)
        for numerator in {max(0, min(denominator, near + step)) for step in (-1, 0, 1)}:
            q = Fraction(numerator, denominator) / Fraction(*share)
            expected = (
                "green" if q >= 1 else "yellow" if q >= Fraction(4, 5) else "orange" if q >= Fraction(1, 2) else "red"
            )
            assert colour(numerator, denominator, indicator, BANDS) == expected


def test_without_a_target_there_is_no_colour() -> None:
    assert colour(1, 2, an_indicator(">=", None), BANDS) is Colour.NONE
    assert not is_met(1, 2, an_indicator(">=", None))


def test_an_indicator_may_have_its_own_bands() -> None:
    own = Bands(green=(1, 1), yellow=(98, 100), orange=(95, 100))
    strict = an_indicator(">=", (100, 100)).model_copy(update={"bands": own})
    bands = bands_of(load_catalogue(), strict, "000.00.01.H39", date(2023, 1, 1))
    assert [colour(n, 100, strict, bands).value for n in (100, 98, 95, 94)] == ["green", "yellow", "orange", "red"]


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 3, "33.33"), (2, 3, "66.67"), (1, 8, "12.50"), (1, 800, "0.13"), (10, 100, "10.00"), (1, 1, "100.00")],
)
def test_percentages_round_half_up(numerator: int, denominator: int, expected: str) -> None:
    assert percent(numerator, denominator) == expected
