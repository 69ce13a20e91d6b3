"""When a dossier is due, and why: a pure function of reception, limit, calendar, pauses and supplement policy.

The answer carries its derivation, the counted and skipped intervals with reason and article, so that a clerk or a
citizen can check it by hand. R1-R15 number the rules (docs/law.md); law is Bộ luật Dân sự 2015 Điều 147-148 unless said
otherwise. Called by the dossier's state inside the workflow, by forms and by the command line: no clock, no files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import Final, Literal, NamedTuple

from shared.catalogue.model import (
    CalendarMissing,
    ProcessingTime,
    SupplementClock,
    Unit,
    WorkingCalendar,
)
from shared.dossier.derivation import LAW, WORDS, Derivation, Reason, Step, whole_days
from shared.dossier.working_time import (
    DAY,
    ZERO,
    after,
    closing,
    last_worked,
    local,
    midnight,
    next_worked,
    nth_worked,
    opening,
    shifts_from,
    start_of,
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
    "near_due_at",
    "remaining",
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


SORTS: Final = {True: Reason.WORKED, False: Reason.WEEKLY_REST, None: Reason.DAY_OFF}


class Due(NamedTuple):
    """The answer: `base_due_at` without pauses, `due_at` with them; the steps lead from reception to the end."""

    due_at: datetime
    base_due_at: datetime
    steps: tuple[Step, ...]


Interval = tuple[datetime, datetime]


def due(
    received_at: datetime,
    limit: ProcessingTime,
    calendar: WorkingCalendar,
    pauses: Sequence[Interval] = (),
    policy: SupplementClock = SupplementClock.PAUSE,
    *,
    duties: Sequence[Interval] = (),
    extension: ProcessingTime | None = None,
    new_date: Interval | None = None,
) -> Due:
    """The due instant and its derivation (R1-R7, R11, R12, R16).

    `pauses` are closed supplement requests, in any order, overlaps allowed, under `policy`; `duties` are pauses that
    always add (financial duty, force majeure by decision), after a restart too. `extension` is counted on from the end
    of the limit, in its own unit (verification). `new_date` = (when the apology was sent, the new due instant): it
    replaces whatever was due; only pauses that begin later move it.

    Raises ValueError for an instant without offset or a pause that ends before it starts; CalendarMissing, which names
    the year, when a needed day has no published calendar.
    """
    case = _Case(local(received_at), limit, extension, calendar, Derivation())
    end = base = _base(case)
    stops, adding = _clipped(pauses, case.start), _clipped(duties, case.start)
    restarts = policy is SupplementClock.RESTART
    if new_date is None:
        end = _restarted(case, base, stops, adding) if restarts else _paused(case, base, sorted([*stops, *adding]))
    else:
        decided, end = local(new_date[0]), local(new_date[1])
        case.derivation.add(decided, end, Reason.APPOINTED)
        later = [stop for stop in sorted([*stops, *adding]) if stop[0] > decided]
        end = _paused(case, end, later)
    return Due(utc(end), utc(base), case.derivation.steps())


class _Case(NamedTuple):
    """What every rule reads, in local time, and where it writes its steps."""

    start: datetime
    limit: ProcessingTime
    extension: ProcessingTime | None
    calendar: WorkingCalendar
    derivation: Derivation


def _base(case: _Case) -> datetime:
    """The end of the limit and, where verification lengthens it, of the extension."""
    end = _limit(case)
    if case.extension is None:
        return end
    further = _limit(case._replace(start=end, limit=case.extension, extension=None, derivation=Derivation()))
    case.derivation.add(end, further, Reason.EXTENDED, case.extension.amount)
    return further


def _limit(case: _Case) -> datetime:
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
    first = case.start.toordinal() + 1
    last = nth_worked(date.fromordinal(first), case.limit.amount - 1, case.calendar).toordinal()
    case.derivation.add(case.start, start_of(first), Reason.RECEPTION_DAY)
    runs = case.calendar.runs
    for index in range(bisect_right(runs, first, key=itemgetter(0)) - 1, len(runs)):
        begins, ends, sort = runs[index]
        begins = max(begins, first)
        if ends > last:
            break
        case.derivation.put(whole_days(begins, ends, SORTS[sort]))
    end = closing(date.fromordinal(last), case.calendar)
    case.derivation.add(start_of(begins), end, Reason.WORKED, last + 1 - begins)
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


def _restarted(case: _Case, base: datetime, stops: list[Interval], duties: list[Interval]) -> datetime:
    """R11, RESTART: counted again from the end of the last request that began in time; other pauses then add."""
    complete, end = case.start, _paused(case, base, duties)
    for asked, done in stops:
        if asked >= end:
            break
        if done > complete:
            complete = done
            case.derivation.add(asked, done, Reason.RESTARTED)
            again = case._replace(start=done)
            end = _paused(again, _base(again), [(max(a, done), b) for a, b in duties if b > done])
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


def remaining(
    received_at: datetime, due_at: datetime, paused_at: datetime, limit: ProcessingTime, calendar: WorkingCalendar
) -> timedelta:
    """Working time that an open pause keeps for later: from its beginning to what was due then.

    For day units the reception day holds none (R2).
    """
    start = max(local(paused_at), local(received_at))
    if limit.unit is not Unit.WORKING_HOUR:
        start = max(start, midnight(local(received_at).date() + DAY))
    return worked_between(start, local(due_at), calendar)


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
