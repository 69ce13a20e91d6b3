"""Everything that can happen to a fold, in any order (T-20): what stands in the store is a refold up to its offsets.

Members fold ahead of what they have written, die, are replaced, wake up late and write what was written already; a
backup is restored under them; the log repeats and disorders events. The store is a model of store/writing.py: nothing
is written unless offsets and rows are where the writer believes them to be.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from services.metrics.rules.fold import Fold, Moved, Row
from tests.rules.metrics.test_fold import DOSSIERS, LOG, filled

PARTITIONS = 2
_DAY_MS = 86_400_000

type Offsets = dict[int, int]


class Work(NamedTuple):
    """A transaction to be: what moved, and each partition's step from where the writer believes it to be."""

    moved: Moved
    stored: Offsets
    to: Offsets
    member: Member | None = None


class Behind(Exception):
    """The store is not where the writer believed it to be."""


class Store:
    """Rows, cells, days and offsets; one write is one transaction."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.cells: Counter[Any] = Counter()
        self.days: Counter[Any] = Counter()
        self.offsets: Offsets = dict.fromkeys(range(PARTITIONS), 0)

    def write(self, work: Work) -> None:
        """All of it or, raising Behind, nothing."""
        if any(self.offsets[partition] != offset for partition, offset in work.stored.items()):
            raise Behind
        known = {row.key: self.rows[row.key].seq if row.key in self.rows else 0 for row in work.moved.rows}
        if any(known[row.key] != row.stored_seq for row in work.moved.rows):
            raise Behind
        for row in work.moved.rows:
            self.rows[row.key] = row if row.state else row._replace(state=self.rows[row.key].state)
        self.cells.update(work.moved.cells)
        self.days.update(work.moved.days)
        self.offsets |= work.to

    def answer(self) -> Any:
        rows = {key: row._replace(stored_seq=0) for key, row in self.rows.items()}
        return rows, filled(self.cells), filled(self.days)


class Member:
    """One consumer: what it remembers and how far it has folded ahead."""

    def __init__(self, store: Store, memory: int | None) -> None:
        self.memory = memory
        self.start_over(store)

    def start_over(self, store: Store) -> None:
        """Everything remembered is forgotten; it reads on where the store says."""
        self.fold = Fold(DOSSIERS, memory=self.memory)
        self.next = dict(store.offsets)


def refolded(logs: Mapping[int, list[tuple[int, int]]], offsets: Offsets) -> Any:
    """The store that one untroubled fold makes of the log up to these offsets."""
    store = Store()
    for partition, log in logs.items():
        fold = Fold(DOSSIERS)
        for index, known_ms in log[: offsets[partition]]:
            fold.take(LOG[index][0], partition, known_ms)
        store.write(Work(fold.drain(), {}, {}))
    return store.answer()


class Folding(RuleBasedStateMachine):
    members = Bundle("members")
    works = Bundle("works")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.logs: dict[int, list[tuple[int, int]]] = {number: [] for number in range(PARTITIONS)}
        self.backup: Store | None = None
        self.now_ms = LOG[0][1]
        self.in_flight: list[Work] = []

    @initialize(target=members)
    def begins(self) -> Member:
        return Member(self.store, None)

    @rule(indexes=st.lists(st.integers(0, len(LOG) - 1), min_size=1, max_size=30), later_ms=st.integers(0, _DAY_MS))
    def is_told(self, indexes: list[int], later_ms: int) -> None:
        """In any order, again and again; a dossier always on its own partition."""
        self.now_ms += later_ms
        for index in indexes:
            partition = sum(LOG[index][0].key.encode()) % PARTITIONS
            self.logs[partition].append((index, self.now_ms))

    @rule(at=st.integers(0, len(LOG) - 1), length=st.integers(5, 60))
    def is_told_in_order(self, at: int, length: int) -> None:
        self.is_told(list(range(at, min(at + length, len(LOG)))), 1_000)

    @rule(target=members, memory=st.sampled_from([None, 2, 50]))
    def joins(self, memory: int | None) -> Member:
        """A new member, or one that died and came back: it knows what the store says, nothing else."""
        return Member(self.store, memory)

    @rule(
        target=works,
        member=members,
        partitions=st.sets(st.integers(0, PARTITIONS - 1), min_size=1),
        most=st.integers(1, 40),
    )
    def folds_ahead(self, member: Member, partitions: set[int], most: int) -> Work:
        """Reads and folds a batch; what it has not in memory it asks the store for."""
        stored: Offsets = {}
        events: list[tuple[Any, int, int]] = []
        for partition in sorted(partitions):
            begin = member.next[partition]
            some = self.logs[partition][begin : begin + most]
            stored[partition] = begin
            member.next[partition] = begin + len(some)
            events += [(LOG[index][0], partition, known_ms) for index, known_ms in some]
        for key in {event.key for event, _, _ in events}:
            if not member.fold.knows(key) and key in self.store.rows:
                row = self.store.rows[key]
                member.fold.learn(row._replace(stored_seq=row.seq))
        for event, partition, known_ms in events:
            member.fold.take(event, partition, known_ms)
        work = Work(member.fold.drain(), stored, {each: member.next[each] for each in stored}, member)
        self.in_flight.append(work)
        return work

    @rule(work=consumes(works))
    def is_written(self, work: Work) -> None:
        """In time, or long after its member was given up and another took over. Whoever is behind starts over."""
        if not any(work is each for each in self.in_flight):
            return
        self.in_flight = [each for each in self.in_flight if each is not work]
        try:
            self.store.write(work)
        except Behind:
            if work.member is not None:
                work.member.start_over(self.store)

    @rule(member=members)
    def is_dealt_other_partitions(self, member: Member) -> None:
        """A rebalance; what it had in flight may still be written, or not."""
        member.start_over(self.store)

    @rule()
    def is_backed_up(self) -> None:
        self.backup = copy.deepcopy(self.store)

    @precondition(lambda self: self.backup is not None)
    @rule()
    def is_restored(self) -> None:
        """What was in flight is cut off; members that had nothing in flight notice nothing."""
        if self.backup is None:
            raise LookupError("there is no backup")
        self.store = copy.deepcopy(self.backup)
        for work in self.in_flight:
            if work.member is not None:
                work.member.start_over(self.store)
        self.in_flight.clear()

    @invariant()
    def the_store_is_a_refold(self) -> None:
        assert self.store.answer() == refolded(self.logs, self.store.offsets)


Folding.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestFolding = Folding.TestCase
