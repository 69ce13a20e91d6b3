"""A slow, obvious second opinion on due times: it lists every worked minute and counts with its finger."""

from __future__ import annotations

import bisect
import calendar as months
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.catalogue.model import ProcessingTime, SupplementClock, Unit, WorkingCalendar

Interval = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Reference:
    """Every worked minute of the calendar's span, in order. Local time without zone, whole minutes only."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self.days: list[date] = []
        self.minutes: list[datetime] = []
        self.close = calendar.shifts[-1][1]
        day = calendar.first_on
        while day <= calendar.last_on:
            if day in calendar.days_worked or (day.weekday() not in {5, 6} and day not in calendar.days_off):
                self.days.append(day)
                for opens, closes in calendar.shifts:
                    minute = datetime.combine(day, opens)
                    while minute < datetime.combine(day, closes):
                        self.minutes.append(minute)
                        minute += MINUTE
            day += DAY

    def closing(self, day: date) -> datetime:
        return datetime.combine(day, self.close)

    def on_or_after(self, day: date) -> date:
        return self.days[bisect.bisect_left(self.days, day)]

    def base(self, start: datetime, limit: ProcessingTime) -> datetime:
        day = start.date()
        if limit.unit is Unit.WORKING_DAY:
            return self.closing(self.days[bisect.bisect_right(self.days, day) + limit.amount - 1])
        if limit.unit is Unit.WORKING_HOUR:
            return self.minutes[bisect.bisect_left(self.minutes, start) + limit.amount * 60 - 1] + MINUTE
        if limit.unit is Unit.SAME_DAY:
            if day in self.days and (start.hour, start.minute, start.second) <= (15, 0, 0):
                return self.closing(day)
            return self.closing(self.on_or_after(day + DAY))
        if limit.unit is Unit.CALENDAR_DAY:
            return self.closing(self.on_or_after(day + limit.amount * DAY))
        month, year = day.month, day.year
        for _ in range(limit.amount):
            month, year = (1, year + 1) if month == 12 else (month + 1, year)
        return self.closing(self.on_or_after(date(year, month, min(day.day, months.monthrange(year, month)[1]))))

    def paused_minutes(self, start: datetime, end: datetime) -> list[datetime]:
        return self.minutes[bisect.bisect_left(self.minutes, start) : bisect.bisect_left(self.minutes, end)]

    def later(self, at: datetime, minutes: int) -> datetime:
        if not minutes:
            return at
        return self.minutes[bisect.bisect_left(self.minutes, at) + minutes - 1] + MINUTE

    def due(  # noqa: PLR0917 - the engine's own arguments
        self,
        start: datetime,
        limit: ProcessingTime,
        pauses: Sequence[Interval] = (),
        policy: SupplementClock = SupplementClock.PAUSE,
        duties: Sequence[Interval] = (),
        extension: ProcessingTime | None = None,
        new_date: Interval | None = None,
    ) -> datetime:
        def counted(begin: datetime) -> datetime:
            end = self.base(begin, limit)
            return self.base(end, extension) if extension else end

        in_days = limit.unit is not Unit.WORKING_HOUR
        if new_date is not None:
            later = [pause for pause in [*pauses, *duties] if max(pause[0], start) > new_date[0]]
            return self._pushed(new_date[1], start, later, in_days=in_days)
        if policy is SupplementClock.PAUSE:
            return self._pushed(counted(start), start, [*pauses, *duties], in_days=in_days)
        complete, end = start, self._pushed(counted(start), start, duties, in_days=in_days)
        for asked, done in sorted(pauses):
            if asked < done and done > complete and max(asked, start) < end:
                complete = done
                rest = [(max(a, complete), b) for a, b in duties if b > complete]
                end = self._pushed(counted(complete), complete, rest, in_days=in_days)
            elif max(asked, start) >= end:
                break
        return end

    def _pushed(self, base: datetime, start: datetime, pauses: Sequence[Interval], *, in_days: bool) -> datetime:
        end, paused = base, set[datetime]()
        for asked, done in sorted(pauses):
            if asked == done or done <= start or max(asked, start) >= end:
                continue
            paused.update(self.paused_minutes(max(asked, start), done))
            counted = [minute for minute in paused if not in_days or minute.date() > start.date()]
            end = self.later(base, len(counted))
            end = self.closing(end.date()) if in_days else end
        return end
