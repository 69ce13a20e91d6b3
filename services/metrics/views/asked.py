"""What an address of the board asks, and the addresses that ask a little differently."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from services.metrics.rules.days import Days
from services.metrics.rules.fold import day_of, end_of
from services.metrics.store import Past
from services.metrics.views.language import Language, Words
from services.metrics.views.spans import Span

ROOT: Final = "/board"
_TIMES: Final = frozenset({"period", "as_of", "known"})
_NOW: Final = 2**31 - 1
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """One page of one agency: all its figures, or one `indicator`; `rank_by`: by what the units below are ranked."""

    agency_code: str
    is_root: bool
    period: Span
    indicator: str = ""
    card: str = ""
    """A scorecard instead of figures."""
    rank_by: str = ""
    language: Language = "vi"
    is_wall: bool = False
    as_of: date | None = None
    """The end of this day instead of now."""
    as_published: bool = False
    """Of that day: what was known then, instead of what is known now."""
    in_todays_borders: bool = False
    """Agencies as they are today, instead of as they were in the period."""

    @property
    def past(self) -> Past | None:
        """The same for the store; None = now. What is known now is known on any later day."""
        if self.as_of is None:
            return None
        day = day_of(end_of(self.as_of) - _INSTANT)
        return Past(day, day if self.as_published else _NOW)

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for days, which are counted on read."""
        return isinstance(self.period, Days)

    @property
    def words(self) -> Words:
        """The language's words."""
        return Words(self.language)

    def but(self, **changes: Any) -> Asked:
        """The same with some fields changed."""
        return replace(self, **changes)

    @property
    def query(self) -> str:
        """`?period=2026-11&lang=en`: what is not the ordinary case."""
        return "?" + urlencode({name: value for name, value in self._given().items() if value})

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What a form that asks for another time takes along."""
        return tuple((name, value) for name, value in self._given().items() if value and name not in _TIMES)

    @property
    def path(self) -> str:
        """`/board`, `/board/000.00.03.H39`, `/board/000.00.03.H39/online_share`"""
        if self.card:
            return f"{ROOT}/{self.agency_code}/scorecards/{self.card}"
        if self.indicator:
            return f"{ROOT}/{self.agency_code}/{self.indicator}"
        return ROOT if self.is_root else f"{ROOT}/{self.agency_code}"

    @property
    def href(self) -> str:
        """The page itself."""
        return self.path + self.query

    @property
    def now(self) -> Asked:
        """The same question about now."""
        return self.but(as_of=None, as_published=False)

    @property
    def live(self) -> str:
        """Where the page hears of changes; empty for the past, for scorecards, and for days, counted on read."""
        if self.as_of is not None or self.is_narrow or self.card:
            return ""
        where = f"{ROOT}/{self.agency_code}/live{self.query}"
        return f"{where}&indicator={self.indicator}" if self.indicator else where

    @property
    def csv(self) -> str:
        """The board's table as a file for spreadsheets."""
        return f"{ROOT}/{self.agency_code}/board.csv{self.query}"

    @property
    def dossiers(self) -> str:
        """The dossiers behind the figure."""
        return f"{ROOT}/{self.agency_code}/{self.indicator}/dossiers{self.query}"

    @property
    def hours(self) -> str:
        """Whose hours made its dossiers late."""
        return f"{ROOT}/{self.agency_code}/{self.indicator}/hours{self.query}"

    def figure(self, indicator: str) -> str:
        """The page of one figure of this agency."""
        return self.but(indicator=indicator).href

    def unit(self, agency_code: str, *, is_root: bool = False) -> Asked:
        """The same question about another agency."""
        return self.but(agency_code=agency_code, is_root=is_root)

    def _given(self) -> dict[str, str]:
        return {
            "period": self.period.text,
            "rank": self.rank_by,
            "lang": "en" if self.language == "en" else "",
            "wall": "1" if self.is_wall else "",
            "as_of": f"{self.as_of}" if self.as_of else "",
            "known": "then" if self.as_published else "",
            "borders": "today" if self.in_todays_borders else "",
        }
