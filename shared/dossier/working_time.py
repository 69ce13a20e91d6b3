"""Working days and working time on one calendar: the arithmetic under the deadline rules.

Everything here is local civil time (UTC+7, no daylight saving) without a zone; `local` and `utc` are the two doors.
Days are found by bisection, shifts are stepped, minutes never. Raises CalendarMissing, which names the year, for
days nobody published.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final

from shared.catalogue.calendar import CalendarMissing, WorkingCalendar, microseconds

OFFSET: Final = timedelta(hours=7)
LOCAL: Final = timezone(OFFSET, "Asia/Ho_Chi_Minh")
"""A fixed offset: Viet Nam has had no daylight saving since 1975, and a zone file would be a read."""

DAY: Final = timedelta(days=1)
ZERO: Final = timedelta()
MICROSECOND: Final = timedelta(microseconds=1)


def local(at: datetime) -> datetime:
    """The instant as local civil time. Raises ValueError when it has no offset."""
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC")
    if at.tzinfo is UTC:  # the usual case, at half the price
        return at.replace(tzinfo=None) + OFFSET
    return at.astimezone(LOCAL).replace(tzinfo=None)


@lru_cache(maxsize=8192)
def utc(at: datetime) -> datetime:
    """Local civil time as an instant. Days begin and close at few moments: most answers are remembered."""
    return (at - OFFSET).replace(tzinfo=UTC)


def midnight(day: date) -> datetime:
    """The first moment of the day."""
    return datetime.combine(day, time.min)


@lru_cache(maxsize=8192)
def start_of(ordinal: int) -> datetime:
    """The first moment of the day with this ordinal."""
    return datetime.combine(date.fromordinal(ordinal), time.min)


def opening(day: date, calendar: WorkingCalendar) -> datetime:
    """When the first shift of the day begins."""
    return datetime.combine(day, calendar.shifts[0][0])


def closing(day: date, calendar: WorkingCalendar) -> datetime:
    """When the last shift of the day ends."""
    return datetime.combine(day, calendar.shifts[-1][1])


def next_worked(day: date, calendar: WorkingCalendar) -> date:
    """The first working day after this one."""
    return this_or_next_worked(day + DAY, calendar)


def this_or_next_worked(day: date, calendar: WorkingCalendar) -> date:
    """This day when it is a working day, else the next one."""
    return nth_worked(day, 0, calendar)


def nth_worked(day: date, amount: int, calendar: WorkingCalendar) -> date:
    """The working day `amount` working days after the first one that is not before `day`."""
    if day < calendar.first_on:
        raise CalendarMissing(day.year)
    index = bisect_left(calendar.worked, day.toordinal()) + amount
    if index >= len(calendar.worked):
        raise CalendarMissing(max(day, calendar.last_on + DAY).year)
    return date.fromordinal(calendar.worked[index])


def last_worked(day: date, calendar: WorkingCalendar) -> date:
    """This day when it is a working day, else the last one before it."""
    index = bisect_right(calendar.worked, day.toordinal())
    if not index or day > calendar.last_on:
        raise CalendarMissing(day.year if day > calendar.last_on else (calendar.first_on - DAY).year)
    return date.fromordinal(calendar.worked[index - 1])


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
    return timedelta(microseconds=_worked_before(end, calendar) - _worked_before(start, calendar))


def after(at: datetime, amount: timedelta, calendar: WorkingCalendar) -> datetime:
    """The moment when that much working time has run since `at`; at a shift's edge it stays on the edge that ends."""
    if amount <= ZERO:
        return at
    index, rest = divmod(_worked_before(at, calendar) + amount // MICROSECOND - 1, calendar.day_length)
    if index >= len(calendar.worked):
        raise CalendarMissing((calendar.last_on + DAY).year)
    opens = before = 0
    for edge in calendar.shift_edges:
        if rest >= edge[2]:
            opens, _, before = edge
    return start_of(calendar.worked[index]) + timedelta(microseconds=opens + rest - before + 1)


def _worked_before(at: datetime, calendar: WorkingCalendar) -> int:
    """Working time between the calendar's first day and this moment, in microseconds."""
    day, now = at.toordinal(), microseconds(at)
    first, last = calendar.span
    if not first <= day <= last and (day != last + 1 or now):
        raise CalendarMissing(at.year)
    index = bisect_left(calendar.worked, day)
    total = index * calendar.day_length
    if index < len(calendar.worked) and calendar.worked[index] == day:
        for opens, closes, _ in calendar.shift_edges:
            if now > opens:
                total += min(now, closes) - opens
    return total
