"""Who stands where among units of one level."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from services.metrics.views.figures import Figure
from services.metrics.views.tiles import share_of
from shared.catalogue.model import Comparator


def places(found: Mapping[str, Figure]) -> dict[str, int]:
    """Agency code → place by the same figure, 1 = best; equal shares, equal places; none without a share."""
    merits = {code: merit for code, figure in found.items() if (merit := _merit(figure)) is not None}
    best = sorted(merits.values(), reverse=True)
    return {code: best.index(merit) + 1 for code, merit in merits.items()}


def _merit(figure: Figure) -> Fraction | None:
    share = share_of(figure)
    return -share if share is not None and figure.indicator.comparator is Comparator.AT_MOST else share
