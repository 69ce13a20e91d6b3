"""Working days and working time on one calendar: the arithmetic under the deadline rules.

Everything here is local civil time (UTC+7, no daylight saving) without a zone; `local` and `utc` are the two doors.
Whole days are stepped, minutes never. Raises CalendarMissing, which names the year, for days nobody published.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from shared.catalogue.model import WorkingCalendar

OFFSET: Final = timedelta(hours=7)
LOCAL: Final = timezone(OFFSET, "Asia/Ho_Chi_Minh")
"""A fixed offset: Viet Nam has had no daylight saving since 1975, and a zone file would be a read."""

DAY: Final = timedelta(days=1)
ZERO: Final = timedelta()


def local(at: datetime) -> datetime:
    """The instant as local civil time. Raises ValueError when it has no offset."""
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC")
    return at.astimezone(LOCAL).replace(tzinfo=None)


def utc(at: datetime) -> datetime:
    """Local civil time as an instant."""
    return (at - OFFSET).replace(tzinfo=UTC)


def midnight(day: date) -> datetime:
    """The first moment of the day."""
    return datetime.combine(day, time.min)


def opening(day: date, calendar: WorkingCalendar) -> datetime:
    """When the first shift of the day begins."""
    return datetime.combine(day, calendar.shifts[0][0])


def closing(day: date, calendar: WorkingCalendar) -> datetime:
    """When the last shift of the day ends."""
    return datetime.combine(day, calendar.shifts[-1][1])


def next_worked(day: date, calendar: WorkingCalendar) -> date:
    """The first working day after this one."""
    day += DAY
    while not calendar.is_worked(day):
        day += DAY
    return day


def this_or_next_worked(day: date, calendar: WorkingCalendar) -> date:
    """This day when it is a working day, else the next one."""
    return day if calendar.is_worked(day) else next_worked(day, calendar)


def last_worked(day: date, calendar: WorkingCalendar) -> date:
    """This day when it is a working day, else the last one before it."""
    while not calendar.is_worked(day):
        day -= DAY
    return day


def shifts_from(at: datetime, calendar: WorkingCalendar) -> Iterator[tuple[datetime, datetime]]:
    """What is left of today's shifts, then all later ones; ends only by CalendarMissing."""
    day = this_or_next_worked(at.date(), calendar)
    while True:
        for start, end in calendar.shifts:
            begins, ends = max(at, datetime.combine(day, start)), datetime.combine(day, end)
            if begins < ends:
                yield begins, ends
        day = next_worked(day, calendar)


def worked_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """Working time inside [start, end); zero when they are not in order."""
    if end <= start:
        return ZERO
    first, last = start.date(), end.date()
    if first == last:
        return _worked_on(first, start, end, calendar)
    total = _worked_on(first, start, midnight(first + DAY), calendar) + _worked_on(last, midnight(last), end, calendar)
    whole_days, day = 0, first + DAY
    while day < last:
        whole_days += calendar.is_worked(day)
        day += DAY
    return total + whole_days * calendar.day_length


def after(at: datetime, amount: timedelta, calendar: WorkingCalendar) -> datetime:
    """The moment when that much working time has run since `at`; at a shift's edge it stays on the edge that ends."""
    if amount <= ZERO:
        return at
    days, rest = divmod(amount, calendar.day_length)
    if not rest:
        days, rest = days - 1, calendar.day_length
    day = this_or_next_worked(at.date(), calendar)
    clock = at.time() if day == at.date() else time.min
    for _ in range(days):  # the same clock time one working day later is one day's working time later
        day = next_worked(day, calendar)
    shifts = shifts_from(datetime.combine(day, clock), calendar)
    begins, ends = next(shifts)
    while rest > ends - begins:
        rest -= ends - begins
        begins, ends = next(shifts)
    return begins + rest


def _worked_on(day: date, start: datetime, end: datetime, calendar: WorkingCalendar) -> timedelta:
    """Working time inside [start, end), both on this day (or its closing midnight)."""
    if start >= end or not calendar.is_worked(day):
        return ZERO
    parts = (
        min(end, datetime.combine(day, closes)) - max(start, datetime.combine(day, opens))
        for opens, closes in calendar.shifts
    )
    return sum((part for part in parts if part > ZERO), ZERO)
