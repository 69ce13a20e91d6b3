"""Figures from counts: rolled up the agency tree, divided, compared with targets, put into words.

Percentages exist only here: parts are summed first and divided last, two decimals, halves up (kpi §1-§2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from services.metrics.rules.band import Colour, colour
from services.metrics.rules.period import Period, month_of
from services.metrics.rules.services import counted
from services.metrics.rules.value import rounded, value_of
from services.metrics.store import Question, Reading
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Agency, AgencyKind, Catalogue, Comparator, Dated, Indicator, Ratio
from shared.dossier.working_time import LOCAL

FRESH: Final = timedelta(seconds=15)
"""What the board promises: older figures are grey."""

type Totals = Mapping[tuple[str, str], int]
"""(measure, agency with everything below it) → count."""


@dataclass(frozen=True)
class Door:
    """What the doors need: counts from the store, the catalogue, a clock, how small a public share may be."""

    read: Callable[[Question], Awaitable[Reading]]
    catalogue: Catalogue
    now: Callable[[], datetime]
    hides_below: int


@dataclass(frozen=True)
class Figure:
    """One indicator of one agency. `denominator` None = a plain count; hidden figures carry no numbers."""

    indicator: Indicator
    agency_code: str
    numerator: int
    denominator: int | None
    colour: Colour
    is_hidden: bool = False

    @property
    def value(self) -> str | None:
        """As `value_of` writes it; None without data or when hidden."""
        return None if self.is_hidden else value_of(self.indicator, self.numerator, self.denominator)


def percent(numerator: int, denominator: int) -> str:
    """`33.33`: two decimals, halves up, by whole numbers."""
    return rounded(100 * numerator, denominator, 2)


def day_of(period: Period, now: datetime) -> date:
    """The day whose catalogue holds: the period's last, or today while it runs."""
    return min(period.last_on, now.astimezone(LOCAL).date())


# --- rolling up -------------------------------------------------------------------------------------------------------


def roll_up(counts: Mapping[tuple[str, str, str], int], catalogue: Catalogue, on: date) -> Totals:
    """Counts of (measure, agency, procedure) summed over agencies and all above them; services counted once each.

    An agency that is closed on that day counts where it last belonged.
    """

    @cache
    def path(code: str) -> tuple[str, ...]:
        return tuple(_upwards(catalogue, code, on))

    having = {row.having for row in catalogue.service_measures}
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    offered: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (measure, agency, procedure), count in counts.items():
        for scope in path(agency):
            totals[measure, scope] += count
            if count > 0 and measure in having:
                offered[measure, scope].add(procedure)
    return {**totals, **counted(catalogue, on, offered)}


def _upwards(catalogue: Catalogue, code: str | None, on: date) -> Iterator[str]:
    while code is not None:
        yield code
        rows = catalogue.agencies_by_code.get(code)
        code = _in_force(rows, on).parent if rows else None


def _in_force[T: Dated](rows: tuple[T, ...], on: date) -> T:
    """The row of that day, else the newest there was."""
    return next((row for row in rows if row.in_force(on)), rows[-1])


def figures(
    totals: Totals,
    catalogue: Catalogue,
    indicators: Iterable[Indicator],
    agency_codes: Iterable[str],
    *,
    hides_below: int = 0,
) -> list[Figure]:
    """Every indicator of every agency, in the order given."""
    rows = tuple(indicators)
    return [_figure(totals, catalogue, row, code, hides_below) for code in agency_codes for row in rows]


def _figure(totals: Totals, catalogue: Catalogue, indicator: Indicator, agency_code: str, hides_below: int) -> Figure:
    numerator = totals.get((indicator.numerator, agency_code), 0)
    if indicator.denominator is None:
        return Figure(indicator, agency_code, numerator, None, Colour.NONE)
    denominator = totals.get((indicator.denominator, agency_code), 0)
    if 0 < denominator < hides_below:
        return Figure(indicator, agency_code, 0, 0, Colour.NONE, is_hidden=True)
    level = colour(numerator, denominator, indicator, catalogue.bands)
    return Figure(indicator, agency_code, numerator, denominator, level)


# --- the board --------------------------------------------------------------------------------------------------------

WORDS: Final[Mapping[Colour, str]] = {
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
_GROUPS: Final[Mapping[str, tuple[AgencyKind, ...]]] = {
    "Sở, ban, ngành": (AgencyKind.DEPARTMENT, AgencyKind.CENTRE, AgencyKind.BRANCH),
    "Cơ quan ngành dọc": (AgencyKind.VERTICAL,),
    "Huyện, thị xã, thành phố": (AgencyKind.DISTRICT, AgencyKind.DISTRICT_OFFICE),
    "Xã, phường, thị trấn": (AgencyKind.COMMUNE,),
}


@dataclass(frozen=True)
class Tile:
    """A figure in words. `level` names colour and shape and goes with `word`; `counts` is empty for plain counts."""

    title: str
    level: str
    word: str
    value: str
    counts: str
    target: str


@dataclass(frozen=True)
class Line:
    """One agency's row."""

    name: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Group:
    """One table: agencies of one level that have dossiers; `silent` = how many have none."""

    title: str
    lines: tuple[Line, ...]
    silent: int


@dataclass(frozen=True)
class Board:
    """The whole page: finished words only."""

    period: Period
    periods: tuple[Period, ...]
    stamp: str
    late: str
    counts: tuple[Tile, ...]
    province: tuple[Tile, ...]
    province_name: str
    groups: tuple[Group, ...]
    certificate: str


def board(reading: Reading, catalogue: Catalogue, period: Period, now: datetime, *, hides_below: int = 0) -> Board:
    """The page of one period as of `now`."""
    on = day_of(period, now)
    totals = roll_up(reading.counts, catalogue, on)
    indicators = indicators_on(catalogue, on)
    is_late = reading.as_of is None or now - reading.as_of > FRESH
    seen = {scope for _, scope in totals}
    agencies = [_in_force(rows, on) for rows in catalogue.agencies_by_code.values()]
    agencies = [row for row in agencies if row.in_force(on) or row.code in seen]

    def tiles(code: str, *, shares: bool) -> tuple[Tile, ...]:
        wanted = [row for row in indicators if (row.denominator is not None) is shares]
        return tuple(
            _tile(figure, is_late=is_late)
            for figure in figures(totals, catalogue, wanted, [code], hides_below=hides_below)
        )

    province = next(row for row in agencies if row.kind is AgencyKind.PROVINCE)
    return Board(
        period=period,
        periods=_choices(period, now),
        stamp=f"{reading.as_of.astimezone(LOCAL):%H:%M:%S %d/%m/%Y}" if reading.as_of else "chưa có",
        late=_lateness(reading.as_of, now) if is_late else "",
        counts=tiles(province.code, shares=False),
        province=tiles(province.code, shares=True),
        province_name=province.name,
        groups=tuple(
            Group(
                title,
                tuple(Line(row.name, tiles(row.code, shares=True)) for row in group if row.code in seen),
                sum(row.code not in seen for row in group),
            )
            for title, kinds in _GROUPS.items()
            if (group := _in_order(agencies, kinds))
        ),
        certificate=_certificate(reading, catalogue),
    )


def _in_order(agencies: Iterable[Agency], kinds: tuple[AgencyKind, ...]) -> list[Agency]:
    return sorted((row for row in agencies if row.kind in kinds), key=lambda row: row.code)


def _tile(figure: Figure, *, is_late: bool) -> Tile:
    word = WORDS[figure.colour]
    if figure.is_hidden:
        word = "Ít hồ sơ, không công bố"
    elif figure.denominator == 0:
        word = "Không phát sinh"
    elif is_late and figure.colour is not Colour.NONE:
        word = f"Số liệu cũ, trước đó: {word}"
    level = Colour.NONE if is_late else figure.colour
    title, target = figure.indicator.name, target_words(figure.indicator)
    if figure.denominator is None:
        return Tile(title, level, "", grouped(figure.numerator), "", target)
    value = figure.value
    if value is None:
        return Tile(title, level, word, "", "", target)
    counts = f"{grouped(figure.numerator)}/{grouped(figure.denominator)}"
    return Tile(title, level, word, f"{value.replace('.', ',')}%", counts, target)


def target_words(indicator: Indicator) -> str:
    """`trên 50%`; empty without a target."""
    if indicator.target is None or indicator.comparator is None:
        return ""
    return f"{_COMPARED[indicator.comparator]} {_share(indicator.target)}"


def grouped(count: int) -> str:
    """`1.260`"""
    return f"{count:,}".replace(",", ".")


def _share(ratio: Ratio) -> str:
    return percent(*ratio).replace(".", ",").removesuffix(",00") + "%"


def _choices(period: Period, now: datetime) -> tuple[Period, ...]:
    """This year, this quarter, the last twelve months, and what is shown."""
    month = month_of(now)
    year, number = map(int, month.split("-"))
    texts = [f"{year}", f"{year}-Q{(number + 2) // 3}"]
    texts += [f"{year - (number <= back)}-{(number - 1 - back) % 12 + 1:02d}" for back in range(12)]
    return tuple(map(Period.parse, dict.fromkeys([*texts, period.text])))


def _lateness(as_of: datetime | None, now: datetime) -> str:
    if as_of is None:
        return "chưa đọc hết sự kiện"
    minutes, seconds = divmod(int((now - as_of).total_seconds()), 60)
    return f"đang trễ {grouped(minutes)} phút" if minutes else f"đang trễ {seconds} giây"


def _certificate(reading: Reading, catalogue: Catalogue) -> str:
    events = " ".join(f"P{partition}:{offset}" for partition, offset in sorted(reading.position.items()) if offset)
    aside = f" · {grouped(reading.quarantined)} bản ghi không đọc được" if reading.quarantined else ""
    return f"sự kiện đến {events or 'chưa có'} · danh mục {catalogue.version}{aside}"
