"""One contender of `motcua bench fold` in a process of its own: `raw` (nothing but reading) or `ours` (the fold).

`python -m deploy.bench.fold_contender raw|ours TOPIC [N] [--group G] [--resume] [--processes P]`, with a service's
settings in the environment. Says "first" with the first record. `raw` says "last" with the N-th and ends. `ours` folds
into emptied tables (`--resume`: into them as they are) until SIGTERM, or until N records are stored; then both print
one JSON line: records, seconds from the first record to the last (ours: to its commit), MiB and processor seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer

from deploy.bench.peers.tables import emptied
from services.metrics import store
from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import Record
from shared.platform.process import calm_collector
from shared.platform.settings import ServiceSettings, load

_LOOK_S = 0.02


class Nobody:
    """Dead letters that the bench has none of."""

    async def bury(self, record: Record, reason: str) -> None:
        raise ValueError(f"record {record.offset} is {reason}")


class _Timed(AIOKafkaConsumer):  # type: ignore[misc]  # published without types
    """Remembers, and says, when the first records were given out."""

    first_at: float | None = None

    async def getmany(self, *partitions: Any, **given: Any) -> Any:
        found = await super().getmany(*partitions, **given)
        if found and _Timed.first_at is None:
            _Timed.first_at = time.perf_counter()
            os.write(1, b"first\n")
        return found


async def raw(settings: ServiceSettings, asked: argparse.Namespace) -> float:
    """Seconds to be given every record."""
    consumer = reader(settings, asked.topic)
    consumer.__class__ = _Timed
    await consumer.start()
    try:
        left = asked.records
        while left > 0:
            found = await consumer.getmany(timeout_ms=500, max_records=20_000)
            left -= sum(map(len, found.values()))
        os.write(1, b"last\n")
        return time.perf_counter() - (_Timed.first_at or 0.0)
    finally:
        await consumer.stop()


async def ours(settings: ServiceSettings, asked: argparse.Namespace) -> float:
    """Seconds until every record is folded and committed."""
    url = settings.database_url.get_secret_value()
    if not asked.resume:
        await emptied(url)
    engine = database.engine(url)
    sessions = database.sessions(engine)
    group = asked.group or f"bench-{time.time_ns()}"
    folding = Folding(
        lambda: _timed(settings, group, asked.number), Nobody(), sessions, dossiers(load_catalogue()), topic=asked.topic
    )
    running = asyncio.create_task(folding.run())
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    ends = [running, asyncio.create_task(asked_to_stop.wait())]
    ends += [asyncio.create_task(_stored(sessions, asked.topic, asked.records))] if asked.records else []
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    ended = time.perf_counter()
    await folding.shutdown()
    await running
    for each in ends:
        each.cancel()
    await engine.dispose()
    return ended - (_Timed.first_at or ended)


async def _stored(sessions: database.Sessions, topic: str, records: int) -> None:
    async with sessions() as session:
        while sum((await store.offsets(session, topic)).values()) < records:
            await session.rollback()
            await asyncio.sleep(_LOOK_S)


def _timed(settings: ServiceSettings, group: str, number: int) -> AIOKafkaConsumer:
    """Under a name that outlives restarts, as the service's own: a killed one is replaced, not waited for."""
    consumer = reader(settings, group=group, instance=f"{group}-{number}")
    consumer.__class__ = _Timed
    return consumer


def _together(asked: argparse.Namespace) -> int:
    """Several processes as one consumer group; ends with them."""
    words = [sys.executable, "-m", __spec__.name, asked.name, asked.topic, "--group", asked.group, "--resume"]
    members = [subprocess.Popen([*words, "--number", str(number)]) for number in range(asked.processes)]

    def end(*_: object) -> None:
        for member in members:
            member.terminate()

    signal.signal(signal.SIGTERM, end)
    return max(abs(member.wait()) for member in members)


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("name", choices=["raw", "ours"])
    asked.add_argument("topic")
    asked.add_argument("records", nargs="?", type=int, default=0)
    asked.add_argument("--group", default="")
    asked.add_argument("--resume", action="store_true")
    asked.add_argument("--processes", type=int, default=1, help="that share the partitions (ours, until SIGTERM)")
    asked.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.processes > 1:
        sys.exit(_together(given))
    calm_collector()
    seconds = uvloop.run({"raw": raw, "ours": ours}[given.name](load(ServiceSettings), given))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201 - the answer
        json.dumps(
            {
                "records": given.records,
                "seconds": seconds,
                "resident_mib": used.ru_maxrss // 1024,
                "cpu_seconds": used.ru_utime + used.ru_stime,
            }
        )
    )


if __name__ == "__main__":
    main()
