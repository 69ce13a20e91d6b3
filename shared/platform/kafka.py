"""Kafka: the producer, the broker of the consumers, dead letters, and proof that a consumer still polls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from aiokafka import AIOKafkaClient, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from shared.platform.settings import ProcessSettings
from shared.platform.telemetry import counter, gauge, log

type Record = ConsumerRecord[bytes | None, bytes | None]
type Handler = Callable[[Sequence[Record]], Awaitable[None]]

COMPRESSION: Final = "lz4"
"""Cheap on both ends; batches of a few facts shrink to a third."""
FETCH_BYTES: Final = 64 * 1024
FETCH_WAIT_MS: Final = 150
"""A fetch is answered with this many bytes or after this wait: one transaction for a handful of facts instead of one
each, and a read model that is at most this much behind. Who clicked has the answer's own row already."""
PAUSE: Final = 1.0
"""Seconds between a failed batch and its redelivery: without it NACK loops hot."""
OLDEST_POLL: Final = 30.0
"""Seconds without an answer to a fetch after which a consumer counts as stopped."""

_poll_age = gauge("projection_last_poll_timestamp_seconds", "Unix time of the consumer's oldest last fetch", ["group"])
_dead = counter("events_dead_lettered", "Records that could not be understood", ["topic", "reason"])


class ConsumerStopped(Exception):
    """The broker answers but our consumer has stopped polling: the process must be started again."""


def producer(settings: ProcessSettings) -> AIOKafkaProducer:
    """An idempotent producer, `acks=all`; to be made inside the running loop, started and stopped by its owner."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        enable_idempotence=True,
        acks="all",
        compression_type=COMPRESSION,
        linger_ms=2,
        request_timeout_ms=10_000,
        **transport(settings),
    )


class Broker(KafkaBroker):
    """FastStream's broker for consumers; its own producer (dead letters) is as safe as ours."""

    def __init__(self, settings: ProcessSettings) -> None:
        super().__init__(
            settings.kafka_bootstrap_servers.split(","),
            security=_security(settings),
            allow_auto_create_topics=False,
            enable_idempotence=True,
            acks="all",
            compression_type=COMPRESSION,
            graceful_timeout=10,
            logger=None,
        )
        self._settings = settings

    async def reachable(self) -> bool:
        """Whether a broker answers now. FastStream must not be started before: it loses what it opened on failure."""
        probe = AIOKafkaClient(
            bootstrap_servers=self._settings.kafka_bootstrap_servers,
            request_timeout_ms=3000,
            **transport(self._settings),
        )
        try:
            await probe.bootstrap()
        except (KafkaError, OSError):
            return False
        else:
            return True
        finally:
            await probe.close()


def broker(settings: ProcessSettings) -> Broker:
    """The broker of this process' consumers. Opens nothing before `Consumers.run`."""
    return Broker(settings)


class DeadLetters:
    """Where records go that cannot be understood: `<topic>.dlq.v1`, raw bytes, with who gave up and why."""

    def __init__(self, broker: KafkaBroker, reader: str) -> None:
        """`reader`: the consumer group that gave up."""
        self._broker = broker
        self._reader = reader

    async def bury(self, record: Record, reason: str) -> None:
        """Keeps the record for a later redelivery. `reason` is a stable code, never a value from the record."""
        headers = {
            "reader": self._reader,
            "reason": reason,
            "topic": record.topic,
            "partition": str(record.partition),
            "offset": str(record.offset),
            "content-type": "application/octet-stream",
        }
        await self._broker.publish(record.value or b"", topic=f"{record.topic}.dlq.v1", key=record.key, headers=headers)
        _dead.labels(record.topic, reason).inc()
        log.warning(
            "record_buried", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason
        )


def subscribe(
    broker: KafkaBroker, topic: str, handler: Handler, *, group: str, max_records: int = 500, pause: float = PAUSE
) -> None:
    """Hands batches of raw records to `handler`, at least once, in order per partition.

    A handler that raises gets the same records again after `pause` seconds. Offsets are committed after it returned.
    """

    async def deliver(records: Any) -> None:
        try:
            await handler(records)
        except Exception:
            log.warning("batch_failed", topic=topic, group=group, count=len(records), exc_info=True)
            await asyncio.sleep(pause)
            raise

    broker.subscriber(
        topic,
        batch=True,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        max_records=max_records,
        batch_timeout_ms=1000,
        fetch_min_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        parser=_parse,
        decoder=_as_they_are,
    )(deliver)


class Consumers:
    """The broker's subscribers as a part of a process: started when the broker can be reached, watched ever after."""

    def __init__(self, broker: Broker, *, oldest_poll: float = OLDEST_POLL) -> None:
        self._broker = broker
        self._oldest_poll = oldest_poll
        self._stopping = asyncio.Event()
        self._started_at: float | None = None

    async def run(self) -> None:
        """Raises ConsumerStopped. While the broker is away it waits: the doors go on without it."""
        try:
            await self._start()
            while not await self._stopped(1.0):
                age = self.poll_age()
                if age > self._oldest_poll and await self._broker.reachable():
                    raise ConsumerStopped(f"no fetch answered for {age:.0f} s")
        finally:
            await self._broker.stop()

    async def shutdown(self) -> None:
        self._stopping.set()

    async def check(self) -> None:
        """Readiness. Raises ConsumerStopped before the start and when the last poll is too old."""
        age = self.poll_age()
        if self._started_at is None or age > self._oldest_poll:
            raise ConsumerStopped(f"no fetch answered for {age:.0f} s")

    def poll_age(self) -> float:
        """Seconds since the oldest last answered fetch over all assigned partitions."""
        now = time.time()
        oldest = now
        for subscriber in self._broker.subscribers:
            consumer = getattr(subscriber, "consumer", None)
            if consumer is None:
                oldest = min(oldest, self._started_at or now)
                continue
            polled = min((self._polled_at(consumer, each) for each in consumer.assignment()), default=now)
            _poll_age.labels(getattr(subscriber, "group_id", "")).set(polled)
            oldest = min(oldest, polled)
        return now - oldest

    def _polled_at(self, consumer: Any, partition: TopicPartition) -> float:
        at = consumer.last_poll_timestamp(partition)
        return at / 1000 if at else self._started_at or time.time()

    async def _start(self) -> None:
        while not self._stopping.is_set():
            if await self._broker.reachable():
                await self._broker.start()
                self._started_at = time.time()
                return
            log.warning("broker_awaited")
            await self._stopped(1.0)

    async def _stopped(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True


async def _parse(records: tuple[Record, ...], original: Callable[..., Awaitable[Any]]) -> Any:
    """FastStream decodes headers as UTF-8 and would fail for ever on one that is not: such records go in bare."""
    try:
        return await original(records)
    except UnicodeDecodeError:
        message = await original(tuple(replace(record, headers=()) for record in records))
        message.raw_message = records
        return message


async def _as_they_are(message: Any) -> Any:
    return message.raw_message


def transport(settings: ProcessSettings) -> dict[str, Any]:
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    sasl = {
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }
    return {
        "security_protocol": settings.kafka_security_protocol,
        "ssl_context": settings.kafka_ssl(),
        **(sasl if settings.kafka_security_protocol == "SASL_SSL" else {}),
    }


def _security(settings: ProcessSettings) -> BaseSecurity | None:
    context = settings.kafka_ssl()
    if context is None:
        return None
    if settings.kafka_security_protocol == "SSL":
        return BaseSecurity(ssl_context=context, use_ssl=True)
    return SASLScram512(
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value(),
        ssl_context=context,
        use_ssl=True,
    )
