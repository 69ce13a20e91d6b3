"""Readings that several pages need at once are made once: coalesced while under way, kept as long as they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from services.metrics.rules.days import Days
from services.metrics.store import Question, Reading
from services.metrics.views.borders import Borders
from services.metrics.views.figures import FRESH, Door, broken, day_of, roll_up
from services.metrics.views.scene import Then
from services.metrics.views.spans import Span

SHOWN_S: Final = 0.3
"""How old the figures of a page may be when it is made; its stamp says as of when they are."""
BEFORE_S: Final = 60.0
"""How old the points of a trend before it may be."""
DAYS_S: Final = FRESH.total_seconds()
"""How old the figures of days may be: counting them is dear."""
_MOST: Final = 256
_AT_ONCE: Final = 3


class Counted(NamedTuple):
    """What the store said, and its sums up the tree."""

    reading: Reading
    then: Then


class Memory:
    """One for the process. A question is the same whenever it is judged: figures are as old as the limits above."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kept: dict[object, tuple[float, asyncio.Task[Sequence[Counted]]]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def counted(self, asked: Question, borders: Borders, *, at_most_s: float) -> Counted:
        """The counts, asked at most so many seconds ago."""

        async def count() -> Sequence[Counted]:
            reading = await self._door.read(asked)
            return [self._summed(reading, asked.period, asked.at, borders)]

        key = (asked.period, asked.past, asked.by_procedure, borders.on, borders.follows)
        [found] = await self._once(key, count, at_most_s)
        return found

    async def of_days(self, spans: Sequence[Days], at: datetime, borders: Borders) -> Sequence[Counted]:
        """The counts of each span, all counted at once, at most `DAYS_S` ago."""

        async def count() -> Sequence[Counted]:
            readings = await self._door.read_days(spans, at)
            return [self._summed(*each, at, borders) for each in zip(readings, spans, strict=True)]

        return await self._once((tuple(spans), borders.on, borders.follows), count, DAYS_S)

    async def _once(
        self, key: object, count: Callable[[], Coroutine[object, object, Sequence[Counted]]], at_most_s: float
    ) -> Sequence[Counted]:
        """A failure is everybody's who waits, and nobody's after."""
        now = asyncio.get_running_loop().time()
        asked_at, task = self._kept.get(key, (0.0, None))
        if task is None or now - asked_at > at_most_s or (task.done() and task.exception()):
            self._forget(now)
            task = asyncio.create_task(self._in_turn(count))
            self._kept[key] = (now, task)
        return await asyncio.shield(task)

    async def _in_turn(self, count: Callable[[], Coroutine[object, object, Sequence[Counted]]]) -> Sequence[Counted]:
        async with self._turns:
            return await count()

    def _summed(self, reading: Reading, span: Span, at: datetime, borders: Borders) -> Counted:
        """Each period in its own borders, or all in those of today."""
        on = day_of(span, at)
        tree = borders if borders.follows else Borders(borders.catalogue, on)
        totals = roll_up(reading.counts, borders.catalogue, on, tree)
        return Counted(reading, Then(span, totals, broken(reading, tree)))

    def _forget(self, now: float) -> None:
        if len(self._kept) < _MOST:
            return
        for key, (asked_at, task) in list(self._kept.items()):
            if task.done() and now - asked_at > SHOWN_S:
                del self._kept[key]
