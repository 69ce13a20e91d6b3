"""What one dossier contributes to the figures: counts of whole dossiers, never shares (domain/kpi.md §1-§4).

A value at a time T is Σ counts + Σ timed of the contributions whose `until` is not before T: what only time will change
needs no event and no sweep. Live folding, refold and lists behind a figure use this one function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from services.metrics.rules import timing
from services.metrics.rules.formula import Counts, version_of
from services.metrics.rules.period import month_of
from services.metrics.rules.seen import Seen
from services.metrics.rules.traits import Traits, traits_of
from services.metrics.rules.vector import unpacked
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
    """What a dossier adds, as vectors in the order of the measures: `counts`, none of them negative; `timed`: what is
    different up to and at `until`, or 0.
    """

    where: Where
    counts: int
    until: datetime
    timed: int

    def at(self, at: datetime, length: int) -> tuple[int, ...]:
        """How often it counts in each measure at that time."""
        return unpacked(self.counts + self.timed if self.until >= at else self.counts, length)


class Measures:
    """All measures of a catalogue, ready to count."""

    def __init__(self, measures: Iterable[Measure], counting: Counting, services: Iterable[str] = ()) -> None:
        rows = tuple(row for row in measures if row.topic == "DOSSIER")
        self._counts = Counts(rows, Traits._fields)
        self.names = self._counts.names
        """The order of counts."""
        self.version = version_of(CODE_VERSION, *rows, counting)
        """Changes with every definition: figures counted by another one are counted anew."""
        self.services = tuple(sorted(services))
        """Measures by which services are counted: those of them with at least one (D1b)."""
        self._intake_counts = counting.count_intake_requests

    @staticmethod
    def of(catalogue: Catalogue) -> Measures:
        """The measures that this catalogue declares; the same catalogue gives the same value."""
        services = frozenset(row.having for row in catalogue.service_measures if row.having)
        return _made(catalogue.measures, catalogue.counting, services)

    def contribution(self, seen: Seen) -> Contribution:
        """What this dossier adds by its newest facts: month of reception, before it of filing; the competent agency."""
        at = seen.received_at or seen.submitted_at
        where = Where(seen.agency_competent, seen.procedure_code, seen.channel._value_, month_of(at))
        era = self._counts.era(member_on(seen)) if self._counts.has_many_eras else 0
        judged, due_at = timing.judged(seen, counts_intake_requests=self._intake_counts)
        answer, answer_due_at = timing.answered(seen)
        traits = traits_of(seen, judged, answer)
        if due_at is not None:
            until, counted = due_at, self._counts.turning(era, traits, _TIMING, timing.LATE)
        elif answer_due_at is not None:
            until, counted = answer_due_at, self._counts.turning(era, traits, _ANSWER, timing.LATE)
        else:
            until, counted = FOREVER, self._counts.of(era, traits)
        if counted.own:
            counts, timed = counted.with_own(lambda name: _SUMMED[name](seen))
            return Contribution(where, counts, until, timed)
        return Contribution(where, counted.counts, until, counted.timed)

    def counts_at(self, seen: Seen, at: datetime) -> tuple[int, ...]:
        """How often this dossier counts in each measure at that time, by these facts."""
        return self.contribution(seen).at(at, len(self.names))


@lru_cache(maxsize=8)
def _made(rows: tuple[Measure, ...], counting: Counting, services: frozenset[str]) -> Measures:
    return Measures(rows, counting, services)


_TIMING: Final = Traits._fields.index("timing")
_ANSWER: Final = Traits._fields.index("answer")
_SUMMED: Final[Mapping[str, Callable[[Seen], int]]] = {"handling_seconds": timing.handling_seconds}


def member_on(seen: Seen) -> date:
    """The local day that a dossier belongs to: of its reception, before it of its filing (kpi §2)."""
    return ((seen.received_at or seen.submitted_at).astimezone(UTC) + OFFSET).date()
