"""How a figure compares with its target: met or not, and which colour; whole numbers only, no rounding (kpi §2, §5)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from shared.catalogue.model import AgencyKind, Bands, Catalogue, Comparator, Indicator


class Colour(StrEnum):
    """The four levels, and grey for nothing to judge."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    NONE = "none"


def is_met(numerator: int, denominator: int, indicator: Indicator) -> bool:
    """Whether numerator / denominator satisfies the comparator against the target. The denominator is not 0."""
    if indicator.target is None:
        return False
    share, target = numerator * indicator.target[1], indicator.target[0] * denominator
    match indicator.comparator:
        case Comparator.MORE_THAN:
            return share > target
        case Comparator.EQUAL:
            return share == target
        case Comparator.AT_MOST:
            return share <= target
        case _:
            return share >= target


def colour(numerator: int, denominator: int, indicator: Indicator, bands: Bands) -> Colour:
    """The level of q = value / target (lower is better: target / value) by these bands; grey without data or target.

    Law: no threshold is published; the bands are data of the catalogue (policy).
    """
    if denominator == 0 or indicator.target is None:
        return Colour.NONE
    value, target = numerator * indicator.target[1], indicator.target[0] * denominator
    over, under = (target, value) if indicator.comparator is Comparator.AT_MOST else (value, target)

    def reaches(edge: tuple[int, int]) -> bool:
        return over * edge[1] >= edge[0] * under

    if reaches(bands.green) and is_met(numerator, denominator, indicator):
        return Colour.GREEN
    if reaches(bands.yellow):
        return Colour.YELLOW
    return Colour.ORANGE if reaches(bands.orange) else Colour.RED


def bands_for(catalogue: Catalogue, indicator: Indicator, kind: AgencyKind, on: date) -> Bands:
    """The colours in force on the last day of a period, for an agency of this kind: the narrowest rule wins.

    A rule for the indicator and the kind, for the indicator, its own bands, a rule for the kind, for all, the default.
    """

    def rule(id_: str | None, *, of_kind: bool) -> Bands | None:
        return next(
            (
                row.bands
                for row in catalogue.colour_rules
                if row.in_force(on) and row.indicator == id_ and (kind in row.kinds if of_kind else not row.kinds)
            ),
            None,
        )

    return (
        rule(indicator.id, of_kind=True)
        or rule(indicator.id, of_kind=False)
        or indicator.bands
        or rule(None, of_kind=True)
        or rule(None, of_kind=False)
        or catalogue.bands
    )


def bands_of(catalogue: Catalogue, indicator: Indicator, agency_code: str, on: date) -> Bands:
    """The same for an agency by its code; one that the catalogue never had is of no kind."""
    rows = catalogue.agencies_by_code.get(agency_code)
    if not rows:
        return indicator.bands or catalogue.bands
    row = next((each for each in rows if each.in_force(on)), rows[-1])
    return bands_for(catalogue, indicator, row.kind, on)
