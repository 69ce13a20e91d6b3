"""From the declared form to counting: which measures a dossier with given traits counts in, and how often.

The definitions are data (shared/catalogue/data/measures.yaml); they were checked when the catalogue was loaded.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from operator import sub
from typing import Final, NamedTuple

from pydantic import BaseModel

from services.metrics.rules.traits import Plain
from services.metrics.rules.vector import packed, shifted
from shared.catalogue.formula import SUMS, TRAITS, parse
from shared.catalogue.indicator import AnyOf, Clause, Measure

type Holds = Callable[[Plain], bool]

ADDED_APART: Final = SUMS - TRAITS.keys()
"""Numbers that differ from dossier to dossier: what equal traits count does not contain them."""


def compiled(where: Iterable[Clause], fields: Sequence[str]) -> Holds:
    """All clauses as one predicate over traits in the order of `fields`."""
    tests = tuple(_compiled(clause, fields) for clause in where)
    return lambda traits: all(test(traits) for test in tests)


def _compiled(clause: Clause, fields: Sequence[str]) -> Holds:
    if isinstance(clause, AnyOf):
        tests = tuple(_compiled(one, fields) for one in clause.any)
        return lambda traits: any(test(traits) for test in tests)
    condition = parse(clause)
    index = fields.index(condition.trait)
    return lambda traits: condition.holds(traits[index])


class Formulas:
    """The measures in force on one day, in the order of `names`."""

    def __init__(self, measures: Iterable[Measure], names: tuple[str, ...], on: date, fields: Sequence[str]) -> None:
        rows = {row.name: row for row in measures if row.in_force(on)}
        self._amounts = tuple(_amount(rows, name, fields) for name in names)
        self.summed = tuple(
            (index, row.sum)
            for index, name in enumerate(names)
            if (row := rows.get(name)) is not None and row.sum in ADDED_APART
        )
        """Which counts are 0 or 1 as yet: how many times the dossier's own number is added there."""

    def counts(self, traits: Plain) -> tuple[int, ...]:
        """How often a dossier with these traits counts in each measure."""
        return tuple(amount(traits) for amount in self._amounts)


class Counted(NamedTuple):
    """What things with equal traits count, as vectors in the order of the measures; `timed` only up to the turn."""

    counts: int
    timed: int
    own: tuple[tuple[str, int, int, int], ...]
    """(sum, place, counted, timed): here the thing's own number takes the place of each 0 and 1."""

    def with_own(self, number: Callable[[str], int]) -> tuple[int, int]:
        """Counts and timed with the thing's own numbers in them."""
        counts, timed = self.counts, self.timed
        for name, place, counted, turned in self.own:
            more = number(name) - 1
            counts += shifted(counted * more, place)
            timed += shifted(turned * more, place)
        return counts, timed


class Counts:
    """How often things with given traits count in each measure, by the definitions of their day; remembered."""

    def __init__(self, measures: Iterable[Measure], fields: Sequence[str]) -> None:
        rows = tuple(measures)
        self.names = tuple(dict.fromkeys(row.name for row in rows))
        """The order of counts."""
        days = {day for row in rows for day in (row.valid_from, row.valid_to and row.valid_to + timedelta(days=1))}
        self._eras = sorted(day for day in days if day is not None)
        self._formulas = tuple(Formulas(rows, self.names, day, fields) for day in self._eras)
        self.has_many_eras = len(self._eras) > 1
        self.of = lru_cache(maxsize=1 << 16)(self._of)
        self.turning = lru_cache(maxsize=1 << 15)(self._turning)

    def era(self, on: date) -> int:
        """Which set of definitions holds for what belongs to that day."""
        return max(bisect_right(self._eras, on) - 1, 0)

    def _of(self, era: int, traits: Plain) -> Counted:
        """Counts that no time turns."""
        counts = self._formulas[era].counts(traits)
        return self._counted(era, counts, (0,) * len(counts))

    def _turning(self, era: int, traits: Plain, trait: int, value: str) -> Counted:
        """Counts once that trait has this value, and what is different until then."""
        after = self._formulas[era].counts((*traits[:trait], value, *traits[trait + 1 :]))
        return self._counted(era, after, tuple(map(sub, self._formulas[era].counts(traits), after)))

    def _counted(self, era: int, counts: tuple[int, ...], timed: tuple[int, ...]) -> Counted:
        summed = self._formulas[era].summed
        own = tuple((name, n, counts[n], timed[n]) for n, name in summed if counts[n] or timed[n])
        return Counted(packed(counts), packed(timed), own)


def version_of(code: int, *rows: BaseModel) -> str:
    """Changes with the code's number and with every definition."""
    said = "\n".join(row.model_dump_json() for row in rows)
    return f"{code}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _amount(rows: Mapping[str, Measure], name: str, fields: Sequence[str]) -> Callable[[Plain], int]:
    row = rows.get(name)
    if row is None:
        return lambda _: 0
    holds = _with_parents(rows, row, fields)
    if row.weights:
        weights = tuple((compiled(weight.where, fields), weight.points) for weight in row.weights)
        return lambda traits: next((n for test, n in weights if test(traits)), 0) if holds(traits) else 0
    if row.sum is not None and row.sum not in ADDED_APART:
        index = fields.index(row.sum)
        return lambda traits: int(traits[index]) if holds(traits) else 0
    return lambda traits: int(holds(traits))


def _with_parents(rows: Mapping[str, Measure], row: Measure, fields: Sequence[str]) -> Holds:
    where = list(row.where)
    while row.of is not None:
        row = rows[row.of]
        where = [*row.where, *where]
    return compiled(where, fields)
