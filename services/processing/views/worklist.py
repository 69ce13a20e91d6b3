"""View models of the worklist page: tabs with counts, rows in finished words, filters as the address says them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlencode

from services.processing.rules.forms import Option
from services.processing.rules.time_left import Chip, Left, time_left, until_words, words
from services.processing.rules.wording import CHANNELS, ROLES, STAGES_EN, TABS, Tab
from services.processing.rules.worklist import Same, allowed, resource_of, task_of
from services.processing.store import MOST_COUNTED, Filter, Row
from services.processing.views.names import Named
from shared.catalogue import lookup
from shared.catalogue.model import CalendarMissing, Catalogue, SupplementClock, WorkingCalendar
from shared.contracts.facts import WAITS_FOR_APPLICANT, Facts
from shared.dossier.lifecycle import STAGES, Act, Role, TaskKind
from shared.dossier.permission import Actor
from shared.dossier.working_time import LOCAL
from shared.web.i18n import Language, teller

BULK: Final = (Act.CLAIM, Act.TRANSFER, Act.ASSIGN, Act.REASSIGN)
"""Acts that may be done to many dossiers at once: reversible ones only."""


class Query(NamedTuple):
    """The page's address: tab, search, filters. Empty texts filter nothing."""

    view: Tab = Tab.ALL
    q: str = ""
    procedure: str = ""
    channel: str = ""
    holder: str = ""
    due: str = ""
    agency: str = ""
    cursor: str = ""

    def address(self, **changes: str) -> str:
        """The same page with other values; the first page of the new list."""
        values = self._asdict() | {"cursor": ""} | changes
        return "/desk?" + urlencode({name: value for name, value in values.items() if value})

    def filter(self, person_code: str, now: datetime) -> Filter:
        """What the store narrows by."""
        ends = {"overdue": now, "day": now + timedelta(days=1), "week": now + timedelta(days=7)}
        kinds = TABS[self.view][1]
        overdue = self.view is Tab.OVERDUE or self.due == "overdue"
        return Filter(
            kinds=kinds - {TaskKind.RECEIVE} if overdue else None if self.view is Tab.ALL else kinds,
            procedure_code=self.procedure or None,
            channel=int(self.channel) if self.channel else None,
            holder=person_code if self.holder == "me" else None,
            unheld=self.holder == "none",
            before=now if overdue else ends.get(self.due),
        )


class LeftView(NamedTuple):
    """Time left in words; `chip` is its look."""

    chip: Chip
    words: str
    until: str


class TabView(NamedTuple):
    """One tab."""

    href: str
    words: str
    number: str
    is_current: bool


class RowView(NamedTuple):
    """One task in finished words."""

    code: str
    tail: str
    seq: int
    name: str
    procedure: str
    stage: str
    holder: str
    channel: str
    left: LeftView


class Picker(NamedTuple):
    """One filter: a list with its chosen value."""

    name: str
    label: str
    options: tuple[Option, ...]
    chosen: str


def row_views(
    rows: Sequence[Row],
    *,
    actor: Actor,
    catalogue: Catalogue,
    now: datetime,
    named: Named,
    titles: Mapping[str, str],
    language: Language,
) -> list[RowView]:
    """The rows as this person sees them."""
    return [
        RowView(
            code=row.facts.dossier_code,
            tail=row.facts.dossier_code.rsplit("-", 1)[1],
            seq=row.facts.seq,
            name=named.of(row.facts.dossier_code),
            procedure=procedure_name(catalogue, row.facts),
            stage=stage_words(row.facts, language),
            holder=holder_words(row, actor.person_code, titles, language),
            channel=CHANNELS[row.facts.channel].said(language),
            left=left_view(left_of(row.facts, catalogue, now), now, language),
        )
        for row in rows
    ]


def left_of(facts: Facts, catalogue: Catalogue, now: datetime) -> Left:
    """Where the dossier's clock stands, by the calendar of the agency that acts."""
    on = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
    try:
        return time_left(facts, now, *_clockwork(Same(catalogue), facts.agency_competent, facts.procedure_code, on))
    except (lookup.NotInCatalogue, CalendarMissing):
        return Left(Chip.NONE)


@lru_cache(maxsize=4096)  # few of them, asked for each row of each list
def _clockwork(
    catalogue: Same[Catalogue], agency_code: str, procedure_code: str, on: date
) -> tuple[WorkingCalendar, SupplementClock]:
    calendar = lookup.calendar_for(catalogue.value, agency_code, on)
    return calendar, lookup.procedure(catalogue.value, procedure_code, on).supplement_clock


def left_view(left: Left, now: datetime, language: Language, *, weekday: bool = False) -> LeftView:
    """Its words."""
    return LeftView(left.chip, words(left, language), until_words(left, now, language, weekday=weekday))


def tab_views(query: Query, found: Mapping[TaskKind, int], overdue: int, language: Language) -> list[TabView]:
    """The tabs with their counts; `Tất cả` sums up."""
    numbers = {tab: sum(found.get(kind, 0) for kind in kinds) for tab, (_, kinds) in TABS.items()}
    numbers[Tab.OVERDUE] = overdue
    return [
        TabView(query.address(view=tab, q=""), said.said(language), _count(numbers[tab], language), tab is query.view)
        for tab, (said, _) in TABS.items()
    ]


def _count(number: int, language: Language) -> str:
    if number < MOST_COUNTED:
        return str(number)
    return teller(language)("hơn {n}", n=MOST_COUNTED - 1)


def pickers(
    query: Query, catalogue: Catalogue, agencies: Collection[str], day: date, language: Language
) -> list[Picker]:
    """The filters beside the search."""
    lists = _lists(Same(catalogue), frozenset(agencies), day, language)
    chosen = query._asdict()
    return [Picker(name, label, options, chosen[name]) for name, label, options in lists]


@lru_cache(maxsize=1024)
def _lists(
    of: Same[Catalogue], agencies: frozenset[str], day: date, language: Language
) -> tuple[tuple[str, str, tuple[Option, ...]], ...]:
    """(name, label, options) of each filter."""
    say, catalogue = teller(language), of.value
    procedures = tuple(Option(row.code, row.name) for row in lookup.procedures_on(catalogue, day))
    places = tuple(Option(row.code, row.name) for row in lookup.agencies_on(catalogue, day) if row.code in agencies)
    channels = tuple(Option(str(int(each)), said.said(language)) for each, said in CHANNELS.items())
    holders = (Option("me", say("tôi")), Option("none", say("chưa ai")))
    dues = (
        Option("overdue", say("Đã quá hạn")),
        Option("day", say("Trong 1 ngày")),
        Option("week", say("Trong 7 ngày")),
    )
    return (
        ("procedure", say("Thủ tục"), procedures),
        ("channel", say("Kênh nộp"), channels),
        ("holder", say("Người giữ"), holders),
        ("due", say("Hạn"), dues),
        *([("agency", say("Cơ quan"), places)] if len(places) > 1 else []),
    )


def procedure_name(catalogue: Catalogue, facts: Facts) -> str:
    """The name in the version the dossier keeps; its code when the catalogue does not know it."""
    rows = catalogue.procedures_by_code.get(facts.procedure_code, ())
    fitting = [row for row in rows if row.version == facts.procedure_version] or list(rows)
    return fitting[-1].name if fitting else facts.procedure_code


def stage_words(facts: Facts, language: Language) -> str:
    """The stage on screen."""
    return STAGES_EN[facts.stage] if language == "en" else STAGES[facts.stage].label


def holder_words(row: Row, person_code: str, titles: Mapping[str, str], language: Language) -> str:
    """Who is waited for: me, a colleague by title, the applicant, or a role in which nobody took it yet."""
    say, facts = teller(language), row.facts
    if facts.stage in WAITS_FOR_APPLICANT:
        return say("công dân")
    task = row.task or task_of(facts)
    if facts.is_claimed and task is not None and task.role is Role.SPECIALIST:
        held = titles.get(row.holder, row.holder) or say("đã có người nhận")
        return say("tôi") if row.holder == person_code else held
    if task is None:
        return "–"
    return say("chưa ai") if task.role in {Role.SPECIALIST, Role.CLERK} else ROLES[task.role].said(language)


def bulk_acts(actor: Actor, rows: Sequence[Row], catalogue: Catalogue, day: date) -> list[Act]:
    """Which bulk acts fit at least one row of the page."""
    open_acts: set[Act] = set()
    for row in rows:
        open_acts |= set(allowed(actor, row.facts, resource_of(catalogue, row.facts, day))) & set(BULK)
        if len(open_acts) == len(BULK):
            break
    return [act for act in BULK if act in open_acts]
