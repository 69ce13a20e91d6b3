"""Periods of the figures: months in local time, and the quarters and years made of them."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, NamedTuple, Self

from shared.dossier.working_time import LOCAL, OFFSET

_WRITTEN: Final = re.compile(r"(20[0-9]{2})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?")


class Period(NamedTuple):
    """`2026-11`, `2026-Q4` or `2026`: all months from `first_month` to `last_month` (`2026-10`, `2026-12`)."""

    text: str
    first_month: str
    last_month: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, which says how a period is written."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError("a period is written 2026, 2026-Q4 or 2026-11")
        year, month, quarter = match.groups()
        if month:
            return cls(text, text, text)
        first, last = (3 * int(quarter) - 2, 3 * int(quarter)) if quarter else (1, 12)
        return cls(text, f"{year}-{first:02d}", f"{year}-{last:02d}")

    @property
    def last_on(self) -> date:
        """The last day of the period."""
        year, month = map(int, self.last_month.split("-"))
        return date(year, month, monthrange(year, month)[1])

    @property
    def words(self) -> str:
        """`Tháng 11/2026`, `Quý IV/2026`, `Năm 2026`."""
        year, _, part = self.text.partition("-")
        if not part:
            return f"Năm {year}"
        return f"Quý {('I', 'II', 'III', 'IV')[int(part[1]) - 1]}/{year}" if part[0] == "Q" else f"Tháng {part}/{year}"


def month_of(at: datetime) -> str:
    """`2023-01`: the month of the instant in local time; a month begins at 00:00 on its first day (kpi §2)."""
    there = at + OFFSET if at.tzinfo is UTC else at.astimezone(LOCAL)
    return _written(there.year, there.month)


@lru_cache(maxsize=4096)
def _written(year: int, month: int) -> str:
    return f"{year:04d}-{month:02d}"
