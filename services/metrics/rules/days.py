"""Periods of days instead of months: a day, a week, the campaign week; and the figures of one, from newest facts.

Cells stand by month. What is narrower is folded on demand from the facts of its months by the same contribution: a week
of a province with a million dossiers in two years is some ten thousand of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self

from services.metrics.rules.measures import Measures, member_on
from services.metrics.rules.seen import Seen

A_DAY: Final = timedelta(days=1)
A_WEEK: Final = timedelta(days=7)
_MONDAY: Final = 0


class Kind(StrEnum):
    """What a span of days is; CAMPAIGN has two definitions, which of them the catalogue says (`counting`)."""

    DAY = "DAY"
    WEEK = "WEEK"
    """Monday to Sunday."""
    FIRST_SEVEN_DAYS = "FIRST_SEVEN_DAYS"
    """Campaign week: days 1 to 7 of the month."""
    FIRST_FULL_WEEK = "FIRST_FULL_WEEK"
    """Campaign week: Monday to Sunday of the month's first full week."""


_WRITTEN: Final = {
    Kind.DAY: re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"),
    Kind.WEEK: re.compile(r"20[0-9]{2}-W[0-9]{2}"),
    Kind.FIRST_SEVEN_DAYS: re.compile(r"20[0-9]{2}-[0-9]{2}-C7"),
    Kind.FIRST_FULL_WEEK: re.compile(r"20[0-9]{2}-[0-9]{2}-CW"),
}


class Days(NamedTuple):
    """`2023-01-05`, `2023-W01`, `2023-01-C7`, `2023-01-CW`: all days from first to last."""

    text: str
    kind: Kind
    first_on: date
    last_on: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, which says how such a period is written."""
        written = "days are written 2026-11-30, 2026-W48, 2026-11-C7 or 2026-11-CW"
        kind = next((kind for kind, pattern in _WRITTEN.items() if pattern.fullmatch(text)), None)
        if kind is None:
            raise ValueError(written)
        try:
            return cls.of(kind, _a_day_in(text, kind))
        except ValueError as wrong:
            raise ValueError(written) from wrong

    @classmethod
    def of(cls, kind: Kind, day: date) -> Self:
        """The day itself, the week it lies in, or the campaign week of its month."""
        match kind:
            case Kind.DAY:
                return cls(f"{day}", kind, day, day)
            case Kind.WEEK:
                monday = day - day.weekday() * A_DAY
                year, week, _ = monday.isocalendar()
                return cls(f"{year}-W{week:02d}", kind, monday, monday + 6 * A_DAY)
            case Kind.FIRST_SEVEN_DAYS:
                first = day.replace(day=1)
                return cls(f"{day:%Y-%m}-C7", kind, first, first + 6 * A_DAY)
            case Kind.FIRST_FULL_WEEK:
                first = day.replace(day=1)
                monday = first + (_MONDAY - first.weekday()) % 7 * A_DAY
                return cls(f"{day:%Y-%m}-CW", kind, monday, monday + 6 * A_DAY)

    @property
    def previous(self) -> Days:
        """The one of the same kind before it."""
        if self.kind in (Kind.DAY, Kind.WEEK):
            return Days.of(self.kind, self.first_on - A_DAY)
        return Days.of(self.kind, self.first_on.replace(day=1) - A_DAY)

    @property
    def following(self) -> Days:
        """The one of the same kind after it."""
        if self.kind in (Kind.DAY, Kind.WEEK):
            return Days.of(self.kind, self.last_on + A_DAY)
        return Days.of(self.kind, self.first_on.replace(day=1) + timedelta(days=31))

    @property
    def four_weeks_before(self) -> tuple[date, date]:
        """First and last day of the four weeks that a campaign week is compared with (kpi §7)."""
        return self.first_on - 4 * A_WEEK, self.first_on - A_DAY

    @property
    def months(self) -> tuple[str, str]:
        """First and last month whose facts are needed."""
        return f"{self.first_on:%Y-%m}", f"{self.last_on:%Y-%m}"


def _a_day_in(text: str, kind: Kind) -> date:
    if kind is Kind.WEEK:
        return date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    return date.fromisoformat(text if kind is Kind.DAY else f"{text[:7]}-01")


def counted(
    measures: Measures, seens: Iterable[Seen], first_on: date, last_on: date, at: datetime
) -> Counter[tuple[str, str, str]]:
    """(measure, agency, procedure) → count of the dossiers that belong to these days, judged at that time.

    The shape in which the store answers for months; no zeros.
    """
    totals: Counter[tuple[str, str, str]] = Counter()
    for seen in seens:
        if not first_on <= member_on(seen) <= last_on:
            continue
        for name, count in zip(measures.names, measures.counts_at(seen, at), strict=True):
            if count:
                totals[name, seen.agency_competent, seen.procedure_code] += count
    return totals
