"""What stands around the figures of every page: where one is, which period, as of when, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.metrics.store import Reading
from services.metrics.views.asked import Asked
from services.metrics.views.borders import Borders
from services.metrics.views.figures import FRESH, agency_name
from services.metrics.views.language import Words
from services.metrics.views.periods import Kinds, choices
from services.metrics.views.scene import Scene
from services.metrics.views.spans import Span, first_on, following, parse, previous
from shared.catalogue.model import Catalogue
from shared.dossier.working_time import LOCAL


@dataclass(frozen=True)
class Link:
    """Words and where they lead."""

    text: str
    href: str


@dataclass(frozen=True)
class Stamp:
    """As of when, for people and for the page's own timer; `late` is empty while the figures are fresh."""

    text: str
    iso: str
    now_iso: str
    late: str
    promise: int


@dataclass(frozen=True)
class Around:
    """Finished words; `path`: the pages above, the province first; `next` only when that period has begun."""

    name: str
    period: str
    path: tuple[Link, ...]
    choices: tuple[Kinds, ...]
    former: Link
    next: Link | None
    stamp: Stamp
    past: str
    """Which time that is over is shown; empty for now."""
    today: str
    certificate: str
    certificate_href: str
    """The report with its hash; empty for the past and for what is not published."""
    quarantined: str
    unfair: tuple[str, ...]
    """Whose counts do not add up, and in which month: nothing of it is published."""
    narrow: str
    """That days are counted on read; empty for months."""
    borders: tuple[Link, ...]
    """The two ways to draw the borders, the one shown first; empty when nothing has moved since the period."""
    divided: tuple[str, ...]
    """In today's borders: closed agencies whose counts are in these figures and in none below."""


def around(scene: Scene) -> Around:
    """The same on every page."""
    asked, words, reading = scene.asked, scene.words, scene.known.reading
    return Around(
        name=scene.agency.name,
        period=words.period(asked.period),
        path=_path(scene),
        choices=choices(asked, scene.now, scene.catalogue.counting.campaign_week),
        former=_link(asked, previous(asked.period)),
        next=_next(asked, scene.now),
        stamp=stamp_of(reading.as_of, scene.now, words, is_past=asked.as_of is not None),
        past=_past(asked, words),
        today=f"{(asked.as_of or scene.now.astimezone(LOCAL).date())}",
        certificate=_certificate(reading, scene.catalogue, words),
        certificate_href=_certificate_href(scene),
        unfair=tuple(
            f"{agency_name(scene.catalogue, code, scene.on)}, {words.period(parse(month)).lower()}"
            for code, month in _unfair(scene)
        ),
        narrow=_narrow(scene),
        borders=_borders(scene),
        divided=_divided(scene),
        quarantined=words.number(reading.quarantined) if reading.quarantined else "",
    )


def _path(scene: Scene) -> tuple[Link, ...]:
    boards = scene.asked.but(indicator="", card="")
    links = [Link(scene.agency.name, boards.href)] if scene.asked.indicator or scene.asked.card else []
    parent = scene.agency.parent
    while parent is not None:
        row = scene.borders.agency(parent)
        links.append(Link(row.name, boards.unit(row.code, is_root=row.parent is None).href))
        parent = row.parent
    return tuple(reversed(links))


def _next(asked: Asked, now: datetime) -> Link | None:
    later = following(asked.period)
    return _link(asked, later) if first_on(later) <= now.astimezone(LOCAL).date() else None


def _link(asked: Asked, period: Span) -> Link:
    return Link(asked.words.period(period), asked.but(period=period).href)


def _narrow(scene: Scene) -> str:
    if not scene.asked.is_narrow:
        return ""
    return scene.words(
        "Được đếm khi mở trang, từ hồ sơ thuộc các ngày này; không tự cập nhật, không có chứng thư và phản ánh."
    )


def _borders(scene: Scene) -> tuple[Link, ...]:
    asked, words = scene.asked, scene.words
    borders_now = Borders(scene.catalogue, scene.today, follows=True)
    if not asked.in_todays_borders and not _moved(Borders(scene.catalogue, scene.on), borders_now):
        return ()
    there = borders_now.path(asked.agency_code)[0]
    is_root = scene.borders.agency(there).parent is None
    then = Link(words("Địa giới khi đó"), asked.but(in_todays_borders=False).href)
    today = Link(words("Địa giới hiện nay"), asked.unit(there, is_root=is_root).but(in_todays_borders=True).href)
    return (today, then) if asked.in_todays_borders else (then, today)


def _moved(then: Borders, now: Borders) -> bool:
    rows = ((code, then.agency(code)) for code in then.catalogue.agencies_by_code)
    return any(then.path(code) != now.path(code) for code, row in rows if row.in_force(then.on))


def _divided(scene: Scene) -> tuple[str, ...]:
    if not scene.asked.in_todays_borders:
        return ()
    here, having = scene.asked.agency_code, {agency for _, agency, _ in scene.known.reading.counts}
    closed = (code for code in sorted(having) if code != here and scene.borders.path(code)[0] == here)
    return tuple(agency_name(scene.catalogue, code, scene.on) for code in closed)


def _past(asked: Asked, words: Words) -> str:
    if asked.as_of is None:
        return ""
    day = f"{asked.as_of:%d/%m/%Y}"
    if asked.as_published:
        return words("Xem lại cuối ngày {day}: đã công bố lúc đó.", day=day)
    return words("Xem lại cuối ngày {day}: nay biết.", day=day)


def stamp_of(as_of: datetime | None, now: datetime, words: Words, *, is_past: bool = False) -> Stamp:
    """As of when the figures are, and how late that is; the past is never late."""
    is_late = not is_past and (as_of is None or now - as_of > FRESH)
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


def _certificate(reading: Reading, catalogue: Catalogue, words: Words) -> str:
    events = " ".join(f"P{partition}:{offset}" for partition, offset in sorted(reading.position.items()) if offset)
    return words(
        "sự kiện đến {events} · danh mục {version}", events=events or words("chưa có"), version=catalogue.version
    )


def _unfair(scene: Scene) -> list[tuple[str, str]]:
    here = scene.asked.agency_code
    return [row for row in scene.known.reading.unfair if here in scene.borders.path(row[0])]


def _certificate_href(scene: Scene) -> str:
    asked = scene.asked
    if asked.as_of is not None or asked.is_narrow or asked.in_todays_borders or scene.known.reading.unfair:
        return ""
    return f"/api/certificate?period={asked.period.text}&agency_code={asked.agency_code}"
