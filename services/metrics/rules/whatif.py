"""What if the limit, the calendar or a threshold had been another one: the same dossiers, judged again.

A scenario moves due times and nothing else that happened. A dossier whose due time it does not move is left as it is,
so the scenario that changes nothing gives the real figures, to the dossier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from services.metrics.rules.band import Colour, bands_of, colour
from services.metrics.rules.measures import Measures, member_on
from services.metrics.rules.seen import Pause, Seen
from services.metrics.rules.timing import end_of
from services.metrics.rules.vector import packed, unpacked
from shared.catalogue.lookup import calendar_for, indicators_on
from shared.catalogue.model import Bands, Catalogue, Indicator, ProcessingTime, Ratio, SupplementClock, WorkingCalendar
from shared.dossier.deadline import due
from shared.dossier.working_time import closing, utc

type CalendarOf = Callable[[str, date], WorkingCalendar]
"""Working calendar of an agency on a day."""


class Scenario(NamedTuple):
    """What is different. Nothing given = nothing is.

    limits: procedure → processing time; calendar: of an agency; targets, bands: by indicator.
    """

    limits: Mapping[str, ProcessingTime] = MappingProxyType({})
    supplement_clock: SupplementClock | None = None
    calendar: CalendarOf | None = None
    targets: Mapping[str, Ratio] = MappingProxyType({})
    bands: Mapping[str, Bands] = MappingProxyType({})


AS_IT_WAS: Final = Scenario()


class Outcome(NamedTuple):
    """One indicator of one agency, as it was and as it would have been."""

    indicator: str
    agency_code: str
    was: tuple[int, int]
    was_colour: Colour
    would_be: tuple[int, int]
    would_be_colour: Colour

    @property
    def is_changed(self) -> bool:
        """Whether the figure would have been another one, or of another colour."""
        return (self.was, self.was_colour) != (self.would_be, self.would_be_colour)


def rejudged(seen: Seen, scenario: Scenario, catalogue: Catalogue, at: datetime) -> Seen:
    """The dossier as the scenario would have had it at that time; the very same when its due time does not move.

    Raises CalendarMissing for a year nobody published. Facts that do not tell their limit are left as they are.
    """
    if seen.received_at is None or not _concerns(scenario, seen):
        return seen
    limit = scenario.limits.get(seen.procedure_code) or ProcessingTime.parse(seen.limit)
    calendar = (scenario.calendar or _calendars(catalogue))(seen.agency_competent, member_on(seen))
    stopped_by = _stopping_pause(seen)
    past = seen.pauses if stopped_by is None else seen.pauses[:-1]
    due_at = _due(seen, past, limit, calendar, scenario)
    if due_at == (seen.due_at if stopped_by is None else stopped_by.due_at or seen.due_at):
        return seen
    original = due(seen.clock_from or seen.received_at, limit, calendar).due_at
    is_late = (end_of(seen) or at) > due_at
    pauses = seen.pauses if stopped_by is None else (*past, replace(stopped_by, due_at=due_at))
    return replace(
        seen,
        limit=str(limit),
        pauses=pauses,
        due_at=None if seen.due_at is None else due_at,
        due_at_original=original,
        overdue_at=(seen.overdue_at or due_at) if is_late else None,
    )


class Recount:
    """The figures of dossiers as they are and as the scenario would have had them: a sum an agency, no dossier is kept.

    `on`: the day whose catalogue names indicators, colours and the tree of agencies.
    """

    def __init__(self, scenario: Scenario, *, measures: Measures, catalogue: Catalogue, at: datetime, on: date) -> None:
        self._scenario, self._measures, self._catalogue, self._at, self._on = scenario, measures, catalogue, at, on
        self._was: Counter[str] = Counter()
        self._would_be: Counter[str] = Counter()

    def take(self, seen: Seen) -> None:
        """Counts a dossier on both sides. Raises CalendarMissing for a year nobody published."""
        other = rejudged(seen, self._scenario, self._catalogue, self._at)
        was = would_be = packed(self._measures.counts_at(seen, self._at))
        if other is not seen:
            would_be = packed(self._measures.counts_at(other, self._at))
        self._was[seen.agency_competent] += was
        self._would_be[seen.agency_competent] += would_be

    def outcomes(self) -> Iterator[Outcome]:
        """Every indicator with a target, of every agency with dossiers among these and of those above it."""
        names, on = self._measures.names, self._on
        was, would_be = self._summed(self._was), self._summed(self._would_be)
        rows = [row for row in indicators_on(self._catalogue, on) if is_recounted(row, self._measures)]
        for scope in sorted(was):
            for row in rows:
                bands = bands_of(self._catalogue, row, scope, on)
                other = row.model_copy(update={"target": self._scenario.targets.get(row.id, row.target)})
                before, after = (_parts(sums[scope], row, names) for sums in (was, would_be))
                level = colour(*after, other, self._scenario.bands.get(row.id, bands))
                yield Outcome(row.id, scope, before, colour(*before, row, bands), after, level)

    def _summed(self, own: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Counts of each agency with all below it."""
        sums: Counter[str] = Counter()
        for agency, vector in own.items():
            for scope in _upwards(self._catalogue, agency, self._on):
                sums[scope] += vector
        return {scope: unpacked(vector, len(self._measures.names)) for scope, vector in sums.items()}


def is_recounted(indicator: Indicator, measures: Measures) -> bool:
    """Whether a scenario can change it: made of dossiers, and with a target."""
    return indicator.target is not None and {indicator.numerator, indicator.denominator} <= {*measures.names}


def what_if(
    seens: Iterable[Seen], scenario: Scenario, *, measures: Measures, catalogue: Catalogue, at: datetime, on: date
) -> tuple[Outcome, ...]:
    """The outcomes of these dossiers (`Recount`)."""
    recount = Recount(scenario, measures=measures, catalogue=catalogue, at=at, on=on)
    for seen in seens:
        recount.take(seen)
    return tuple(recount.outcomes())


def calendar_with(catalogue: Catalogue, days_off: Iterable[date] = (), days_worked: Iterable[date] = ()) -> CalendarOf:
    """The published calendars with these days off, and these worked, instead of what was published for them."""
    off, worked = frozenset(days_off), frozenset(days_worked)
    made: dict[int, WorkingCalendar] = {}

    def changed(agency_code: str, on: date) -> WorkingCalendar:
        calendar = calendar_for(catalogue, agency_code, on)  # one object for all agencies with the same hours
        if id(calendar) not in made:
            made[id(calendar)] = calendar.model_copy(
                update={
                    "days_off": tuple(sorted({*calendar.days_off, *off} - worked)),
                    "days_worked": tuple(sorted({*calendar.days_worked, *worked} - off)),
                }
            )
        return made[id(calendar)]

    return changed


# --- judging again ----------------------------------------------------------------------------------------------------


def _concerns(scenario: Scenario, seen: Seen) -> bool:
    is_moved = scenario.calendar or scenario.supplement_clock or seen.procedure_code in scenario.limits
    return bool(is_moved and seen.limit)


def _calendars(catalogue: Catalogue) -> CalendarOf:
    return lambda agency_code, on: calendar_for(catalogue, agency_code, on)


def _stopping_pause(seen: Seen) -> Pause | None:
    """The pause in which the clock stands, or stood when the dossier ended: what was due then is judged."""
    if not seen.pauses:
        return None
    last = seen.pauses[-1]
    ended_at = seen.portal_times.get(8)
    return last if last.end_at is None or last.end_at == ended_at else None


def _due(
    seen: Seen, pauses: tuple[Pause, ...], limit: ProcessingTime, calendar: WorkingCalendar, scenario: Scenario
) -> datetime:
    """As `shared.dossier.clock.due_of` counts it, from what the facts tell."""
    closed = [(pause, pause.end_at) for pause in pauses if pause.end_at is not None]
    new_date = None
    if seen.apologised_at and seen.new_due_on:
        new_date = (seen.apologised_at, utc(closing(seen.new_due_on, calendar)))
    began_at = seen.clock_from or seen.received_at
    assert began_at is not None  # noqa: S101 - asked only of accepted dossiers
    return due(
        began_at,
        limit,
        calendar,
        [(pause.start_at, end) for pause, end in closed if pause.completes],
        scenario.supplement_clock or SupplementClock(seen.supplement_clock),
        duties=[(pause.start_at, end) for pause, end in closed if not pause.completes],
        extension=ProcessingTime.parse(seen.verification_limit) if seen.verification_extends else None,
        new_date=new_date,
    ).due_at


# --- the figures ------------------------------------------------------------------------------------------------------


def _upwards(catalogue: Catalogue, code: str | None, on: date) -> Iterable[str]:
    while code is not None:
        yield code
        rows = catalogue.agencies_by_code.get(code)
        code = next((row for row in rows if row.in_force(on)), rows[-1]).parent if rows else None


def _parts(sums: Sequence[int], row: Indicator, names: tuple[str, ...]) -> tuple[int, int]:
    return sums[names.index(row.numerator)], sums[names.index(row.denominator or row.numerator)]
