"""Producer, consumers and dead letters on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.stack import Stack
from shared.contracts.facts import DEAD_LETTERS, TOPIC
from shared.platform.kafka import Consumers, ConsumerStopped, DeadLetters, Handler, Record, broker, producer, subscribe
from shared.platform.settings import ServiceSettings


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is other people's state
            await asyncio.sleep(0.02)


async def send(settings: ServiceSettings, values: Sequence[tuple[str, bytes]], header: bytes = b"1") -> None:
    sender = producer(settings)
    await sender.start()
    try:
        for key, value in values:
            await sender.send_and_wait(TOPIC, value, key=key.encode(), headers=[("ce_id", header)])
    finally:
        await sender.stop()


async def consuming(
    settings: ServiceSettings, handler: Handler, meanwhile: Callable[[Consumers], Awaitable[None]], group: str
) -> None:
    """Runs consumers as a process would, around `meanwhile`."""
    connected = broker(settings)
    subscribe(connected, TOPIC, handler, group=group, pause=0.05)
    consumers = Consumers(connected)
    running = asyncio.create_task(consumers.run())
    try:
        await meanwhile(consumers)
    finally:
        await consumers.shutdown()
        await running


async def test_a_failed_batch_comes_again_in_order_and_nothing_is_lost(settings: ServiceSettings) -> None:
    mark = uuid4().hex
    sent = [(f"{mark}-{n % 5}", f"{mark} {n:03}".encode()) for n in range(100)]
    await send(settings, sent)
    got: list[bytes] = []
    failures = 0

    async def handler(records: Sequence[Record]) -> None:
        nonlocal failures
        if failures < 2:
            failures += 1
            raise ConnectionError("the database is away")
        got.extend(record.value for record in records if record.value and record.value.startswith(mark.encode()))

    async def meanwhile(consumers: Consumers) -> None:
        await until(lambda: len(got) >= 100)
        await consumers.check()
        assert consumers.poll_age() < 5

    await consuming(settings, handler, meanwhile, group=mark)
    assert sorted(got) == [value for _, value in sent]
    for key in range(5):
        mine = [value for value in got if int(value.split()[1]) % 5 == key]
        assert mine == sorted(mine)

    again: list[bytes] = []

    async def second(records: Sequence[Record]) -> None:
        again.extend(record.value or b"" for record in records)

    async def one_more(_: Consumers) -> None:
        await send(settings, [(mark, b"last")])
        await until(lambda: b"last" in again)

    await consuming(settings, second, one_more, group=mark)
    assert again == [b"last"], "what was handled is not handed out again"


async def test_a_record_nobody_understands_is_buried_with_its_reason_and_bytes(settings: ServiceSettings) -> None:
    mark = uuid4().hex
    poison = mark.encode() + b"\xff{"
    await send(settings, [(mark, poison)], header=b"\xff\xfe")
    connected = broker(settings)
    letters = DeadLetters(connected, reader="processing")
    buried: list[Record] = []

    async def handler(records: Sequence[Record]) -> None:
        for record in records:
            if record.value == poison:
                await letters.bury(record, "not_json")
                buried.append(record)

    subscribe(connected, TOPIC, handler, group=mark)
    consumers = Consumers(connected)
    running = asyncio.create_task(consumers.run())
    await until(lambda: bool(buried))
    await consumers.shutdown()
    await running

    reader = AIOKafkaConsumer(
        DEAD_LETTERS, bootstrap_servers=settings.kafka_bootstrap_servers, auto_offset_reset="earliest"
    )
    await reader.start()
    try:
        async with asyncio.timeout(10):
            while (letter := await reader.getone()).value != poison:
                pass
    finally:
        await reader.stop()
    headers = {name: value.decode() for name, value in letter.headers}
    assert letter.key == mark.encode()
    assert {name: headers[name] for name in ("reader", "reason", "topic", "partition", "offset")} == {
        "reader": "processing",
        "reason": "not_json",
        "topic": TOPIC,
        "partition": str(buried[0].partition),
        "offset": str(buried[0].offset),
    }


async def test_consumers_wait_for_a_broker_that_is_away_and_begin_when_it_is_back(
    settings: ServiceSettings, stack: Stack
) -> None:
    mark = uuid4().hex
    got: list[bytes] = []

    async def handler(records: Sequence[Record]) -> None:
        got.extend(record.value or b"" for record in records)

    async def meanwhile(consumers: Consumers) -> None:
        await asyncio.sleep(2)
        with pytest.raises(ConsumerStopped):
            await consumers.check()
        await asyncio.to_thread(stack.start, "kafka")
        await send(settings, [(mark, mark.encode())])
        await until(lambda: mark.encode() in got)
        await consumers.check()

    await asyncio.to_thread(stack.stop, "kafka")
    await consuming(settings, handler, meanwhile, group=mark)


async def test_a_consumer_that_stopped_polling_ends_its_part(
    settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = broker(settings)

    async def handler(records: Sequence[Record]) -> None: ...

    subscribe(connected, TOPIC, handler, group=uuid4().hex)
    consumers = Consumers(connected, oldest_poll=3)
    running = asyncio.create_task(consumers.run())
    await until(lambda: consumers.poll_age() < 1 and not running.done())
    await asyncio.sleep(2)
    monkeypatch.setattr(consumers, "_polled_at", lambda *_: 0.0)
    with pytest.raises(ConsumerStopped):
        await asyncio.wait_for(running, 15)
