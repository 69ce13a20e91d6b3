"""The fold gives one answer in any batches, with anything repeated, after any crash; of now in any order too (T-20)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.rules.fold import (
    Cell,
    Day,
    Fold,
    Moved,
    Row,
    date_of,
    day_number,
    day_of,
    end_of,
    without,
)
from services.metrics.rules.measures import FOREVER, Contribution, Measures
from services.metrics.rules.seen import Event, Seen, read
from services.metrics.rules.stream import dossiers
from services.metrics.rules.vector import mask, packed, unpacked
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue
from tests.services.metrics.lives import province

BEGAN = datetime(2026, 10, 30, 2, tzinfo=UTC)
CATALOGUE = load_catalogue()
DOSSIERS = dossiers(CATALOGUE)
MEASURES, contribution = DOSSIERS.measures, Measures.of(CATALOGUE).contribution
LOG = [
    (read(told.key, told.value), int(told.event.change.at.timestamp() * 1000))
    for life in province(CATALOGUE, 25, BEGAN, seed=7)
    for told in life
]
LOG.sort(key=lambda each: each[1])
EVENTS = [event for event, _ in LOG]

type Known = tuple[Event, int]


def vector(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def counts_in(vector_: int) -> dict[str, int]:
    return dict(zip(MEASURES, unpacked(vector_, len(MEASURES)), strict=True))


def by_name(told: Contribution, *, timed: bool) -> Counter[str]:
    vectors = (told.counts, told.timed) if timed else (told.counts,)
    return sum((Counter(counts_in(each)) for each in vectors), Counter[str]())


def truth(events: Iterable[Event]) -> dict[Cell, dict[str, int]]:
    """Cells by the slow way: newest facts of each dossier, counted one by one."""
    newest: dict[str, Seen] = {}
    for event in events:
        if event.key not in newest or newest[event.key].seq < event.seen.seq:
            newest[event.key] = event.seen
    cells: defaultdict[Cell, Counter[str]] = defaultdict(Counter)
    for told in map(contribution, newest.values()):
        agency, procedure, channel, period = told.where
        cells[Cell(period, agency, procedure, channel, FOREVER)].update(by_name(told, timed=False))
        if told.timed:
            cells[Cell(period, agency, procedure, channel, told.until)].update(counts_in(told.timed))
    return {cell: named for cell, counts in cells.items() if (named := vector(counts))}


class Store:
    """Rows, cells and days; `take` is one transaction, which may die before it commits."""

    def __init__(self, memory: int | None = None) -> None:
        self.rows: dict[str, Row] = {}
        self.cells: Counter[Cell] = Counter()
        self.days: Counter[Day] = Counter()
        self.memory = memory
        self.fold = Fold(DOSSIERS, memory=memory)

    def take(self, batch: Sequence[Known], *, dies: bool = False) -> None:
        for key in {event.key for event, _ in batch}:
            if key in self.rows and not self.fold.knows(key):
                self.fold.learn(self.rows[key])
        for event, known_ms in batch:
            self.fold.take(event, 0, known_ms)
        moved = self.fold.drain()
        if dies:
            self.fold = Fold(DOSSIERS, memory=self.memory)
            return
        self.commit(moved)

    def commit(self, moved: Moved) -> None:
        for row in moved.rows:
            stored = self.rows.get(row.key)
            assert (stored.seq if stored else 0) == row.stored_seq
            self.rows[row.key] = row if row.state else row._replace(state=self.rows[row.key].state)
        self.cells.update(moved.cells)
        self.days.update(moved.days)

    def answer(self) -> Any:
        rows = {key: row._replace(stored_seq=0) for key, row in self.rows.items()}
        return rows, filled(self.cells), filled(self.days)


def filled[K](vectors: Mapping[K, int]) -> dict[K, int]:
    return {key: found for key, found in vectors.items() if found}


def named(vectors: Mapping[Cell, int]) -> dict[Cell, dict[str, int]]:
    found = {cell: vector(dict(zip(MEASURES, unpacked(v, len(MEASURES)), strict=True))) for cell, v in vectors.items()}
    return {cell: counts for cell, counts in found.items() if counts}


def whole(log: Sequence[Known]) -> Store:
    store = Store()
    store.take(log)
    return store


TRUTH, WHOLE = truth(EVENTS), whole(LOG).answer()


@settings(max_examples=100, deadline=None)
@given(
    order=st.permutations(range(len(LOG))),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    repeats=st.lists(st.integers(0, len(LOG) - 1), max_size=80),
    deaths=st.sets(st.integers(0, 60)),
    memory=st.sampled_from([None, 3, 1000]),
)
def test_any_order_repetition_batching_and_crash_gives_the_same_cells(
    order: list[int], sizes: list[int], repeats: list[int], deaths: set[int], memory: int | None
) -> None:
    queue = [*order[: len(order) // 2], *repeats, *order[len(order) // 2 :], *repeats[:5]]
    store = Store(memory)
    deliver([LOG[index] for index in queue], store, sizes, deaths)
    assert named(store.cells) == TRUTH
    assert not any(row.missing for row in store.rows.values())
    assert {key: row.state for key, row in store.rows.items()} == {key: row.state for key, row in WHOLE[0].items()}


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=40),
    repeats=st.lists(st.tuples(st.integers(0, len(LOG) - 1), st.integers(0, 40)), max_size=60),
    deaths=st.sets(st.integers(0, 60)),
    memory=st.sampled_from([None, 3, 1000]),
)
def test_one_log_gives_the_same_bytes_in_any_batches_with_anything_repeated_later(
    sizes: list[int], repeats: list[tuple[int, int]], deaths: set[int], memory: int | None
) -> None:
    log = list(LOG)
    for index, later in sorted(repeats, reverse=True):
        log.insert(min(len(log), index + 1 + later), LOG[index])
    store = Store(memory)
    deliver(log, store, sizes, deaths)
    assert store.answer() == WHOLE


def deliver(log: Sequence[Known], store: Store, sizes: list[int], deaths: set[int]) -> None:
    number = 0
    while log:
        batch = log[: sizes[number % len(sizes)]]
        store.take(batch, dies=number in deaths)
        if number not in deaths:
            log = log[len(batch) :]
        number += 1


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(len(LOG))),
    known_days=st.lists(st.integers(-3, 40), min_size=1, max_size=30),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20),
    repeats=st.lists(st.integers(0, len(LOG) - 1), max_size=40),
    deaths=st.sets(st.integers(0, 60)),
    memory=st.sampled_from([None, 3, 1000]),
)
def test_a_disordered_log_has_one_history_too(
    *,
    order: list[int],
    known_days: list[int],
    sizes: list[int],
    repeats: list[int],
    deaths: set[int],
    memory: int | None,
) -> None:
    """Both times: whatever order events came in and were known in, batches and deaths change no row of any day."""
    log = [
        (LOG[index][0], LOG[index][1] + 86_400_000 * known_days[place % len(known_days)])
        for place, index in enumerate([*order, *repeats])
    ]
    store = Store(memory)
    deliver(log, store, sizes, deaths)
    assert store.answer() == whole(log).answer()


# --- two times --------------------------------------------------------------------------------------------------------


def past(store: Store, at: date, known: date) -> Counter[tuple[str, str, str]]:
    """(measure, agency, period) → count at the end of a day, as known at the end of another."""
    found: Counter[tuple[str, str, str]] = Counter()
    for day, moved in store.days.items():
        if not day.procedure_code and day.at_day <= day_number(at) and day.known_day <= day_number(known):
            for name, count in zip(MEASURES, unpacked(moved, len(MEASURES)), strict=True):
                found[name, day.agency_code, day.period] += count
    return Counter({key: count for key, count in found.items() if count})


def judged(cells: Mapping[Cell, Mapping[str, int]], at: datetime) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for cell, counts in cells.items():
        if cell.until >= at:
            for name, count in counts.items():
                found[name, cell.agency_code, cell.period] += count
    return found


def test_the_sum_of_days_is_what_was_true_at_the_end_of_each() -> None:
    store = whole(LOG)
    for after in range(60):
        on = (BEGAN + timedelta(days=after)).astimezone(LOCAL).date()
        happened = [event for event in EVENTS if event.change.at.astimezone(LOCAL).date() <= on]
        assert past(store, on, date(2030, 1, 1)) == judged(truth(happened), end_of(on)), on


def test_late_knowledge_changes_what_we_know_and_never_what_we_showed() -> None:
    """Half of the events reach the log five days after they happened."""
    late = [(event, ms + 5 * 86_400_000 * (number % 2)) for number, (event, ms) in enumerate(LOG)]
    late.sort(key=lambda each: each[1])
    store = whole(late)
    for known_after in range(0, 20, 3):
        known = (BEGAN + timedelta(days=known_after)).astimezone(LOCAL).date()
        shown = whole([(event, ms) for event, ms in late if day_of(datetime.fromtimestamp(ms / 1000, UTC))
                       <= day_number(known)])  # fmt: skip
        for after in range(0, 40, 7):
            at = (BEGAN + timedelta(days=after)).astimezone(LOCAL).date()
            assert past(store, at, known) == past(shown, at, date(2030, 1, 1))


def test_services_stand_apart_by_procedure() -> None:
    store = whole(LOG)
    place = MEASURES.index("received")
    by_procedure: Counter[tuple[str, str]] = Counter()
    for day, moved in store.days.items():
        if day.procedure_code:
            by_procedure[day.agency_code, day.procedure_code] += unpacked(moved, len(MEASURES))[place]
    cells: Counter[tuple[str, str]] = Counter()
    for cell, counts in TRUTH.items():
        cells[cell.agency_code, cell.procedure_code] += counts.get("received", 0)
    assert +by_procedure == +cells


# --- continuity -------------------------------------------------------------------------------------------------------


def test_an_event_that_never_came_stays_missing_and_a_late_one_closes_the_gap() -> None:
    life = [each for each in LOG if each[0].key == LOG[0][0].key]
    store = Store()
    store.take([life[0], *life[4:]])
    assert store.rows[LOG[0][0].key].missing == ((2, 4),)
    before = store.rows[LOG[0][0].key].state
    store.take([life[2]])
    assert store.rows[LOG[0][0].key].missing == ((2, 2), (4, 4))
    store.take([life[1], life[3], life[3]])
    assert (store.rows[LOG[0][0].key].missing, store.rows[LOG[0][0].key].state) == ((), before)
    assert store.fold.repeated == 1


@given(st.integers(1, 10), st.integers(11, 20), st.integers(1, 25))
def test_a_number_leaves_its_range(first: int, last: int, number: int) -> None:
    left = {each for a, b in without(((first, last), (23, 24)), number) for each in range(a, b + 1)}
    assert left == {*range(first, last + 1), 23, 24} - {number}


def test_a_duplicate_moves_nothing() -> None:
    store = whole(LOG[:1])
    store.fold.take(LOG[0][0], 0, LOG[0][1])
    assert store.fold.drain() == Moved([], {}, {})


# --- vectors and days -------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(-(2**62), 2**62), min_size=5, max_size=5), min_size=1, max_size=5))
def test_a_sum_of_vectors_is_the_vector_of_sums(rows: list[list[int]]) -> None:
    small = [[count // 8 for count in row] for row in rows]
    vectors = [packed(tuple(row)) for row in small]
    assert unpacked(sum(vectors), 5) == tuple(map(sum, zip(*small, strict=True)))
    some = [abs(count) for count in small[0]]
    assert unpacked(packed(some) & mask({1, 3}), 5) == (0, some[1], 0, some[3], 0)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive
def test_days_are_local(at: datetime) -> None:
    on = at.astimezone(LOCAL).date()
    assert date_of(day_of(at)) == on
    assert at < end_of(on) <= at + timedelta(days=1)
