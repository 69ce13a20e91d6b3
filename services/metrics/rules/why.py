"""Why a figure has its colour: the very dossiers behind it, and the least number to put right for the next colour.

The same contribution that is summed into the figure says which dossiers it is made of, so list and number are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from services.metrics.rules.band import Colour, colour
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Seen
from shared.catalogue.model import Bands, Comparator, Indicator

_BETTER: Final = (Colour.RED, Colour.ORANGE, Colour.YELLOW, Colour.GREEN)


class Behind(NamedTuple):
    """Dossier codes in order. `to_fix`: what keeps the figure from its target: missing, or too much (at most)."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    to_fix: tuple[str, ...]


class Least(NamedTuple):
    """So many dossiers put right, and the figure has this colour."""

    count: int
    colour: Colour


def behind(measures: Measures, indicator: Indicator, seens: Iterable[Seen], at: datetime) -> Behind:
    """The dossiers of a figure, as judged at that time. A plain count has no denominator and nothing to fix."""
    n = measures.names.index(indicator.numerator)
    d = None if indicator.denominator is None else measures.names.index(indicator.denominator)
    over, under = set(), set()
    for seen in seens:
        counts = measures.counts_at(seen, at)
        if counts[n]:
            over.add(seen.dossier_code)
        if d is not None and counts[d]:
            under.add(seen.dossier_code)
    fix = over if indicator.comparator is Comparator.AT_MOST else under - over
    return Behind(tuple(sorted(over)), tuple(sorted(under)), tuple(sorted(fix)) if d is not None else ())


def least(numerator: int, denominator: int, indicator: Indicator, bands: Bands) -> Least | None:
    """The smallest number of dossiers that, put right, give a better colour; None at green, or where none can.

    Put right = counted in the numerator (at most: no longer counted there), the denominator unchanged.
    """
    now = colour(numerator, denominator, indicator, bands)
    if now in (Colour.NONE, Colour.GREEN):
        return None
    for better in _BETTER[_BETTER.index(now) + 1 :]:
        wanted = _reaching(better, denominator, indicator, bands)
        if wanted is None:
            continue
        fixed = numerator - wanted if indicator.comparator is Comparator.AT_MOST else wanted - numerator
        if fixed > 0 and 0 <= wanted <= denominator:
            return Least(fixed, colour(wanted, denominator, indicator, bands))
    return None


def _reaching(level: Colour, denominator: int, indicator: Indicator, bands: Bands) -> int | None:
    """The least numerator (at most: the greatest) of this colour or better."""
    if indicator.target is None:
        return None
    edge = {Colour.GREEN: bands.green, Colour.YELLOW: bands.yellow, Colour.ORANGE: bands.orange}[level]
    target = indicator.target[0] * denominator
    if indicator.comparator is Comparator.AT_MOST:
        most = target * edge[1] // (edge[0] * indicator.target[1])
        return min(most, target // indicator.target[1]) if level is Colour.GREEN else most
    enough = -(-edge[0] * target // (edge[1] * indicator.target[1]))
    if level is not Colour.GREEN:
        return enough
    match indicator.comparator:
        case Comparator.MORE_THAN:
            return max(enough, target // indicator.target[1] + 1)
        case Comparator.EQUAL:
            exact, rest = divmod(target, indicator.target[1])
            return None if rest or exact < enough else exact
        case _:
            return max(enough, -(-target // indicator.target[1]))
