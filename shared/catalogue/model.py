"""What the catalogue is made of: one frozen type per kind of row, and `Terms`, the promises pinned at reception.

Every row has dates of effect; nothing here is decided by code that data can decide. Read from `data/*.yaml` by
`shared.platform.catalogue`, asked through `shared.catalogue.lookup`, carried by orders and facts as `Terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from shared.catalogue.calendar import (
    OFFICE_HOURS,
    CalendarMissing,
    CalendarYear,
    Closure,
    DayKind,
    OfficeHours,
    ProcessingTime,
    Shifts,
    SupplementClock,
    Unit,
    WorkingCalendar,
)
from shared.catalogue.indicator import (
    Bands,
    ColourRule,
    Comparator,
    Counting,
    Indicator,
    Measure,
    Reported,
    Scorecard,
    ServiceMeasure,
)
from shared.catalogue.money import Area, ChannelAmount, Exemption, Fee, FeeItem, FeeKind, FeeTiming, Tier
from shared.catalogue.row import AgencyKind, Dated, Ratio, Row

__all__ = [
    "OFFICE_HOURS",
    "Agency",
    "AgencyKind",
    "Area",
    "Bands",
    "CalendarMissing",
    "CalendarYear",
    "Catalogue",
    "ChannelAmount",
    "ClockStart",
    "Closure",
    "ColourRule",
    "Comparator",
    "Component",
    "Counting",
    "Dated",
    "DayKind",
    "Digitization",
    "DigitizationStart",
    "DocumentKind",
    "EssentialService",
    "Exemption",
    "Fee",
    "FeeItem",
    "FeeKind",
    "FeeTiming",
    "FieldOfLaw",
    "Indicator",
    "Leg",
    "Measure",
    "OfficeHours",
    "OnlineLevel",
    "Patience",
    "Procedure",
    "ProcessingTime",
    "Ratio",
    "Row",
    "RuleSet",
    "Scorecard",
    "ServiceMeasure",
    "Shifts",
    "Source",
    "SupplementClock",
    "Terms",
    "Tier",
    "Unit",
    "WorkingCalendar",
]


class Agency(Dated):
    """One agency between two dates. `fields` narrows what it is competent for; none = everything of its level."""

    code: str
    code_qd20: str
    name: str
    kind: AgencyKind
    parent: str | None = None
    area: Area | None = None
    fields: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()


class FieldOfLaw(Row):
    """Lĩnh vực."""

    code: str
    name: str
    name_en: str


class Source(StrEnum):
    """Where a paper's content can be asked instead of the citizen (identity_and_documents §5)."""

    POPULATION = "POPULATION"
    CIVIL_STATUS = "CIVIL_STATUS"
    BUSINESS = "BUSINESS"
    LAND = "LAND"
    INSURANCE = "INSURANCE"
    WAREHOUSE = "WAREHOUSE"


class DocumentKind(Row):
    """A kind of paper. Declarations are never reusable; `source` = who can supply it; `valid_months` none = no end."""

    code: str
    name: str
    reusable: bool = False
    source: Source | None = None
    valid_months: PositiveInt | None = None


class Component(Row):
    """A paper a procedure asks for. `paper_ground`: why the paper itself is needed although a source supplies it."""

    kind: str
    required: bool = True
    data_source: Source | None = None
    paper_ground: str | None = None


class OnlineLevel(StrEnum):
    """Toàn trình / một phần (NĐ 42/2022/NĐ-CP)."""

    FULL = "FULL"
    PARTIAL = "PARTIAL"


class ClockStart(StrEnum):
    """From when a procedure's own law counts, where it is not the reception (deadlines R9)."""

    RECEPTION = "RECEPTION"
    PROCESSING_AGENCY = "PROCESSING_AGENCY"
    """When the agency that decides gets the file (NĐ 99/2022/NĐ-CP Điều 16.2)."""
    WAYBILL_DATE = "WAYBILL_DATE"
    """By post: the date on the waybill (NĐ 81/2018/NĐ-CP)."""


class Leg(Row):
    """One agency's part of a linked procedure (liên thông)."""

    name: str
    kind: AgencyKind
    processing_time: ProcessingTime


class Procedure(Dated):
    """One version of a procedure. `channels`: 1 at the desk, 2 online, 3 by post (the national portal's numbers).

    `legs`: the agencies of a linked procedure in their order; the limit is what is published for all of them together.
    """

    code: Annotated[str, Field(pattern=r"^\d\.\d{6}$")]
    version: PositiveInt
    name: str
    field: str
    levels: Annotated[tuple[AgencyKind, ...], Field(min_length=1)]
    processing_time: ProcessingTime
    verification_time: ProcessingTime | None = None
    clock_start: ClockStart = ClockStart.RECEPTION
    legs: tuple[Leg, ...] = ()
    online_level: OnlineLevel
    online_level_2022: Annotated[int, Field(ge=1, le=4)]
    channels: Annotated[tuple[Literal[1, 2, 3], ...], Field(min_length=1)]
    components: tuple[Component, ...]
    fees: tuple[Fee, ...]
    result_kind: str
    paper_result: bool = True
    post_return: bool = False
    e25: PositiveInt | None = None
    integrated_national: bool = False
    presence_required: bool = False
    supplement_clock: SupplementClock
    law: str

    @property
    def post_intake(self) -> bool:
        """Whether the post may bring it."""
        return 3 in self.channels  # noqa: PLR2004 - portal's number

    @property
    def online_only(self) -> bool:
        """Whether desk and post are closed by decision."""
        return self.channels == (2,)

    @property
    def is_online_service(self) -> bool:
        """Level 3 or 4 of NĐ 43/2011, what the directive's rate D1b counts."""
        return self.online_level_2022 >= 3  # noqa: PLR2004 - the level's own number


class EssentialService(Row):
    """One of the 25 of QĐ 06/QĐ-TTg (06/01/2022); without `procedures` a ministry's system runs it: shown as link."""

    number: Annotated[int, Field(ge=1, le=25)]
    name: str
    procedures: tuple[str, ...] = ()


class Patience(Row):
    """How long is waited for people before somebody decides, in calendar days (policy), and when a due time is near."""

    completion_days: PositiveInt = 30
    supplement_days: PositiveInt = 30
    duty_days: PositiveInt = 30
    fee_days: PositiveInt = 10
    fee_warning_days: tuple[PositiveInt, ...] = (5, 8)
    collection_days: tuple[PositiveInt, ...] = (3, 15, 30)
    routing_hours: PositiveInt = 4
    """Working hours."""
    near_due_share: Ratio = (3, 4)
    """Share of the working time between reception and due time after which the handler is warned."""


class RuleSet(Dated):
    """Which one-stop decree binds a dossier received between two dates."""

    code: Literal["ND61", "ND118"]
    law: str
    patience: Patience = Patience()


class DigitizationStart(Row):
    """From when components must be digitized at reception, per kind of agency (catalogue §5)."""

    kinds: tuple[AgencyKind, ...]
    required_from: date


class Digitization(Row):
    """The schedule; the essential services of QĐ 06/QĐ-TTg (E25) start at the latest on `e25_from`."""

    starts: tuple[DigitizationStart, ...]
    e25_from: date


# ── the whole, and what is pinned of it ───────────────────────────────────────────────────────────────────────────


class Catalogue(Row):
    """Everything, as one value with one version; made by `shared.platform.catalogue.load_catalogue`."""

    version: str
    calendar_version: str
    rule_sets: tuple[RuleSet, ...]
    connected_sources: tuple[Source, ...]
    fields: tuple[FieldOfLaw, ...]
    agencies: tuple[Agency, ...]
    document_kinds: tuple[DocumentKind, ...]
    procedures: tuple[Procedure, ...]
    calendar_years: tuple[CalendarYear, ...]
    office_hours: tuple[OfficeHours, ...]
    closures: tuple[Closure, ...] = ()
    essential_services: tuple[EssentialService, ...] = ()
    digitization: Digitization
    bands: Bands
    colour_rules: tuple[ColourRule, ...] = ()
    measures: tuple[Measure, ...] = ()
    service_measures: tuple[ServiceMeasure, ...] = ()
    indicators: tuple[Indicator, ...]
    reported: tuple[Reported, ...] = ()
    scorecards: tuple[Scorecard, ...] = ()
    counting: Counting = Counting()

    @cached_property
    def calendars(self) -> dict[tuple[Shifts, tuple[Closure, ...]], WorkingCalendar]:
        """Calendars made so far, by office hours and local closures: `lookup.calendar_for` fills it."""
        return {}

    @cached_property
    def procedures_by_code(self) -> Mapping[str, tuple[Procedure, ...]]:
        """All versions of each procedure, oldest first."""
        return _grouped(self.procedures)

    @cached_property
    def agencies_by_code(self) -> Mapping[str, tuple[Agency, ...]]:
        """All rows of each agency, oldest first."""
        return _grouped(self.agencies)

    @cached_property
    def document_kinds_by_code(self) -> Mapping[str, DocumentKind]:
        """Each kind of paper."""
        return {kind.code: kind for kind in self.document_kinds}


def _grouped[T: (Procedure, Agency)](rows: tuple[T, ...]) -> Mapping[str, tuple[T, ...]]:
    groups: dict[str, list[T]] = {}
    for row in sorted(rows, key=lambda row: (row.code, row.valid_from)):
        groups.setdefault(row.code, []).append(row)
    return {code: tuple(found) for code, found in groups.items()}


class Terms(Row):
    """The catalogue's promises to one dossier, pinned at reception: later changes never move an old deadline or fee."""

    procedure_code: str
    procedure_version: PositiveInt
    rule_set: Literal["ND61", "ND118"]
    catalogue_version: str
    calendar: WorkingCalendar
    processing_time: ProcessingTime
    supplement_clock: SupplementClock
    fees: tuple[FeeItem, ...]
    components: tuple[str, ...]
    digitization_required: bool
    paper_result: bool
    integrated_national: bool
    e25: bool
    online_level: OnlineLevel
    online_only: bool
    post_return: bool
    verification_time: ProcessingTime | None = None
    clock_start: ClockStart = ClockStart.RECEPTION
    patience: Patience = Patience()
