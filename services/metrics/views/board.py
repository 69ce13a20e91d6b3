"""The board of one agency: tiles of its own, tables of the units below it, ranked by one figure when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.metrics.rules.period import Period
from services.metrics.store import Reading
from services.metrics.views.asked import Asked
from services.metrics.views.figures import FRESH, Figure, Totals, agency_on, day_of, figures
from services.metrics.views.language import Words
from services.metrics.views.periods import Choice, choices, first_on, following, previous
from services.metrics.views.tiles import Tile, in_order, share_of, tile
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Agency, AgencyKind, Catalogue, Comparator, Indicator
from shared.dossier.working_time import LOCAL

_GROUPS: Final[Mapping[str, tuple[AgencyKind, ...]]] = {
    "Sở, ban, ngành": (AgencyKind.DEPARTMENT, AgencyKind.CENTRE, AgencyKind.BRANCH),
    "Cơ quan ngành dọc": (AgencyKind.VERTICAL,),
    "Huyện, thị xã, thành phố": (AgencyKind.DISTRICT, AgencyKind.DISTRICT_OFFICE),
    "Xã, phường, thị trấn": (AgencyKind.COMMUNE,),
}
_HEADLINES: Final = ("open_overdue", "overdue", "received", "finished", "paused")
"""Counts in large digits, as far as the catalogue has them; the others stand in a list."""


@dataclass(frozen=True)
class Link:
    """Words and where they lead."""

    text: str
    href: str


@dataclass(frozen=True)
class Column:
    """A share as the head of a column; `order`: `descending` when the units are ranked by it."""

    title: str
    target: str
    href: str
    order: str


@dataclass(frozen=True)
class Line:
    """One unit's row; `rank` is empty when nothing is ranked or there is no figure."""

    rank: str
    name: str
    href: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Group:
    """One table: units of one level that have dossiers; `silent` = names of those that have none."""

    id: str
    title: str
    lines: tuple[Line, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True)
class Stamp:
    """As of when, for people and for the page's own timer; `late` is empty while the figures are fresh."""

    text: str
    iso: str
    now_iso: str
    late: str
    promise: int


@dataclass(frozen=True)
class Board:
    """The whole page: finished words only."""

    name: str
    period: str
    path: tuple[Link, ...]
    choices: tuple[Choice, ...]
    former: Link
    next: Link | None
    stamp: Stamp
    headlines: tuple[Tile, ...]
    counts: tuple[Tile, ...]
    tiles: tuple[Tile, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    ranked_by: str
    certificate: str
    quarantined: str


@dataclass(frozen=True)
class Known:
    """What the store said: the asked period with everything about it, and totals of it and the periods before."""

    reading: Reading
    totals: Totals
    history: Sequence[tuple[Period, Totals]]


def board(known: Known, catalogue: Catalogue, asked: Asked, now: datetime, *, hides_below: int = 0) -> Board:
    """The page of one agency and period as of `now`. The agency is one of the catalogue."""
    on = day_of(asked.period, now)
    words = asked.words
    indicators = indicators_on(catalogue, on)
    shares = {row.id: row for row in indicators if row.denominator is not None}

    def of(code: str, rows: Iterable[Indicator], totals: Totals = known.totals) -> dict[str, Figure]:
        found = figures(totals, catalogue, rows, [code], hides_below=hides_below)
        return {figure.indicator.id: figure for figure in found}

    mine = of(asked.agency_code, indicators)
    histories = [of(asked.agency_code, indicators, totals) for _, totals in known.history]
    order = in_order({each: mine[each] for each in shares})
    ranked = shares.get(asked.rank_by)

    def own(each: str) -> Tile:
        past = [figures_then[each] for figures_then in histories]
        return tile(mine[each], words, asked.figure(each), past)

    def line(unit: Agency) -> tuple[Agency, dict[str, Figure]]:
        return unit, of(unit.code, shares.values())

    headlines = [each for each in _HEADLINES if each in mine]
    here = agency_on(catalogue, asked.agency_code, on)
    return Board(
        name=here.name,
        period=words.period(asked.period),
        path=path_of(catalogue, asked, on),
        choices=choices(asked, now),
        former=_link(asked, previous(asked.period)),
        next=_next(asked, now),
        stamp=stamp_of(known.reading.as_of, now, words),
        headlines=tuple(map(own, headlines)),
        counts=tuple(own(row.id) for row in indicators if row.denominator is None and row.id not in headlines),
        tiles=tuple(map(own, order)),
        columns=tuple(_column(shares[each], asked) for each in order),
        groups=tuple(
            _group(number, title, list(map(line, units)), order, ranked, known.totals, asked)
            for number, (title, units) in enumerate(_below(catalogue, asked.agency_code, on, known.totals).items(), 1)
        ),
        ranked_by=words.name(ranked) if ranked else "",
        certificate=certificate_of(known.reading, catalogue, words),
        quarantined=words.number(known.reading.quarantined) if known.reading.quarantined else "",
    )


# --- the units below --------------------------------------------------------------------------------------------------


def _below(catalogue: Catalogue, code: str, on: date, totals: Totals) -> dict[str, list[Agency]]:
    """Title → units right below the agency, in force that day or with dossiers all the same."""
    seen = {scope for _, scope in totals}
    rows = [agency_on(catalogue, each, on) for each in catalogue.agencies_by_code]
    units = [row for row in rows if row.parent == code and (row.in_force(on) or row.code in seen)]
    grouped = {title: [row for row in units if row.kind in kinds] for title, kinds in _GROUPS.items()}
    return {title: sorted(found, key=lambda row: row.code) for title, found in grouped.items() if found}


def _group(  # noqa: PLR0917 - one table is made of all these
    number: int,
    title: str,
    units: list[tuple[Agency, dict[str, Figure]]],
    order: Sequence[str],
    ranked: Indicator | None,
    totals: Totals,
    asked: Asked,
) -> Group:
    seen = {scope for _, scope in totals}
    words = asked.words
    places: dict[str, str] = {}
    if ranked is not None:
        units, places = _ranked(units, ranked)
    lines = tuple(
        Line(
            rank=places.get(unit.code, ""),
            name=unit.name,
            href=asked.unit(unit.code),
            tiles=tuple(tile(found[each], words, asked.but(agency_code=unit.code).figure(each)) for each in order),
        )
        for unit, found in units
        if unit.code in seen
    )
    silent = tuple(unit.name for unit, _ in units if unit.code not in seen)
    return Group(f"group-{number}", words(title), lines, silent)


def _ranked(
    units: list[tuple[Agency, dict[str, Figure]]], by: Indicator
) -> tuple[list[tuple[Agency, dict[str, Figure]]], dict[str, str]]:
    """Best first, those without a figure last; equal shares have equal places."""
    sign = -1 if by.comparator is Comparator.AT_MOST else 1
    shares = {unit.code: share for unit, found in units if (share := share_of(found[by.id])) is not None}
    best = sorted((sign * share for share in shares.values()), reverse=True)
    places = {code: str(best.index(sign * share) + 1) for code, share in shares.items()}
    last = len(units) + 1
    return sorted(units, key=lambda row: (int(places.get(row[0].code, last)), row[0].code)), places


def _column(indicator: Indicator, asked: Asked) -> Column:
    is_ranked = indicator.id == asked.rank_by
    words = asked.words
    return Column(
        title=words.name(indicator),
        target=words.target(indicator),
        href=asked.but(rank_by="" if is_ranked else indicator.id).href,
        order="descending" if is_ranked else "",
    )


# --- around the figures -----------------------------------------------------------------------------------------------


def path_of(catalogue: Catalogue, asked: Asked, on: date) -> tuple[Link, ...]:
    """The agencies above, from the province down."""
    links: list[Link] = []
    parent = agency_on(catalogue, asked.agency_code, on).parent
    while parent is not None:
        row = agency_on(catalogue, parent, on)
        links.append(Link(row.name, asked.unit(row.code, is_root=row.parent is None)))
        parent = row.parent
    return tuple(reversed(links))


def _next(asked: Asked, now: datetime) -> Link | None:
    later = following(asked.period)
    return _link(asked, later) if first_on(later) <= now.astimezone(LOCAL).date() else None


def _link(asked: Asked, period: Period) -> Link:
    return Link(asked.words.period(period), asked.but(period=period).href)


def stamp_of(as_of: datetime | None, now: datetime, words: Words) -> Stamp:
    """As of when the figures are, and how late that is."""
    is_late = as_of is None or now - as_of > FRESH
    return Stamp(
        text=words.instant(as_of) if as_of else words("chưa có"),
        iso=as_of.isoformat() if as_of else "",
        now_iso=now.isoformat(),
        late=_lateness(as_of, now, words) if is_late else "",
        promise=int(FRESH.total_seconds()),
    )


def _lateness(as_of: datetime | None, now: datetime, words: Words) -> str:
    if as_of is None:
        return words("chưa đọc hết sự kiện")
    minutes, seconds = divmod(int((now - as_of).total_seconds()), 60)
    if minutes:
        return words("đang trễ {minutes} phút", minutes=words.number(minutes))
    return words("đang trễ {seconds} giây", seconds=seconds)


def certificate_of(reading: Reading, catalogue: Catalogue, words: Words) -> str:
    """Which events are counted and by which catalogue."""
    events = " ".join(f"P{partition}:{offset}" for partition, offset in sorted(reading.position.items()) if offset)
    return words(
        "sự kiện đến {events} · danh mục {version}", events=events or words("chưa có"), version=catalogue.version
    )
