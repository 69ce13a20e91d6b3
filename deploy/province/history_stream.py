"""Several processes live their shares of the dossiers; their events come out as one stream in order of recording.

The order is (time of recording, dossier code, seq), so it does not depend on how many processes there are. A pipe that
is not read stops its process: nothing piles up but the events of dossiers whose day has not come yet.
"""

from __future__ import annotations

import gc
import heapq
import multiprocessing
import signal
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from itertools import batched
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from deploy.province.history_life import Life, World
from deploy.province.history_plan import Plan
from deploy.province.history_terms import Promises
from deploy.province.history_walker import Told
from shared.dossier.working_time import DAY, OFFSET
from shared.platform.catalogue import load_catalogue

BLOCK: Final = 1000
"""Events handed on at once: about 2 MB."""
_DAY_MS: Final = 86_400_000
_OFFSET_MS: Final = int(OFFSET.total_seconds() * 1000)
_UNIX_DAY: Final = date(1970, 1, 1).toordinal()


class Spec(NamedTuple):
    """What decides every byte of a history; both days are included."""

    dossiers: int
    seed: int
    first: date
    last: date


class WorkerFailed(Exception):
    """A process of the history ended with an error."""


def history(spec: Spec, processes: int) -> Generator[list[Told]]:
    """All events in order, in blocks. Raises WorkerFailed. Closing the iterator ends the processes."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the parent's threads half
    with ExitStack() as ends:
        pipes = []
        for share in range(processes):
            here, there = spawn.Pipe(duplex=False)
            worker = spawn.Process(target=_work, args=(there, spec, share, processes), daemon=True)
            worker.start()
            there.close()
            ends.callback(worker.terminate)
            pipes.append(here)
        merged = heapq.merge(*map(_received, pipes))
        for block in batched(merged, BLOCK, strict=False):
            yield list(block)


def lives(spec: Spec, share: int = 0, shares: int = 1) -> Iterator[list[Told]]:
    """The events of one share of the dossiers, in order, in blocks of a day at most."""
    plan = Plan(load_catalogue(), dossiers=spec.dossiers, seed=spec.seed, first=spec.first, last=spec.last)
    world = World(plan, Promises(plan), datetime.combine(spec.last + DAY, time()))
    pending: dict[int, list[Told]] = defaultdict(list)
    for day, filings in plan.days(share, shares):
        for filing in filings:
            for told in Life(world, filing).tell():
                pending[(told[0] + _OFFSET_MS) // _DAY_MS].append(told)
        yield sorted(pending.pop(day.toordinal() - _UNIX_DAY, []))


def _work(pipe: Connection, spec: Spec, share: int, shares: int) -> None:
    """The body of a process: None after the last block, the error's words when it fails."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is asked, and ends us
    gc.freeze()
    gc.disable()  # lives hold no cycles, and looking for them costs a sixth of the time
    try:
        for told in lives(spec, share, shares):
            for block in batched(told, BLOCK, strict=False):
                pipe.send(block)
        pipe.send(None)
    except BrokenPipeError:
        return
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")
        raise


def _received(pipe: Connection) -> Iterator[Told]:
    while True:
        try:
            block = pipe.recv()
        except EOFError:
            raise WorkerFailed("a process of the history was ended from outside") from None
        if block is None:
            return
        if isinstance(block, str):
            raise WorkerFailed(block)
        yield from block
