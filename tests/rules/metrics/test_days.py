"""Days, weeks and both campaign weeks, and that their figures are parts of the month's."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from services.metrics.rules.days import Days, Kind, counted
from tests.rules.metrics.january import END_OF_FEBRUARY, EVENTS, MEASURES, newest

SEENS = list(newest(EVENTS).values())


@pytest.mark.parametrize(
    ("text", "first", "last", "previous", "following"),
    [
        ("2023-01-01", date(2023, 1, 1), date(2023, 1, 1), "2022-12-31", "2023-01-02"),
        ("2023-W01", date(2023, 1, 2), date(2023, 1, 8), "2022-W52", "2023-W02"),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3), "2020-W52", "2021-W01"),
        ("2023-01-C7", date(2023, 1, 1), date(2023, 1, 7), "2022-12-C7", "2023-02-C7"),
        ("2023-01-CW", date(2023, 1, 2), date(2023, 1, 8), "2022-12-CW", "2023-02-CW"),
        ("2023-05-CW", date(2023, 5, 1), date(2023, 5, 7), "2023-04-CW", "2023-06-CW"),
        ("2022-07-CW", date(2022, 7, 4), date(2022, 7, 10), "2022-06-CW", "2022-08-CW"),
    ],
)
def test_days_have_edges_and_neighbours(text: str, first: date, last: date, previous: str, following: str) -> None:
    days = Days.parse(text)
    assert (days.text, days.first_on, days.last_on) == (text, first, last)
    assert (days.previous.text, days.following.text) == (previous, following)
    assert days.previous.following == days.following.previous == days


@pytest.mark.parametrize("text", ["", "2023-01", "2023-02-30", "2023-W54", "2023-W00", "2023-13-C7", "2023-01-C8", "x"])
def test_anything_else_is_refused_with_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="2026-W48"):
        Days.parse(text)


def test_a_campaign_week_is_compared_with_the_four_weeks_before() -> None:
    assert Days.parse("2023-02-C7").four_weeks_before == (date(2023, 1, 4), date(2023, 1, 31))


def test_the_days_of_a_month_sum_to_the_month() -> None:
    first, last = date(2023, 1, 1), date(2023, 1, 31)
    whole = counted(MEASURES, SEENS, first, last, END_OF_FEBRUARY)
    single: Counter[tuple[str, str, str]] = Counter()
    for number in range(31):
        day = first + timedelta(days=number)
        single += counted(MEASURES, SEENS, day, day, END_OF_FEBRUARY)
    assert single == whole
    assert {name: n for (name, _, _), n in whole.items()}["received"] == 10


def test_the_first_week_of_january() -> None:
    days = Days.of(Kind.FIRST_SEVEN_DAYS, date(2023, 1, 20))
    told = counted(MEASURES, SEENS, days.first_on, days.last_on, END_OF_FEBRUARY)
    received = {name: n for (name, _, _), n in told.items()}
    assert (received["received"], received["received_online"]) == (5, 3)
    assert days.months == ("2023-01", "2023-01")
