"""Delivery's door for events: scans from the topic are folded into parcels; the follower tells the dossiers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from services.delivery.acts.door import Door
from services.delivery.acts.following import sweep
from services.delivery.acts.scanning import fold
from shared.contracts.delivery import CarrierEvent
from shared.platform.database import AWAY
from shared.platform.kafka import DeadLetters, Record
from shared.platform.telemetry import log

GROUP: Final = "delivery"

LOOK_SECONDS: Final = 1.0
"""Between looks when nobody wakes the follower."""


class CarrierEvents:
    """Handles batches of `delivery.carrier-events.v1`; a batch that raises comes again."""

    def __init__(self, door: Door, dead_letters: DeadLetters) -> None:
        self._door = door
        self._dead_letters = dead_letters

    async def handle(self, records: Sequence[Record]) -> None:
        """What cannot be understood is buried with its reason; the rest is folded in one transaction."""
        events = []
        for record in records:
            try:
                events.append(CarrierEvent.model_validate_json(record.value or b""))
            except ValidationError:
                await self._dead_letters.bury(record, "not_a_carrier_event")
        if events:
            await fold(self._door, events)


class Follower:
    """Works on parcels that are due: ends at once, silence on its schedule, hand-overs that broke in the middle."""

    def __init__(self, door: Door, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._door = door
        self._look_seconds = look_seconds
        self._is_stopping = False

    async def run(self) -> None:
        """Until shutdown(). The database may be away: the next look tries again."""
        while not self._is_stopping:
            self._door.due.clear()
            try:
                found = await sweep(self._door)
            except AWAY:
                log.warning("follower_waits", exc_info=True)
                found = 0
            if not found and not self._is_stopping:
                await self._rest()

    async def shutdown(self) -> None:
        self._is_stopping = True
        self._door.due.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._door.due.wait()
        except TimeoutError:
            return
