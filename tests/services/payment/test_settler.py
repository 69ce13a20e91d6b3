"""The settler as a part of the process: woken by a notice, patient with a database that is away, quick to end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from services.payment.callbacks import Settler
from tests.services.payment.world import OWED, World, until


async def has_receipt(world: World) -> bool:
    return bool(await world.receipts())


async def test_a_notice_wakes_the_settler(world: World, ordered: str) -> None:
    settler = Settler(world.door, look_seconds=60)  # only the notice may wake it
    running = asyncio.create_task(settler.run())
    world.gateway.pays(ordered, OWED, world.clock())
    assert await world.notify(ordered) == "00"
    await until(lambda: has_receipt(world))
    await settler.shutdown()
    await asyncio.wait_for(running, 10)


async def test_the_settler_outlives_a_database_that_is_away(world: World, ordered: str) -> None:
    begin, failures = world.door.sessions.begin, [ConnectionError("away"), ConnectionError("away")]

    class Sessions:
        def begin(self) -> Any:
            if failures:
                raise failures.pop()
            return begin()

    sessions: Any = Sessions()
    settler = Settler(replace(world.door, sessions=sessions), look_seconds=0.01)
    world.gateway.pays(ordered, OWED, world.clock())
    await world.notify(ordered)
    running = asyncio.create_task(settler.run())
    await until(lambda: has_receipt(world))
    await settler.shutdown()
    await asyncio.wait_for(running, 10)
    assert not failures
