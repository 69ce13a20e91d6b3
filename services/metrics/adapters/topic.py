"""The log of facts as metrics uses it: raw consumers that can seek, and the dead letters."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from shared.platform.kafka import FETCH_BYTES, FETCH_WAIT_MS, Broker, DeadLetters, Record, transport
from shared.platform.settings import ProcessSettings


def reader(settings: ProcessSettings, *, group: str | None = None, instance: str | None = None) -> AIOKafkaConsumer:
    """An unsubscribed consumer that commits nothing by itself; to be made inside the running loop.

    With a group it shares the partitions; without, it reads what it is told to (`assign`). `instance`: a name that
    outlives restarts, so that a killed member is replaced at once instead of being waited for.
    """
    return AIOKafkaConsumer(
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
