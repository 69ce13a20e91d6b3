"""What all peers of the fold bench are held to: their sums equal a count of the newest facts, in any order."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
import typer

from deploy.bench.facts import history, lives
from deploy.bench.fold import chosen
from deploy.bench.fold_runs import Row
from deploy.bench.peer_programs.batch import Batch
from deploy.bench.peer_programs.job import contribution, facts_in, moves
from deploy.bench.peers import NAMES, PEERS, missing
from deploy.bench.peers.counted import cells, difference, local_month
from deploy.bench.peers.running import Measure
from shared.platform.catalogue import load_catalogue

type Told = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def told() -> list[Told]:
    days = history(lives(load_catalogue()), 90)
    return [(each.key, each.value) for day in days for each in day]


@pytest.mark.timeout(300)
def test_moves_add_up_to_the_newest_contributions_in_any_order_and_repeated(told: list[Told]) -> None:
    expected = _summed(dict(told))  # the last record of a key is its newest: the topic's order
    Random(7).shuffle(shuffled := told + told[::3])
    newest: dict[bytes, bytes] = {}
    batch = Batch({})
    for offset, (key, value) in enumerate(shuffled):
        moved = moves(newest.get(key), value)
        if moved is not None:
            newest[key] = value
        batch.add(0, offset, moved)
    assert _rows(batch) == expected
    assert batch.progress() == [[0], [0], [len(shuffled)]]


def test_a_record_below_the_stored_offset_is_not_counted_again(told: list[Told]) -> None:
    batch = Batch({0: 1})
    for offset, (_, value) in enumerate(told[:2]):
        batch.add(0, offset, moves(None, value))
    assert _rows(batch) == _summed(dict(told[1:2]))
    batch.written()
    batch.add(0, 1, moves(None, told[1][1]))
    assert not batch


def test_a_peer_that_cannot_run_says_why_and_a_stranger_is_none() -> None:
    assert all(missing(name) is None or name in str(missing(name)) for name in PEERS)
    with pytest.raises(KeyError):
        missing("flink")


def test_cells_that_differ_are_counted_and_empty_ones_do_not_matter() -> None:
    one, two = ("a", "1.0", 2, "2026-10"), ("b", "1.0", 2, "2026-10")
    assert difference({one: (2, 1), two: (0, 0)}, {one: (2, 1)}) == ""
    assert difference({one: (2, 2)}, {one: (2, 1)}) == "1 of 1 cells differ, by 1 in all"
    assert difference({}, {one: (2, 1), two: (1, 0)}) == "2 of 2 cells differ, by 4 in all"
    assert difference({one: (2, 1), two: (3, 0)}, {one: (2, 1)}) == "1 of 1 cells differ, by 3 in all"


def test_our_months_are_local_and_the_sums_stay_the_same(told: list[Told]) -> None:
    newest = [facts_in(value) for value in dict(told).values()]
    at_night = msgspec.structs.replace(newest[0], received_at="2026-10-31T18:00:00Z")
    assert (local_month(at_night), contribution(at_night)[0][3]) == ("2026-11", "2026-10")
    ours, peers = cells(newest, local_month), cells(newest)
    assert sum(counts[0] for counts in ours.values()) == sum(counts[0] for counts in peers.values()) == len(newest)


def test_contenders_are_chosen_in_one_order_and_strangers_refused() -> None:
    assert chosen(["bytewax", "raw"], []) == ["raw", "bytewax"]
    assert chosen([], ["faust-streaming"]) == [name for name in NAMES if name != "faust-streaming"]
    for only, without in ((["flink"], []), ([], ["flink"]), (["raw"], ["raw"])):
        with pytest.raises(typer.BadParameter):
            chosen(only, without)


def test_a_contender_is_told_by_medians_and_one_with_a_problem_by_it_alone() -> None:
    costs = {"own": 1.0, "kafka": 0.5, "postgres": 0.25}
    row = Row("ours", measures=[Measure(seconds, "", costs, 90, {"100%": 90}) for seconds in (1.0, 2.0, 4.0)])
    said = row.summary(1_000)
    assert (said["per_second"], said["least"], said["most"], said["runs"]) == (500, 250, 1_000, 3)
    assert said["cpu_us_per_record"] == {"own": 1_000.0, "kafka": 500.0, "postgres": 250.0}
    assert "per_second" not in Row("bytewax", problem="not available: no wheels", measures=row.measures).summary(1_000)


def _summed(newest: dict[bytes, bytes]) -> dict[tuple[object, ...], tuple[int, ...]]:
    cells: dict[tuple[object, ...], tuple[int, ...]] = {}
    for value in newest.values():
        cell, counts = contribution(facts_in(value))
        cells[cell] = tuple(a + b for a, b in zip(cells.get(cell, (0,) * 7), counts, strict=True))
    return cells


def _rows(batch: Batch) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {row[1:5]: row[5:] for row in zip(*batch.cells(), strict=True)}
