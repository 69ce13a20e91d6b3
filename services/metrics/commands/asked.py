"""What a figure is asked for, and its rows from cells that were folded here instead of in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError

from services.metrics.acts.refold import Limits, counted
from services.metrics.commands.output import fail
from services.metrics.rules.certificate import row
from services.metrics.rules.fold import Cell, Stream
from services.metrics.rules.measures import Measures
from services.metrics.rules.moment import Moment
from services.metrics.rules.period import Period, month_of
from services.metrics.store import Question
from services.metrics.store.lists import Listed
from services.metrics.views import day_of, figures, proved, roll_up
from services.metrics.views.borders import Borders
from services.metrics.views.dossiers import is_listable
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import AgencyKind, Catalogue, Indicator
from shared.platform.database import AWAY


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
        question = self.question(at)
        return self.rows_of(counted(cells, stream, question), question, catalogue)

    def question(self, at: datetime) -> Question:
        """What is asked, judged at a time. Ends the command with 2 when the period is none."""
        return Question(period(self.period or month_of(at)), at)

    def rows_of(
        self, counts: Mapping[tuple[str, str, str], int], question: Question, catalogue: Catalogue
    ) -> list[dict[str, Any]]:
        """The same from counts by (measure, agency, procedure)."""
        span, at = question.period, question.at
        on = day_of(span, at)
        indicators = [each for each in proved(catalogue, on) if self.indicator in {None, each.id}]
        if not indicators:
            fail(f"there is no indicator {self.indicator}.", 2)
        check_agency(catalogue, self.agency)
        totals = roll_up(counts, catalogue, on)
        scopes = [self.agency] if self.agency else sorted({scope for _, scope in totals})
        found = figures(totals, catalogue, indicators, scopes, on)
        return [{**row(each, span.text), "agency": each.agency_code, "as_of": at.isoformat()} for each in found]


def check_agency(catalogue: Catalogue, code: str | None) -> None:
    """Ends the command with 2 when there never was such an agency."""
    if code is not None and code not in catalogue.agencies_by_code:
        fail(f"there is no agency {code}.", 2)


def of_dossiers(catalogue: Catalogue, id_: str, on: date) -> Indicator:
    """The indicator in force that day. Ends the command with 2 when there is none, or it does not count dossiers."""
    found = next((each for each in indicators_on(catalogue, on) if each.id == id_), None)
    if found is None:
        fail(f"there is no indicator {id_}.", 2)
    if not is_listable(Measures.of(catalogue), found):
        fail(f"{id_} does not count dossiers: `motcua kpi --indicator {id_}` shows all there is.", 2)
    return found


def whose(catalogue: Catalogue, agency: str | None, span: Period, on: date) -> Listed:
    """All dossiers of an agency and those below it, or of everybody, in a period."""
    agencies = Borders(catalogue, on).below(agency) if agency else tuple(catalogue.agencies_by_code)
    return Listed(agencies, span.first_month, span.last_month)


def answered[T](asking: Coroutine[Any, Any, T]) -> T:
    """What the servers say. Ends the command with 1 when one of them is away."""
    try:
        return asyncio.run(asking)
    except AWAY as away:
        fail(f"the database does not answer ({type(away).__name__}): is the stack up?")
    except (KafkaError, TimeoutError, LookupError) as away:
        fail(f"the log of facts does not answer ({type(away).__name__}).")


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
