"""How the board speaks: Vietnamese, or English with ?lang=en. Keys are the Vietnamese sentences (texts.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal

from services.metrics.rules.band import Colour
from services.metrics.rules.days import Days, Kind
from services.metrics.views.figures import percent
from services.metrics.views.sources import VIETNAMESE_SOURCES
from services.metrics.views.spans import Span
from services.metrics.views.texts import ENGLISH
from shared.catalogue.model import Comparator, Indicator, Ratio
from shared.dossier.working_time import LOCAL

type Language = Literal["vi", "en"]

LEVELS: Final[Mapping[Colour, str]] = {
    Colour.GREEN: "Xanh",
    Colour.YELLOW: "Vàng",
    Colour.ORANGE: "Cam",
    Colour.RED: "Đỏ",
    Colour.NONE: "",
}
"""Beside the shape; a figure without target has neither."""

_COMPARED: Final[Mapping[Comparator, str]] = {
    Comparator.AT_LEAST: "ít nhất",
    Comparator.MORE_THAN: "trên",
    Comparator.EQUAL: "đúng",
    Comparator.AT_MOST: "nhiều nhất",
}
_ROMAN: Final = ("I", "II", "III", "IV")


class Words:
    """Texts, numbers and dates of one language. `say(text)` raises KeyError for a sentence without translation."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, text: str, **values: object) -> str:
        """The sentence, its {places} filled."""
        spoken = text if self.language == "vi" else ENGLISH[text]
        return spoken.format(**values) if values else spoken

    def listed(self, text: str) -> str:
        """A name from the catalogue; Vietnamese where it has no English."""
        return text if self.language == "vi" else ENGLISH.get(text, text)

    def source(self, text: str) -> str:
        """Where a figure comes from, as the catalogue notes it."""
        return VIETNAMESE_SOURCES.get(text, text) if self.language == "vi" else text

    def number(self, count: int) -> str:
        """`1.260`; English `1,260`."""
        grouped = f"{count:,}"
        return grouped if self.language == "en" else grouped.replace(",", ".")

    def decimal(self, text: str) -> str:
        """`41.00` → `41,00`; English as it is."""
        return text if self.language == "en" else text.replace(".", ",")

    def share(self, numerator: int, denominator: int) -> str:
        """`41,00%`"""
        return f"{self.decimal(percent(numerator, denominator))}%"

    def ratio(self, ratio: Ratio) -> str:
        """`80%`, `37,5%`: without needless zeros."""
        text = percent(*ratio).rstrip("0").rstrip(".") if "." in percent(*ratio) else percent(*ratio)
        return f"{self.decimal(text)}%"

    def target(self, indicator: Indicator) -> str:
        """`trên 50%`; empty without a target."""
        if indicator.target is None or indicator.comparator is None:
            return ""
        return f"{self(_COMPARED[indicator.comparator])} {self.ratio(indicator.target)}"

    def level(self, colour: Colour) -> str:
        """`Vàng`; empty for grey."""
        return self(LEVELS[colour]) if LEVELS[colour] else ""

    def name(self, indicator: Indicator) -> str:
        """The indicator's name."""
        return indicator.name if self.language == "vi" else indicator.name_en

    def period(self, period: Span) -> str:
        """`Tháng 11/2026`, `Quý IV/2026`, `Năm 2026`, `Ngày 27/11/2026`, `Tuần 48/2026 (23/11 – 29/11)`."""
        if isinstance(period, Days):
            return self._days(period)
        if self.language == "vi":
            return period.words
        year, _, part = period.text.partition("-")
        if not part:
            return f"Year {year}"
        return (
            f"Quarter {_ROMAN[int(part[1]) - 1]}/{year}" if part[0] == "Q" else f"{date(int(year), int(part), 1):%B %Y}"
        )

    def _days(self, days: Days) -> str:
        if days.kind is Kind.DAY:
            return self("Ngày {day}", day=f"{days.first_on:%d/%m/%Y}")
        between = f"{days.first_on:%d/%m} – {days.last_on:%d/%m}"
        if days.kind is Kind.WEEK:
            year, week, _ = days.first_on.isocalendar()
            return self("Tuần {week}/{year} ({between})", week=week, year=year, between=between)
        return self("Tuần cao điểm {month} ({between})", month=f"{days.first_on:%m/%Y}", between=between)

    def short(self, period: Span) -> str:
        """`11/26`, `Q4/26`, `2026`, `27/11`: under a plot; a week by its first day."""
        if isinstance(period, Days):
            return f"{period.first_on:%d/%m}"
        year, _, part = period.text.partition("-")
        return f"{part}/{year[2:]}" if part else year

    def instant(self, at: datetime) -> str:
        """`13:59:59 05/05/2023`, local time."""
        return f"{at.astimezone(LOCAL):%H:%M:%S %d/%m/%Y}"

    def moment(self, at: datetime) -> str:
        """`17:00 09/05/2023`, local time."""
        return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}"


VIETNAMESE: Final = Words("vi")


def target_words(indicator: Indicator) -> str:
    """`trên 50%`, for the terminal; empty without a target."""
    return VIETNAMESE.target(indicator)
