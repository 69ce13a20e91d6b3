"""The very dossiers behind a figure: codes, stages, dates; no person, and only for colleagues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from services.metrics.rules.days import Days
from services.metrics.rules.measures import Measures, member_on
from services.metrics.rules.seen import Seen
from services.metrics.views.around import Around, Link, around
from services.metrics.views.figures import Figure, agency_name, procedure_name
from services.metrics.views.language import Words
from services.metrics.views.scene import Scene
from services.metrics.views.spans import Span
from shared.catalogue.calendar import CalendarMissing
from shared.catalogue.lookup import calendar_for
from shared.catalogue.model import Comparator, Indicator
from shared.dossier.deadline import working_time_between
from shared.dossier.lifecycle import STAGES, Clock
from shared.dossier.state import first_of
from shared.dossier.working_time import LOCAL

type Which = Literal["missing", "met", "all"]
"""Of the denominator: those not in the numerator, those in it, or both."""

_CHANNELS: Final = {1: "Trực tiếp", 2: "Trực tuyến", 3: "Bưu chính"}
_TABS: Final[dict[Which, str]] = {"missing": "Chưa đạt", "met": "Đạt", "all": "Tất cả"}


def is_listable(measures: Measures, indicator: Indicator) -> bool:
    """Whether the figure is made of dossiers: those that count procedures, or that others report, are not."""
    return {indicator.numerator, indicator.denominator or indicator.numerator} <= set(measures.names)


def keeps(measures: Measures, indicator: Indicator, which: Which, at: datetime) -> Callable[[Seen], bool]:
    """Whether a dossier is on the list: the same counts that are summed into the figure, as judged at that time."""
    over = measures.names.index(indicator.numerator)
    under = measures.names.index(indicator.denominator or indicator.numerator)
    is_most = indicator.comparator is Comparator.AT_MOST

    def kept(seen: Seen) -> bool:
        counts = measures.counts_at(seen, at)
        is_met = bool(counts[over]) is not is_most
        return bool(counts[under]) and (which == "all" or is_met is (which == "met"))

    return kept


def among(span: Span, kept: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
    """The same of the dossiers that belong to these days; the months are the store's."""
    if not isinstance(span, Days):
        return kept
    return lambda seen: span.first_on <= member_on(seen) <= span.last_on and kept(seen)


def how_many(figure: Figure) -> dict[Which, int | None]:
    """How long each list is, from the figure, None when that is not published; a plain count has one list."""
    if figure.is_hidden:
        return {"all": None} if figure.denominator is None else dict.fromkeys(_TABS)
    if figure.denominator is None:
        return {"all": figure.numerator}
    is_most = figure.indicator.comparator is Comparator.AT_MOST
    over, rest = figure.numerator, figure.denominator - figure.numerator
    return {"missing": over if is_most else rest, "met": rest if is_most else over, "all": figure.denominator}


@dataclass(frozen=True)
class DossierRow:
    """One dossier in words; `late` says by how much working time it is or was late, or what is left."""

    code: str
    procedure: str
    agency: str
    channel: str
    stage: str
    received: str
    due: str
    late: str
    is_late: bool


@dataclass(frozen=True)
class Tab:
    """One way to look at the list, with how many it holds."""

    text: str
    count: str
    href: str
    is_chosen: bool


@dataclass(frozen=True)
class Dossiers:
    """The whole page. `total`: how many the chosen list holds altogether."""

    around: Around
    title: str
    tabs: tuple[Tab, ...]
    rows: tuple[DossierRow, ...]
    total: str
    next: Link | None


def dossiers(scene: Scene, found: Sequence[Seen], which: Which, *, has_more: bool) -> Dossiers:
    """The page of `asked.indicator`: one page of the list, in the order given."""
    words, asked = scene.words, scene.asked
    indicator = scene.indicators[asked.indicator]
    counts = how_many(scene.figures(asked.agency_code, [indicator])[indicator.id])
    next_href = f"{asked.dossiers}&which={which}&after={found[-1].dossier_code}" if has_more else ""
    return Dossiers(
        around=around(scene),
        title=words.name(indicator),
        tabs=tuple(
            Tab(words(_TABS[each]), _said(count, words), f"{asked.dossiers}&which={each}", each == which)
            for each, count in counts.items()
        ),
        rows=tuple(_row(scene, seen) for seen in found),
        total=_said(counts.get(which), words),
        next=Link(words("Trang sau"), next_href) if has_more else None,
    )


def _said(count: int | None, words: Words) -> str:
    return "–" if count is None else words.number(count)


def _row(scene: Scene, seen: Seen) -> DossierRow:
    words = scene.words
    late = _late_by(scene, seen)
    return DossierRow(
        code=seen.dossier_code,
        procedure=procedure_name(scene.catalogue, seen.procedure_code, scene.on),
        agency=agency_name(scene.catalogue, seen.agency_competent, scene.on),
        channel=words(_CHANNELS[int(seen.channel)]),
        stage=words(STAGES[seen.stage].label),
        received=words.moment(seen.received_at) if seen.received_at else "–",
        due=words.moment(seen.due_at) if seen.due_at else "–",
        late=_standing(scene, seen, late),
        is_late=late is not None,
    )


def _late_by(scene: Scene, seen: Seen) -> timedelta | None:
    """Working time between the due instant and the end, or now while it runs; None when it is not late."""
    if seen.due_at is None or seen.clock is Clock.PAUSED:
        return None
    end = first_of(seen.portal_times, 9, 10, 8, 3) or scene.now
    return _worked(scene, seen, seen.due_at, end) if end > seen.due_at else None


def _worked(scene: Scene, seen: Seen, start: datetime, end: datetime) -> timedelta:
    try:
        calendar = calendar_for(scene.catalogue, seen.agency_competent, start.astimezone(LOCAL).date())
        return working_time_between(start, end, calendar)
    except CalendarMissing:
        return end - start


def _standing(scene: Scene, seen: Seen, late: timedelta | None) -> str:
    words = scene.words
    if late is not None:
        return words("quá hạn {time}", time=duration(late, words))
    if seen.clock is Clock.PAUSED:
        return words("tạm dừng")
    if seen.due_at is None:
        return words("chưa có hạn")
    if STAGES[seen.stage].clock is Clock.STOPPED:
        return words("đúng hạn")
    return words("còn {time}", time=duration(_worked(scene, seen, scene.now, seen.due_at), words))


def duration(time: timedelta, words: Words) -> str:
    """`2 ngày 3 giờ`: working time, 1 day = 8 hours, rounded down (screens 2.5)."""
    minutes = int(time.total_seconds()) // 60
    days, rest = divmod(minutes, 8 * 60)
    hours = rest // 60
    parts = [(days, "{count} ngày"), (hours, "{count} giờ")]
    said = [words(text, count=words.number(count)) for count, text in parts if count]
    return " ".join(said) or words("{count} phút", count=minutes)
