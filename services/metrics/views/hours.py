"""Whose working hours made a figure's dossiers late, and which dossiers are nearest to being right, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Final, NamedTuple

from services.metrics.rules.attribution import Charged, Holder
from services.metrics.rules.band import bands_for
from services.metrics.rules.seen import Seen
from services.metrics.rules.shares import ALL, parted
from services.metrics.rules.why import least
from services.metrics.views.around import Around, around
from services.metrics.views.dossiers import duration
from services.metrics.views.figures import Figure, agency_name, procedure_name
from services.metrics.views.language import Words
from services.metrics.views.scene import Scene
from services.metrics.views.tiles import Tile, tile
from shared.dossier.working_time import ZERO

HOLDERS: Final[Mapping[Holder, str]] = {
    Holder.OFFICER: "Cơ quan giải quyết",
    Holder.CITIZEN: "Người nộp hồ sơ",
    Holder.OTHER_AGENCY: "Cơ quan được lấy ý kiến",
    Holder.CARRIER: "Bưu chính",
    Holder.GATEWAY: "Hệ thống kết nối",
    Holder.LATE_DATA: "Dữ liệu báo muộn",
}
READING_SAID: Final = "Đang đọc nhật ký sự kiện, trang tự hỏi lại."
AWAY_SAID: Final = "Nhật ký sự kiện chưa trả lời, thử lại sau."
_TENTH_US: Final = 360_000_000
"""A tenth of an hour in microseconds."""
_SHOWN: Final = 50


class Told(NamedTuple):
    """What the log says of the dossiers that keep a figure from its target; `nearest`: those to put right first."""

    nearest: tuple[Seen, ...] = ()
    dossiers: int = 0
    uncharged: int = 0
    """Of which the log has not every event, or with a day of which no calendar is published."""
    late_us: Mapping[Holder, int] = MappingProxyType({})
    each: Mapping[str, Charged] = MappingProxyType({})


@dataclass(frozen=True)
class Bar:
    """One holder: its part of the late hours in words, and the same as a length in a hundred."""

    mark: str
    name: str
    hours: str
    share: str
    start: str
    length: str


@dataclass(frozen=True)
class Nearer:
    """A dossier to put right; `late`: by how much working time, `holder`: with whom most of that lay."""

    code: str
    procedure: str
    agency: str
    late: str
    holder: str


@dataclass(frozen=True)
class Hours:
    """The whole page. Without `bars` nothing was late, or nothing is known yet (`waiting` says why)."""

    around: Around
    tile: Tile
    waiting: str
    bars: tuple[Bar, ...]
    total: str
    counted: str
    uncharged: str
    least: str
    rows: tuple[Nearer, ...]
    rest: str
    dossiers: str


def hours(scene: Scene, told: Told | None, waiting: str = "") -> Hours:
    """The page of `asked.indicator`; `told` None: the log has not been read, `waiting` is the sentence that says so."""
    words, asked = scene.words, scene.asked
    indicator = scene.indicators[asked.indicator]
    figure = scene.figures(asked.agency_code, [indicator])[indicator.id]
    known = told or Told()
    fix = to_fix(scene, figure)
    rows = _nearest(scene, known, fix) if scene.sees_dossiers else ()
    return Hours(
        around=around(scene),
        tile=tile(figure, words, asked.href),
        waiting=words(waiting) if waiting else "",
        bars=bars(known, words),
        total=_hours(sum(_tenths(known).values()), words),
        counted=words.number(known.dossiers),
        uncharged=words.number(known.uncharged) if known.uncharged else "",
        least=_least(scene, figure),
        rows=rows,
        rest=words.number(fix - len(rows)) if rows and fix > len(rows) else "",
        dossiers=asked.dossiers if scene.sees_dossiers else "",
    )


def bars(told: Told, words: Words) -> tuple[Bar, ...]:
    """Every holder of late hours, the officer first; hours and shares add up to what is written as their sums."""
    shares, tenths = parted(_late(told), ALL), _tenths(told)
    starts = dict(zip(HOLDERS, accumulate((shares.get(holder, 0) for holder in HOLDERS), initial=0), strict=False))
    return tuple(
        Bar(
            mark=holder.lower(),
            name=words(name),
            hours=_hours(tenths[holder], words),
            share=f"{words.decimal(_hundredths(shares[holder]))}%",
            start=_hundredths(starts[holder]),
            length=_hundredths(shares[holder]),
        )
        for holder, name in HOLDERS.items()
        if told.late_us.get(holder)
    )


def _hundredths(units: int) -> str:
    return f"{units // 100}.{units % 100:02d}"


def to_fix(scene: Scene, figure: Figure) -> int:
    """The least number of dossiers that, put right, give a better colour; 0 when there is none."""
    if figure.denominator is None or figure.is_hidden:
        return 0
    bands = bands_for(scene.catalogue, figure.indicator, scene.agency.kind, scene.on)
    found = least(figure.numerator, figure.denominator, figure.indicator, bands)
    return found.count if found else 0


def _least(scene: Scene, figure: Figure) -> str:
    if not (count := to_fix(scene, figure)):
        return ""
    bands = bands_for(scene.catalogue, figure.indicator, scene.agency.kind, scene.on)
    found = least(figure.numerator, figure.denominator or 0, figure.indicator, bands)
    words = scene.words
    return words(
        "Sửa ít nhất {count} hồ sơ để lên {level}: gần hạn nhất trước.",
        count=words.number(count),
        level=words.level(found.colour) if found else "",
    )


def _late(told: Told) -> dict[Holder, int]:
    return {holder: told.late_us.get(holder, 0) for holder in HOLDERS}


def _tenths(told: Told) -> dict[Holder, int]:
    """Tenths of hours that add up to the rounded sum."""
    late = _late(told)
    return parted(late, (sum(late.values()) + _TENTH_US // 2) // _TENTH_US)


def _hours(tenths: int, words: Words) -> str:
    whole, tenth = divmod(tenths, 10)
    point = words.decimal(".")
    return words("{count} giờ", count=f"{words.number(whole)}{point}{tenth}")


def _nearest(scene: Scene, told: Told, count: int) -> tuple[Nearer, ...]:
    return tuple(_nearer(scene, seen, told.each.get(seen.dossier_code)) for seen in told.nearest[: min(count, _SHOWN)])


def _nearer(scene: Scene, seen: Seen, charged: Charged | None) -> Nearer:
    words = scene.words
    late = charged.late if charged else {}
    most = max(late, key=lambda holder: (late[holder], holder)) if late else None
    return Nearer(
        code=seen.dossier_code,
        procedure=procedure_name(scene.catalogue, seen.procedure_code, scene.on),
        agency=agency_name(scene.catalogue, seen.agency_competent, scene.on),
        late=words("quá hạn {time}", time=duration(sum(late.values(), ZERO), words)) if late else "–",
        holder=words(HOLDERS[most]) if most else "–",
    )
