"""When a dossier is due, and why: a pure function of reception, limit, calendar, pauses and supplement policy.

The answer carries its derivation, the counted and skipped intervals with reason and article, so that a clerk or a
citizen can check it by hand. Rules R1-R13 are those of docs/law.md; law is Bộ luật Dân sự 2015 Điều 147-148 unless said
otherwise. Called by the dossier's state inside the workflow, by forms and by the command line: no clock, no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

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
) -> Due:
    """The due instant and its derivation (R1-R7, R11); `pauses` are closed, in any order, overlaps allowed.

    Raises ValueError for an instant without offset or a pause that ends before it starts; CalendarMissing, which names
    the year, when a needed day has no published calendar.
    """
    start = local(received_at)
    derivation = Derivation()
    base = _base(start, limit, calendar, derivation)
    stops = _merged(pauses, start)
    if policy is SupplementClock.RESTART:
        end = _restarted(base, stops, limit, calendar, derivation)
    else:
        end = _paused(start, base, stops, limit, calendar, derivation)
    return Due.model_construct(due_at=utc(end), base_due_at=utc(base), steps=derivation.steps())


def _base(start: datetime, limit: ProcessingTime, calendar: WorkingCalendar, derivation: Derivation) -> datetime:
    match limit.unit:
        case Unit.WORKING_DAY:
            return _working_days(start, limit.amount, calendar, derivation)
        case Unit.WORKING_HOUR:
            return _working_hours(start, timedelta(hours=limit.amount), calendar, derivation)
        case Unit.SAME_DAY:
            return _same_day(start, calendar, derivation)
        case Unit.CALENDAR_DAY:
            day, reason = start.date() + limit.amount * DAY, Reason.CALENDAR_DAYS
        case Unit.MONTH:
            day, reason = _months_later(start.date(), limit.amount), Reason.MONTHS
    derivation.add(start, midnight(start.date() + DAY), Reason.RECEPTION_DAY)
    worked = this_or_next_worked(day, calendar)
    end = closing(worked, calendar)
    derivation.add(
        midnight(start.date() + DAY), end if worked == day else midnight(day + DAY), reason, counts=limit.amount
    )
    if worked != day:
        derivation.add(midnight(day + DAY), end, Reason.MOVED)
    return end


def _working_days(start: datetime, amount: int, calendar: WorkingCalendar, derivation: Derivation) -> datetime:
    """R2, R3: the N-th working day after the reception day, at closing time."""
    day = start.date()
    derivation.add(start, midnight(day + DAY), Reason.RECEPTION_DAY)
    while amount:
        day += DAY
        if calendar.is_worked(day):
            amount -= 1
            ends = midnight(day + DAY) if amount else closing(day, calendar)
            derivation.add(midnight(day), ends, Reason.WORKED, counts=1)
        else:
            derivation.add(midnight(day), midnight(day + DAY), _rest(day))
    return closing(day, calendar)


def _working_hours(start: datetime, amount: timedelta, calendar: WorkingCalendar, derivation: Derivation) -> datetime:
    """R6: hours run only inside shifts and start at the given moment."""
    at = start
    for begins, ends in shifts_from(start, calendar):
        for part in _skipped(at, begins, calendar):
            derivation.add(*part)
        at = min(ends, begins + amount)
        derivation.add(begins, at, Reason.WORKED, counts=(at - begins) / timedelta(hours=1))
        amount -= at - begins
        if not amount:
            break
    return at


def _same_day(start: datetime, calendar: WorkingCalendar, derivation: Derivation) -> datetime:
    """R7: up to and including 15:00:00 today's closing time, else the next working day's."""
    day = start.date()
    if calendar.is_worked(day) and start.time() <= CUT_OFF:
        end = closing(day, calendar)
        derivation.add(start, end, Reason.IN_TIME, counts=1)
        return end
    end = closing(next_worked(day, calendar), calendar)
    derivation.add(start, end, Reason.AFTER_CUT_OFF, counts=1)
    return end


def _months_later(day: date, amount: int) -> date:
    """R5: the same day number; missing → the last day of the month."""
    years, month = divmod(day.month - 1 + amount, 12)
    first = date(day.year + years, month + 1, 1)
    last = (first + 31 * DAY).replace(day=1) - DAY
    return min(last, first + (day.day - 1) * DAY)


def _paused(
    start: datetime,
    base: datetime,
    stops: list[tuple[datetime, datetime]],
    limit: ProcessingTime,
    calendar: WorkingCalendar,
    derivation: Derivation,
) -> datetime:
    """R11: the union of paused working time is added; day units are then rounded up to closing time, once.

    A pause counts when it begins before the due time that holds at that moment: a late dossier is not rescued.
    """
    in_days = limit.unit is not Unit.WORKING_HOUR
    counted_from = midnight(start.date() + DAY) if in_days else start
    total, exact, end = ZERO, base, base
    for asked, done in stops:
        if asked >= end:
            break
        derivation.add(asked, done, Reason.PAUSED)
        total += worked_between(max(asked, counted_from), done, calendar)
        exact = after(base, total, calendar)
        end = closing(exact.date(), calendar) if in_days else exact
    if exact > base:
        derivation.add(base, exact, Reason.ADDED)
    if end > exact:
        derivation.add(exact, end, Reason.ROUNDED)
    return end


def _restarted(
    base: datetime,
    stops: list[tuple[datetime, datetime]],
    limit: ProcessingTime,
    calendar: WorkingCalendar,
    derivation: Derivation,
) -> datetime:
    """R11, RESTART: the limit is counted again from the end of the last request that began in time."""
    end = base
    for asked, done in stops:
        if asked >= end:
            break
        derivation.add(asked, done, Reason.RESTARTED)
        end = _base(done, limit, calendar, derivation)
    return end


def _merged(pauses: Sequence[tuple[datetime, datetime]], start: datetime) -> list[tuple[datetime, datetime]]:
    """The union, in order, clipped to reception; pauses of zero length are nothing."""
    merged: list[tuple[datetime, datetime]] = []
    for asked, done in sorted((local(a), local(b)) for a, b in pauses):
        if done < asked:
            raise ValueError("a pause ends before it starts")
        begins = max(asked, start)
        if begins >= done:
            continue
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], done))
        else:
            merged.append((begins, done))
    return merged


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
