"""The log of facts as metrics uses it: raw consumers that can seek, a reading of a whole log, and the dead letters."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.platform.kafka import FETCH_BYTES, FETCH_WAIT_MS, Broker, DeadLetters, Record, transport
from shared.platform.settings import ProcessSettings

_QUIET_S: Final = 20.0
_AT_ONCE: Final = 5_000


def reader(
    settings: ProcessSettings, *topics: str, group: str | None = None, instance: str | None = None
) -> AIOKafkaConsumer:
    """A consumer, unsubscribed without topics, that commits nothing by itself; to be made inside the running loop.

    With a group it shares the partitions; without, it reads what it is told to (`assign`). `instance`: a name that
    outlives restarts, so that a killed member is replaced at once instead of being waited for.
    """
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id=group,
        group_instance_id=instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_min_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=1000,
        request_timeout_ms=15_000,
        **transport(settings),
    )


async def ends_of(settings: ProcessSettings, topic: str) -> dict[int, int]:
    """Partition → the offset after its last record now. Raises LookupError when there is no such topic."""
    consumer = reader(settings, topic)
    await consumer.start()
    try:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise LookupError(f"there is no topic {topic}")
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in numbers])
    finally:
        await consumer.stop()
    return {each.partition: end for each, end in ends.items()}


async def whole(
    settings: ProcessSettings, topic: str, ends: Mapping[int, int]
) -> AsyncIterator[tuple[int, Sequence[Record]]]:
    """(partition, records) of each partition from its beginning up to its end, one partition after the other.

    Raises: TimeoutError when the topic does not give what `ends` promises.
    """
    if not any(ends.values()):  # aiokafka cannot stop a consumer that was told to read nothing
        return
    consumer = reader(settings)
    await consumer.start()
    try:
        for number, end in sorted(ends.items()):
            if not end:
                continue
            partition = TopicPartition(topic, number)
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            read_at = time.monotonic()
            while await consumer.position(partition) < end:
                batch = await consumer.getmany(partition, timeout_ms=500, max_records=_AT_ONCE)
                if records := batch.get(partition):
                    read_at = time.monotonic()
                    yield number, [record for record in records if record.offset < end]
                elif time.monotonic() - read_at > _QUIET_S:
                    raise TimeoutError("the topic ends before the position of the figures")
    finally:
        await consumer.stop()


class Cemetery:
    """Where records go that nobody can read. Its broker is opened by the first of them: most days there is none."""

    def __init__(self, broker: Broker, reader: str) -> None:
        self._broker = broker
        self._letters = DeadLetters(broker, reader)
        self._is_open = False

    async def bury(self, record: Record, reason: str) -> None:
        """Keeps the record on the dead-letter topic. Raises KafkaError while the broker is away."""
        if not self._is_open:
            await self._broker.start()
            self._is_open = True
        await self._letters.bury(record, reason)

    async def close(self) -> None:
        await self._broker.stop()
