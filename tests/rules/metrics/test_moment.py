"""Times that people ask about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.metrics.rules.fold import date_of
from services.metrics.rules.moment import Moment


@pytest.mark.parametrize(
    ("text", "at", "day"),
    [
        ("2022-06-30", datetime(2022, 6, 30, 17, tzinfo=UTC), "2022-06-30"),
        ("2022-07-01T00:00", datetime(2022, 6, 30, 17, tzinfo=UTC), "2022-06-30"),
        ("2022-06-30T17:00:00Z", datetime(2022, 6, 30, 17, tzinfo=UTC), "2022-06-30"),
        ("2022-06-30T14:00", datetime(2022, 6, 30, 7, tzinfo=UTC), None),
        ("2022-06-30T14:00+00:00", datetime(2022, 6, 30, 14, tzinfo=UTC), None),
    ],
)
def test_a_day_is_its_end_and_midnight_the_end_of_the_day_before(text: str, at: datetime, day: str | None) -> None:
    moment = Moment.parse(text)
    assert moment.at == at
    assert (None if moment.day is None else f"{date_of(moment.day)}") == day


@pytest.mark.parametrize("text", ["", "soon", "2022-13-01", "30/06/2022", "2022-06-30T25:00"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2022-06-30"):
        Moment.parse(text)
