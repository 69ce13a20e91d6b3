"""Delivery's door for events: scans from the topic are folded into parcels; the follower tells the dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from services.delivery.acts.door import Door
from services.delivery.acts.following import sweep
from services.delivery.acts.scanning import fold
from shared.contracts.delivery import CarrierEvent
from shared.platform.duty import Duty
from shared.platform.kafka import DeadLetters, Record

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


class Follower(Duty):
    """Works on parcels that are due: ends at once, silence on its schedule, hand-overs that broke in the middle."""

    def __init__(self, door: Door, *, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("follower", lambda: sweep(door), door.due, rest=look_seconds)
