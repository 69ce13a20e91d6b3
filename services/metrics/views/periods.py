"""Which periods the picker offers, and how far back a trend goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.metrics.rules.days import Days, Kind
from services.metrics.rules.period import Period
from services.metrics.views.asked import Asked
from services.metrics.views.spans import Span, first_on, previous
from shared.dossier.working_time import LOCAL

_FIRST: Final = date(2022, 1, 1)
"""No figures are older than the catalogue."""
_MONTHS_BACK: Final = 12
_BACK: Final = {Kind.DAY: 7, Kind.WEEK: 5, Kind.FIRST_SEVEN_DAYS: 3, Kind.FIRST_FULL_WEEK: 3}
"""How many points a trend of days has: each costs the reading of its months."""


@dataclass(frozen=True)
class Choice:
    """One line of the picker."""

    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True)
class Kinds:
    """Periods of one kind, the newest first."""

    title: str
    choices: tuple[Choice, ...]


def choices(asked: Asked, now: datetime, campaign_week: str) -> tuple[Kinds, ...]:
    """Of each kind the recent ones that have begun; what is shown stands among its own, or first when it is older."""
    today, words = now.astimezone(LOCAL).date(), asked.words
    newest: tuple[tuple[Span, int], ...] = (
        (Period.parse(f"{today:%Y-%m}"), 12),
        (Period.parse(f"{today.year}-Q{(today.month + 2) // 3}"), 4),
        (Period.parse(f"{today.year}"), 5),
        (Days.of(Kind.DAY, today), 7),
        (Days.of(Kind.WEEK, today), 5),
        (Days.of(Kind(campaign_week), today), 4),
    )
    offered = {_title(span): list(_begun(span, count, today)) for span, count in newest}
    return tuple(
        Kinds(words(title), tuple(Choice(span.text, words.period(span), span == asked.period) for span in spans))
        for title, spans in _with(offered, asked.period, _title(asked.period)).items()
    )


def lately(span: Span, count: int = _MONTHS_BACK) -> tuple[Span, ...]:
    """The periods of the same kind up to this one, oldest first."""
    if isinstance(span, Days):
        count = min(count, _BACK[span.kind])
    found = [span]
    while len(found) < count and first_on(found[-1]) > _FIRST:
        found.append(previous(found[-1]))
    return tuple(reversed(found))


def _begun(span: Span, count: int, today: date) -> Iterator[Span]:
    for _ in range(count):
        if _FIRST <= first_on(span) <= today:
            yield span
        span = previous(span)


def _with(offered: dict[str, list[Span]], shown: Span, title: str) -> dict[str, list[Span]]:
    return offered if shown in offered[title] else offered | {title: [shown, *offered[title]]}


def _title(span: Span) -> str:
    if isinstance(span, Days):
        return {Kind.DAY: "Ngày", Kind.WEEK: "Tuần"}.get(span.kind, "Tuần cao điểm")
    _, _, part = span.text.partition("-")
    return ("Quý" if part[0] == "Q" else "Tháng") if part else "Năm"
