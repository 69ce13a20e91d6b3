"""What no single row can show: rows that contradict each other. Each finding says where, for file and line.

Pure; `shared.platform.catalogue` runs it at every load and refuses a catalogue with findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from shared.catalogue import figures
from shared.catalogue.figures import Finding
from shared.catalogue.lookup import decides
from shared.catalogue.model import Agency, AgencyKind, Catalogue, DayKind, Indicator, Measure, Procedure, Scorecard

NOTICE = timedelta(days=60)
"""How long before it begins a year must have its calendar."""
DECLARATIONS = ("TK-", "DON-", "GDN-")
"""What the applicant declares for this one purpose is never reused (identity_and_documents §4.4)."""
NARROW = frozenset({AgencyKind.DEPARTMENT, AgencyKind.BRANCH, AgencyKind.VERTICAL, AgencyKind.DISTRICT_OFFICE})
"""Agencies that are competent for named fields only."""


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Everything wrong between rows, list by list."""
    yield from _overlaps("agencies", catalogue.agencies, lambda row: row.code)
    yield from _overlaps("procedures", catalogue.procedures, lambda row: row.code)
    yield from _overlaps("indicators", catalogue.indicators, lambda row: row.id)
    yield from _overlaps("measures", catalogue.measures, lambda row: row.name)
    yield from _overlaps("scorecards", catalogue.scorecards, lambda row: row.id)
    yield from _agencies(catalogue)
    yield from _documents(catalogue)
    decided = cache(lambda levels, field, on: any(_deciders(catalogue, levels, field, on)))
    for index, procedure in enumerate(catalogue.procedures):
        if not decided(procedure.levels, procedure.field, procedure.valid_from):
            text = f"no agency is competent for {procedure.code} on {procedure.valid_from}"
            yield ("procedures", index, "levels"), text
        yield from ((("procedures", index, *place), text) for place, text in _procedure(catalogue, procedure))
    yield from _calendars(catalogue)
    yield from _closures(catalogue)
    yield from _essentials(catalogue)
    yield from figures.findings(catalogue)


def warnings(catalogue: Catalogue, on: date) -> Iterator[str]:
    """What is not wrong yet: from 60 days before its end a year's successor must have its holidays."""
    years = {row.year for row in catalogue.calendar_years}
    for year in {on.year, (on + NOTICE).year} - years:
        yield f"no working calendar of {year}: deadlines that reach into it cannot be given"
    for row in catalogue.calendar_years:
        if not row.verified and row.year in {on.year, (on + NOTICE).year}:
            yield f"the working calendar of {row.year} is a draft: compare it with the decision ({row.decision})"


def _overlaps[T: (Agency, Procedure, Indicator, Measure, Scorecard)](
    name: str, rows: Sequence[T], key: Callable[[T], str]
) -> Iterator[Finding]:
    for index, row in enumerate(rows):
        if row.valid_to is not None and row.valid_to < row.valid_from:
            yield (name, index, "valid_to"), f"{key(row)} ends before it begins"
    order = sorted(range(len(rows)), key=lambda index: (key(rows[index]), rows[index].valid_from))
    for earlier, later in pairwise(order):
        if key(rows[earlier]) == key(rows[later]) and rows[earlier].in_force(rows[later].valid_from):
            yield (name, later, "valid_from"), f"{key(rows[later])} has two versions in force on this day"


def _agencies(catalogue: Catalogue) -> Iterator[Finding]:
    fields = {field.code for field in catalogue.fields}
    for index, row in enumerate(catalogue.agencies):
        parents = catalogue.agencies_by_code.get(row.parent or "", ())
        if row.parent is not None and not any(parent.in_force(row.valid_from) for parent in parents):
            yield ("agencies", index, "parent"), f"unknown agency {row.parent} on {row.valid_from}"
        if row.parent is None and row.kind is not AgencyKind.PROVINCE:
            yield ("agencies", index, "code"), f"{row.code} has no parent; only the province has none"
        if row.kind in NARROW and not row.fields:
            yield ("agencies", index, "code"), f"{row.code} names no field it is competent for"
        for place, field in enumerate(row.fields):
            if field not in fields:
                yield ("agencies", index, "fields", place), f"unknown field {field}"
        for place, successor in enumerate(row.successors):
            if successor not in catalogue.agencies_by_code:
                yield ("agencies", index, "successors", place), f"unknown agency {successor}"


def _documents(catalogue: Catalogue) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, kind in enumerate(catalogue.document_kinds):
        if kind.code in seen:
            yield ("document_kinds", index, "code"), f"{kind.code} is listed twice"
        if kind.reusable and kind.code.startswith(DECLARATIONS):
            yield ("document_kinds", index, "reusable"), f"{kind.code} is a declaration, never reusable"
        seen.add(kind.code)


def _procedure(catalogue: Catalogue, procedure: Procedure) -> Iterator[Finding]:
    if procedure.field not in {field.code for field in catalogue.fields}:
        yield ("field",), f"unknown field {procedure.field}"
    if procedure.result_kind not in catalogue.document_kinds_by_code:
        yield ("result_kind",), f"unknown document kind {procedure.result_kind}"
    legs, whole = [leg.processing_time for leg in procedure.legs], procedure.processing_time
    if legs and all(leg.unit is whole.unit for leg in legs) and sum(leg.amount for leg in legs) > whole.amount:
        yield ("legs",), f"the legs of {procedure.code} take longer than its own limit"
    connected = catalogue.connected_sources
    for index, component in enumerate(procedure.components):
        kind = catalogue.document_kinds_by_code.get(component.kind)
        if kind is None:
            yield ("components", index, "kind"), f"unknown document kind {component.kind}"
        elif component.required and not (component.paper_ground or component.data_source) and kind.source in connected:
            text = f"{component.kind} is asked as paper although {kind.source} supplies it (NĐ 47/2020/NĐ-CP Điều 9.3)"
            yield ("components", index, "kind"), f"{text}: name its data_source, or a paper_ground"


def _deciders(
    catalogue: Catalogue, levels: tuple[AgencyKind, ...], field: str, on: date
) -> Iterator[Agency]:  # as `lookup.is_competent`, once per level and field
    return (row for row in catalogue.agencies if row.in_force(on) and decides(levels, field, row))


def _closures(catalogue: Catalogue) -> Iterator[Finding]:
    for index, row in enumerate(catalogue.closures):
        if not any(agency.in_force(row.day) for agency in catalogue.agencies_by_code.get(row.agency_code, ())):
            yield ("closures", index, "agency_code"), f"unknown agency {row.agency_code} on {row.day}"
        if (row.day.weekday() > 4) != (row.kind is DayKind.SWAP_WORK):  # noqa: PLR2004 - Friday is 4
            yield ("closures", index, "kind"), f"{row.kind} says nothing on a {row.day:%A}"


def _essentials(catalogue: Catalogue) -> Iterator[Finding]:
    numbers = [row.number for row in catalogue.essential_services]
    for index, row in enumerate(catalogue.essential_services):
        if row.number in numbers[:index]:
            yield ("essential_services", index, "number"), f"{row.number} is listed twice"
    for index, procedure in enumerate(catalogue.procedures):
        if procedure.e25 is not None and procedure.e25 not in numbers:
            yield ("procedures", index, "e25"), f"{procedure.e25} is none of the essential services"


def _calendars(catalogue: Catalogue) -> Iterator[Finding]:
    years = [row.year for row in catalogue.calendar_years]
    for index, row in enumerate(catalogue.calendar_years):
        if index and row.year != years[index - 1] + 1:
            yield ("calendar_years", index, "year"), f"{row.year} does not follow {years[index - 1]}"
        for day, kind in row.days.items():
            is_weekend = day.weekday() > 4  # noqa: PLR2004 - Friday is 4
            if day.year != row.year:
                yield ("calendar_years", index, "days", day.isoformat()), f"{day} is not in {row.year}"
            if is_weekend != (kind is DayKind.SWAP_WORK):
                yield (
                    ("calendar_years", index, "days", day.isoformat()),
                    f"{day} is a {'weekend' if is_weekend else 'weekday'}: {kind} says nothing there",
                )
