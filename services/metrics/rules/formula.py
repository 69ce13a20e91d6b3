"""From the declared form to counting: which measures a dossier with given traits counts in, and how often.

The definitions are data (shared/catalogue/data/measures.yaml); they were checked when the catalogue was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

from services.metrics.rules.traits import Plain, Traits
from shared.catalogue.formula import SUMS, TRAITS, parse
from shared.catalogue.indicator import AnyOf, Clause, Measure

type Holds = Callable[[Plain], bool]

ADDED_APART: Final = SUMS - TRAITS.keys()
"""Numbers that differ from dossier to dossier: what equal traits count does not contain them."""


def compiled(where: Iterable[Clause]) -> Holds:
    """All clauses as one predicate."""
    tests = tuple(map(_compiled, where))
    return lambda traits: all(test(traits) for test in tests)


def _compiled(clause: Clause) -> Holds:
    if isinstance(clause, AnyOf):
        tests = tuple(map(_compiled, clause.any))
        return lambda traits: any(test(traits) for test in tests)
    condition = parse(clause)
    index = Traits._fields.index(condition.trait)
    return lambda traits: condition.holds(traits[index])


class Formulas:
    """The measures in force on one day, in the order of `names`."""

    def __init__(self, measures: Iterable[Measure], names: tuple[str, ...], on: date) -> None:
        rows = {row.name: row for row in measures if row.in_force(on)}
        self._amounts = tuple(_amount(rows, name) for name in names)
        self.summed = tuple(
            (index, row.sum)
            for index, name in enumerate(names)
            if (row := rows.get(name)) is not None and row.sum in ADDED_APART
        )
        """Which counts are 0 or 1 as yet: how many times the dossier's own number is added there."""

    def counts(self, traits: Plain) -> tuple[int, ...]:
        """How often a dossier with these traits counts in each measure."""
        return tuple(amount(traits) for amount in self._amounts)


def _amount(rows: Mapping[str, Measure], name: str) -> Callable[[Plain], int]:
    row = rows.get(name)
    if row is None:
        return lambda _: 0
    holds = _with_parents(rows, row)
    if row.weights:
        weights = tuple((compiled(weight.where), weight.points) for weight in row.weights)
        return lambda traits: next((n for test, n in weights if test(traits)), 0) if holds(traits) else 0
    if row.sum is not None and row.sum not in ADDED_APART:
        index = Traits._fields.index(row.sum)
        return lambda traits: int(traits[index]) if holds(traits) else 0
    return lambda traits: int(holds(traits))


def _with_parents(rows: Mapping[str, Measure], row: Measure) -> Holds:
    where = list(row.where)
    while row.of is not None:
        row = rows[row.of]
        where = [*row.where, *where]
    return compiled(where)
