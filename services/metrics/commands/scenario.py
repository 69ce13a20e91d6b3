"""A scenario as it is written on the command line. What is written wrongly ends the command with 2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import Final

from services.metrics.commands.asked import of_dossiers
from services.metrics.commands.output import fail
from services.metrics.rules.measures import Measures
from services.metrics.rules.value import DAY_SECONDS
from services.metrics.rules.whatif import Scenario, calendar_with, is_recounted
from shared.catalogue.indicator import Show
from shared.catalogue.model import Catalogue, Indicator, ProcessingTime, Ratio

_UNIT: Final = {Show.PERCENT: Fraction(1, 100), Show.PER_THOUSAND: Fraction(1, 1000), Show.DAYS: Fraction(DAY_SECONDS)}


def scenario(
    catalogue: Catalogue, on: date, *, limits: Iterable[str], targets: Iterable[str], days_off: Iterable[str]
) -> Scenario:
    """`PROCEDURE=3wd`, `INDICATOR=60` in the unit in which it is shown, `2026-11-20`; nothing = as it was."""
    off = [_day(text) for text in days_off]
    return Scenario(
        limits={code: _limit(catalogue, code, text) for code, text in _pairs(limits, "--limit", "2.000488=3wd")},
        targets={
            id_: _target(catalogue, on, id_, text) for id_, text in _pairs(targets, "--target", "on_time_share=98")
        },
        calendar=calendar_with(catalogue, off) if off else None,
    )


def _pairs(given: Iterable[str], option: str, example: str) -> Iterator[tuple[str, str]]:
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            fail(f"{option} is written {example}, not {text}.", 2)
        yield name, value


def _limit(catalogue: Catalogue, code: str, text: str) -> ProcessingTime:
    if code not in catalogue.procedures_by_code:
        fail(f"there is no procedure {code}.", 2)
    try:
        return ProcessingTime.parse(text)
    except ValueError:
        fail(f"--limit {code}={text}: a time limit is written 5wd, 15d, 2mo, 8wh or same-day, at most 9999 of them.", 2)


def _target(catalogue: Catalogue, on: date, id_: str, text: str) -> Ratio:
    row = of_dossiers(catalogue, id_, on)
    if not is_recounted(row, Measures.of(catalogue)):
        fail(f"{id_} has no target, so it has no colour that another target could change.", 2)
    return _ratio(row, text)


def _ratio(row: Indicator, text: str) -> Ratio:
    try:
        share = Fraction(text.replace(",", ".")) * _UNIT.get(row.shown, Fraction(1))
    except (ValueError, ZeroDivisionError):
        fail(f"--target {row.id}={text}: a target is a number, for example 60 or 62.5.", 2)
    if share < 0 or (row.shown is Show.PERCENT and share > 1):
        fail(f"--target {row.id}={text}: a target is not below 0, and a share not above 100.", 2)
    return share.numerator, share.denominator


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"--day-off is written 2026-11-20, not {text}.", 2)
