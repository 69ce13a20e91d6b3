"""Counts of procedures instead of dossiers: how many an agency offers, and how many have dossiers (D1, D1b, 766-3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from shared.catalogue.indicator import Among, ServiceMeasure
from shared.catalogue.lookup import agencies_on, competent_agencies, procedures_on
from shared.catalogue.model import Catalogue, Dated, Procedure

type Counted = Mapping[tuple[str, str], int]
"""(service measure, agency) → procedures, each counted once for the agency and everything below it."""


def counted(catalogue: Catalogue, on: date, present: Mapping[tuple[str, str], frozenset[str] | set[str]]) -> Counted:
    """All service measures of all agencies on the last day of a period.

    `present`: (measure, agency) → procedures with dossiers counted in that measure there or below.
    """
    offers = offered(catalogue, on)
    among = {row.among: _among(catalogue, row.among, on) for row in catalogue.service_measures}
    totals = {}
    for row in catalogue.service_measures:
        for scope, codes in _places(row, offers, present):
            if number := len(codes & among[row.among]):
                totals[row.name, scope] = number
    return totals


def offered(catalogue: Catalogue, on: date) -> Mapping[str, frozenset[str]]:
    """Agency → procedures in its competence or in that of an agency below it on that day."""
    parents = {row.code: row.parent for row in agencies_on(catalogue, on)}
    offers: dict[str, set[str]] = {}
    for code, deciding in _deciding(catalogue, on):
        for agency in deciding:
            scope: str | None = agency
            while scope is not None:
                offers.setdefault(scope, set()).add(code)
                scope = parents.get(scope)
    return {scope: frozenset(codes) for scope, codes in offers.items()}


def _deciding(catalogue: Catalogue, on: date) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Procedures with those who decide them; procedures of one level and field have the same."""
    by_competence: dict[object, tuple[str, ...]] = {}
    for row in procedures_on(catalogue, on):
        key = (row.levels, row.field)
        if key not in by_competence:
            by_competence[key] = tuple(agency.code for agency in competent_agencies(catalogue, row, on))
        yield row.code, by_competence[key]


def _places(
    row: ServiceMeasure,
    offers: Mapping[str, frozenset[str]],
    present: Mapping[tuple[str, str], frozenset[str] | set[str]],
) -> Iterator[tuple[str, frozenset[str] | set[str]]]:
    if row.having is None:
        yield from offers.items()
        return
    for (measure, scope), codes in present.items():
        if measure == row.having:
            yield scope, codes


def _among(catalogue: Catalogue, among: Among, on: date) -> frozenset[str]:
    rows = (_newest(rows, on) for rows in catalogue.procedures_by_code.values())
    return frozenset(row.code for row in rows if _is_among(row, among))


def _is_among(row: Procedure, among: Among) -> bool:
    if among in (Among.ONLINE, Among.ONLINE_FEE) and not row.is_online_service:
        return False
    return among in (Among.ALL, Among.ONLINE) or any(fee.amount_for(1) for fee in row.fees)


def _newest[T: Dated](rows: tuple[T, ...], on: date) -> T:
    """The row of that day, else the newest there was: a closed procedure's dossiers still count."""
    return next((row for row in rows if row.in_force(on)), rows[-1])
