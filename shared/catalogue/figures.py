"""What is wrong between the rows of figures: names that nobody counts, dates that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from shared.catalogue.indicator import REPORTED, Measure
from shared.catalogue.row import Dated

if TYPE_CHECKING:
    from shared.catalogue.model import Catalogue

Place = tuple[str | int, ...]
"""Path to the value: list name, index of the row, field, index ..."""
Finding = tuple[Place, str]


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Everything wrong with measures, indicators, colour rules and scorecards, but for overlaps of one name (lint)."""
    by_name: dict[str, list[Measure]] = {}
    for row in catalogue.measures:
        by_name.setdefault(row.name, []).append(row)
    yield from _measures(catalogue, by_name)
    yield from _indicators(catalogue, by_name)
    ids = {row.id for row in catalogue.indicators}
    for index, rule in enumerate(catalogue.colour_rules):
        if rule.indicator is not None and rule.indicator not in ids:
            yield ("colour_rules", index, "indicator"), f"unknown indicator {rule.indicator}"
    told = {row.id for row in catalogue.indicators if row.numerator == REPORTED}
    for index, figure in enumerate(catalogue.reported):
        if figure.indicator not in told:
            yield ("reported", index, "indicator"), f"{figure.indicator} is none that others report"
        if figure.agency_code not in catalogue.agencies_by_code:
            yield ("reported", index, "agency_code"), f"unknown agency {figure.agency_code}"
    for index, card in enumerate(catalogue.scorecards):
        parts = (
            (("groups", place, "parts", number, "indicator"), part.indicator)
            for place, group in enumerate(card.groups)
            for number, part in enumerate(group.parts)
        )
        named = [*parts, *((("indices", place), id_) for place, id_ in enumerate(card.indices))]
        for place, id_ in named:
            if id_ is not None and id_ not in ids:
                yield ("scorecards", index, *place), f"unknown indicator {id_}"


def _measures(catalogue: Catalogue, by_name: Mapping[str, list[Measure]]) -> Iterator[Finding]:
    for index, row in enumerate(catalogue.measures):
        if row.of is None:
            continue
        if row.of not in by_name:
            yield ("measures", index, "of"), f"unknown measure {row.of}"
        elif (gap := _first_without(by_name[row.of], row)) is not None:
            yield ("measures", index, "of"), f"{row.of} is not defined on {gap}, {row.name} is"
        elif row.name in _ancestors(row, by_name):
            yield ("measures", index, "of"), f"{row.name} is defined by itself"
    names = [row.name for row in catalogue.service_measures]
    for index, service in enumerate(catalogue.service_measures):
        if service.name in by_name or service.name in names[:index]:
            yield ("service_measures", index, "name"), f"{service.name} is defined twice"
        if service.having is not None and service.having not in by_name:
            yield ("service_measures", index, "having"), f"unknown measure {service.having}"


def _ancestors(row: Measure, by_name: Mapping[str, list[Measure]]) -> set[str]:
    found: set[str] = set()
    ahead = [row.of]
    while ahead:
        name = ahead.pop()
        if name is not None and name not in found:
            found.add(name)
            ahead += [other.of for other in by_name.get(name, ())]
    return found


def _indicators(catalogue: Catalogue, by_name: Mapping[str, list[Measure]]) -> Iterator[Finding]:
    services = {row.name for row in catalogue.service_measures}
    ids = {row.id for row in catalogue.indicators}
    for index, row in enumerate(catalogue.indicators):
        for field, name in (("numerator", row.numerator), ("denominator", row.denominator)):
            if name is None or name in services or name == REPORTED:
                continue
            if name not in by_name:
                yield ("indicators", index, field), f"unknown measure {name}"
            elif (gap := _first_without(by_name[name], row)) is not None:
                yield ("indicators", index, field), f"{name} is not defined on {gap}, {row.id} is published"
        if row.factor is not None and row.factor not in ids:
            yield ("indicators", index, "factor"), f"unknown indicator {row.factor}"


def _first_without(rows: Iterable[Dated], needed: Dated) -> date | None:
    """The first day on which `needed` is in force and none of the rows is; None when they cover it."""
    day = needed.valid_from
    for row in sorted(rows, key=lambda row: row.valid_from):
        if row.valid_from > day:
            break
        if row.valid_to is None:
            return None
        if row.valid_to >= day:
            day = date.fromordinal(row.valid_to.toordinal() + 1)
    return None if needed.valid_to is not None and day > needed.valid_to else day
