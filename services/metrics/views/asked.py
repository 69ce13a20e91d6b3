"""What an address of the board asks, and the addresses that ask a little differently."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from services.metrics.rules.period import Period
from services.metrics.views.language import Language, Words

ROOT: Final = "/board"


@dataclass(frozen=True)
class Asked:
    """One page of one agency: period, the indicator the units are ranked by, language, wall size."""

    agency_code: str
    is_root: bool
    period: Period
    rank_by: str = ""
    language: Language = "vi"
    is_wall: bool = False

    @property
    def words(self) -> Words:
        """The language's words."""
        return Words(self.language)

    def but(self, **changes: Any) -> Asked:
        """The same with some fields changed."""
        return replace(self, **changes)

    def _asked(self) -> dict[str, str]:
        return {
            "period": self.period.text,
            "rank": self.rank_by,
            "lang": "en" if self.language == "en" else "",
            "wall": "1" if self.is_wall else "",
        }

    def query(self, **more: str) -> str:
        """`?period=2026-11&lang=en`: what is not the ordinary case."""
        return "?" + urlencode({name: value for name, value in {**self._asked(), **more}.items() if value})

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """What a form that asks for another period takes along."""
        return tuple((name, value) for name, value in self._asked().items() if value and name != "period")

    @property
    def path(self) -> str:
        """`/board`, `/board/000.00.03.H39`"""
        return ROOT if self.is_root else f"{ROOT}/{self.agency_code}"

    @property
    def href(self) -> str:
        """The page itself."""
        return self.path + self.query()

    def figure(self, indicator: str, part: str = "") -> str:
        """The page of one figure of this agency, or one of its parts (`dossiers`)."""
        tail = f"/{part}" if part else ""
        return f"{ROOT}/{self.agency_code}/{indicator}{tail}{self.query()}"

    def unit(self, agency_code: str, *, is_root: bool = False) -> str:
        """The same question about another agency."""
        return self.but(agency_code=agency_code, is_root=is_root).href
