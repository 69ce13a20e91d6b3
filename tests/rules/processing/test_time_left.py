"""The exact words of working time left, on the calendar of May 2023 and around Tết."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest

from services.processing.rules.time_left import Chip, Left, amount, instant, time_left, until_words, words
from shared.catalogue.model import SupplementClock, WorkingCalendar
from shared.contracts.facts import facts_of
from shared.dossier.deadline import answer_by
from shared.dossier.lifecycle import Clock, Stage
from shared.dossier.working_time import LOCAL
from tests import builders

CALENDAR: Final = WorkingCalendar(
    version="2023.1",
    first_on=date(2022, 1, 1),
    last_on=date(2024, 12, 31),
    days_off=(*(date(2023, 1, day) for day in (20, 23, 24, 25, 26)), *(date(2023, 5, day) for day in (1, 2, 3))),
    days_worked=(date(2023, 5, 13),),
)
"""13/05 is a worked Saturday."""
NOW: Final = datetime(2023, 5, 5, 14, tzinfo=LOCAL)
"""14:00 on a Friday: the sample instant of the screens."""


def at(text: str) -> datetime:
    return datetime.strptime(text, "%H:%M %d/%m/%Y").replace(tzinfo=LOCAL)


def said(stage: Stage = Stage.PROCESSING, *, now: datetime = NOW, policy: str = "PAUSE", **facts: Any) -> str:
    """The words of a dossier received on 27/04, as the list has them."""
    given = {"received_at": at("15:40 27/04/2023"), "clock_from": at("15:40 27/04/2023"), **facts}
    known = facts_of(builders.a_dossier(Stage.PROCESSING)).model_copy(
        update={"stage": stage, "clock": Clock.RUNS, "ended_at": None, **given}
    )
    left = time_left(known, now, CALENDAR, SupplementClock(policy))
    return f"{words(left)} · {until_words(left, now, weekday=True)}".strip(" ·").replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        ("17:00 09/05/2023", "14:00 05/05/2023", "còn 2 ngày 3 giờ · hạn 17:00 thứ Ba 09/05/2023"),
        ("16:00 05/05/2023", "14:00 05/05/2023", "còn 2 giờ · hạn 16:00 thứ Sáu 05/05/2023"),
        ("14:25 05/05/2023", "14:00 05/05/2023", "còn 25 phút · hạn 14:25 thứ Sáu 05/05/2023"),
        ("14:59 05/05/2023", "14:00 05/05/2023", "còn 59 phút · hạn 14:59 thứ Sáu 05/05/2023"),
        ("15:00 05/05/2023", "14:00 05/05/2023", "còn 1 giờ · hạn 15:00 thứ Sáu 05/05/2023"),
        ("15:59 05/05/2023", "14:00 05/05/2023", "còn 1 giờ · hạn 15:59 thứ Sáu 05/05/2023"),
        ("14:00 08/05/2023", "14:00 05/05/2023", "còn 1 ngày · hạn 14:00 thứ Hai 08/05/2023"),
        ("17:00 04/05/2023", "14:00 05/05/2023", "quá hạn 5 giờ · hạn 17:00 thứ Năm 04/05/2023"),
        ("17:00 28/04/2023", "14:00 05/05/2023", "quá hạn 1 ngày 5 giờ · hạn 17:00 thứ Sáu 28/04/2023"),
        ("13:40 05/05/2023", "14:00 05/05/2023", "quá hạn 20 phút · hạn 13:40 thứ Sáu 05/05/2023"),
        ("17:00 27/01/2023", "08:00 19/01/2023", "còn 1 ngày 7 giờ · hạn 17:00 thứ Sáu 27/01/2023"),  # over Tết
        ("17:00 13/05/2023", "07:00 12/05/2023", "còn 2 ngày · hạn 17:00 thứ Bảy 13/05/2023"),  # a worked Saturday
        ("11:30 08/05/2023", "13:30 05/05/2023", "còn 1 ngày · hạn 11:30 thứ Hai 08/05/2023"),  # half days
        ("17:00 08/05/2023", "20:00 05/05/2023", "còn 1 ngày · hạn 17:00 thứ Hai 08/05/2023"),  # asked at night
        ("17:00 05/05/2023", "18:00 05/05/2023", "quá hạn chưa đến 1 phút · hạn 17:00 thứ Sáu 05/05/2023"),
        ("17:00 05/05/2023", "17:00 05/05/2023", "còn chưa đến 1 phút · hạn 17:00 thứ Sáu 05/05/2023"),
    ],
)
def test_a_running_clock_says_what_is_left_and_when_it_ends(due: str, now: str, expected: str) -> None:
    assert said(now=at(now), due_at=at(due)) == expected


@pytest.mark.parametrize(
    ("stage", "facts", "policy", "expected"),
    [
        (Stage.SUPPLEMENT, {"remaining_minutes": 22 * 60}, "PAUSE", "tạm dừng, còn lại 2 ngày 6 giờ"),
        (Stage.SUPPLEMENT, {"remaining_minutes": 22 * 60}, "RESTART", "chờ bổ sung, tính lại từ đầu khi đủ"),
        (Stage.FINANCIAL_DUTY, {"remaining_minutes": 25}, "RESTART", "tạm dừng, còn lại 25 phút"),
    ],
)
def test_a_stopped_clock_says_what_waits(stage: Stage, facts: dict[str, Any], policy: str, expected: str) -> None:
    assert said(stage, policy=policy, due_at=None, **{"clock": Clock.PAUSED} | facts) == expected


def test_before_acceptance_the_clock_of_the_answer_runs() -> None:
    filed = {"clock": Clock.IDLE, "due_at": None, "received_at": None, "clock_from": None}
    assert said_submitted("16:00 04/05/2023", **filed) == "còn 2 giờ · trả lời trước 16:00 hôm nay"


def said_submitted(filed_at: str, **facts: Any) -> str:
    given = facts | {"submitted_at": at(filed_at), "stage": Stage.SUBMITTED}
    known = facts_of(builders.a_dossier(Stage.SUBMITTED)).model_copy(update=given)
    left = time_left(known, NOW, CALENDAR, SupplementClock.PAUSE)
    return f"{words(left)} · {until_words(left, NOW)}".replace("\N{NO-BREAK SPACE}", " ")


def test_what_has_no_due_time_yet_and_what_is_done_say_so() -> None:
    assert said(Stage.INTAKE_INCOMPLETE, due_at=None) == "chưa có hạn"
    assert said(Stage.RESULT_READY, ended_at=NOW) == "đã xong"


@pytest.mark.parametrize(
    ("left", "chip"),
    [
        (timedelta(0), Chip.DAY),
        (timedelta(hours=8), Chip.DAY),
        (timedelta(hours=9), Chip.HALF),
        (timedelta(days=9), Chip.MORE),
    ],
)
def test_the_chip_tells_the_last_day_and_the_second_half(left: timedelta, chip: Chip) -> None:
    start = datetime(2023, 5, 8, 7, tzinfo=LOCAL)  # Monday; ten working days to Friday of the week after
    until = datetime(2023, 5, 19, 17, tzinfo=LOCAL)
    from shared.dossier.working_time import after, local, utc, worked_between

    whole = worked_between(local(start), local(until), CALENDAR)
    now = utc(after(local(start), whole - left, CALENDAR)) if left < whole else start
    known = facts_of(builders.a_dossier(Stage.PROCESSING)).model_copy(
        update={"clock_from": start, "received_at": start, "due_at": until, "clock": Clock.RUNS}
    )
    assert time_left(known, now, CALENDAR, SupplementClock.PAUSE).chip is chip


def test_english_says_the_same() -> None:
    assert words(Left(Chip.OVER, timedelta(hours=5)), "en").replace("\N{NO-BREAK SPACE}", " ") == "overdue by 5 hours"
    assert amount(timedelta(hours=9), "en").replace("\N{NO-BREAK SPACE}", " ") == "1 day 1 hour"


def test_relative_days_stand_only_beside_a_clock_time() -> None:
    days = ("17:00 05/05/2023", "08:00 06/05/2023", "08:00 07/05/2023")
    assert [instant(at(day), NOW) for day in days] == ["17:00 hôm nay", "08:00 ngày mai", "08:00 07/05/2023"]


def test_the_answers_clock_of_a_list_is_the_deadline_rules_own() -> None:
    first = at("00:00 14/01/2023")
    for minutes in range(0, 60 * 24 * 130, 97):  # over Tết, the May holidays and a worked Saturday, at odd minutes
        submitted = first + timedelta(minutes=minutes)
        known = facts_of(builders.a_dossier(Stage.SUBMITTED)).model_copy(update={"submitted_at": submitted})
        left = time_left(known, submitted, CALENDAR, SupplementClock.PAUSE)
        assert left.until == answer_by(submitted, CALENDAR), submitted
