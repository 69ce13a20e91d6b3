"""Months turn at midnight in Viet Nam, whatever the clock of the server says."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.metrics.rules.period import Period, month_of


def test_a_month_turns_at_local_midnight() -> None:
    assert month_of(datetime(2023, 1, 31, 16, 59, 59, 999_000, UTC)) == "2023-01"
    assert month_of(datetime(2023, 1, 31, 17, 0, tzinfo=UTC)) == "2023-02"


@pytest.mark.parametrize(
    ("text", "first", "last", "last_on", "words"),
    [
        ("2023-02", "2023-02", "2023-02", date(2023, 2, 28), "Tháng 02/2023"),
        ("2024-02", "2024-02", "2024-02", date(2024, 2, 29), "Tháng 02/2024"),
        ("2023-Q4", "2023-10", "2023-12", date(2023, 12, 31), "Quý IV/2023"),
        ("2023-Q1", "2023-01", "2023-03", date(2023, 3, 31), "Quý I/2023"),
        ("2023", "2023-01", "2023-12", date(2023, 12, 31), "Năm 2023"),
    ],
)
def test_periods_are_runs_of_months(text: str, first: str, last: str, last_on: date, words: str) -> None:
    period = Period.parse(text)
    assert (period.first_month, period.last_month, period.last_on, period.words) == (first, last, last_on, words)


@pytest.mark.parametrize("text", ["", "23", "2023-13", "2023-00", "2023-Q5", "2023-1", "1999", "2023-Q", "2023-01-01"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="2026-Q4"):
        Period.parse(text)
