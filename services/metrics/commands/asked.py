"""What a figure is asked for, and its rows from cells that were folded here instead of in the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from services.metrics.acts.refold import Limits, counted
from services.metrics.commands.output import fail
from services.metrics.rules.certificate import row
from services.metrics.rules.fold import Cell, Stream
from services.metrics.rules.moment import Moment
from services.metrics.rules.period import Period, month_of
from services.metrics.store import Question
from services.metrics.views import day_of, figures, proved, roll_up
from shared.catalogue.model import AgencyKind, Catalogue


class Asked(NamedTuple):
    """None: all indicators, every agency with data, this month, now."""

    indicator: str | None
    agency: str | None
    period: str | None
    as_of: Moment | None = None
    known_at: Moment | None = None

    @property
    def is_inside_a_day(self) -> bool:
        return any(each is not None and each.day is None for each in (self.as_of, self.known_at))

    @property
    def limits(self) -> Limits:
        """What we showed at a time was meant for that time."""
        true = self.as_of or self.known_at
        return Limits(true and true.at, self.known_at and self.known_at.at)

    def rows(self, cells: Mapping[Cell, int], stream: Stream, catalogue: Catalogue) -> list[dict[str, Any]]:
        """Rows as the service answers them. Ends the command with 2 when something asked for does not exist."""
        at = self.limits.as_of or datetime.now(UTC)
        span = period(self.period or month_of(at))
        on = day_of(span, at)
        indicators = [each for each in proved(catalogue, on) if self.indicator in {None, each.id}]
        if not indicators:
            fail(f"there is no indicator {self.indicator}.", 2)
        if self.agency is not None and self.agency not in catalogue.agencies_by_code:
            fail(f"there is no agency {self.agency}.", 2)
        totals = roll_up(counted(cells, stream, Question(span, at)), catalogue, on)
        scopes = [self.agency] if self.agency else sorted({scope for _, scope in totals})
        found = figures(totals, catalogue, indicators, scopes)
        return [{**row(each, span.text), "agency": each.agency_code, "as_of": at.isoformat()} for each in found]


def moment(text: str | None) -> Moment | None:
    """Ends the command with 2 when it is none."""
    try:
        return None if text is None else Moment.parse(text)
    except ValueError as wrong:
        fail(f"{wrong}.", 2)


def period(text: str) -> Period:
    """Ends the command with 2 when it is none."""
    try:
        return Period.parse(text)
    except ValueError as wrong:
        fail(f"{wrong}.", 2)


def province(catalogue: Catalogue) -> str:
    """Its code as it is today."""
    return next(each.code for each in reversed(catalogue.agencies) if each.kind is AgencyKind.PROVINCE)
