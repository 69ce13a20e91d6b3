"""Points from shares: all of them from a cap on, below it in proportion; a class by the sum (QĐ 766/QĐ-TTg, kpi §4).

Exact fractions; rounded, halves up, only where they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from services.metrics.rules.value import Parts, rounded
from shared.catalogue.model import Indicator, Ratio, Scorecard


class Earned(NamedTuple):
    """Points of one part or of a group; None = nobody counts it, or nothing happened."""

    name: str
    points: Fraction | None
    most: int

    @property
    def words(self) -> str | None:
        """`3.24`: two decimals."""
        return None if self.points is None else rounded(self.points.numerator, self.points.denominator, 2)


class Rated(NamedTuple):
    """A whole scorecard. `possible`: the points of the parts that have data; the class is of all points given."""

    groups: tuple[tuple[Earned, tuple[Earned, ...]], ...]
    points: Fraction
    possible: int
    grade: str


def points(parts: Parts, most: int, cap: Ratio | None) -> Fraction | None:
    """Share ≥ cap gives all points, below it most × share / cap; without cap, of 100 %. None without data."""
    numerator, denominator = parts
    if denominator == 0:
        return None
    share = Fraction(numerator, denominator)
    return min(Fraction(most), most * share / (Fraction(*cap) if cap else 1))


def rated(card: Scorecard, figures: Mapping[str, Parts], indicators: Mapping[str, Indicator]) -> Rated:
    """The scorecard from the parts of its indicators. A part without data gives nothing (no rule lends it points)."""
    groups = []
    for group in card.groups:
        earned = tuple(
            Earned(part.name, _points_of(part.indicator, part.points, figures, indicators), part.points)
            for part in group.parts
        )
        known = [one.points for one in earned if one.points is not None]
        groups.append((Earned(group.name, sum(known, Fraction()) if known else None, group.points), earned))
    total = sum((group.points for group, _ in groups if group.points is not None), Fraction())
    possible = sum(one.most for _, earned in groups for one in earned if one.points is not None)
    return Rated(tuple(groups), total, possible, grade(card, total))


def grade(card: Scorecard, total: Fraction) -> str:
    """The class that this many points reach."""
    return next((row.name for row in card.grades if total >= Fraction(*row.points)), card.grades[-1].name)


def _points_of(
    id_: str | None, most: int, figures: Mapping[str, Parts], indicators: Mapping[str, Indicator]
) -> Fraction | None:
    if id_ is None or id_ not in figures:
        return None
    return points(figures[id_], most, indicators[id_].cap)
