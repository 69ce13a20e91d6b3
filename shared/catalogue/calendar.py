"""Time in the catalogue: limits as procedures name them, and calendars that say which days and hours are worked.

Read by the deadline engine (`shared.dossier.deadline`); imported by others through `shared.catalogue.model`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final, Self, cast

from pydantic import Field, model_validator

from shared.catalogue.row import Dated, Row


class Unit(StrEnum):
    """In what a time limit is counted (deadlines R1)."""

    WORKING_DAY = "WORKING_DAY"
    CALENDAR_DAY = "CALENDAR_DAY"
    MONTH = "MONTH"
    WORKING_HOUR = "WORKING_HOUR"
    SAME_DAY = "SAME_DAY"


_SHORT: Final = {"wd": Unit.WORKING_DAY, "d": Unit.CALENDAR_DAY, "mo": Unit.MONTH, "wh": Unit.WORKING_HOUR}
_LIMIT: Final = re.compile(r"^([1-9][0-9]{0,3})(wd|d|mo|wh)$")


class ProcessingTime(Row):
    """The time limit of a procedure; written `5wd`, `15d`, `2mo`, `8wh` or `same-day` in data and commands."""

    unit: Unit
    amount: Annotated[int, Field(ge=1, le=9999)] = 1

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return cls._parts(given) if isinstance(given, str) else given

    @staticmethod
    def _parts(text: str) -> dict[str, Any]:
        if text == "same-day":
            return {"unit": Unit.SAME_DAY}
        if match := _LIMIT.match(text):
            return {"unit": _SHORT[match[2]], "amount": int(match[1])}
        raise ValueError("a time limit is written 5wd, 15d, 2mo, 8wh or same-day")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The limit that the text writes. Raises ValueError that says how it is written."""
        return cls(**cls._parts(text))

    def __str__(self) -> str:
        if self.unit is Unit.SAME_DAY:
            return "same-day"
        return f"{self.amount}{next(short for short, unit in _SHORT.items() if unit is self.unit)}"


class SupplementClock(StrEnum):
    """What a supplement request does to the limit: count again from the start, or add the paused time."""

    RESTART = "RESTART"
    PAUSE = "PAUSE"


class CalendarMissing(ValueError):
    """No calendar is published for a day that a deadline needs: never guessed. `year` is the year to publish."""

    def __init__(self, year: int) -> None:
        super().__init__(f"no working calendar is published for {year}")
        self.year = year


Shifts = tuple[tuple[time, time], ...]

OFFICE_HOURS: Final[Shifts] = ((time(7), time(11, 30)), (time(13, 30), time(17)))
"""Office hours of Long An (sample): 4 h 30 + 3 h 30 = 8 h."""


def microseconds(clock: time | datetime) -> int:
    """Since midnight."""
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond


class WorkingCalendar(Row):
    """Which days are worked between `first_on` and `last_on`, and in which shifts (local time, ordered, apart).

    Weekdays are worked except `days_off`; weekends are not, except `days_worked`. Small: it travels with the dossier.
    """

    version: str
    first_on: date
    last_on: date
    days_off: tuple[date, ...] = ()
    days_worked: tuple[date, ...] = ()
    shifts: Annotated[Shifts, Field(min_length=1)] = OFFICE_HOURS

    @model_validator(mode="after")
    def _shifts_in_order(self) -> Self:
        edges = [edge for shift in self.shifts for edge in shift]
        if any(later <= earlier for earlier, later in pairwise(edges)):
            raise ValueError("shifts must be ordered and apart")
        return self

    def __copy__(self) -> Self:
        """Fields only: a changed copy must not keep tables made for the old days."""
        made = type(self).model_construct(**{name: getattr(self, name) for name in type(self).model_fields})
        return cast("Self", made)

    def __deepcopy__(self, memo: Any = None) -> Self:
        """Frozen all the way down."""
        return self

    @cached_property
    def _exceptions(self) -> dict[date, bool]:
        return dict.fromkeys(self.days_off, False) | dict.fromkeys(self.days_worked, True)

    @cached_property
    def worked(self) -> list[int]:
        """The working days as ordinals, ascending: made once per calendar, asked by bisection."""
        exceptions, last = self._exceptions, self.last_on.toordinal()
        off = {day.toordinal() for day, worked in exceptions.items() if not worked}
        extra = {day.toordinal() for day, worked in exceptions.items() if worked}
        return [
            day
            for day in range(self.first_on.toordinal(), last + 1)
            if ((day + 6) % 7 < 5 and day not in off) or day in extra  # noqa: PLR2004 - Saturday is 5
        ]

    @cached_property
    def runs(self) -> list[tuple[int, int, bool | None]]:
        """Neighbouring days of one sort: (first ordinal, ordinal after the last, worked / weekly rest / None = off)."""
        worked, runs = set(self.worked), list[tuple[int, int, bool | None]]()
        for day in range(self.first_on.toordinal(), self.last_on.toordinal() + 1):
            sort = True if day in worked else None if (day + 6) % 7 < 5 else False  # noqa: PLR2004 - Saturday is 5
            if runs and runs[-1][2] is sort:
                runs[-1] = (runs[-1][0], day + 1, sort)
            else:
                runs.append((day, day + 1, sort))
        return runs

    @cached_property
    def span(self) -> tuple[int, int]:
        """First and last published day as ordinals."""
        return self.first_on.toordinal(), self.last_on.toordinal()

    @cached_property
    def shift_edges(self) -> tuple[tuple[int, int, int], ...]:
        """Per shift, in microseconds of the day: opens, closes, working time before it."""
        edges, before = list[tuple[int, int, int]](), 0
        for opens, closes in self.shifts:
            edges.append((microseconds(opens), microseconds(closes), before))
            before += microseconds(closes) - microseconds(opens)
        return tuple(edges)

    @cached_property
    def day_length(self) -> int:
        """Working time of one whole day, in microseconds."""
        opens, closes, before = self.shift_edges[-1]
        return before + closes - opens

    def is_worked(self, day: date) -> bool:
        """Whether the day is a working day. Raises CalendarMissing outside the published span."""
        if not self.first_on <= day <= self.last_on:
            raise CalendarMissing(day.year)
        worked = self._exceptions.get(day)
        return day.weekday() < 5 if worked is None else worked  # noqa: PLR2004 - Saturday is 5

    def around(self, day: date, days_before: int, days_after: int) -> WorkingCalendar:
        """The same calendar cut to what one dossier can need."""
        first = max(self.first_on, day - timedelta(days_before))
        last = min(self.last_on, day + timedelta(days_after))
        return self.model_copy(
            update={
                "first_on": first,
                "last_on": last,
                "days_off": tuple(d for d in self.days_off if first <= d <= last),
                "days_worked": tuple(d for d in self.days_worked if first <= d <= last),
            }
        )


class DayKind(StrEnum):
    """Why a day is not what its weekday says (deadlines §2)."""

    HOLIDAY = "HOLIDAY"
    OBSERVED = "OBSERVED"
    SWAP_OFF = "SWAP_OFF"
    SWAP_WORK = "SWAP_WORK"


class CalendarYear(Row):
    """The published exceptions of one year; `verified` = compared with the decision, else a draft."""

    year: int
    decision: str
    verified: bool
    days: Mapping[date, DayKind]


class Closure(Row):
    """A day on which an agency and all below it are closed, or work although others do not; by its own decision."""

    agency_code: str
    day: date
    kind: DayKind
    decision: str


class OfficeHours(Dated):
    """Shifts of an agency and all below it; no agency = everywhere else."""

    agency_code: str | None = None
    shifts: Shifts
