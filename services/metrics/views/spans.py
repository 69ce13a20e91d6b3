"""Periods of either kind, months or days, as one: how they are read, where they begin, what stands beside them."""

from __future__ import annotations

from datetime import date, timedelta

from services.metrics.rules.days import Days
from services.metrics.rules.period import Period

type Span = Period | Days
"""Months are counted as facts come in; days on read, from the newest facts of their months."""


def parse(text: str) -> Span:
    """Raises ValueError, which says how periods are written."""
    try:
        return Period.parse(text)
    except ValueError as wrong:
        try:
            return Days.parse(text)
        except ValueError as also:
            raise ValueError(f"{wrong}; {also}") from also


def first_on(span: Span) -> date:
    """The first day of the period."""
    if isinstance(span, Days):
        return span.first_on
    year, month = map(int, span.first_month.split("-"))
    return date(year, month, 1)


def months_of(span: Span) -> tuple[str, str]:
    """The first and the last month that hold its dossiers."""
    return span.months if isinstance(span, Days) else (span.first_month, span.last_month)


def previous(span: Span) -> Span:
    """The one of the same kind before it."""
    if isinstance(span, Days):
        return span.previous
    return _containing(first_on(span) - timedelta(days=1), span)


def following(span: Span) -> Span:
    """The one of the same kind after it."""
    if isinstance(span, Days):
        return span.following
    return _containing(span.last_on + timedelta(days=1), span)


def _containing(day: date, like: Period) -> Period:
    _, _, part = like.text.partition("-")
    if not part:
        return Period.parse(f"{day.year}")
    return Period.parse(f"{day.year}-Q{(day.month + 2) // 3}" if part[0] == "Q" else f"{day:%Y-%m}")
