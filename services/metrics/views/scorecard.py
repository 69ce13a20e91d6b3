"""A rating by points as a page: what each part is worth, what it earned, what nobody counts yet; and the units below.

A part without data earns nothing, lends nothing and is said to be missing; what could be earned at all is said beside
the sum (kpi §4, §8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from services.metrics.rules import rating
from services.metrics.rules.points import Earned, grade, rated
from services.metrics.rules.value import Parts, reduced, reported, rounded
from services.metrics.views.around import Around, Link, around
from services.metrics.views.language import Words
from services.metrics.views.scene import Scene
from services.metrics.views.spans import months_of, parse
from shared.catalogue.indicator import Scorecard
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Indicator

NO_DATA: Final = "chưa có dữ liệu"
_MOST: Final = 2
"""Points of one index of TT 01/2018."""
_AGENCY_INDICES: Final[Mapping[str, str]] = {
    "TT01-5": "Tổ chức Bộ phận Một cửa",
    "TT01-6": "Công khai thủ tục hành chính",
    "TT01-7": "Thái độ phục vụ",
    "TT01-8": "Trả lời phản ánh, kiến nghị",
    "TT01-9": "Cung cấp dịch vụ công trực tuyến",
}
"""Those that judge the agency; the four before them are indicators of the catalogue."""


@dataclass(frozen=True)
class Part:
    """One part: its figure with counts, from which share on it gives all its points, and what it earned."""

    name: str
    href: str
    value: str
    counts: str
    cap: str
    points: str
    most: str
    bar: str
    note: str


@dataclass(frozen=True)
class Section:
    """A group of parts with its sum; a rating without groups is one section without a name."""

    name: str
    points: str
    most: str
    bar: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Line:
    """A unit below: its points by section or index (`–` without data), their sum, what was possible, its class."""

    name: str
    href: str
    cells: tuple[str, ...]
    points: str
    possible: str
    grade: str


@dataclass(frozen=True)
class Card:
    """The whole page: finished words only. `missing`: the points of parts without data; empty when all have some."""

    around: Around
    title: str
    source: str
    points: str
    possible: str
    all: str
    missing: str
    grade: str
    sections: tuple[Section, ...]
    columns: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Line, ...]], ...]
    has_caps: bool
    quarter: Link | None
    """The same for the quarter, by which TT 01/2018 rates; None where that is shown already."""


class Judged(NamedTuple):
    """A unit's rating in numbers; `parts`: the shares that were judged."""

    groups: Sequence[tuple[Earned, Sequence[Earned]]]
    points: Fraction
    possible: int
    grade: str
    parts: Mapping[str, Parts]


def cards_on(scene: Scene) -> list[Scorecard]:
    """Those in force that day."""
    return [row for row in scene.catalogue.scorecards if row.in_force(scene.on)]


def card_page(scene: Scene) -> Card:
    """The page of `asked.card`. Raises StopIteration when it is not in force."""
    card = next(row for row in cards_on(scene) if row.id == scene.asked.card)
    found, words = judged(scene, card, scene.asked.agency_code), scene.words
    everything = sum(group.most for group, _ in found.groups)
    return Card(
        around=around(scene),
        title=words.listed(card.name),
        source=words.source(card.source),
        points=_points(found.points, card, words),
        possible=words.number(found.possible),
        all=words.number(everything),
        missing=words.number(everything - found.possible) if found.possible < everything else "",
        grade=words.listed(found.grade) if found.grade else "",
        sections=_sections(scene, card, found),
        columns=_columns(scene, card, found),
        groups=tuple((words(title), rows) for title in scene.units if (rows := _lines(scene, card, title))),
        has_caps=bool(card.groups),
        quarter=_quarter(scene, card),
    )


def judged(scene: Scene, card: Scorecard, agency_code: str) -> Judged:
    """One agency's points. What is hidden, withheld or not counted is without data; without any there is no class."""
    parts = _parts(scene, agency_code)
    if card.groups:
        found = rated(card, parts, _indicators(scene))
        return Judged(found.groups, found.points, found.possible, found.grade if found.possible else "", parts)
    earned = tuple(Earned(name, points, _MOST) for name, points in _indices(scene, card, agency_code, parts).items())
    total, left_out = rating.total({each.name: each.points for each in earned})
    possible = _MOST * (len(earned) - len(left_out))
    whole = Earned("", total if possible else None, _MOST * len(earned))
    return Judged([(whole, earned)], total, possible, grade(card, total) if possible else "", parts)


# --- the numbers ------------------------------------------------------------------------------------------------------


def _indicators(scene: Scene) -> Mapping[str, Indicator]:
    return {row.id: row for row in indicators_on(scene.catalogue, scene.on)}


def _parts(scene: Scene, agency_code: str) -> dict[str, Parts]:
    """Indicator id → its numerator and denominator, where they may be seen; reduced where the rule says so."""
    if agency_code in scene.withheld:
        return {}
    figures = scene.figures(agency_code, scene.indicators.values())
    plain = {
        id_: (figure.numerator, figure.denominator)
        for id_, figure in figures.items()
        if figure.denominator is not None and not figure.is_hidden
    }
    first, last = months_of(scene.asked.period)
    for id_, row in _indicators(scene).items():
        if row.numerator == "reported":
            plain[id_] = reported(scene.catalogue, id_, agency_code, first, last)
    rows = _indicators(scene)
    return {id_: reduced(parts, plain.get(rows[id_].factor or "")) for id_, parts in plain.items()}


def _indices(scene: Scene, card: Scorecard, agency_code: str, parts: Mapping[str, Parts]) -> dict[str, Fraction | None]:
    """Name → points; None: left out. What 5, 6 and 7 ask is in no fact that metrics has."""
    found: dict[str, Fraction | None] = {id_: rating.index(parts.get(id_, (0, 0))) for id_ in card.indices}
    found |= dict.fromkeys(_AGENCY_INDICES)
    found["TT01-8"] = rating.answers(parts.get("complaints_in_time_share", (0, 0)))
    found["TT01-9"] = rating.online(_online(scene, agency_code, parts))
    return found


def _online(scene: Scene, agency_code: str, parts: Mapping[str, Parts]) -> rating.Online:
    """Late and unanswered dossiers of every channel: no measure splits them by channel (policy)."""
    answered, due = parts.get("answered_share", (0, 0))
    return rating.Online(
        procedures=parts.get("procedures_online_share", (0, 0)),
        dossiers=parts.get("online_share", (0, 0)),
        overdue=scene.known.totals.get(("late", agency_code), 0),
        unanswered=due - answered,
    )


# --- the words --------------------------------------------------------------------------------------------------------


def _points(points: Fraction, card: Scorecard, words: Words) -> str:
    return words.decimal(rounded(points.numerator, points.denominator, 2 if card.groups else 1))


def _said(earned: Earned, card: Scorecard, words: Words) -> str:
    return "–" if earned.points is None else _points(earned.points, card, words)


def _bar(earned: Earned) -> str:
    return f"{float(100 * (earned.points or 0) / earned.most):.2f}"


def _sections(scene: Scene, card: Scorecard, found: Judged) -> tuple[Section, ...]:
    words = scene.words
    ids = [[part.indicator for part in group.parts] for group in card.groups] or [[*card.indices, *_AGENCY_INDICES]]
    return tuple(
        Section(
            name=words.listed(group.name) if group.name else "",
            points=_said(group, card, words),
            most=words.number(group.most),
            bar=_bar(group),
            parts=tuple(_part(scene, card, found, one, id_) for one, id_ in zip(earned, own, strict=True)),
        )
        for (group, earned), own in zip(found.groups, ids, strict=True)
    )


def _part(scene: Scene, card: Scorecard, found: Judged, earned: Earned, id_: str | None) -> Part:
    words, row = scene.words, _indicators(scene).get(id_ or "")
    parts = found.parts.get(id_ or "", (0, 0))
    return Part(
        name=_name(scene, earned),
        href=scene.asked.but(card="").figure(row.id) if row and row.id in scene.indicators else "",
        value=_value(card, parts, words),
        counts=f"{words.number(parts[0])}/{words.number(parts[1])}" if parts[1] and not (row and row.factor) else "",
        cap=words.ratio(row.cap or (1, 1)) if card.groups and row else "",
        points=_said(earned, card, words),
        most=words.number(earned.most),
        bar=_bar(earned),
        note=_note(scene, found, earned, row),
    )


def _name(scene: Scene, earned: Earned) -> str:
    row = _indicators(scene).get(earned.name)
    if row is not None:
        return scene.words.name(row)
    agency = _AGENCY_INDICES.get(earned.name)
    return scene.words(agency) if agency else scene.words.listed(earned.name)


def _value(card: Scorecard, parts: Parts, words: Words) -> str:
    if not parts[1]:
        return ""
    return words.share(*parts) if card.groups else words.decimal(rounded(*parts, 2))


def _note(scene: Scene, found: Judged, earned: Earned, row: Indicator | None) -> str:
    """What a reader must know beside the points."""
    if earned.points is None:
        return scene.words(NO_DATA)
    if row and row.factor and not found.parts.get(row.factor, (0, 0))[1]:
        return scene.words("chưa nhân tỷ lệ đồng bộ: chưa có dữ liệu")
    if earned.name == "TT01-9":
        return scene.words("cả hồ sơ quá hạn, chưa trả lời của mọi kênh nộp")
    return ""


def _columns(scene: Scene, card: Scorecard, found: Judged) -> tuple[str, ...]:
    heads = [group for group, _ in found.groups] if card.groups else found.groups[0][1]
    return tuple(_name(scene, each) for each in heads)


def _lines(scene: Scene, card: Scorecard, title: str) -> tuple[Line, ...]:
    """The units that have dossiers, most points first, equal ones by code."""
    rows = [(row, judged(scene, card, row.code)) for row in scene.units[title] if scene.has_dossiers(row.code)]
    rows.sort(key=lambda pair: (-pair[1].points, pair[0].code))
    words = scene.words
    return tuple(
        Line(
            name=row.name,
            href=scene.asked.unit(row.code).href,
            cells=tuple(
                _said(each, card, words)
                for each in ([group for group, _ in found.groups] if card.groups else found.groups[0][1])
            ),
            points=_points(found.points, card, words) if found.possible else "–",
            possible=words.number(found.possible),
            grade=words.listed(found.grade) if found.grade else words(NO_DATA),
        )
        for row, found in rows
    )


def _quarter(scene: Scene, card: Scorecard) -> Link | None:
    year, _, month = months_of(scene.asked.period)[1].partition("-")
    quarter = parse(f"{year}-Q{(int(month) + 2) // 3}")
    if card.groups or quarter.text == scene.asked.period.text:
        return None
    return Link(scene.words.period(quarter), scene.asked.but(period=quarter, as_of=None, as_published=False).href)
