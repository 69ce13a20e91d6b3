"""The whole log folded in memory: partitions shared out among processes, one for each core. Changes nothing.

The same fold as live; only its memory has no store behind it. A dossier lives in one partition, so each partition is
folded by itself and only sums are added up.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, NamedTuple

import msgspec
import uvloop

from services.metrics.adapters.topic import whole
from services.metrics.rules.fold import Cell, Day, Fold, Row, Stream
from services.metrics.rules.seen import Unreadable
from services.metrics.rules.stream import STREAMS
from services.metrics.rules.vector import unpacked
from services.metrics.store import Question
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import Record
from shared.platform.process import calm_collector
from shared.platform.settings import ServiceSettings

_ALONE: Final = 60_000
"""Records below which further processes cost more than they bring."""
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Limits(NamedTuple):
    """What of the log is believed: what happened by `as_of`, what was on the log by `known_at`; None = all of it."""

    as_of: datetime | None = None
    known_at: datetime | None = None


@dataclass
class Refold:
    """What the log says up to a position."""

    cells: dict[Cell, int] = field(default_factory=dict)
    days: dict[Day, int] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    """Partition → hash of its dossiers' rows (`digest`)."""
    dossiers: int = 0
    records: int = 0
    repeated: int = 0
    unreadable: int = 0
    broken: tuple[str, ...] = ()
    """Dossiers whose events on the topic are not 1..n."""

    @property
    def events(self) -> int:
        """Events that counted: each once."""
        return self.records - self.repeated - self.unreadable


class Task(NamedTuple):
    """What one process folds."""

    settings: ServiceSettings
    stream: str
    topic: str
    ends: Mapping[int, int]
    limits: Limits


async def refold(
    settings: ServiceSettings,
    stream: Stream,
    position: Mapping[int, int],
    topic: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a constant
) -> Refold:
    """Reads each partition from its beginning to `position` and folds in memory.

    Raises: TimeoutError when the topic does not give what the position promises.
    """
    tasks = [
        Task(settings, stream.table, topic or stream.topic, ends, limits)
        for ends in shares(position, processes(sum(position.values())))
    ]
    return added(await shared_out(work, tasks))


def processes(records: int) -> int:
    return 1 if records < _ALONE else os.cpu_count() or 1


def shares(position: Mapping[int, int], number: int) -> list[dict[int, int]]:
    """The partitions dealt out so that each process has about as many records."""
    hands: list[dict[int, int]] = [{} for _ in range(number)]
    for partition, end in sorted(position.items(), key=lambda each: -each[1]):
        min(hands, key=lambda hand: sum(hand.values()))[partition] = end
    return [hand for hand in hands if hand]


async def shared_out[T, R](function: Callable[[T], Awaitable[R]], tasks: Sequence[T]) -> list[R]:
    """`function` of each task, a coroutine function of this package: here when there is one, else a process each."""
    if len(tasks) <= 1:
        return [await function(task) for task in tasks]
    loop = asyncio.get_running_loop()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(tasks), mp_context=spawn) as pool:
        found: list[R] = await asyncio.gather(*(loop.run_in_executor(pool, _run, function, task) for task in tasks))
        return found


def _run[T, R](function: Callable[[T], Awaitable[R]], task: T) -> R:
    async def run() -> R:
        return await function(task)

    calm_collector()
    return uvloop.run(run())


@cache
def stream_named(table: str) -> Stream:
    """The stream as this process' catalogue has it."""
    return STREAMS[table](load_catalogue())


async def work(task: Task) -> Refold:
    """One process' share."""
    told = Refold()
    cells: Counter[Cell] = Counter()
    days: Counter[Day] = Counter()
    async for partition, fold in folds(task, told):
        moved = fold.drain()
        told.digests[partition] = digest(moved.rows)
        told.dossiers += len(moved.rows)
        told.broken += tuple(row.key for row in moved.rows if row.missing)
        add(cells, moved.cells)
        add(days, moved.days)
    told.cells, told.days = filled(cells), filled(days)
    return told


async def lines(task: Task) -> dict[str, bytes]:
    """Each dossier's row (`line`) as the topic says it."""
    found: dict[str, bytes] = {}
    async for _, fold in folds(task, Refold()):
        found |= {row.key: line(row) for row in fold.drain().rows}
    return found


async def folds(task: Task, told: Refold) -> AsyncIterator[tuple[int, Fold]]:
    """(partition, its fold with everything taken, nothing drained), one after the other."""
    stream = stream_named(task.stream)
    fold, at = Fold(stream), -1
    async for partition, records in whole(task.settings, task.topic, task.ends):
        if partition != at:
            if at >= 0:
                told.repeated += fold.repeated
                yield at, fold
            fold, at = Fold(stream), partition
        told.records += len(records)
        told.unreadable += take(fold, stream, partition, records, task.limits)
    if at >= 0:
        told.repeated += fold.repeated
        yield at, fold


def take(fold: Fold, stream: Stream, partition: int, records: Iterable[Record], limits: Limits) -> int:
    """Folds the records; how many were unreadable."""
    unreadable, read, as_of = 0, stream.read, limits.as_of
    until_ms = limits.known_at.timestamp() * 1000 if limits.known_at else None
    for record in records:
        if until_ms is not None and record.timestamp > until_ms:
            continue
        try:
            event = read(record.key, record.value)
        except Unreadable:
            unreadable += 1
            continue
        if as_of is None or event.change.at <= as_of:
            fold.take(event, partition, record.timestamp)
    return unreadable


def counted(cells: Mapping[Cell, int], stream: Stream, asked: Question) -> dict[tuple[str, str, str], int]:
    """What the store would say of a question: counts by (measure, agency, procedure)."""
    found: Counter[tuple[str, str]] = Counter()
    for cell, vector in cells.items():
        if (
            asked.period.first_month <= cell.period <= asked.period.last_month
            and cell.until >= asked.at
            and asked.procedure_code in {None, cell.procedure_code}
            and asked.channel in {None, cell.channel}
        ):
            found[cell.agency_code, cell.procedure_code] += vector
    return {
        (measure, *place): count
        for place, vector in found.items()
        for measure, count in zip(stream.measures, unpacked(vector, len(stream.measures)), strict=True)
        if count
    }


def digest(rows: Iterable[Row]) -> str:
    """SHA-256 over rows in the order of their keys: what the store must hold of them."""
    found = hashlib.sha256()
    for row in sorted(rows):
        found.update(line(row))
    return found.hexdigest()


def line(row: Row) -> bytes:
    """A row's bytes without what it replaced."""
    return _ENCODE(row._replace(stored_seq=0))


def added(parts: Sequence[Refold]) -> Refold:
    """The parts as one."""
    if len(parts) == 1:
        return parts[0]
    whole_ = Refold()
    cells: defaultdict[Cell, int] = defaultdict(int)
    days: defaultdict[Day, int] = defaultdict(int)
    for part in parts:
        add(cells, part.cells)
        add(days, part.days)
        whole_.digests |= part.digests
        whole_.dossiers += part.dossiers
        whole_.records += part.records
        whole_.repeated += part.repeated
        whole_.unreadable += part.unreadable
        whole_.broken += part.broken
    whole_.cells, whole_.days = filled(cells), filled(days)
    whole_.broken = tuple(sorted(whole_.broken))
    return whole_


def add[K](to: dict[K, int], more: Mapping[K, int]) -> None:
    for key, vector in more.items():
        to[key] = to.get(key, 0) + vector


def filled[K](vectors: Mapping[K, int]) -> dict[K, int]:
    return {key: vector for key, vector in vectors.items() if vector}
