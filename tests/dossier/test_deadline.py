"""Every worked example of the law's calendar, and random cases against a reference that counts minutes."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue import lookup
from shared.catalogue.model import Unit
from shared.dossier.deadline import (
    CalendarMissing,
    Due,
    ProcessingTime,
    Reason,
    SupplementClock,
    WorkingCalendar,
    answer_by,
    apology_by,
    due,
    hand_over_by,
    near_due_at,
    remaining,
    standing,
    supplement_by,
    working_time_between,
)
from shared.dossier.working_time import LOCAL, local, utc
from shared.platform.catalogue import load_catalogue
from tests.dossier.deadline_reference import Reference

CALENDAR = lookup.calendar_for(load_catalogue(), "000.00.03.H39", date(2022, 1, 1))
REFERENCE = Reference(CALENDAR)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """`2023-01-16 10:00` in local time as an instant."""
    return utc(datetime.fromisoformat(text))


def due_text(received: str, limit: str, *pauses: tuple[str, str], policy: str = "PAUSE") -> str:
    answer = due(
        at(received),
        ProcessingTime.parse(limit),
        CALENDAR,
        [(at(a), at(b)) for a, b in pauses],
        SupplementClock(policy),
    )
    assert answer.due_at.tzinfo is UTC
    return f"{local(answer.due_at):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("number", "received", "limit", "expected"),
    [
        (1, "2022-06-01 09:00", "5wd", "Wed 2022-06-08 17:00"),
        (2, "2022-08-30 16:30", "3wd", "Tue 2022-09-06 17:00"),
        (3, "2023-01-16 10:00", "5wd", "Mon 2023-01-30 17:00"),
        (4, "2023-01-19 10:00", "1wd", "Fri 2023-01-27 17:00"),
        (5, "2023-01-13 08:00", "10wd", "Fri 2023-02-03 17:00"),
        (6, "2024-02-06 14:00", "3wd", "Fri 2024-02-16 17:00"),
        (7, "2025-01-23 14:00", "7wd", "Mon 2025-02-10 17:00"),
        (8, "2023-04-26 08:30", "3wd", "Thu 2023-05-04 17:00"),
        (9, "2024-04-26 08:30", "3wd", "Sat 2024-05-04 17:00"),
        (10, "2024-04-26 08:30", "4wd", "Mon 2024-05-06 17:00"),
        (11, "2025-04-25 08:30", "1wd", "Sat 2025-04-26 17:00"),
        (12, "2025-04-25 08:30", "5wd", "Tue 2025-05-06 17:00"),
        (13, "2025-04-26 09:00", "3wd", "Mon 2025-05-05 17:00"),
        (14, "2023-01-07 09:00", "3wd", "Wed 2023-01-11 17:00"),
        (15, "2022-05-20 09:00", "15d", "Mon 2022-06-06 17:00"),
        (16, "2023-01-06 09:00", "15d", "Fri 2023-01-27 17:00"),
        (17, "2024-04-19 09:00", "15d", "Sat 2024-05-04 17:00"),
        (18, "2024-02-01 09:00", "10d", "Thu 2024-02-15 17:00"),
        (19, "2023-12-31 09:00", "2mo", "Thu 2024-02-29 17:00"),
        (20, "2024-12-30 09:00", "1mo", "Mon 2025-02-03 17:00"),
        (21, "2023-03-10 15:00:00", "same-day", "Fri 2023-03-10 17:00"),
        (22, "2023-03-10 15:00:01", "same-day", "Mon 2023-03-13 17:00"),
        (23, "2024-02-07 15:20", "same-day", "Thu 2024-02-15 17:00"),
        (24, "2025-04-29 15:30", "same-day", "Mon 2025-05-05 17:00"),
        (25, "2025-04-26 10:00", "same-day", "Sat 2025-04-26 17:00"),
        (26, "2023-06-02 15:30", "8wh", "Mon 2023-06-05 15:30"),
        (27, "2025-01-24 20:15", "8wh", "Mon 2025-02-03 17:00"),
        (28, "2024-05-03 16:00", "8wh", "Sat 2024-05-04 16:00"),
        (29, "2023-06-06 14:00", "4wh", "Wed 2023-06-07 08:00"),
        (44, "2023-03-13 10:20", "5wd", "Mon 2023-03-20 17:00"),
        (45, "2025-06-20 09:00", "15wd", "Fri 2025-07-11 17:00"),
        (46, "2023-01-12 09:00", "10d", "Fri 2023-01-27 17:00"),
        (48, "2026-01-09 09:00", "1wd", "Sat 2026-01-10 17:00"),
    ],
)
def test_a_worked_example_falls_due_when_the_table_says(number: int, received: str, limit: str, expected: str) -> None:
    assert due_text(received, limit) == expected


OVER_TET = ("2023-01-18 10:00", "2023-01-30 10:00")
IN_JUNE = ("2023-06-08 10:00", "2023-06-14 14:30")


def test_30_a_pause_over_tet_adds_its_three_working_days() -> None:
    assert due_text("2023-01-10 09:00", "10wd") == "Tue 2023-01-31 17:00"
    assert due_text("2023-01-10 09:00", "10wd", OVER_TET) == "Fri 2023-02-03 17:00"


def test_31_a_pause_of_34_hours_and_a_half_is_rounded_up_to_closing_time() -> None:
    assert working_time_between(at(IN_JUNE[0]), at(IN_JUNE[1]), CALENDAR) == 34.5 * HOUR
    assert due_text("2023-06-05 09:00", "10wd") == "Mon 2023-06-19 17:00"
    assert due_text("2023-06-05 09:00", "10wd", IN_JUNE) == "Mon 2023-06-26 17:00"


def test_32_a_pause_outside_working_time_adds_nothing() -> None:
    assert due_text("2023-06-05 09:00", "10wd", ("2023-06-09 17:05", "2023-06-11 21:00")) == "Mon 2023-06-19 17:00"


def test_33_a_pause_over_a_swapped_week_counts_the_worked_saturday() -> None:
    assert due_text("2024-04-22 09:00", "7wd") == "Sat 2024-05-04 17:00"
    assert due_text("2024-04-22 09:00", "7wd", ("2024-04-26 09:00", "2024-05-06 09:00")) == "Thu 2024-05-09 17:00"


def test_34_restart_counts_again_from_the_day_the_file_is_complete() -> None:
    assert due_text("2023-06-05 09:00", "10wd", IN_JUNE, policy="RESTART") == "Wed 2023-06-28 17:00"


@pytest.mark.parametrize("step", [1, -1])
def test_35_overlapping_pauses_are_never_added_twice(step: int) -> None:
    pauses = [("2023-06-08 10:00", "2023-06-12 10:00"), ("2023-06-09 08:00", "2023-06-14 14:30")]
    assert due_text("2023-06-05 09:00", "10wd", *pauses[::step]) == "Mon 2023-06-26 17:00"


def test_36_an_open_pause_leaves_working_hours_not_a_date() -> None:
    assert working_time_between(at("2023-06-08 10:00"), at("2023-06-19 17:00"), CALENDAR) == 61 * HOUR


def test_37_38_form_02_is_possible_until_the_third_working_day() -> None:
    assert supplement_by(at("2023-06-05 09:00"), CALENDAR) == at("2023-06-08 17:00")
    assert supplement_by(at("2024-04-26 09:00"), CALENDAR) == at("2024-05-04 17:00")


def test_39_40_41_form_04_is_possible_until_the_last_working_day_before() -> None:
    assert apology_by(at("2023-01-30 17:00"), CALENDAR) == at("2023-01-27 17:00")
    assert apology_by(at("2024-05-02 17:00"), CALENDAR) == at("2024-04-26 17:00")
    assert apology_by(at("2025-05-05 17:00"), CALENDAR) == at("2025-04-29 17:00")


def test_42_a_late_reception_is_handed_over_at_the_start_of_the_next_working_day() -> None:
    assert hand_over_by(at("2025-04-29 15:10"), CALENDAR) == at("2025-05-05 07:00")
    assert hand_over_by(at("2025-04-29 15:00"), CALENDAR) == at("2025-04-29 17:00")


def test_43_each_leg_counts_from_its_own_hand_over() -> None:
    received, dues = "2023-03-01 09:00", []
    for days in (7, 3, 7, 3):
        dues.append(due_text(received, f"{days}wd"))
        received = dues[-1][4:]
    assert dues == ["Fri 2023-03-10 17:00", "Wed 2023-03-15 17:00", "Fri 2023-03-24 17:00", "Wed 2023-03-29 17:00"]


def test_47_the_due_instant_itself_is_on_time() -> None:
    limit = at("2023-03-20 17:00:00")
    ends = [standing(at(f"2023-03-20 {clock}"), limit) for clock in ("16:59:59", "17:00:00", "17:00:01")]
    assert ends == ["EARLY", "ON_TIME", "LATE"]


def test_an_online_submission_is_answered_within_eight_working_hours() -> None:
    assert answer_by(at("2023-06-02 15:30"), CALENDAR) == at("2023-06-05 15:30")


# ── clarifications ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pause_is_clipped_to_reception_and_the_reception_day_adds_nothing() -> None:
    plain = due_text("2023-06-05 09:00", "10wd")
    assert due_text("2023-06-05 09:00", "10wd", ("2023-06-01 08:00", "2023-06-05 16:00")) == plain
    assert due_text("2023-06-05 09:00", "8wh", ("2023-06-05 07:00", "2023-06-05 10:00")) == "Tue 2023-06-06 10:00"


def test_a_pause_from_the_due_moment_on_rescues_nobody() -> None:
    assert due_text("2023-06-05 09:00", "10wd", ("2023-06-19 17:00", "2023-06-22 17:00")) == "Mon 2023-06-19 17:00"
    late = due_text("2023-06-05 09:00", "10wd", ("2023-06-19 17:00", "2023-06-22 17:00"), policy="RESTART")
    assert late == "Mon 2023-06-19 17:00"


def test_a_second_pause_before_the_moved_due_time_counts() -> None:
    first, second = ("2023-06-19 08:00", "2023-06-20 08:00"), ("2023-06-20 09:00", "2023-06-21 09:00")
    assert due_text("2023-06-05 09:00", "10wd", first, second) == "Wed 2023-06-21 17:00"


def test_restart_counts_from_the_end_of_a_pause_without_working_time() -> None:
    weekend = ("2023-06-10 08:00", "2023-06-11 20:00")
    assert due_text("2023-06-05 09:00", "10wd", weekend, policy="RESTART") == "Fri 2023-06-23 17:00"
    assert due_text("2023-06-05 09:00", "10wd", policy="RESTART") == "Mon 2023-06-19 17:00"


def test_hours_that_end_at_a_shifts_edge_are_due_at_that_edge() -> None:
    assert due_text("2023-06-05 09:30", "2wh") == "Mon 2023-06-05 11:30"
    assert due_text("2023-06-05 20:00", "8wh") == "Tue 2023-06-06 17:00"


def test_a_year_without_calendar_is_named_never_guessed() -> None:
    with pytest.raises(CalendarMissing, match="2028") as missing:
        due(at("2027-12-31 09:00"), ProcessingTime.parse("5wd"), CALENDAR)
    assert missing.value.year == 2028


def test_a_time_without_offset_and_a_backward_pause_are_refused() -> None:
    limit, received = ProcessingTime.parse("5wd"), at("2023-06-05 09:00")
    with pytest.raises(ValueError, match="offset"):
        due(datetime(2023, 6, 5, 9), limit, CALENDAR)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="before it starts"):
        due(received, limit, CALENDAR, [(at("2023-06-07 09:00"), at("2023-06-06 09:00"))])


def test_the_slice_that_travels_gives_the_same_answer() -> None:
    received = at("2023-01-10 09:00")
    part = CALENDAR.around(date(2023, 1, 10), 10, 60)
    limit = ProcessingTime.parse("10wd")
    assert due(received, limit, part) == due(received, limit, CALENDAR)
    assert WorkingCalendar.model_validate_json(part.model_dump_json()) == part
    assert part.first_on == date(2022, 12, 31)


# ── random cases ──────────────────────────────────────────────────────────────────────────────────────────────────

FIRST = datetime(2022, 1, 3, tzinfo=LOCAL).replace(tzinfo=None)
MAXIMUM = {Unit.WORKING_DAY: 60, Unit.CALENDAR_DAY: 90, Unit.MONTH: 6, Unit.WORKING_HOUR: 200, Unit.SAME_DAY: 1}


def a_case(
    dice: random.Random,
) -> tuple[datetime, ProcessingTime, list[tuple[datetime, datetime]], SupplementClock]:
    unit = dice.choice(list(Unit))
    start = FIRST + timedelta(minutes=dice.randrange(4 * 365 * 1440))
    pauses = []
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        asked = start + timedelta(minutes=dice.randrange(-2 * 1440, 30 * 1440))
        pauses.append((asked, asked + timedelta(minutes=dice.choice([0, 30, 600, dice.randrange(20 * 1440)]))))
    limit = ProcessingTime(unit=unit, amount=dice.randint(1, MAXIMUM[unit]))
    return start, limit, pauses, dice.choice(list(SupplementClock))


def test_random_cases_agree_with_the_minute_by_minute_reference() -> None:
    """Twenty thousand; `make nightly` asks for a million."""
    dice = random.Random(1559)
    for _ in range(int(os.environ.get("CASES", "20000"))):
        start, limit, pauses, policy = a_case(dice)
        more = whatever_else(dice, start, limit)
        answer = due(utc(start), limit, CALENDAR, as_instants(pauses), policy, **in_instants(more))
        assert local(answer.due_at) == REFERENCE.due(start, limit, pauses, policy, **more), (start, limit, pauses, more)


def whatever_else(dice: random.Random, start: datetime, limit: ProcessingTime) -> dict[str, Any]:
    """Now and then a financial duty, a verification, a new date."""
    more: dict[str, Any] = {}
    if dice.random() < 0.3:
        begins = start + timedelta(minutes=dice.randrange(-1440, 30 * 1440))
        more["duties"] = [(begins, begins + timedelta(minutes=dice.randrange(15 * 1440)))]
    if dice.random() < 0.2 and limit.unit in {Unit.WORKING_DAY, Unit.CALENDAR_DAY}:
        more["extension"] = ProcessingTime(unit=Unit.WORKING_DAY, amount=dice.randint(1, 10))
    if dice.random() < 0.2 and limit.unit is not Unit.WORKING_HOUR:
        day = REFERENCE.on_or_after((start + timedelta(days=dice.randint(5, 90))).date())
        more["new_date"] = (start + timedelta(days=dice.randint(0, 4)), REFERENCE.closing(day))
    return more


def as_instants(pauses: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    return [(utc(begins), utc(ends)) for begins, ends in pauses]


def in_instants(more: dict[str, Any]) -> dict[str, Any]:
    told = dict(more)
    if "duties" in told:
        told["duties"] = as_instants(told["duties"])
    if "new_date" in told:
        told["new_date"] = as_instants([told["new_date"]])[0]
    return told


def test_a_financial_duty_adds_even_where_a_supplement_restarts() -> None:
    received, limit = at("2023-06-05 09:00"), ProcessingTime.parse("10wd")
    supplement = (at("2023-06-08 10:00"), at("2023-06-14 14:30"))
    duty = (at("2023-06-19 07:00"), at("2023-06-21 07:00"))
    answer = due(received, limit, CALENDAR, [supplement], SupplementClock.RESTART, duties=[duty])
    assert answer.due_at == at("2023-06-30 17:00")


def test_verification_lengthens_the_limit_in_its_own_unit() -> None:
    three, five = ProcessingTime.parse("3wd"), ProcessingTime.parse("5wd")
    longer = due(at("2023-06-05 09:00"), three, CALENDAR, extension=five)
    assert longer.due_at == due(at("2023-06-05 09:00"), ProcessingTime.parse("8wd"), CALENDAR).due_at
    assert [step.counts for step in longer.steps if step.reason is Reason.EXTENDED] == [5]


def test_a_new_date_replaces_what_was_due_and_later_pauses_move_it() -> None:
    received, limit = at("2023-06-05 09:00"), ProcessingTime.parse("5wd")
    appointed = (at("2023-06-08 09:00"), at("2023-06-20 17:00"))
    assert due(received, limit, CALENDAR, new_date=appointed).due_at == appointed[1]
    before = due(received, limit, CALENDAR, [(at("2023-06-06 09:00"), at("2023-06-07 09:00"))], new_date=appointed)
    assert before.due_at == appointed[1]
    after = due(received, limit, CALENDAR, [(at("2023-06-12 07:00"), at("2023-06-13 07:00"))], new_date=appointed)
    assert after.due_at == at("2023-06-21 17:00")


def test_an_open_pause_keeps_the_working_time_that_was_left() -> None:
    received, limit = at("2023-06-05 09:00"), ProcessingTime.parse("10wd")
    due_at = due(received, limit, CALENDAR).due_at
    assert remaining(received, due_at, at("2023-06-08 10:00"), limit, CALENDAR) == 61 * HOUR
    on_the_first_day = at("2023-06-05 11:00")  # counts nothing (R2)
    assert remaining(received, due_at, on_the_first_day, limit, CALENDAR) == 80 * HOUR
    assert remaining(received, due_at, due_at, limit, CALENDAR) == timedelta()


def test_a_due_time_is_near_when_its_share_of_the_working_time_has_run() -> None:
    received = at("2023-06-05 07:00")
    due_at = due(received, ProcessingTime.parse("3wd"), CALENDAR).due_at
    assert near_due_at(received, due_at, 0.75, CALENDAR) == at("2023-06-07 17:00")


received_times = st.datetimes(datetime(2022, 1, 3), datetime(2026, 6, 30)).map(  # noqa: DTZ001 - local civil time
    lambda moment: utc(moment.replace(microsecond=0))
)
counted_limits = st.one_of(
    st.builds(ProcessingTime, unit=st.just(Unit.WORKING_DAY), amount=st.integers(1, 60)),
    st.builds(ProcessingTime, unit=st.just(Unit.WORKING_HOUR), amount=st.integers(1, 200)),
)
limits = counted_limits | st.builds(
    ProcessingTime,
    unit=st.sampled_from([Unit.CALENDAR_DAY, Unit.MONTH, Unit.SAME_DAY]),
    amount=st.integers(1, 6),
)
type Offsets = list[tuple[int, int]]
pause_lists = st.lists(st.tuples(st.integers(-500, 40_000), st.integers(0, 20_000)), max_size=3)


def with_pauses(
    received: datetime, limit: ProcessingTime, pauses: Offsets, calendar: WorkingCalendar = CALENDAR
) -> Due:
    stops = [(received + timedelta(minutes=a), received + timedelta(minutes=a + n)) for a, n in pauses]
    return due(received, limit, calendar, stops)


@settings(max_examples=300, deadline=None)
@given(received_times, limits, pause_lists)
def test_due_is_always_in_working_time_and_pauses_never_make_it_earlier(
    received: datetime, limit: ProcessingTime, pauses: Offsets
) -> None:
    answer = with_pauses(received, limit, pauses)
    assert answer.due_at >= answer.base_due_at > received
    end = local(answer.due_at)
    assert CALENDAR.is_worked(end.date())
    assert any(opens < end.time() <= closes for opens, closes in CALENDAR.shifts)


@settings(max_examples=300, deadline=None)
@given(received_times, counted_limits, pause_lists, st.integers(1, 60))
def test_a_new_holiday_never_makes_a_counted_limit_earlier(
    received: datetime, limit: ProcessingTime, pauses: Offsets, days: int
) -> None:
    day = local(received).date() + timedelta(days)
    changed = CALENDAR.model_copy(update={"days_off": (*CALENDAR.days_off, day), "version": "other"})
    assert with_pauses(received, limit, pauses, changed).due_at >= with_pauses(received, limit, pauses).due_at


@settings(max_examples=300, deadline=None)
@given(received_times, counted_limits, st.integers(0, 100_000))
def test_due_grows_with_the_limit_and_with_reception(received: datetime, limit: ProcessingTime, minutes: int) -> None:
    here = due(received, limit, CALENDAR).due_at
    assert due(received, limit.model_copy(update={"amount": limit.amount + 1}), CALENDAR).due_at > here
    assert due(received + timedelta(minutes=minutes), limit, CALENDAR).due_at >= here


@settings(max_examples=200, deadline=None)
@given(received_times, limits, pause_lists, st.integers(0, 40_000), st.sampled_from(SupplementClock))
def test_a_pause_of_zero_length_changes_nothing(
    received: datetime, limit: ProcessingTime, pauses: Offsets, minutes: int, policy: SupplementClock
) -> None:
    stops = [(received + timedelta(minutes=a), received + timedelta(minutes=a + n)) for a, n in pauses]
    moment = received + timedelta(minutes=minutes)
    assert due(received, limit, CALENDAR, [*stops, (moment, moment)], policy) == due(
        received, limit, CALENDAR, stops, policy
    )


@settings(max_examples=300, deadline=None)
@given(received_times, limits)
def test_the_explanation_sums_to_the_limit_without_gaps_and_ends_at_the_due_time(
    received: datetime, limit: ProcessingTime
) -> None:
    answer = due(received, limit, CALENDAR)
    assert sum(step.counts for step in answer.steps) == pytest.approx(limit.amount if limit.unit != "SAME_DAY" else 1)
    assert answer.steps[0].from_at == received
    assert answer.steps[-1].to_at == answer.due_at
    assert all(one.to_at == other.from_at for one, other in pairwise(answer.steps))
    assert all(step.law for step in answer.steps)


def test_the_explanation_names_the_rule_that_moved_the_day() -> None:
    answer = due(at("2023-01-06 09:00"), ProcessingTime.parse("15d"), CALENDAR)
    assert [step.reason for step in answer.steps] == [Reason.RECEPTION_DAY, Reason.CALENDAR_DAYS, Reason.MOVED]


def test_the_explanation_of_a_pause_shows_what_was_added_and_rounded() -> None:
    stops = [(at(IN_JUNE[0]), at(IN_JUNE[1]))]
    steps = due(at("2023-06-05 09:00"), ProcessingTime.parse("10wd"), CALENDAR, stops).steps[-3:]
    assert [step.reason for step in steps] == [Reason.PAUSED, Reason.ADDED, Reason.ROUNDED]
    assert steps[1].to_at == at("2023-06-26 09:30")


def test_a_limit_reads_back_as_it_was_written() -> None:
    assert [str(ProcessingTime.parse(text)) for text in ("5wd", "15d", "2mo", "8wh", "same-day")] == [
        "5wd",
        "15d",
        "2mo",
        "8wh",
        "same-day",
    ]
    for wrong in ("", "5", "0wd", "wd", "5 wd", "-1d", "99999wd"):
        with pytest.raises(ValueError, match="written"):
            ProcessingTime.parse(wrong)
