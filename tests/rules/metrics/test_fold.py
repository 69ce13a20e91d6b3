"""The fold gives one answer in any order, in any batches, with anything repeated, and after any crash (T-20)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.rules.fold import Cell, cells_of, fold
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Event, Seen, read
from shared.platform.catalogue import load_catalogue
from tests.services.metrics.lives import province

EVENTS = [
    read(told.key, told.value)
    for life in province(load_catalogue(), 25, datetime(2026, 10, 30, 2, tzinfo=UTC), seed=7)
    for told in life
]
NEWEST: dict[str, Seen] = {}
for event in EVENTS:
    if event.seen.dossier_code not in NEWEST or NEWEST[event.seen.dossier_code].seq < event.seen.seq:
        NEWEST[event.seen.dossier_code] = event.seen
MEASURES = Measures.of(load_catalogue())
TRUTH: Counter[Cell] = Counter()
for newest in NEWEST.values():
    TRUTH.update(cells_of(MEASURES, newest))


class Store:
    """Newest facts and cells; `take` is one transaction, which may die before it commits."""

    def __init__(self) -> None:
        self.newest: dict[str, Seen] = {}
        self.cells: Counter[Cell] = Counter()

    def take(self, batch: list[Event], *, dies: bool = False) -> None:
        known = {each.seen.dossier_code: self.newest[each.seen.dossier_code] for each in batch
                 if each.seen.dossier_code in self.newest}  # fmt: skip
        folded = fold(known, batch, MEASURES)
        if dies:
            return
        self.newest |= {code: each.seen for code, each in folded.changed.items()}
        self.cells.update(folded.deltas)

    def counts(self) -> dict[Cell, int]:
        return {cell: count for cell, count in self.cells.items() if count}


@settings(max_examples=150, deadline=None)
@given(
    order=st.permutations(range(len(EVENTS))),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    repeats=st.lists(st.integers(0, len(EVENTS) - 1), max_size=80),
    deaths=st.sets(st.integers(0, 60)),
)
def test_any_order_repetition_batching_and_crash_gives_the_same_cells(
    order: list[int], sizes: list[int], repeats: list[int], deaths: set[int]
) -> None:
    queue = [*order[: len(order) // 2], *repeats, *order[len(order) // 2 :], *repeats[:5]]
    store, number = Store(), 0
    while queue:
        size = sizes[number % len(sizes)]
        batch = [EVENTS[index] for index in queue[:size]]
        store.take(batch, dies=number in deaths)
        if number not in deaths:
            queue = queue[size:]
        number += 1
    assert store.counts() == TRUTH


def test_batches_do_not_matter() -> None:
    whole, single = fold({}, EVENTS, MEASURES), Store()
    for each in EVENTS:
        single.take([each])
    assert whole.deltas == single.counts() == TRUTH


def test_a_duplicate_moves_nothing() -> None:
    known = {EVENTS[0].seen.dossier_code: EVENTS[0].seen}
    assert fold(known, [EVENTS[0], EVENTS[0]], MEASURES) == ({}, {})


def test_a_change_that_no_figure_sees_still_brings_newer_facts() -> None:
    first = next(each for each in EVENTS if each.seen.seq == 1)
    second = next(e for e in EVENTS if e.seen.seq == 2 and e.seen.dossier_code == first.seen.dossier_code)
    folded = fold({first.seen.dossier_code: first.seen}, [second], MEASURES)
    assert set(folded.changed) == {first.seen.dossier_code}
    assert 0 not in folded.deltas.values()
