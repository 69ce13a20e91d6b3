"""Fills the tables anew from the topic: partitions folded in memory by a process for each core, the end written once.

Live folding may go on meanwhile: at the swap its next transaction finds other offsets and reads on from there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from services.metrics import store
from services.metrics.acts.refold import (
    Limits,
    Refold,
    Task,
    add,
    added,
    filled,
    folds,
    processes,
    shared_out,
    shares,
    stream_named,
)
from services.metrics.adapters.topic import ends_of
from services.metrics.rules.fold import Cell, Day, Stream
from shared.platform import database
from shared.platform.settings import ServiceSettings

WORTHWHILE = 500_000
"""Records behind which a rebuild is sooner than folding on."""


class Share(NamedTuple):
    """One process' partitions; `number` is the shard of its cells."""

    task: Task
    number: int


async def rebuild(settings: ServiceSettings, stream: Stream, topic: str | None = None) -> dict[str, Any]:
    """Everything folded from the topic as it is now. Raises what broker and database raise; then nothing has changed.

    Answers counts and seconds.
    """
    began = time.monotonic()
    name = topic or stream.topic
    position = await ends_of(settings, name)
    engine = database.engine(settings.database_url.get_secret_value(), pool_size=1)
    sessions = database.sessions(engine)
    try:
        async with sessions.begin() as session:
            await store.fit(session, stream.measures)
            await store.begin_next(session, stream)
        hands = shares(position, processes(sum(position.values())))
        tasks = [Share(Task(settings, stream.table, name, ends, Limits()), number) for number, ends in enumerate(hands)]
        told = added(await shared_out(_fill, tasks))
        async with sessions.begin() as session:
            await store.index_next(session, stream)
            await store.swap(session, stream, name, position)
    finally:
        await engine.dispose()
    return {
        "dossiers": told.dossiers,
        "records": told.records,
        "events": told.events,
        "repeated": told.repeated,
        "unreadable": told.unreadable,
        "positions": position,
        "seconds": round(time.monotonic() - began, 2),
    }


async def is_far_behind(settings: ServiceSettings, sessions: database.Sessions, stream: Stream) -> bool:
    """Whether a rebuild is the sooner way to the end of the log."""
    ends = await ends_of(settings, stream.topic)
    async with sessions() as session:
        stored: Mapping[int, int] = await store.offsets(session, stream.topic)
    return sum(end - stored.get(partition, 0) for partition, end in ends.items()) > WORTHWHILE


async def _fill(share: Share) -> Refold:
    """Folds the share and copies it into the next tables; answers counts only."""
    stream = stream_named(share.task.stream)
    told = Refold()
    cells: Counter[Cell] = Counter()
    days: Counter[Day] = Counter()
    settings = share.task.settings
    engine = database.engine(settings.database_url.get_secret_value(), pool_size=1)
    sessions = database.sessions(engine)
    try:
        async for _, fold in folds(share.task, told):
            moved = fold.drain()
            told.dossiers += len(moved.rows)
            add(cells, moved.cells)
            add(days, moved.days)
            async with sessions.begin() as session:
                await store.copy_facts(session, stream, moved.rows)
        async with sessions.begin() as session:
            await store.copy_cells(session, stream, filled(cells), filled(days), share.number)
    finally:
        await engine.dispose()
    return told
