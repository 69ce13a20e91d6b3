"""When a dossier is due, and why: a pure function of reception, limit, calendar, pauses and supplement policy.

The answer carries its derivation, the counted and skipped intervals with reason and article, so that a clerk or a
citizen can check it by hand. R1-R15 number the rules (docs/law.md); law is Bộ luật Dân sự 2015 Điều 147-148 unless said
otherwise. Called by the dossier's state inside the workflow, by forms and by the command line: no clock, no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.catalogue.model import (
    CalendarMissing,
    ProcessingTime,
    SupplementClock,
    Unit,
    WorkingCalendar,
)
from shared.dossier.derivation import LAW, WORDS, Derivation, Reason, Step
from shared.dossier.working_time import (
    DAY,
    ZERO,
    after,
    closing,
    last_worked,
    local,
    midnight,
    next_worked,
    opening,
    shifts_from,
    this_or_next_worked,
    utc,
    worked_between,
)

__all__ = [
    "LAW",
    "WORDS",
    "CalendarMissing",
    "Due",
    "ProcessingTime",
    "Reason",
    "Standing",
    "Step",
    "SupplementClock",
    "Unit",
    "WorkingCalendar",
    "answer_by",
    "apology_by",
    "due",
    "hand_over_by",
    "standing",
    "supplement_by",
    "working_time_between",
]

CUT_OFF: Final = time(15)
"""Received up to and including 15:00:00 counts for the day (Luật Hộ tịch 60/2014 Điều 5.3, NĐ 23/2015 Điều 7)."""
ANSWER_TIME: Final = ProcessingTime(unit=Unit.WORKING_HOUR, amount=8)
"""Answer to an online submission (NĐ 45/2020/NĐ-CP, unverified)."""
SUPPLEMENT_DAYS: Final = ProcessingTime(unit=Unit.WORKING_DAY, amount=3)
"""Form 02 after appraisal (NĐ 61/2018/NĐ-CP Điều 19.4)."""


class Due(BaseModel):
    """The answer: `base_due_at` without pauses, `due_at` with them; the steps lead from reception to the end."""

    model_config = ConfigDict(frozen=True)

    due_at: AwareDatetime
    base_due_at: AwareDatetime
    steps: tuple[Step, ...]


def due(
    received_at: datetime,
    limit: ProcessingTime,
    calendar: WorkingCalendar,
    pauses: Sequence[tuple[datetime, datetime]] = (),
    policy: SupplementClock = SupplementClock.PAUSE,
    *,
    duties: Sequence[tuple[datetime, datetime]] = (),
    extension: ProcessingTime | None = None,
    new_date: tuple[datetime, datetime] | None = None,
) -> Due:
    """The due instant and its derivation (R1-R7, R11); `pauses` are closed, in any order, overlaps allowed.

    Raises ValueError for an instant without offset or a pause that ends before it starts; CalendarMissing, which names
    the year, when a needed day has no published calendar.
    """
    case = _Case(local(received_at), limit, calendar, Derivation())
    base = _base(case)
    moved = _restarted if policy is SupplementClock.RESTART else _paused
    end = moved(case, base, _clipped(pauses, case.start))
    return Due.model_construct(due_at=utc(end), base_due_at=utc(base), steps=case.derivation.steps())


class _Case(NamedTuple):
    """What every rule reads, in local time, and where it writes its steps."""

    start: datetime
    limit: ProcessingTime
    calendar: WorkingCalendar
    derivation: Derivation


def _base(case: _Case) -> datetime:
    match case.limit.unit:
        case Unit.WORKING_DAY:
            return _working_days(case)
        case Unit.CALENDAR_DAY:
            return _calendar(case, case.start.date() + case.limit.amount * DAY, Reason.CALENDAR_DAYS)
        case Unit.MONTH:
            return _calendar(case, _months_later(case.start.date(), case.limit.amount), Reason.MONTHS)
        case Unit.WORKING_HOUR:
            return _working_hours(case)
        case Unit.SAME_DAY:
            return _same_day(case)


def _working_days(case: _Case) -> datetime:
    """R2, R3: the N-th working day after the reception day, at closing time."""
    day, left = case.start.date(), case.limit.amount
    case.derivation.add(case.start, midnight(day + DAY), Reason.RECEPTION_DAY)
    first, run, counted = day + DAY, Reason.RECEPTION_DAY, 0
    while left:
        day += DAY
        today = Reason.WORKED if case.calendar.is_worked(day) else _rest(day)
        if today is not run and day != first:
            case.derivation.add(midnight(first), midnight(day), run, counted)
            first, counted = day, 0
        run = today
        if run is Reason.WORKED:
            left, counted = left - 1, counted + 1
    end = closing(day, case.calendar)
    case.derivation.add(midnight(first), end, run, counted)
    return end


def _calendar(case: _Case, last: date, reason: Reason) -> datetime:
    """R4, R5: closing time of the last day; a rest day or holiday moves to the next working day."""
    first = midnight(case.start.date() + DAY)
    worked = this_or_next_worked(last, case.calendar)
    end = closing(worked, case.calendar)
    case.derivation.add(case.start, first, Reason.RECEPTION_DAY)
    case.derivation.add(first, min(end, midnight(last + DAY)), reason, case.limit.amount)
    if worked > last:
        case.derivation.add(midnight(last + DAY), end, Reason.MOVED)
    return end


def _months_later(day: date, amount: int) -> date:
    """R5: the same day number; missing → the last day of the month."""
    years, month = divmod(day.month - 1 + amount, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    return min(last, first + (day.day - 1) * DAY)


def _working_hours(case: _Case) -> datetime:
    """R6: hours run only inside shifts and start at the given moment."""
    at, left = case.start, timedelta(hours=case.limit.amount)
    shifts = shifts_from(at, case.calendar)
    while left:
        begins, ends = next(shifts)
        for part in _skipped(at, begins, case.calendar):
            case.derivation.add(*part)
        at = min(ends, begins + left)
        case.derivation.add(begins, at, Reason.WORKED, (at - begins) / timedelta(hours=1))
        left -= at - begins
    return at


def _same_day(case: _Case) -> datetime:
    """R7: up to and including 15:00:00 today's closing time, else the next working day's."""
    day = case.start.date()
    in_time = case.calendar.is_worked(day) and case.start.time() <= CUT_OFF
    end = closing(day if in_time else next_worked(day, case.calendar), case.calendar)
    case.derivation.add(case.start, end, Reason.IN_TIME if in_time else Reason.AFTER_CUT_OFF, 1)
    return end


def _paused(case: _Case, base: datetime, stops: list[tuple[datetime, datetime]]) -> datetime:
    """R11: the union of paused working time is added; day units are then rounded up to closing time, once.

    A pause counts when it begins before the due time that holds at that moment: a late dossier is not rescued. For day
    units its part on the reception day, which is not counted either, adds nothing.
    """
    in_days = case.limit.unit is not Unit.WORKING_HOUR
    counted_from = midnight(case.start.date() + DAY) if in_days else case.start
    total, exact, end = ZERO, base, base
    for asked, done in stops:
        if asked >= end:
            break
        case.derivation.add(asked, done, Reason.PAUSED)
        total += worked_between(max(asked, counted_from), done, case.calendar)
        counted_from = max(counted_from, done)
        exact = after(base, total, case.calendar)
        end = closing(exact.date(), case.calendar) if in_days else exact
    if exact > base:
        case.derivation.add(base, exact, Reason.ADDED)
    if end > exact:
        case.derivation.add(exact, end, Reason.ROUNDED)
    return end


def _restarted(case: _Case, base: datetime, stops: list[tuple[datetime, datetime]]) -> datetime:
    """R11, RESTART: the limit is counted again from the end of the last request that began in time."""
    end, complete = base, case.start
    for asked, done in stops:
        if asked >= end:
            break
        if done > complete:
            complete = done
            case.derivation.add(asked, done, Reason.RESTARTED)
            end = _base(case._replace(start=done))
    return end


def _clipped(pauses: Sequence[tuple[datetime, datetime]], start: datetime) -> list[tuple[datetime, datetime]]:
    """In order, cut to begin at reception; a pause of zero length is none."""
    ordered = sorted((local(asked), local(done)) for asked, done in pauses)
    if any(done < asked for asked, done in ordered):
        raise ValueError("a pause ends before it starts")
    return [(max(asked, start), done) for asked, done in ordered if asked < done and start < done]


def _skipped(start: datetime, end: datetime, calendar: WorkingCalendar) -> Iterator[tuple[datetime, datetime, Reason]]:
    """The uncounted time between two working moments, one part per day, with its reason."""
    while start < end:
        until = min(end, midnight(start.date() + DAY))
        worked = calendar.is_worked(start.date())
        yield start, until, Reason.OUTSIDE_SHIFTS if worked else _rest(start.date())
        start = until


def _rest(day: date) -> Reason:
    return Reason.DAY_OFF if day.weekday() < 5 else Reason.WEEKLY_REST  # noqa: PLR2004 - Saturday is 5


# ── other clocks ──────────────────────────────────────────────────────────────────────────────────────────────────


def near_due_at(received_at: datetime, due_at: datetime, share: float, calendar: WorkingCalendar) -> datetime:
    """When this share of the working time between reception and due time has run."""
    start, end = local(received_at), local(due_at)
    return utc(after(start, share * worked_between(start, end, calendar), calendar))


def working_time_between(start_at: datetime, end_at: datetime, calendar: WorkingCalendar) -> timedelta:
    """Working time inside [start, end); what is left of an open pause is `working_time_between(asked_at, due_at)`."""
    return worked_between(local(start_at), local(end_at), calendar)


def answer_by(submitted_at: datetime, calendar: WorkingCalendar) -> datetime:
    """R14: an online submission is answered within 8 working hours."""
    return due(submitted_at, ANSWER_TIME, calendar).due_at


def hand_over_by(received_at: datetime, calendar: WorkingCalendar) -> datetime:
    """R8: to the processing unit the same working day; after 15:00 at the start of the next (NĐ 61/2018 Điều 18.2)."""
    at = local(received_at)
    if calendar.is_worked(at.date()) and at.time() <= CUT_OFF:
        return utc(closing(at.date(), calendar))
    return utc(opening(next_worked(at.date(), calendar), calendar))


def apology_by(due_at: datetime, calendar: WorkingCalendar) -> datetime:
    """R12: closing time of the last working day that is at least a day before the due date (NĐ 61/2018 Điều 19.9)."""
    return utc(closing(last_worked(local(due_at).date() - DAY, calendar), calendar))


def supplement_by(received_at: datetime, calendar: WorkingCalendar) -> datetime:
    """R13: Form 02 after appraisal at closing time of the third working day (NĐ 61/2018 Điều 19.4)."""
    return due(received_at, SUPPLEMENT_DAYS, calendar).due_at


Standing = Literal["EARLY", "ON_TIME", "LATE"]


def standing(ended_at: datetime, due_at: datetime) -> Standing:
    """R15: compared as instants, as the national formula does."""
    if ended_at == due_at:
        return "ON_TIME"
    return "EARLY" if ended_at < due_at else "LATE"
