"""Which periods the picker offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.metrics.rules.period import Period, month_of
from services.metrics.views.asked import Asked

_FIRST: Final = date(2022, 1, 1)
"""No figures are older than the catalogue."""


@dataclass(frozen=True)
class Choice:
    """One line of the picker."""

    value: str
    text: str
    is_chosen: bool


def choices(asked: Asked, now: datetime) -> tuple[Choice, ...]:
    """This year, this quarter, the last twelve months, and what is shown."""
    month = Period.parse(month_of(now))
    year, number = map(int, month.text.split("-"))
    offered = [Period.parse(f"{year}"), Period.parse(f"{year}-Q{(number + 2) // 3}"), month]
    for _ in range(11):
        offered.append(previous(offered[-1]))
    offered.append(asked.period)
    words = asked.words
    return tuple(Choice(period.text, words.period(period), period == asked.period) for period in dict.fromkeys(offered))


def lately(period: Period, count: int = 12) -> tuple[Period, ...]:
    """The periods of the same kind up to this one, oldest first."""
    found = [period]
    while len(found) < count and first_on(found[-1]) > _FIRST:
        found.append(previous(found[-1]))
    return tuple(reversed(found))


def first_on(period: Period) -> date:
    """The first day of the period."""
    year, month = map(int, period.first_month.split("-"))
    return date(year, month, 1)


def previous(period: Period) -> Period:
    """The one of the same kind before it."""
    return _containing(first_on(period) - timedelta(days=1), period)


def following(period: Period) -> Period:
    """The one of the same kind after it."""
    return _containing(period.last_on + timedelta(days=1), period)


def _containing(day: date, like: Period) -> Period:
    _, _, part = like.text.partition("-")
    if not part:
        return Period.parse(f"{day.year}")
    return Period.parse(f"{day.year}-Q{(day.month + 2) // 3}" if part[0] == "Q" else f"{day:%Y-%m}")
