"""Questions to the catalogue, each on a day: who is competent, what it costs, how long it takes, from when to scan.

Pure functions of a loaded `Catalogue`. A question without an answer raises NotInCatalogue, whose `code` is stable.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from shared.catalogue.model import (
    OFFICE_HOURS,
    Agency,
    AgencyKind,
    Area,
    Catalogue,
    Closure,
    Dated,
    DayKind,
    DocumentKind,
    Exemption,
    Fee,
    FeeItem,
    Indicator,
    Procedure,
    RuleSet,
    Shifts,
    Terms,
    WorkingCalendar,
)

type Refusal = Literal[
    "unknown_procedure", "unknown_agency", "unknown_document", "wrong_agency", "channel_closed", "unknown_rules"
]

DAYS_BEFORE, DAYS_AFTER = 30, 500
"""What a dossier takes along of the calendar: the longest limit with several long pauses, about 20 dates a year."""


class NotInCatalogue(LookupError):
    """The catalogue does not offer this on that day."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(message)
        self.code = code


def procedure(catalogue: Catalogue, code: str, on: date) -> Procedure:
    """The version in force on that day. Raises NotInCatalogue `unknown_procedure`."""
    if found := _in_force(catalogue.procedures_by_code.get(code, ()), on):
        return found
    raise NotInCatalogue("unknown_procedure", f"no procedure {code} on {on}")


def rule_set(catalogue: Catalogue, on: date) -> RuleSet:
    """The decree in force on that day. Raises NotInCatalogue `unknown_rules` before the first."""
    if found := _in_force(catalogue.rule_sets, on):
        return found
    raise NotInCatalogue("unknown_rules", f"no rule set on {on}")


def agency(catalogue: Catalogue, code: str, on: date) -> Agency:
    """The agency as it is on that day. Raises NotInCatalogue `unknown_agency`, also after it was closed."""
    if found := _in_force(catalogue.agencies_by_code.get(code, ()), on):
        return found
    raise NotInCatalogue("unknown_agency", f"no agency {code} on {on}")


def document_kind(catalogue: Catalogue, code: str) -> DocumentKind:
    """The kind of paper. Raises NotInCatalogue `unknown_document`."""
    if found := catalogue.document_kinds_by_code.get(code):
        return found
    raise NotInCatalogue("unknown_document", f"no document kind {code}")


def procedures_on(catalogue: Catalogue, on: date) -> tuple[Procedure, ...]:
    """All procedures in force, by code."""
    return tuple(row for rows in catalogue.procedures_by_code.values() if (row := _in_force(rows, on)))


def agencies_on(catalogue: Catalogue, on: date, kind: AgencyKind | None = None) -> tuple[Agency, ...]:
    """All agencies in force, of one kind or all, by code."""
    rows = (row for rows in catalogue.agencies_by_code.values() if (row := _in_force(rows, on)))
    return tuple(row for row in rows if kind is None or row.kind is kind)


def indicators_on(catalogue: Catalogue, on: date) -> tuple[Indicator, ...]:
    """All indicators in force, in the order of the data."""
    return tuple(row for row in catalogue.indicators if row.in_force(on))


def agency_path(catalogue: Catalogue, code: str, on: date) -> tuple[str, ...]:
    """The agency itself, then its ancestors up to the province. Raises NotInCatalogue `unknown_agency`."""
    here = agency(catalogue, code, on)
    path = [here.code]
    while here.parent is not None:
        here = agency(catalogue, here.parent, on)
        path.append(here.code)
    return tuple(path)


def is_competent(procedure: Procedure, agency: Agency) -> bool:
    """Whether an agency of this level and field decides this procedure."""
    return decides(procedure.levels, procedure.field, agency)


def decides(levels: tuple[AgencyKind, ...], field: str, agency: Agency) -> bool:
    """Whether an agency decides procedures of these levels in this field of law."""
    return agency.kind in levels and (not agency.fields or field in agency.fields)


def competent_agencies(catalogue: Catalogue, procedure: Procedure, on: date) -> tuple[Agency, ...]:
    """Everybody who decides this procedure on that day."""
    return tuple(row for row in agencies_on(catalogue, on) if is_competent(procedure, row))


def digitization_required(catalogue: Catalogue, agency: Agency, procedure: Procedure, received_on: date) -> bool:
    """Whether components must be scanned or reused at reception; the day of reception decides (TT 01/2023/TT-VPCP)."""
    plan = catalogue.digitization
    starts = [start.required_from for start in plan.starts if agency.kind in start.kinds]
    if procedure.e25 is not None:
        starts.append(plan.e25_from)
    return any(start <= received_on for start in starts)


def calendar_for(catalogue: Catalogue, agency_code: str | None, on: date) -> WorkingCalendar:
    """All published years with the office hours of that agency on that day, and the days on which it is closed.

    Hours and closures hold for the agency and all below it; no agency = everybody's hours.
    """
    shifts = _shifts(catalogue, agency_code, on)
    path: tuple[str, ...] = ()
    if catalogue.closures and agency_code is not None:
        path = agency_path(catalogue, agency_code, on)
    closures = tuple(row for row in catalogue.closures if row.agency_code in path)
    if (shifts, closures) not in catalogue.calendars:
        catalogue.calendars[shifts, closures] = _calendar(catalogue, shifts, closures)
    return catalogue.calendars[shifts, closures]


def _calendar(catalogue: Catalogue, shifts: Shifts, closures: tuple[Closure, ...]) -> WorkingCalendar:
    years = sorted(catalogue.calendar_years, key=lambda row: row.year)
    published = {day: kind for row in years for day, kind in row.days.items()}
    days = sorted((published | {row.day: row.kind for row in closures}).items())
    return WorkingCalendar(
        version=catalogue.calendar_version,
        first_on=date(years[0].year, 1, 1),
        last_on=date(years[-1].year, 12, 31),
        days_off=tuple(day for day, kind in days if kind is not DayKind.SWAP_WORK),
        days_worked=tuple(day for day, kind in days if kind is DayKind.SWAP_WORK),
        shifts=shifts,
    )


def terms(
    catalogue: Catalogue,
    procedure_code: str,
    agency_code: str,
    channel: int,
    on: date,
    *,
    exemption: Exemption | str | None = None,
    quantity: int = 1,
) -> Terms:
    """Everything the catalogue promises to a dossier of that day; `quantity` = pages or copies, for fees per unit.

    An exemption that a fee does not grant changes nothing. Raises NotInCatalogue: unknown procedure or agency, agency
    not competent (`wrong_agency`), channel closed (`channel_closed`); ValueError for an unknown exemption.
    """
    offered, place = procedure(catalogue, procedure_code, on), agency(catalogue, agency_code, on)
    if not is_competent(offered, place):
        raise NotInCatalogue("wrong_agency", f"{agency_code} does not decide {procedure_code} on {on}")
    if channel not in offered.channels:
        raise NotInCatalogue("channel_closed", f"{procedure_code} is not received by channel {channel} on {on}")
    rules = rule_set(catalogue, on)
    group, area = None if exemption is None else Exemption(exemption), _area(catalogue, agency_code, on)
    fees = (fee for fee in offered.fees if fee.area in (None, area))
    return Terms(
        procedure_code=offered.code,
        procedure_version=offered.version,
        rule_set=rules.code,
        catalogue_version=catalogue.version,
        calendar=calendar_for(catalogue, agency_code, on).around(on, DAYS_BEFORE, DAYS_AFTER),
        processing_time=offered.processing_time,
        supplement_clock=offered.supplement_clock,
        fees=tuple(_fee_item(fee, channel, on, group, quantity) for fee in fees),
        components=tuple(component.kind for component in offered.components if component.required),
        digitization_required=digitization_required(catalogue, place, offered, on),
        paper_result=offered.paper_result,
        integrated_national=offered.integrated_national,
        e25=offered.e25 is not None,
        online_level=offered.online_level,
        online_only=offered.online_only,
        post_return=offered.post_return,
        verification_time=offered.verification_time,
        clock_start=offered.clock_start,
        patience=rules.patience,
    )


def _fee_item(fee: Fee, channel: int, on: date, group: Exemption | None, quantity: int) -> FeeItem:
    amount = fee.amount_for(quantity)
    for other in fee.channel_amounts:
        if other.channel == channel and other.in_force(on):
            amount = other.amount_vnd
    granted = group if group in fee.exemptions else None
    if granted is not None:
        amount = min(amount, fee.exemptions[granted])
    return FeeItem(code=fee.code, kind=fee.kind, amount_vnd=amount, timing=fee.timing, exemption=granted)


def _area(catalogue: Catalogue, agency_code: str, on: date) -> Area | None:
    for code in agency_path(catalogue, agency_code, on):
        if found := agency(catalogue, code, on).area:
            return found
    return None


def _shifts(catalogue: Catalogue, agency_code: str | None, on: date) -> Shifts:
    """The nearest rule up the tree, else the rule for everybody."""
    rules = {row.agency_code: row.shifts for row in catalogue.office_hours if row.in_force(on)}
    path = agency_path(catalogue, agency_code, on) if agency_code and len(rules) > (None in rules) else ()
    return next((rules[code] for code in (*path, None) if code in rules), OFFICE_HOURS)


def _in_force[T: Dated](rows: tuple[T, ...], on: date) -> T | None:
    return next((row for row in rows if row.in_force(on)), None)
