"""What an operator asks the broker: dead letters with their reasons, how far readers are behind, and a replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.platform.http import Away
from shared.platform.kafka import Record, producer, transport
from shared.platform.settings import ProcessSettings

SUFFIX: Final = ".dlq.v1"
REPLAYED: Final = "replayed-from"
"""Header of a replayed record: which dead letter it was."""
MOST: Final = 200
"""Dead letters that a page shows, the newest ones."""
_SECONDS: Final = 10.0


class Place(NamedTuple):
    """Where a dead letter lies."""

    topic: str
    partition: int
    offset: int


class DeadLetter(NamedTuple):
    """A record that a reader gave up, as it was. `value` may be anything: it is shown to nobody, only judged."""

    place: Place
    at: datetime
    reader: str
    reason: str
    source: Place
    key: bytes | None
    value: bytes


class Lag(NamedTuple):
    """How many records of a topic a group of readers has not read yet."""

    group: str
    topic: str
    records: int


class LogWatch(Protocol):
    """The broker as operators see it. Everything raises Away while it cannot be reached."""

    async def letters(self) -> Sequence[DeadLetter]:
        """The newest dead letters of all topics, newest first."""
        ...

    async def letter(self, place: Place) -> DeadLetter | None:
        """One of them; None when nothing lies there."""
        ...

    async def replay(self, letter: DeadLetter) -> None:
        """Sends the record, as it was, to the topic that it came from."""
        ...

    async def lags(self) -> Sequence[Lag]:
        """How far each group is behind, by group and topic."""
        ...


class KafkaLogWatch:
    """Opens its connections for each question: operators ask seldom."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._settings = settings

    async def letters(self) -> Sequence[DeadLetter]:
        async with self._reading() as (consumer, topics):
            places = [
                TopicPartition(topic, each) for topic in topics if topic.endswith(SUFFIX) for each in topics[topic]
            ]
            ends = await consumer.end_offsets(places)
            begins = await consumer.beginning_offsets(places)
            from_ = {place: max(begins[place], ends[place] - MOST) for place in places}
            found = await _read(consumer, {place: start for place, start in from_.items() if start < ends[place]}, ends)
        return sorted(map(_letter, found), key=lambda letter: (letter.at, letter.place), reverse=True)[:MOST]

    async def letter(self, place: Place) -> DeadLetter | None:
        if not place.topic.endswith(SUFFIX):
            return None
        async with self._reading() as (consumer, topics):
            where = TopicPartition(place.topic, place.partition)
            if place.partition not in topics.get(place.topic, ()):
                return None
            ends = await consumer.end_offsets([where])
            if not 0 <= place.offset < ends[where]:
                return None
            found = await _read(consumer, {where: place.offset}, {where: place.offset + 1})
        return next((_letter(record) for record in found if record.offset == place.offset), None)

    async def replay(self, letter: DeadLetter) -> None:
        mark = f"{letter.place.topic}/{letter.place.partition}/{letter.place.offset}"
        sender = producer(self._settings)
        try:
            async with asyncio.timeout(_SECONDS):
                await sender.start()
                await sender.send_and_wait(
                    letter.source.topic, letter.value, key=letter.key, headers=[(REPLAYED, mark.encode())]
                )
        except (KafkaError, OSError, TimeoutError) as error:
            raise Away("broker", type(error).__name__) from error
        finally:
            await sender.stop()

    async def lags(self) -> Sequence[Lag]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._settings.kafka_bootstrap_servers, **transport(self._settings)
        )
        try:
            async with asyncio.timeout(_SECONDS), self._reading() as (consumer, _):
                await admin.start()
                groups = sorted(group for group, *_ in await admin.list_consumer_groups())
                stored = {group: await admin.list_consumer_group_offsets(group) for group in groups}
                ends = await consumer.end_offsets({place for places in stored.values() for place in places})
        except (KafkaError, OSError, TimeoutError) as error:
            raise Away("broker", type(error).__name__) from error
        finally:
            await admin.close()
        behind: dict[tuple[str, str], int] = {}
        for group, places in stored.items():
            for place, at in places.items():
                key = (group, place.topic)
                behind[key] = behind.get(key, 0) + max(0, ends[place] - at.offset)
        return [Lag(group, topic, records) for (group, topic), records in sorted(behind.items())]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[str, set[int]]]]:
        """A consumer that belongs to no group, and the partitions of each topic."""
        servers = self._settings.kafka_bootstrap_servers
        client = AIOKafkaClient(bootstrap_servers=servers, request_timeout_ms=5_000, **transport(self._settings))
        consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            enable_auto_commit=False,
            request_timeout_ms=5_000,
            **transport(self._settings),
        )
        try:
            async with asyncio.timeout(_SECONDS):
                await client.bootstrap()
                known = await client.fetch_all_metadata()
                await consumer.start()
                await asyncio.sleep(0)  # its first task must have begun, or stopping it cancels the caller
                yield consumer, {topic: known.partitions_for_topic(topic) for topic in known.topics()}
        except (KafkaError, OSError, TimeoutError) as error:
            raise Away("broker", type(error).__name__) from error
        finally:
            await consumer.stop()
            await client.close()


async def _read(
    consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> list[Record]:
    """Everything from the starts up to the ends."""
    found: list[Record] = []
    consumer.assign(list(starts))
    for place, start in starts.items():
        consumer.seek(place, start)
    left = set(starts)
    while left:
        for records in (await consumer.getmany(*left, timeout_ms=500)).values():
            found += [each for each in records if each.offset < ends[TopicPartition(each.topic, each.partition)]]
        left = {place for place in left if await consumer.position(place) < ends[place]}
    return found


def _letter(record: Record) -> DeadLetter:
    told = {name: value.decode(errors="replace") for name, value in record.headers}
    number = {name: int(told[name]) if told.get(name, "").isdecimal() else 0 for name in ("partition", "offset")}
    return DeadLetter(
        place=Place(record.topic, record.partition, record.offset),
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        reader=told.get("reader", "?"),
        reason=told.get("reason", "?"),
        source=Place(record.topic.removesuffix(SUFFIX), number["partition"], number["offset"]),
        key=record.key,
        value=record.value or b"",
    )
