"""Readings that several pages need at once are made once: coalesced while under way, kept as long as they may be."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from services.metrics.store import Question, Reading
from services.metrics.views.figures import Door, Totals, day_of, roll_up

SHOWN_S: Final = 0.3
"""How old the figures of a page may be when it is made; its stamp says as of when they are."""
BEFORE_S: Final = 60.0
"""How old the points of a trend before it may be."""
_MOST: Final = 256
_AT_ONCE: Final = 3


class Counted(NamedTuple):
    """What the store said, and its sums up the tree."""

    reading: Reading
    totals: Totals


class Memory:
    """One for the process. A question is the same whenever it is judged: figures are as old as the limits above."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kept: dict[object, tuple[float, asyncio.Task[Counted]]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def counted(self, asked: Question, *, at_most_s: float) -> Counted:
        """The counts, asked at most so many seconds ago. A failure is everybody's who waits, and nobody's after."""
        now = asyncio.get_running_loop().time()
        key = (asked.period, asked.past)
        asked_at, task = self._kept.get(key, (0.0, None))
        if task is None or now - asked_at > at_most_s or (task.done() and task.exception()):
            self._forget(now)
            task = asyncio.create_task(self._count(asked))
            self._kept[key] = (now, task)
        return await asyncio.shield(task)

    async def _count(self, asked: Question) -> Counted:
        async with self._turns:
            reading = await self._door.read(asked)
        return Counted(reading, roll_up(reading.counts, self._door.catalogue, day_of(asked.period, asked.at)))

    def _forget(self, now: float) -> None:
        if len(self._kept) < _MOST:
            return
        for key, (asked_at, task) in list(self._kept.items()):
            if task.done() and now - asked_at > SHOWN_S:
                del self._kept[key]
