"""The fold: newest facts win, cells move by new minus old. Whole numbers only, any repetition, any batches, one answer.

Live folding, the refold of the topic, a rebuild and a file of events are this one class. It keeps two readings:

- cells: what the newest facts say now; timed counts stand in a cell of their own, up to its instant. Order-free.
- days: by how much each figure moved, by the day it happened (`at_day`) and the day we knew (`known_day`). The sum of
  all rows up to a day is what was true, or what we showed, at its end. A timed count is written twice: when it came
  and, taken back, on the day it runs out; so a figure of the past needs no judging. In the log's order: what comes
  late, behind a newer change of the same dossier, changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from msgspec import Struct

from services.metrics.rules.measures import FOREVER, Contribution, Where
from services.metrics.rules.vector import mask

VERSION: Final = 3
"""Raise it when the rows of the fold change their meaning: everything is folded anew from the topic."""

type Ranges = tuple[tuple[int, int], ...]
"""Numbers as ranges, first and last included."""

_DAY_S: Final = 86_400
_LOCAL_S: Final = 7 * 3600
_MIDNIGHT_UTC: Final = 17
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Stream(NamedTuple):
    """What is folded: a topic, how its records are read and kept, and what one thing on it counts."""

    topic: str
    table: str
    """Where its newest facts are kept."""
    version: str
    """By what its rows are counted; of another version they are folded anew."""
    read: Callable[[bytes | None, bytes | None], Any]
    """Key and value → event with `key`, `change.at`, `seen` (with `seq`). Raises Unreadable."""
    state_of: Callable[[Any], bytes]
    seen_in: Callable[[bytes], Any]
    contribution: Callable[[Any], Contribution]
    measures: tuple[str, ...]
    services: tuple[str, ...] = ()
    """Measures that days keep per procedure too, to count services instead of dossiers (D1b)."""


class Cell(NamedTuple):
    """Where a count of now stands; `until` is FOREVER but for what a running clock will change."""

    period: str
    agency_code: str
    procedure_code: str
    channel: int
    until: datetime


class Day(NamedTuple):
    """Where a move stands; `procedure_code` is empty in the row that counts all of them. Local days since 1970."""

    period: str
    agency_code: str
    procedure_code: str
    at_day: int
    known_day: int


class Told(Struct, frozen=True, gc=False):
    """A contribution with its counts as vectors."""

    cell: Cell
    counts: int
    services: int
    until: datetime
    until_day: int
    timed: int


class Standing(Struct, gc=False):
    """What the fold knows of one dossier. `stored_seq` 0 = the store has no row of it; `newest` only until drained."""

    key: str
    stored_seq: int = 0
    seq: int = 0
    missing: Ranges = ()
    at_day: int = 0
    known_day: int = 0
    partition: int = 0
    told: Told | None = None
    newest: Any = None
    is_settled: bool = True


class Row(NamedTuple):
    """One dossier's row to be: `stored_seq` is what the store must hold before, 0 = nothing."""

    key: str
    stored_seq: int
    seq: int
    partition: int
    missing: Ranges
    at_day: int
    known_day: int
    agency_code: str
    period: str
    state: bytes


class Moved(NamedTuple):
    """What changed since the last drain. No row of zeros."""

    rows: list[Row]
    cells: dict[Cell, int]
    days: dict[Day, int]


class Fold:
    """Takes events one by one, says on `drain` what moved. `memory`: how many dossiers it remembers between drains."""

    def __init__(self, stream: Stream, *, memory: int | None = None) -> None:
        self._stream = stream
        self._memory = memory
        self._services = mask(map(stream.measures.index, stream.services))
        self._known: dict[str, Standing] = {}
        self._touched: dict[str, Standing] = {}
        self._cells: defaultdict[Cell, int] = defaultdict(int)
        self._days: defaultdict[Day, int] = defaultdict(int)
        self.repeated = 0
        """Events that had been taken before."""

    def knows(self, key: str) -> bool:
        return key in self._known

    def learn(self, row: Row) -> None:
        """What the store says of a dossier that is not remembered."""
        self._known[row.key] = Standing(
            row.key, row.seq, row.seq, row.missing, row.at_day, row.known_day, row.partition,
            self._told(self._stream.seen_in(row.state)),
        )  # fmt: skip

    def take(self, event: Any, partition: int, known_ms: int) -> None:
        """One event of the log, known since `known_ms` (Unix milliseconds)."""
        key, seq = event.key, event.seen.seq
        if (standing := self._known.get(key)) is None:
            standing = self._known[key] = Standing(key)
        if seq <= standing.seq:  # a duplicate, or late: already counted
            missing = without(standing.missing, seq)
            if missing == standing.missing:
                self.repeated += 1
            else:
                standing.missing = missing
                self._touched[key] = standing
            return
        if seq > standing.seq + 1:
            standing.missing += ((standing.seq + 1, seq - 1),)
        at_day = max(day_of(event.change.at), standing.at_day)
        known_day = max((known_ms // 1000 + _LOCAL_S) // _DAY_S, standing.known_day)
        if not standing.is_settled and (at_day != standing.at_day or known_day != standing.known_day):
            self._settle(standing)
        standing.seq, standing.at_day, standing.known_day = seq, at_day, known_day
        standing.partition, standing.newest, standing.is_settled = partition, event.seen, False
        self._touched[key] = standing

    def drain(self) -> Moved:
        """Everything that moved; the next drain starts from here, as if all of it were stored."""
        rows = [self._row(standing) for standing in self._touched.values()]
        moved = Moved(
            rows,
            {cell: by for cell, by in self._cells.items() if by},
            {day: by for day, by in self._days.items() if by},
        )
        self._touched, self._cells, self._days = {}, defaultdict(int), defaultdict(int)
        if self._memory is not None:
            for row in rows:  # the longest untouched are forgotten first
                self._known[row.key] = self._known.pop(row.key)
            for key in list(self._known)[: max(0, len(self._known) - self._memory)]:
                del self._known[key]
        return moved

    def _row(self, standing: Standing) -> Row:
        if not standing.is_settled:
            self._settle(standing)
        told, newest = standing.told, standing.newest
        if told is None:
            raise LookupError("a dossier without facts was touched")
        row = Row(
            standing.key, standing.stored_seq, standing.seq, standing.partition, standing.missing, standing.at_day,
            standing.known_day, told.cell.agency_code, told.cell.period,
            b"" if newest is None else self._stream.state_of(newest),
        )  # fmt: skip
        standing.stored_seq, standing.newest = standing.seq, None
        return row

    def _settle(self, standing: Standing) -> None:
        """Counts the newest facts instead of those before. Facts of the same two days in between move nothing."""
        told, old = self._told(standing.newest), standing.told
        standing.told, standing.is_settled = told, True
        if old == told:
            return
        if old is not None:
            self._move(old, standing.at_day, standing.known_day, -1)
        self._move(told, standing.at_day, standing.known_day, 1)

    def _move(self, told: Told, at_day: int, known_day: int, sign: int) -> None:
        cell, counts, timed = told.cell, sign * told.counts, sign * told.timed
        self._cells[cell] += counts
        period, agency_code, procedure_code, channel, _ = cell
        if told.services:
            self._days[Day(period, agency_code, procedure_code, at_day, known_day)] += sign * told.services
        if timed:
            self._cells[Cell(period, agency_code, procedure_code, channel, told.until)] += timed
            if told.until_day > at_day:
                self._days[Day(period, agency_code, "", told.until_day, known_day)] -= timed
                counts += timed
        self._days[Day(period, agency_code, "", at_day, known_day)] += counts

    def _told(self, seen: Any) -> Told:
        where, counts, until, timed = self._stream.contribution(seen)
        return Told(_cell(where), counts, counts & self._services, until, day_of(until), timed)


_CELLS: Final[dict[Where, Cell]] = {}


def _cell(where: Where) -> Cell:
    """One object for all dossiers that count at one place."""
    if (cell := _CELLS.get(where)) is None:
        if len(_CELLS) > 1 << 17:
            _CELLS.clear()
        agency_code, procedure_code, channel, period = where
        cell = _CELLS[where] = Cell(period, agency_code, procedure_code, channel, FOREVER)
    return cell


def day_of(at: datetime) -> int:
    """The local day (UTC+7 all year) as days since 1970."""
    if at.tzinfo is UTC:
        return at.toordinal() - _EPOCH + (at.hour >= _MIDNIGHT_UTC)
    return int(at.timestamp() + _LOCAL_S) // _DAY_S


def date_of(day: int) -> date:
    return date.fromordinal(_EPOCH + day)


def day_number(on: date) -> int:
    return on.toordinal() - _EPOCH


def end_of(on: date) -> datetime:
    """The last instant of a local day, as figures of the past are judged."""
    return datetime.fromtimestamp((day_number(on) + 1) * _DAY_S - _LOCAL_S, UTC)


def without(ranges: Ranges, number: int) -> Ranges:
    """The ranges less one number."""
    left: list[tuple[int, int]] = []
    for first, last in ranges:
        if not first <= number <= last:
            left.append((first, last))
            continue
        left += [(first, number - 1)] if first < number else []
        left += [(number + 1, last)] if number < last else []
    return tuple(left)
