"""Figures from counts: rolled up the agency tree, divided, compared with targets.

Percentages exist only here: parts are summed first and divided last, two decimals, halves up (kpi §1-§2).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

from services.metrics.rules.band import Colour, bands_of, colour
from services.metrics.rules.complaints import Complaints
from services.metrics.rules.days import Days
from services.metrics.rules.seen import Seen
from services.metrics.rules.services import counted
from services.metrics.rules.value import rounded, value_of
from services.metrics.store import Question, Reading
from services.metrics.store.lists import Keeps, Listed
from services.metrics.views.borders import Borders, row_on
from services.metrics.views.spans import Span
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Catalogue, Indicator
from shared.dossier.working_time import LOCAL

FRESH: Final = timedelta(seconds=15)
"""What the board promises: older figures are grey."""

type Totals = Mapping[tuple[str, str], int]
"""(measure, agency with everything below it) → count."""


async def never(tick: int) -> int:
    """A fold that stands still: the first look is answered, then nothing."""
    if tick:
        await asyncio.Event().wait()
    return 1


async def nothing(asked: Listed, keeps: Keeps) -> tuple[list[Seen], bool]:
    """No dossiers at all."""
    return [], False


async def no_days(spans: Sequence[Days], at: datetime) -> list[Reading]:
    """Days without dossiers."""
    return [Reading({}, {}, None, 0) for _ in spans]


@dataclass(frozen=True)
class Door:
    """What the doors need: counts from the store, the catalogue, a clock, how small a public share may be.

    `read_days` answers for each of these days, counted then and there.
    `listed` answers one page of dossiers and whether there are more.
    `desk`: origin of the console, empty for this one's own; None: nobody signs in.
    `after(tick)` waits until the fold moved since that tick and answers the tick now; `after(0)` answers at once.
    """

    read: Callable[[Question], Awaitable[Reading]]
    catalogue: Catalogue
    now: Callable[[], datetime]
    hides_below: int
    after: Callable[[int], Awaitable[int]] = never
    listed: Callable[[Listed, Keeps], Awaitable[tuple[list[Seen], bool]]] = nothing
    read_days: Callable[[Sequence[Days], datetime], Awaitable[Sequence[Reading]]] = no_days
    desk: str | None = None


@dataclass(frozen=True)
class Figure:
    """One indicator of one agency. `denominator` None = a plain count; hidden figures carry no numbers.

    `is_withheld`: hidden because the dossiers behind it do not add up.
    """

    indicator: Indicator
    agency_code: str
    numerator: int
    denominator: int | None
    colour: Colour
    is_hidden: bool = False
    is_withheld: bool = False

    @cached_property
    def value(self) -> str | None:
        """As `value_of` writes it; None without data or when hidden."""
        return None if self.is_hidden else value_of(self.indicator, self.numerator, self.denominator)


def percent(numerator: int, denominator: int) -> str:
    """`33.33`: two decimals, halves up, by whole numbers."""
    return rounded(100 * numerator, denominator, 2)


def proved(catalogue: Catalogue, on: date) -> list[Indicator]:
    """Those in force that the log of dossiers alone decides: what has a past and may be certified.

    Complaints are counted on read from their newest facts, so they have neither.
    """
    others = frozenset(Complaints.of(catalogue).names)
    return [row for row in indicators_on(catalogue, on) if row.numerator not in others]


def day_of(period: Span, now: datetime) -> date:
    """The day whose catalogue holds: the period's last, or today while it runs."""
    return min(period.last_on, now.astimezone(LOCAL).date())


# --- rolling up -------------------------------------------------------------------------------------------------------


def roll_up(
    counts: Mapping[tuple[str, str, str], int], catalogue: Catalogue, on: date, borders: Borders | None = None
) -> Totals:
    """Counts of (measure, agency, procedure) summed over agencies and all above them; services counted once each.

    Without other borders those of that day hold.
    """
    tree = borders or Borders(catalogue, on)
    having = {row.having for row in catalogue.service_measures}
    own: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    offering: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (measure, agency, procedure), count in counts.items():  # tens of thousands: one addition each
        own[agency][measure] += count
        if count > 0 and measure in having:
            offering[measure, agency].add(procedure)
    paths = {agency: tree.path(agency) for agency in own}
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for agency, sums in own.items():
        for scope in paths[agency]:
            for measure, count in sums.items():
                totals[measure, scope] += count
    offered: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (measure, agency), procedures in offering.items():
        for scope in paths[agency]:
            offered[measure, scope] |= procedures
    return {**totals, **counted(catalogue, on, offered)}


def figures_by_procedure(  # noqa: PLR0917 - the same question, split by one more dimension
    counts: Mapping[tuple[str, str, str], int],
    catalogue: Catalogue,
    indicator: Indicator,
    agency_code: str,
    borders: Borders,
    hides_below: int,
) -> dict[str, Figure]:
    """Procedure code → its part of the agency's figure; empty for figures that count services."""
    if {indicator.numerator, indicator.denominator} & {row.name for row in catalogue.service_measures}:
        return {}
    here = {code: agency_code in borders.path(code) for code in {agency for _, agency, _ in counts}}
    parts: defaultdict[str, defaultdict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for (measure, agency, procedure), count in counts.items():
        if here[agency] and measure in (indicator.numerator, indicator.denominator):
            parts[procedure][measure, agency_code] += count
    return {
        code: _figure(totals, catalogue, indicator, agency_code, borders.on, hides_below)
        for code, totals in parts.items()
    }


def procedure_name(catalogue: Catalogue, code: str, on: date) -> str:
    """Its name that day; the code for one that the catalogue never had."""
    rows = catalogue.procedures_by_code.get(code)
    return row_on(rows, on).name if rows else code


def agency_name(catalogue: Catalogue, code: str, on: date) -> str:
    """Its name that day; the code for one that the catalogue never had."""
    rows = catalogue.agencies_by_code.get(code)
    return row_on(rows, on).name if rows else code


def figures(
    totals: Totals,
    catalogue: Catalogue,
    indicators: Iterable[Indicator],
    agency_codes: Iterable[str],
    on: date,
    *,
    hides_below: int = 0,
    withheld: frozenset[str] = frozenset(),
) -> list[Figure]:
    """Every indicator of every agency, in the order given, in the colours of that day; those of agencies that are
    `withheld` without numbers.
    """
    rows = tuple(indicators)
    return [
        _withheld(row, code) if code in withheld else _figure(totals, catalogue, row, code, on, hides_below)
        for code in agency_codes
        for row in rows
    ]


def broken(reading: Reading, borders: Borders) -> frozenset[str]:
    """The agencies whose figures are not published: where the fair count does not add up, and all that sum it up."""
    return frozenset(scope for agency, _ in reading.unfair for scope in borders.path(agency))


def _withheld(indicator: Indicator, agency_code: str) -> Figure:
    under = None if indicator.denominator is None else 0
    return Figure(indicator, agency_code, 0, under, Colour.NONE, is_hidden=True, is_withheld=True)


def _figure(  # noqa: PLR0917 - a figure is all of these
    totals: Totals, catalogue: Catalogue, indicator: Indicator, agency_code: str, on: date, hides_below: int
) -> Figure:
    numerator = totals.get((indicator.numerator, agency_code), 0)
    if indicator.denominator is None:
        if 0 < numerator < hides_below:
            return Figure(indicator, agency_code, 0, None, Colour.NONE, is_hidden=True)
        return Figure(indicator, agency_code, numerator, None, Colour.NONE)
    denominator = totals.get((indicator.denominator, agency_code), 0)
    if 0 < denominator < hides_below:
        return Figure(indicator, agency_code, 0, 0, Colour.NONE, is_hidden=True)
    level = colour(numerator, denominator, indicator, bands_of(catalogue, indicator, agency_code, on))
    return Figure(indicator, agency_code, numerator, denominator, level)
