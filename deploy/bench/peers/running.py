"""One run of one contender: from its first record until all are stored, what it cost, and whether it counted rightly.

Everything is watched from outside, alike for all: processor time and memory of the program with all it has started,
and what broker and database spent on it meanwhile. A program says "first" on stdout with its first record, and "last"
with the last when it stores nothing.
"""

from __future__ import annotations

import asyncio
import os
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import psutil

from deploy.bench.peers.tables import Tables
from deploy.local import children
from deploy.local.cache import REPOSITORY

_LOOK_S: Final = 0.02
_WEIGH_S: Final = 0.25
_GRACE_S: Final = 5.0
_SAID: Final = 600
"""Letters of a dead program's last words."""
_KILLED_AT: Final = (0.2, 0.6)
"""Parts of the records after which a program is killed."""
_MIB: Final = 1024 * 1024
_PARTS: Final = (0.1, 0.5, 1.0)


class Place(NamedTuple):
    """Where a run happens."""

    folder: Path
    """Empty, the run's own."""
    environment: Mapping[str, str]
    database: Any
    """An asyncpg connection of the harness' own."""
    events: int
    servers: Mapping[str, int]
    """Name → pid of those whose processor time is told apart: broker and database."""
    limit_s: float


class Measure(NamedTuple):
    """What came of a run. `seconds` is None when there is no speed to tell: `problem` says why."""

    seconds: float | None
    problem: str = ""
    cpu_seconds: Mapping[str, float] = {}
    """Processor seconds from the first record to the last: of the program ("own") and of each server."""
    resident_mib: int = 0
    resident_at: Mapping[str, int] = {}
    """MiB when 10, 50 and 100 % of the records were stored; what stores nothing tells none."""


class _Mark(NamedTuple):
    at: float
    used: Mapping[str, float]


class Failed(Exception):
    """The program died or was too slow."""


class Program:
    """A contender's process: what it says, uses and holds."""

    def __init__(self, process: Process, place: Place) -> None:
        self.process = process
        self._place = place
        self.marks: dict[str, _Mark] = {}
        self.weights: list[tuple[float, int]] = []
        """(part of the records stored, MiB resident)"""
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Notes when the program says "first" and "last"."""
        if self.process.stdout is None:
            raise ValueError("the program's stdout is not ours")
        async for line in self.process.stdout:
            if (word := line.strip().decode(errors="replace")) in {"first", "last"}:
                self.marks.setdefault(word, self.mark())

    def mark(self) -> _Mark:
        """Now, and the processor seconds used so far."""
        at = time.perf_counter()
        pids = {"own": self.process.pid, **self._place.servers}
        return _Mark(at, {name: _used(pid) for name, pid in pids.items()})

    async def until(self, done: str, records: int, *, weighs: bool = False) -> None:
        """Waits until that many records are stored, or until it says "last". Raises Failed."""
        weigh_at = 0.0
        while True:
            stored = await self._place.database.fetchval(done) or 0 if done else 0
            if weighs and (now := time.perf_counter()) > weigh_at:
                self.weights.append((stored / self._place.events, _resident(self.process.pid)))
                weigh_at = now + _WEIGH_S
            if stored >= records if done else "last" in self.marks:
                return
            if self.process.returncode is not None:
                raise Failed(f"ended with code {self.process.returncode} before all was counted")
            await asyncio.sleep(_LOOK_S)

    async def end(self, *, kills: bool = False) -> None:
        """Asks the program to stop, or kills it at once, with all it has started."""
        if self.process.returncode is None:
            members = children.family(psutil.Process(self.process.pid))
            if not kills:
                self.process.terminate()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.process.wait(), _GRACE_S)
            children.kill(members)
        await self.process.wait()
        await self._listening


async def measured(words: Sequence[str], tables: Tables, place: Place) -> Measure:
    """Lets the program fold everything, undisturbed."""
    try:
        async with asyncio.timeout(place.limit_s), started(words, place) as program:
            await program.until(tables.done, place.events, weighs=True)
            end = program.marks.get("last") or program.mark()
            program.weights.append((1.0, _resident(program.process.pid)))
    except TimeoutError:
        return Measure(None, f"not done after {place.limit_s:.0f} s{_last_words(place)}")
    except Failed as failed:
        return Measure(None, f"{failed}{_last_words(place)}")
    if (begin := program.marks.get("first")) is None:
        return Measure(None, 'never said "first"')
    used = {name: round(seconds - begin.used[name], 2) for name, seconds in end.used.items()}
    at = {f"{part:.0%}": _weight_at(program.weights, part) for part in _PARTS} if tables.done else {}
    return Measure(end.at - begin.at, "", used, max(each for _, each in program.weights), at)


async def killed(words: Sequence[str], again: Sequence[str], tables: Tables, place: Place, chance: Random) -> str:
    """Kills the program in the middle of its work, twice, each time starting it again (`again`); "" = it finished."""
    try:
        async with asyncio.timeout(place.limit_s):
            for part in _KILLED_AT:
                async with started(words, place) as program:
                    await program.until(tables.done, int(part * place.events))
                    await asyncio.sleep(chance.uniform(0, 0.3))
                    await program.end(kills=True)
                words = again
            async with started(words, place) as program:
                await program.until(tables.done, place.events)
    except TimeoutError:
        done = await place.database.fetchval(tables.done)
        return f"{done} of {place.events} records after {place.limit_s:.0f} s{_last_words(place)}"
    except Failed as failed:
        return f"{failed}{_last_words(place)}"
    return ""


@asynccontextmanager
async def started(words: Sequence[str], place: Place) -> AsyncIterator[Program]:
    """The program's process, ended with all it has started when the block is left."""
    given = os.environ | place.environment | {"PYTHONPATH": str(REPOSITORY)}
    with (place.folder / "said").open("wb") as said:
        process = await asyncio.create_subprocess_exec(*words, cwd=place.folder, env=given, stdout=PIPE, stderr=said)
    program = Program(process, place)
    try:
        yield program
    finally:
        await program.end()


def _used(pid: int) -> float:
    """Processor seconds of a process, all it has started, and those of them that have ended."""
    total = 0.0
    for each in _members(pid):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _resident(pid: int) -> int:
    """MiB held by a process and all it has started; shared pages count for each."""
    total = 0
    for each in _members(pid):
        with suppress(psutil.NoSuchProcess):
            total += each.memory_info().rss
    return total // _MIB


def _members(pid: int) -> list[psutil.Process]:
    try:
        return children.family(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return []


def _weight_at(weights: Sequence[tuple[float, int]], part: float) -> int:
    """The first weight at or after that part of the records."""
    return next((mib for at, mib in weights if at >= part), weights[-1][1])


def _last_words(place: Place) -> str:
    said = (place.folder / "said").read_text(errors="replace").strip()
    return f": … {said[-_SAID:]}" if said else ""
