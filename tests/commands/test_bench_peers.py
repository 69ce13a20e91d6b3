"""What all peers of the fold bench are held to: their sums equal a count of the newest facts, in any order."""

from __future__ import annotations

from random import Random

import pytest

from deploy.bench.peer_programs.batch import Batch
from deploy.bench.peer_programs.job import contribution, facts_in, moves
from deploy.bench.peers import PEERS, missing
from deploy.bench.peers.facts import Told, records
from shared.platform.catalogue import load_catalogue


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return list(records(load_catalogue(), 1_000))


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


def _summed(newest: dict[bytes, bytes]) -> dict[tuple[object, ...], tuple[int, ...]]:
    cells: dict[tuple[object, ...], tuple[int, ...]] = {}
    for value in newest.values():
        cell, counts = contribution(facts_in(value))
        cells[cell] = tuple(a + b for a, b in zip(cells.get(cell, (0,) * 7), counts, strict=True))
    return cells


def _rows(batch: Batch) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {row[1:5]: row[5:] for row in zip(*batch.cells(), strict=True)}
