"""Many records at once, each with its own time, partition and headers: histories and restored logs.

Whole batches are handed to an idempotent producer, so there is no future and no task per record; what was written to a
partition arrives in that order. Nothing of the records is kept but one filling and one travelling batch a partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import murmur2

from shared.platform.kafka import COMPRESSION, transport
from shared.platform.settings import ProcessSettings

_BATCH_BYTES: Final = 900_000
"""A batch before compression; the broker takes a megabyte after it."""

type Headers = Sequence[tuple[str, bytes | None]]


class Span(NamedTuple):
    """The offsets that a partition holds: from `begin` up to, not including, `end`."""

    begin: int
    end: int


async def spans(settings: ProcessSettings, topic: str) -> dict[int, Span]:
    """What each partition holds now; empty for a topic that does not exist. Raises KafkaError."""
    parts = [TopicPartition(topic, number) for number in await _partitions(settings, topic)]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, **transport(settings))
    await consumer.start()
    try:
        begins, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
    finally:
        await consumer.stop()
    return {part.partition: Span(begins[part], ends[part]) for part in parts}


async def _partitions(settings: ProcessSettings, topic: str) -> list[int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers, **transport(settings))
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return sorted(part["partition"] for part in described["partitions"])


def place_of(key: bytes, partitions: int) -> int:
    """The partition that producers choose for a key when nobody names one."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class BulkWriter:
    """Writes to a topic of so many partitions inside an `async with`; leaving it without an error sends the rest."""

    def __init__(self, settings: ProcessSettings, topic: str, partitions: int) -> None:
        self._settings, self._topic, self._partitions = settings, topic, partitions
        self._sent: dict[int, asyncio.Future[object]] = {}

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap_servers,
            enable_idempotence=True,
            acks="all",
            compression_type=COMPRESSION,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=60_000,
            **transport(self._settings),
        )
        await self._producer.start()
        self._batches = [self._producer.create_batch() for _ in range(self._partitions)]
        return self

    async def write(
        self, partition: int, timestamp_ms: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        """Waits while the partition's last batch is under way. Raises KafkaError."""
        record = {"timestamp": timestamp_ms, "key": key, "value": value, "headers": headers}
        if self._batches[partition].append(**record) is None:
            await self._send(partition)
            self._batches[partition].append(**record)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for partition in range(self._partitions):
                    await self._send(partition)
                await asyncio.gather(*self._sent.values())
        finally:
            await self._producer.stop()

    async def _send(self, partition: int) -> None:
        if partition in self._sent:
            await self._sent[partition]
        batch, self._batches[partition] = self._batches[partition], self._producer.create_batch()
        if batch.record_count():
            self._sent[partition] = await self._producer.send_batch(batch, self._topic, partition=partition)
