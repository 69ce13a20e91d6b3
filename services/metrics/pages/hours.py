"""Whose working hours made dossiers late: read from the log of events in a thread of its own, one reading at a time.

A reading goes through the whole log, so a page never waits for its end: it says that it is being read and asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from services.metrics.acts.attribution import Attribution, attributed
from services.metrics.acts.stored import through
from services.metrics.rules.attribution import calendars
from services.metrics.rules.measures import Measures
from services.metrics.rules.nearest import Nearest
from services.metrics.rules.seen import Seen
from services.metrics.rules.stream import dossiers
from services.metrics.store import Question
from services.metrics.store.lists import Listed
from services.metrics.views.dossiers import keeps
from services.metrics.views.hours import Told
from shared.catalogue.model import Catalogue, Indicator
from shared.platform.settings import ServiceSettings

LISTED: Final = 200
"""The most dossiers that are charged one by one; all of them are in the sums."""
_KEPT_S: Final = 600.0
_WAITING: Final = 8
"""Readings that may wait for their turn."""


class Wanted(NamedTuple):
    """The dossiers that keep a figure from its target: of whom, in which period, judged when."""

    indicator: Indicator
    whose: Listed
    question: Question

    @property
    def name(self) -> object:
        """The same for the same figure, whenever it is judged."""
        whose = self.whose
        return self.indicator.id, tuple(whose.agencies), whose.first_month, whose.last_month


class Found(NamedTuple):
    """`nearest`: of the `missing` dossiers those nearest to being right, at most `LISTED`, each one charged."""

    judged_at: datetime
    missing: int
    nearest: Sequence[Seen]
    charges: Attribution

    @property
    def told(self) -> Told:
        """The same for a page."""
        sums = self.charges
        return Told(tuple(self.nearest), sums.dossiers, sums.uncharged, sums.late_us, sums.each)


type Find = Callable[[Wanted], Awaitable[Found]]


async def no_log(wanted: Wanted) -> Found:
    """There is no log to ask. Raises LookupError."""
    raise LookupError("there is no log of events behind this board")


async def found(settings: ServiceSettings, catalogue: Catalogue, wanted: Wanted) -> Found:
    """As `motcua kpi why` finds it, in a thread and loop of its own: the fold's loop has other things to do."""
    return await asyncio.to_thread(asyncio.run, _read(settings, catalogue, wanted))


async def _read(settings: ServiceSettings, catalogue: Catalogue, wanted: Wanted) -> Found:
    stream, at = dossiers(catalogue), wanted.question.at
    kept = keeps(Measures.of(catalogue), wanted.indicator, "missing", at)
    missing: dict[str, int] = {}
    nearest = Nearest(LISTED, at)

    def take(seen: Seen) -> None:
        if kept(seen):
            missing[seen.dossier_code] = seen.seq
            nearest.add(seen)

    reading = await through(settings, stream, wanted.question, wanted.whose, take)
    listed = frozenset(seen.dossier_code for seen in nearest.found)
    charges = await attributed(settings, stream.topic, reading.position, missing, listed, calendars(catalogue), at)
    return Found(at, len(missing), nearest.found, charges)


class Readings:
    """What was read is kept for ten minutes and shared by all who ask for it."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._turn = asyncio.Semaphore(1)
        self._kept: dict[object, tuple[float, asyncio.Task[Found]]] = {}

    async def within(self, seconds: float, wanted: Wanted) -> Found | None:
        """None: it is still being read, or its turn has not come. Raises what the reading raised, and forgets it."""
        task = self._task(wanted)
        if task is None:
            return None
        done, _ = await asyncio.wait([task], timeout=seconds)
        return task.result() if done else None

    def _task(self, wanted: Wanted) -> asyncio.Task[Found] | None:
        now = asyncio.get_running_loop().time()
        for name, (asked_at, task) in list(self._kept.items()):
            if task.done() and (now - asked_at > _KEPT_S or task.cancelled() or task.exception()):
                del self._kept[name]
        if known := self._kept.get(wanted.name):
            return known[1]
        if sum(not task.done() for _, task in self._kept.values()) >= _WAITING:
            return None
        task = asyncio.create_task(self._in_turn(wanted))
        self._kept[wanted.name] = (now, task)
        return task

    async def _in_turn(self, wanted: Wanted) -> Found:
        async with self._turn:
            return await self._find(wanted)
