"""Door for events: the newest facts of every dossier into the worklist, by the same upsert as a click's answer."""

from __future__ import annotations

from collections.abc import Sequence

from faststream.kafka import KafkaBroker
from pydantic import ValidationError

from services.processing import acts
from services.processing.acts import Door
from shared.contracts.facts import TOPIC, Event
from shared.platform.kafka import DeadLetters, Record, subscribe

GROUP = "processing"


def listen(broker: KafkaBroker, door: Door) -> None:
    """Subscribe to the facts; what cannot be understood goes to the dead letters and the rest goes on."""
    reader = Reader(door, DeadLetters(broker, GROUP))
    subscribe(broker, TOPIC, reader.read, group=GROUP)


class Reader:
    """Reads batches of records; at least once and in any order is good enough, because the newest facts win."""

    def __init__(self, door: Door, dead_letters: DeadLetters) -> None:
        self._door = door
        self._dead_letters = dead_letters

    async def read(self, records: Sequence[Record]) -> None:
        """One batch, one transaction."""
        batch: list[Event] = []
        for record in records:
            try:
                batch.append(Event.model_validate_json(record.value or b""))
            except ValidationError:
                await self._dead_letters.bury(record, "not_facts")
        if batch:
            await acts.remember(self._door, batch)
