"""Relay and follower as parts of the process: woken by work, patient with a broker that is away, quick to end."""

from __future__ import annotations

import asyncio

from aiokafka.errors import KafkaConnectionError

from services.delivery.callbacks import Relay
from services.delivery.consumer import Follower
from shared.dossier.lifecycle import Stage
from tests.services.delivery.fakes import FakeProducer
from tests.services.delivery.world import World
from tests.services.payment.world import until


class LateProducer(FakeProducer):
    """A broker that is not there at the first call."""

    starts = 0

    async def start(self) -> None:
        self.starts += 1
        if self.starts == 1:
            raise KafkaConnectionError


async def test_the_relay_waits_for_its_broker(booked: World) -> None:
    producer = LateProducer()
    relay = Relay(booked.door, producer, look_seconds=0.01)
    await booked.scan(3, "T-1")
    running = asyncio.create_task(relay.run())
    await until(lambda: has_sent(producer, 1))
    await relay.shutdown()
    await asyncio.wait_for(running, 10)
    assert producer.starts == 2


async def test_a_scan_wakes_the_relay(booked: World) -> None:
    relay = Relay(booked.door, booked.producer, look_seconds=60)
    running = asyncio.create_task(relay.run())
    for number in (1, 2):
        await booked.scan(3, f"T-{number}")
        await until(lambda number=number: has_sent(booked.producer, number))  # type: ignore[misc]
    await relay.shutdown()
    await asyncio.wait_for(running, 10)


async def test_an_end_wakes_the_follower(on_the_way: World) -> None:
    follower = Follower(on_the_way.door, look_seconds=60)
    running = asyncio.create_task(follower.run())
    await on_the_way.scan(5, "T-5")
    await on_the_way.relay()
    await until(lambda: has_returned(on_the_way))
    await follower.shutdown()
    await asyncio.wait_for(running, 10)


async def has_sent(producer: FakeProducer, count: int) -> bool:
    return len(producer.sent) == count


async def has_returned(world: World) -> bool:
    return world.stage() is Stage.RETURNED
