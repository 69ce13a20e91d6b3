"""What every peer must come to: the same contributions of the newest facts, counted in memory."""

from __future__ import annotations

import operator
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.bench.peer_programs.job import Cell, Counts, Facts, contribution, facts_in

_WAIT_MS: Final = 2_000
type Cells = dict[Cell, Counts]

_known: dict[tuple[str, str, int, int], Cells] = {}


async def counted(bootstrap: str, topic: str, partitions: int, events: int) -> Cells:
    """Cell → counts after all records of the topic; read once per process.

    Raises ValueError when the topic does not hold that many records.
    """
    asked = (bootstrap, topic, partitions, events)
    if asked not in _known:
        _known[asked] = _cells(await _newest(*asked))
    return _known[asked]


async def _newest(bootstrap: str, topic: str, partitions: int, events: int) -> dict[bytes, Facts]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        all_of_it = [TopicPartition(topic, each) for each in range(partitions)]
        held = sum((await consumer.end_offsets(all_of_it)).values())
        if held != events:
            raise ValueError(f"{topic} holds {held} records, not {events}")
        consumer.assign(all_of_it)
        newest: dict[bytes, Facts] = {}
        read = 0
        while read < events:
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=50_000)
            for record in (each for batch in batches.values() for each in batch):
                read += 1
                facts = facts_in(record.value)
                if record.key not in newest or newest[record.key].seq < facts.seq:
                    newest[record.key] = facts
        return newest
    finally:
        await consumer.stop()


def _cells(newest: dict[bytes, Facts]) -> Cells:
    cells: Cells = {}
    for facts in newest.values():
        cell, counts = contribution(facts)
        known = cells.get(cell)
        cells[cell] = tuple(map(operator.add, known, counts)) if known else counts
    return cells
