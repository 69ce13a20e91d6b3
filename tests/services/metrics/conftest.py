"""One PostgreSQL and one Kafka for all tests of metrics; each test has its own topic and empty tables.

The service's own process is stopped; tests that are about it start it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text

from deploy.local.stack import Stack
from services.metrics.acts.proof import Proof, prove
from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.fold import Stream
from services.metrics.rules.stream import dossiers
from shared.catalogue.model import Catalogue
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import Record
from shared.platform.settings import ServiceSettings, load
from tests.services.metrics.lives import Told, province

PARTITIONS = 4
_names = itertools.count(1)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def lives(catalogue: Catalogue) -> list[list[Told]]:
    """About 1,700 events of 150 dossiers, three weeks old."""
    return list(province(catalogue, 150, datetime(2026, 10, 30, 2, tzinfo=UTC)))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    small = {"metrics": {"BATCH_RECORDS": "20"}}
    with Stack(tmp_path_factory.mktemp("metrics"), processes={"metrics"}, extra=small) as running:
        running.stop("metrics")
        yield running


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    for name, value in stack.environment("metrics").items():
        monkeypatch.setenv(name, value)
    return load(ServiceSettings)


class Buried:
    """Dead letters as a list."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.values: list[bytes | None] = []

    async def bury(self, record: Record, reason: str) -> None:
        self.reasons.append(reason)
        self.values.append(record.value)


@dataclass(frozen=True)
class Log:
    """A topic of its own and an empty schema: what the tests tell, fold and ask."""

    settings: ServiceSettings
    sessions: database.Sessions
    topic: str
    buried: Buried
    stream: Stream

    async def tell(self, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
        """Sends them in this order; a dossier always to the same partition."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_bootstrap_servers, acks="all")
        async with producer:
            sent = [await producer.send(self.topic, value, key=key) for key, value in records]
            await asyncio.gather(*sent)

    def folding[F: Folding](self, *, batch_records: int = 200, group: str | None = None, kind: type[F] = Folding) -> F:
        """One more consumer of the group."""
        return kind(
            lambda: reader(self.settings, group=group or self.topic),
            self.buried,
            self.sessions,
            self.stream,
            batch_records=batch_records,
            topic=self.topic,
        )

    @asynccontextmanager
    async def folded_by(self, folding: Folding) -> AsyncIterator[Folding]:
        """Runs it inside the block."""
        running = asyncio.create_task(folding.run())
        try:
            yield folding
        finally:
            await folding.shutdown()
            await asyncio.wait_for(running, 20)

    async def all_folded(self, records: int, seconds: float = 25) -> None:
        """Waits until that many records are behind the stored offsets."""

        async def done() -> bool:
            with suppress(*database.AWAY):  # a test may have cut our own connection too
                return sum((await self.position()).values()) >= records
            return False

        await eventually(done, seconds)

    async def position(self) -> Mapping[int, int]:
        async with self.sessions() as session:
            rows = await session.execute(
                text("SELECT partition, next_offset FROM metrics.consumer_offset WHERE topic = :topic"),
                {"topic": self.topic},
            )
            return dict(rows.all())

    async def run(self, statement: str) -> None:
        async with self.sessions.begin() as session:
            await session.execute(text(statement))

    async def proof(self) -> Proof:
        return await prove(self.settings, self.stream, self.topic)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Waits for a named condition. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.05)


async def empty(url: str) -> None:
    """Empties all tables but the version of the measures."""
    engine = database.engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE metrics.quarantine"))
        await connection.execute(
            text("TRUNCATE metrics.facts, metrics.kpi_cell, metrics.kpi_day, metrics.consumer_offset")
        )
    await engine.dispose()


@pytest.fixture
async def log(settings: ServiceSettings, catalogue: Catalogue) -> AsyncIterator[Log]:
    url = settings.database_url.get_secret_value()
    engine = database.engine(url)
    topic = f"facts-{next(_names)}"
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs={"retention.ms": "-1"})])
    await admin.close()
    given = Log(settings, database.sessions(engine), topic, Buried(), dossiers(catalogue))
    await empty(url)
    yield given
    await engine.dispose()
