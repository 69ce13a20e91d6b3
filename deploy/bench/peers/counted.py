"""What everybody must come to: the same contributions of the newest facts, counted in memory by the peers' own job."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.bench.peer_programs.job import Cell, Counts, Facts, contribution, facts_in
from shared.dossier.working_time import LOCAL

_WAIT_MS: Final = 2_000
_AT_ONCE: Final = 20_000

type Cells = dict[Cell, Counts]


async def newest(bootstrap: str, topic: str, partitions: int, events: int) -> Mapping[bytes, Facts]:
    """The newest facts of each dossier. Raises ValueError when the topic does not hold that many records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        all_of_it = [TopicPartition(topic, each) for each in range(partitions)]
        held = sum((await consumer.end_offsets(all_of_it)).values())
        if held != events:
            raise ValueError(f"{topic} holds {held} records, not {events}")
        consumer.assign(all_of_it)
        found: dict[bytes, Facts] = {}
        read = 0
        while read < events:
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_AT_ONCE)
            for record in (each for batch in batches.values() for each in batch):
                read += 1
                facts = facts_in(record.value)
                if record.key not in found or found[record.key].seq < facts.seq:
                    found[record.key] = facts
        return found
    finally:
        await consumer.stop()


def cells(of: Iterable[Facts], month: Callable[[Facts], str] | None = None) -> Cells:
    """The sums of what these dossiers contribute; `month` = another calendar than the peers' months in UTC."""
    found: Cells = {}
    for facts in of:
        cell, counts = contribution(facts)
        if month is not None:
            cell = (*cell[:3], month(facts))
        known = found.get(cell)
        found[cell] = tuple(map(operator.add, known, counts)) if known else counts
    return found


def local_month(facts: Facts) -> str:
    """The month at UTC+7, as our own cells have it."""
    at = datetime.fromisoformat(facts.received_at or facts.submitted_at)
    return f"{at.astimezone(LOCAL):%Y-%m}"


def difference(found: Mapping[Cell, Counts], expected: Mapping[Cell, Counts]) -> str:
    """By how much the cells differ; "" = not at all. One that all dossiers have left may stand there with zeros."""
    wrong = by = 0
    for cell in found.keys() | expected.keys():
        pairs = list(zip(found.get(cell, ()), expected.get(cell, ()), strict=False)) or [
            (each, 0) for each in (found.get(cell) or expected[cell])
        ]
        off = sum(abs(one - other) for one, other in pairs)
        wrong, by = wrong + bool(off), by + off
    return f"{wrong} of {len(expected)} cells differ, by {by} in all" if wrong else ""
