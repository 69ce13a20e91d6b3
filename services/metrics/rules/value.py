"""What numerator and denominator say: shares, means, counts. Parts are summed first and divided last (kpi §1-§2)."""

from __future__ import annotations

from typing import Final

from shared.catalogue.indicator import Show
from shared.catalogue.model import Catalogue, Indicator

DAY_SECONDS: Final = 86_400

type Parts = tuple[int, int]
"""Numerator and denominator, as counted."""


def value_of(indicator: Indicator, numerator: int, denominator: int | None) -> str | None:
    """`41.00` per cent, `22.99` days, `1.3` points, or the count; None without data.

    Units: as `indicator.shown`; two decimals, points one, halves up.
    """
    if denominator is None:
        return str(numerator)
    if denominator == 0:
        return None
    match indicator.shown:
        case Show.DAYS:
            return rounded(numerator, denominator * DAY_SECONDS, 2)
        case Show.POINTS:
            return rounded(numerator, denominator, 1)
        case Show.PER_THOUSAND:
            return rounded(1000 * numerator, denominator, 2)
        case _:
            return rounded(100 * numerator, denominator, 2)


def rounded(numerator: int, denominator: int, decimals: int) -> str:
    """`1.3` of 5/4: so many decimals, halves up, by whole numbers."""
    scale = 10**decimals
    units = (2 * scale * numerator + denominator) // (2 * denominator)
    return f"{units // scale}.{units % scale:0{decimals}d}"


def reduced(parts: Parts, factor: Parts | None) -> Parts:
    """The share times another one (3.3 by the sync rate); without data of the other it stays as it is."""
    if factor is None or factor[1] == 0:
        return parts
    return parts[0] * factor[0], parts[1] * factor[1]


def reported(catalogue: Catalogue, indicator_id: str, agency_code: str, first_month: str, last_month: str) -> Parts:
    """What others counted, summed over these months; (0, 0) without a report."""
    rows = [
        row
        for row in catalogue.reported
        if row.indicator == indicator_id and row.agency_code == agency_code and first_month <= row.period <= last_month
    ]
    return sum(row.numerator for row in rows), sum(row.denominator for row in rows)
