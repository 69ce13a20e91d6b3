"""What one dossier contributes to the figures: counts of whole dossiers, never shares (domain/kpi.md §1-§4).

A value at a time T is Σ counts + Σ timed of the contributions whose `until` is not before T: what only time will change
needs no event and no sweep. Live folding, refold and lists behind a figure use this one function.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import add, sub
from typing import Final, NamedTuple

from services.metrics.rules import timing
from services.metrics.rules.formula import Formulas
from services.metrics.rules.period import month_of
from services.metrics.rules.seen import Seen
from services.metrics.rules.traits import Plain, Traits, traits_of
from shared.catalogue.model import Catalogue, Counting, Measure
from shared.dossier.working_time import OFFSET

CODE_VERSION: Final = 3
"""Raise it when a trait or a judgement changes; the definitions themselves are in the version by their digest."""

FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class Where(NamedTuple):
    """Where a dossier counts; `period` is a month."""

    agency_code: str
    procedure_code: str
    channel: int
    period: str


class Contribution(NamedTuple):
    """What a dossier adds: `counts`, one per measure; `timed`: what is different up to and at `until`, or empty."""

    where: Where
    counts: tuple[int, ...]
    until: datetime
    timed: tuple[int, ...]


class Measures:
    """All measures of a catalogue, ready to count."""

    def __init__(self, measures: Iterable[Measure], counting: Counting, services: Iterable[str] = ()) -> None:
        rows = tuple(measures)
        self.names = tuple(dict.fromkeys(row.name for row in rows))
        """The order of counts."""
        self.version = _version(rows, counting)
        """Changes with every definition: figures counted by another one are counted anew."""
        self.services = tuple(sorted(services))
        """Measures by which services are counted: those of them with at least one (D1b)."""
        self._intake_counts = counting.count_intake_requests
        days = {day for row in rows for day in (row.valid_from, row.valid_to and row.valid_to + timedelta(days=1))}
        self._eras = sorted(day for day in days if day is not None)
        self._formulas = tuple(Formulas(rows, self.names, day) for day in self._eras)
        self._counts = lru_cache(maxsize=1 << 16)(lambda era, traits: self._formulas[era].counts(traits))
        self._running = lru_cache(maxsize=1 << 14)(self._judged_late)

    @staticmethod
    def of(catalogue: Catalogue) -> Measures:
        """The measures that this catalogue declares; the same catalogue gives the same value."""
        services = frozenset(row.having for row in catalogue.service_measures if row.having)
        return _made(catalogue.measures, catalogue.counting, services)

    def contribution(self, seen: Seen) -> Contribution:
        """What this dossier adds by its newest facts: month of reception, before it of filing; the competent agency."""
        at = seen.received_at or seen.submitted_at
        where = Where(seen.agency_competent, seen.procedure_code, seen.channel._value_, month_of(at))
        era = 0 if len(self._eras) == 1 else max(bisect_right(self._eras, member_on(seen)) - 1, 0)
        judged, due_at = timing.judged(seen, counts_intake_requests=self._intake_counts)
        answer, answer_due_at = timing.answered(seen)
        traits = traits_of(seen, judged, answer)
        if due_at is not None:
            until, (counts, timed) = due_at, self._running(era, traits, _TIMING)
        elif answer_due_at is not None:
            until, (counts, timed) = answer_due_at, self._running(era, traits, _ANSWER)
        else:
            until, counts, timed = FOREVER, self._counts(era, traits), ()
        if sums := self._formulas[era].summed:
            counts, timed = _with_sums(sums, counts, seen), _with_sums(sums, timed, seen)
        return Contribution(where, counts, until, timed)

    def counts_at(self, seen: Seen, at: datetime) -> tuple[int, ...]:
        """How often this dossier counts in each measure at that time, by these facts."""
        given = self.contribution(seen)
        if given.until < at or not given.timed:
            return given.counts
        return tuple(map(add, given.counts, given.timed))

    def _judged_late(self, era: int, traits: Plain, trait: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Counts once that trait has turned LATE, and what is different until then."""
        after = self._counts(era, (*traits[:trait], timing.LATE, *traits[trait + 1 :]))
        return after, tuple(map(sub, self._counts(era, traits), after))


@lru_cache(maxsize=8)
def _made(rows: tuple[Measure, ...], counting: Counting, services: frozenset[str]) -> Measures:
    return Measures(rows, counting, services)


_TIMING: Final = Traits._fields.index("timing")
_ANSWER: Final = Traits._fields.index("answer")
_SUMMED: Final[Mapping[str, Callable[[Seen], int]]] = {"handling_seconds": timing.handling_seconds}


def _with_sums(sums: Iterable[tuple[int, str]], counts: tuple[int, ...], seen: Seen) -> tuple[int, ...]:
    """Counts in which the numbers that are added apart take the place of their 0 or 1."""
    for index, number in sums:
        if counts and counts[index]:
            counts = (*counts[:index], counts[index] * _SUMMED[number](seen), *counts[index + 1 :])
    return counts


def member_on(seen: Seen) -> date:
    """The local day that a dossier belongs to: of its reception, before it of its filing (kpi §2)."""
    return ((seen.received_at or seen.submitted_at).astimezone(UTC) + OFFSET).date()


def _version(rows: tuple[Measure, ...], counting: Counting) -> str:
    said = "\n".join([*(row.model_dump_json() for row in rows), counting.model_dump_json()])
    return f"{CODE_VERSION}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
