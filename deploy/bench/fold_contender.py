"""One contender of `motcua bench fold` in a process of its own: `raw` (nothing but reading) or `ours` (the fold).

`python -m deploy.bench.fold_contender raw|ours TOPIC RECORDS`, with a service's settings in the environment. Prints one
JSON line: records, seconds from the first record to the last (ours: to its commit), resident MiB at most.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer
from sqlalchemy import text

from services.metrics import store
from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import Record
from shared.platform.settings import ServiceSettings, load

MIGRATIONS = Path(store.__file__).parents[1] / "migrations"


class Nobody:
    """Dead letters that the bench has none of."""

    async def bury(self, record: Record, reason: str) -> None:
        raise ValueError(f"record {record.offset} is {reason}")


class _Timed(AIOKafkaConsumer):  # type: ignore[misc]  # published without types
    """Remembers when the first records were given out."""

    first_at: float | None = None

    async def getmany(self, *partitions: Any, **given: Any) -> Any:
        found = await super().getmany(*partitions, **given)
        if found and _Timed.first_at is None:
            _Timed.first_at = time.perf_counter()
        return found


async def raw(settings: ServiceSettings, topic: str, records: int) -> float:
    """Seconds to be given every record."""
    consumer = reader(settings, topic)
    await consumer.start()
    try:
        left, began = records, 0.0
        while left > 0:
            found = await consumer.getmany(timeout_ms=500, max_records=20_000)
            began = began or time.perf_counter()
            left -= sum(map(len, found.values()))
        return time.perf_counter() - began
    finally:
        await consumer.stop()


async def ours(settings: ServiceSettings, topic: str, records: int) -> float:
    """Seconds until every record is folded into empty tables and committed."""
    url = settings.database_url.get_secret_value()
    await emptied(url)
    engine = database.engine(url)
    sessions = database.sessions(engine)
    folding = Folding(
        lambda: _timed(settings, f"bench-{time.time_ns()}"), Nobody(), sessions, dossiers(load_catalogue()), topic=topic
    )
    running = asyncio.create_task(folding.run())
    async with sessions() as session:
        while sum((await store.offsets(session, topic)).values()) < records:
            await session.rollback()
            if running.done():
                running.result()
            await asyncio.sleep(0.02)
    ended = time.perf_counter()
    await folding.shutdown()
    await running
    await engine.dispose()
    return ended - (_Timed.first_at or ended)


def _timed(settings: ServiceSettings, group: str) -> AIOKafkaConsumer:
    consumer = reader(settings, group=group)
    consumer.__class__ = _Timed
    return consumer


async def emptied(url: str) -> None:
    """The schema as a release makes it, with nothing in it."""
    await database.migrate(url, store.SCHEMA, MIGRATIONS)
    engine = database.engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE metrics.facts, metrics.kpi_cell, metrics.kpi_day"))
        await connection.execute(text("TRUNCATE metrics.consumer_offset, metrics.quarantine"))
    await engine.dispose()


def main() -> None:
    name, topic, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
    settings = load(ServiceSettings)
    seconds = uvloop.run({"raw": raw, "ours": ours}[name](settings, topic, records))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201 - the answer
        json.dumps(
            {
                "records": records,
                "seconds": seconds,
                "resident_mib": used.ru_maxrss // 1024,
                "cpu_seconds": used.ru_utime + used.ru_stime,
            }
        )
    )


if __name__ == "__main__":
    main()
