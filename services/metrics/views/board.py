"""The board of one agency: tiles of its own, tables of the units below it, ranked by one figure when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.metrics.views.around import Around, around
from services.metrics.views.figures import Figure
from services.metrics.views.ranking import places
from services.metrics.views.scene import Scene
from services.metrics.views.tiles import FIRST, Tile, tile
from shared.catalogue.model import Agency, Indicator

_HEADLINES: Final = ("open_late", "received", "open", "finished", "paused")
"""Counts in large digits, as far as the catalogue has them; the others stand in a list."""

_GROUPS: Final[Mapping[str, str]] = {
    "directive": "Chỉ thị",
    "time": "Thời hạn",
    "papers": "Giấy tờ",
    "service": "Phục vụ",
    "defects": "Sai sót",
    "volume": "Số lượng",
    "complaints": "Phản ánh, kiến nghị",
    "766": "Quyết định 766",
    "tt01": "Thông tư 01/2018",
    "": "Khác",
}


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

    code: str
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
class Board:
    """The whole page: finished words only."""

    around: Around
    headlines: tuple[Tile, ...]
    others: tuple[tuple[str, tuple[Tile, ...]], ...]
    tiles: tuple[Tile, ...]
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    ranked_by: str


def board(scene: Scene) -> Board:
    """The page of one agency and period."""
    mine = scene.figures(scene.asked.agency_code, scene.indicators.values())
    history = scene.history(scene.indicators.values())
    first = [id_ for id_ in FIRST if id_ in mine]
    headlines = [id_ for id_ in _HEADLINES if id_ in mine]
    ranked = scene.indicators.get(scene.asked.rank_by) if scene.asked.rank_by in first else None

    def own(id_: str) -> Tile:
        return tile(mine[id_], scene.words, scene.asked.figure(id_), [then[id_] for then in history])

    rest: dict[str, list[Tile]] = {}
    for id_, row in scene.indicators.items():
        if id_ not in {*first, *headlines}:
            rest.setdefault(row.group if row.group in _GROUPS else "", []).append(own(id_))
    return Board(
        around=around(scene),
        headlines=tuple(map(own, headlines)),
        tiles=tuple(map(own, first)),
        others=tuple((scene.words(title), tuple(rest[group])) for group, title in _GROUPS.items() if group in rest),
        columns=tuple(_column(scene, scene.indicators[id_]) for id_ in first),
        groups=tuple(
            _group(scene, f"group-{number}", title, [scene.indicators[id_] for id_ in first])
            for number, title in enumerate(scene.units, 1)
        ),
        ranked_by=scene.words.name(ranked) if ranked else "",
    )


def _group(scene: Scene, anchor: str, title: str, shown: Sequence[Indicator]) -> Group:
    units = {row.code: row for row in scene.units[title]}
    found = {code: scene.figures(code, shown) for code in units if scene.has_dossiers(code)}
    by = scene.asked.rank_by
    ranks = places({code: figures[by] for code, figures in found.items() if by in figures})
    last = len(units) + 1
    return Group(
        anchor,
        scene.words(title),
        tuple(
            _line(scene, units[code], found[code], str(ranks.get(code, "")))
            for code in sorted(found, key=lambda each: (ranks.get(each, last), each))
        ),
        tuple(row.name for code, row in units.items() if code not in found),
    )


def _line(scene: Scene, unit: Agency, found: Mapping[str, Figure], rank: str) -> Line:
    there = scene.asked.unit(unit.code)
    tiles = tuple(tile(figure, scene.words, there.figure(id_)) for id_, figure in found.items())
    return Line(unit.code, rank, unit.name, there.href, tiles)


def _column(scene: Scene, indicator: Indicator) -> Column:
    is_ranked = indicator.id == scene.asked.rank_by
    return Column(
        title=scene.words.name(indicator),
        target=scene.words.target(indicator),
        href=scene.asked.but(rank_by="" if is_ranked else indicator.id).href,
        order="descending" if is_ranked else "",
    )
