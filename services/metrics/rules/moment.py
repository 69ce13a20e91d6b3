"""Times that people ask about: a day means its end; an instant is written with or without an offset (then UTC+7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Self

from services.metrics.rules.fold import day_of, end_of
from shared.dossier.working_time import LOCAL

_INSTANT = timedelta(microseconds=1)


class Moment(NamedTuple):
    """A time; `day` (since 1970) when it is the end of a local day, as which the store knows the past."""

    at: datetime
    day: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, which says how a time is written."""
        try:
            if len(text) == len("2022-06-30"):
                at = end_of(date.fromisoformat(text))
            else:
                at = datetime.fromisoformat(text)
                at = (at if at.tzinfo else at.replace(tzinfo=LOCAL)).astimezone(UTC)
            last = at - _INSTANT
            is_end = day_of(last) != day_of(at)
        except (ValueError, OverflowError) as wrong:
            raise ValueError("a time is written 2022-06-30 (its end) or 2022-06-30T14:00") from wrong
        return cls(at, day_of(last) if is_end else None)
