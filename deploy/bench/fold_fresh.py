"""Freshness of the fold: how long after an event was sent its commit is seen, while so many a second are sent."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from deploy.bench.facts import fill, history, lives
from deploy.bench.fold_contender import Nobody
from deploy.bench.peers.tables import emptied
from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings

RATES: Final = (200, 5_000)
_LIMIT_S: Final = 900
_LOOK_S: Final = 0.005

type _Sent = dict[int, list[tuple[int, float]]]
"""Partition → (offset, when it was sent)."""


async def freshness(settings: ServiceSettings, rate: int, seconds: float) -> dict[str, float]:
    """Milliseconds from sending an event to its commit, while so many a second are sent: p50, p99, most."""
    catalogue, topic = load_catalogue(), f"fresh-{rate}"
    url = settings.database_url.get_secret_value()
    await emptied(url)
    engine = database.engine(url)
    sessions = database.sessions(engine)
    await fill(settings.kafka_bootstrap_servers, topic, 12, iter(()))
    folding = Folding(lambda: reader(settings, group=topic), Nobody(), sessions, dossiers(catalogue), topic=topic)
    running = asyncio.create_task(folding.run())
    wanted = int(rate * seconds)
    told = [each for day in history(lives(catalogue), wanted // 10) for each in day][:wanted]
    sent: _Sent = {}
    watching = asyncio.create_task(_watched(sessions, topic, sent, len(told)))
    await _tell(settings.kafka_bootstrap_servers, topic, told, rate, sent)
    found = sorted(await watching)
    await folding.shutdown()
    await running
    await engine.dispose()
    return {
        "p50": round(1000 * statistics.median(found), 1),
        "p99": round(1000 * found[int(0.99 * (len(found) - 1))], 1),
        "most": round(1000 * found[-1], 1),
    }


async def _tell(bootstrap: str, topic: str, told: list[Any], rate: int, sent: _Sent) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=2) as producer:
        began = time.perf_counter()
        for number, each in enumerate(told):
            if (ahead := number / rate - (time.perf_counter() - began)) > 0:
                await asyncio.sleep(ahead)
            at = time.perf_counter()
            future = await producer.send(topic, each.value, key=each.key)

            def noted(done: asyncio.Future[Any], at: float = at) -> None:
                sent.setdefault(done.result().partition, []).append((done.result().offset, at))

            future.add_done_callback(noted)
        await producer.flush()


async def _watched(sessions: database.Sessions, topic: str, sent: _Sent, wanted: int) -> list[float]:
    """Seconds of each event from its sending to the first look at which its offset is behind the stored one."""
    statement = text("SELECT partition, next_offset FROM metrics.consumer_offset WHERE topic = :topic")
    found: list[float] = []
    async with asyncio.timeout(_LIMIT_S), sessions() as session:
        while len(found) < wanted:
            rows = (await session.execute(statement, {"topic": topic})).all()
            await session.rollback()
            now = time.perf_counter()
            for partition, stored in rows:
                waiting = sent.get(partition, [])
                found += [now - at for offset, at in waiting if offset < stored]
                sent[partition] = [each for each in waiting if each[0] >= stored]
            await asyncio.sleep(_LOOK_S)
    return found
