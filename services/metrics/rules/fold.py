"""The fold: newest facts win, cells move by new minus old. Integers only, any order, any repetition, one answer.

Live folding, the refold of the whole topic and a rebuild from the newest facts are these lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from services.metrics.rules.measures import FOREVER, Measures
from services.metrics.rules.seen import Event, Seen


class Cell(NamedTuple):
    """Where a count stands. `period` is a month; `until` is FOREVER but for what a running clock will change."""

    measure: str
    agency_code: str
    procedure_code: str
    channel: int
    period: str
    until: datetime


class Fold(NamedTuple):
    """What a batch changed: the dossiers' newest events, and by how much each cell moved (never zero)."""

    changed: dict[str, Event]
    deltas: dict[Cell, int]


def cells_of(measures: Measures, seen: Seen) -> dict[Cell, int]:
    """A dossier's contribution as cells."""
    where, counts, until, timed = measures.contribution(seen)
    cells = {Cell(name, *where, FOREVER): count for name, count in zip(measures.names, counts, strict=True) if count}
    timed = timed or (0,) * len(counts)
    return cells | {Cell(name, *where, until): n for name, n in zip(measures.names, timed, strict=True) if n}


def fold(known: Mapping[str, Seen], batch: Iterable[Event], measures: Measures) -> Fold:
    """`known`: newest facts so far of the dossiers in the batch; a dossier not among them is new."""
    changed: dict[str, Event] = {}
    for event in batch:
        code = event.seen.dossier_code
        old = changed[code].seen if code in changed else known.get(code)
        if old is None or old.seq < event.seen.seq:  # else a duplicate, or late: already counted
            changed[code] = event
    deltas: Counter[Cell] = Counter()
    for code, event in changed.items():
        deltas.update(cells_of(measures, event.seen))
        if code in known:
            deltas.subtract(cells_of(measures, known[code]))
    return Fold(changed, {cell: moved for cell, moved in deltas.items() if moved})
