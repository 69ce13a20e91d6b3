"""How much working time a task has left, in the words that clerks read; no clock, no files.

One day of the words is eight working hours (data of the agency's calendar in the sample province); rounded down.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from shared.catalogue.model import SupplementClock, WorkingCalendar
from shared.contracts.facts import Facts
from shared.dossier.deadline import ANSWER_TIME
from shared.dossier.lifecycle import STAGES, Clock, Stage
from shared.dossier.working_time import DAY, LOCAL, ZERO, after, local, utc, worked_between

WORKING_DAY: Final = timedelta(hours=8)
_HOUR: Final = timedelta(hours=1)
_ANSWER: Final = timedelta(hours=ANSWER_TIME.amount)
"""`answer_by` without its derivation, which no list shows: a list asks it for each of its rows."""
_MINUTE: Final = timedelta(minutes=1)
_HALF: Final = 2
_NB: Final = "\N{NO-BREAK SPACE}"
_WEEKDAYS: Final = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


class Chip(StrEnum):
    """How pressing it is; not the colours of the board."""

    OVER = "over"
    DAY = "day"
    HALF = "half"
    MORE = "more"
    STOPPED = "stopped"
    NONE = "none"


class Left(NamedTuple):
    """`time` is working time: left, or passed when overdue. `until` is the instant; `answers`: it is the answer's."""

    chip: Chip
    time: timedelta = ZERO
    until: datetime | None = None
    restarts: bool = False
    ended: bool = False
    answers: bool = False


def time_left(facts: Facts, now: datetime, calendar: WorkingCalendar, clock: SupplementClock) -> Left:
    """Where the dossier's own clock stands. Before acceptance the answer's clock runs (8 working hours)."""
    if facts.clock is Clock.PAUSED:
        if facts.stage is Stage.SUPPLEMENT and clock is SupplementClock.RESTART:
            return Left(Chip.STOPPED, restarts=True)
        return Left(Chip.STOPPED, timedelta(minutes=facts.remaining_minutes or 0))
    if facts.stage is Stage.SUBMITTED:
        until = utc(after(local(facts.submitted_at), _ANSWER, calendar))
        return _running(facts.submitted_at, until, now, calendar, answers=True)
    if facts.ended_at is not None or facts.ended:
        return Left(Chip.NONE, ended=True)
    if facts.due_at is None or STAGES[facts.stage].clock is not Clock.RUNS:
        return Left(Chip.NONE)
    return _running(facts.clock_from or facts.received_at or facts.submitted_at, facts.due_at, now, calendar)


def _running(
    start: datetime, until: datetime, now: datetime, calendar: WorkingCalendar, *, answers: bool = False
) -> Left:
    if now > until:
        return Left(Chip.OVER, worked_between(local(until), local(now), calendar), until, answers=answers)
    left = worked_between(local(now), local(until), calendar)
    whole = worked_between(local(start), local(until), calendar)
    chip = Chip.DAY if left <= WORKING_DAY else Chip.HALF if left * _HALF <= whole else Chip.MORE
    return Left(chip, left, until, answers=answers)


def amount(time: timedelta, language: str = "vi", day: timedelta = WORKING_DAY) -> str:
    """`2 ngày 3 giờ`, `2 giờ`, `25 phút`: rounded down, minutes only below an hour."""
    days, rest = divmod(time, day)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    units = {"vi": ("ngày", "giờ", "phút"), "en": ("day", "hour", "min")}[language]
    if not days and not hours:
        return f"{minutes}{_NB}{units[2]}" if minutes else {"vi": "chưa đến 1 phút", "en": "under a minute"}[language]
    parts = ((days, units[0]), (hours, units[1]))
    return " ".join(f"{n}{_NB}{unit}{'s' if language == 'en' and n > 1 else ''}" for n, unit in parts if n)


def words(left: Left, language: str = "vi") -> str:
    """The exact words of the chip."""
    vietnamese = language != "en"
    if left.ended:
        return "đã xong" if vietnamese else "done"
    if left.chip is Chip.NONE:
        return "chưa có hạn" if vietnamese else "no due date yet"
    if left.restarts:
        return "chờ bổ sung, tính lại từ đầu khi đủ" if vietnamese else "waiting for papers, counted anew when complete"
    time = amount(left.time, "vi" if vietnamese else "en")
    match left.chip:
        case Chip.STOPPED:
            return f"tạm dừng, còn lại {time}" if vietnamese else f"paused, {time} left"
        case Chip.OVER:
            return f"quá hạn {time}" if vietnamese else f"overdue by {time}"
        case _:
            return f"còn {time}" if vietnamese else f"{time} left"


def until_words(left: Left, now: datetime, language: str = "vi", *, weekday: bool = False) -> str:
    """`hạn 17:00 thứ Ba 09/05/2023`; of the answer's clock `trả lời trước 16:00 hôm nay`; empty without an instant."""
    if left.until is None:
        return ""
    at, vietnamese = left.until.astimezone(LOCAL), language != "en"
    if left.answers:
        return (
            f"trả lời trước {instant(at, now, language)}"
            if vietnamese
            else f"answer before {instant(at, now, language)}"
        )
    day = f"{_WEEKDAYS['vi' if vietnamese else 'en'][at.weekday()]} " if weekday else ""
    return f"{'hạn' if vietnamese else 'due'} {at:%H:%M} {day}{at:%d/%m/%Y}"


def instant(at: datetime, now: datetime, language: str = "vi") -> str:
    """`16:00 hôm nay`, `08:00 ngày mai`, `17:00 09/05/2023`: relative days only beside a clock time."""
    here, today = at.astimezone(LOCAL), now.astimezone(LOCAL).date()
    days = {today: ("hôm nay", "today"), today + DAY: ("ngày mai", "tomorrow")}
    day = days[here.date()][language == "en"] if here.date() in days else f"{here:%d/%m/%Y}"
    return f"{here:%H:%M} {day}"


def weekday(at: datetime, language: str = "vi") -> str:
    """`thứ Ba` of the local day."""
    return _WEEKDAYS["en" if language == "en" else "vi"][at.astimezone(LOCAL).weekday()]


_UNITS: Final = {
    "vi": {"wd": "ngày làm việc", "d": "ngày (kể cả ngày nghỉ)", "mo": "tháng", "wh": "giờ làm việc"},
    "en": {"wd": "working days", "d": "calendar days", "mo": "months", "wh": "working hours"},
}


def limit_words(text: str, language: str = "vi") -> str:
    """`3wd` as `3 ngày làm việc`, `same-day` as `Trả trong ngày`."""
    if text == "same-day":
        return "Same day" if language == "en" else "Trả trong ngày"
    number = "".join(letter for letter in text if letter.isdigit())
    return f"{number} {_UNITS['en' if language == 'en' else 'vi'][text.removeprefix(number)]}"
