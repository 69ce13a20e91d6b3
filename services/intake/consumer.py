"""Door for events: facts → intake's read model, timeline and notices. Twice or late is harmless."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pydantic import ValidationError

from services.intake.acts import Door
from services.intake.store import dossiers, notices, timeline
from shared.contracts.facts import Event
from shared.platform.kafka import Record


class Grave(Protocol):
    """The part of shared.platform.kafka.DeadLetters that is needed here."""

    async def bury(self, record: Record, reason: str) -> None: ...


def follower(door: Door, grave: Grave) -> Callable[[Sequence[Record]], Awaitable[None]]:
    """The handler of `dossier.facts.v1`: one transaction a batch; what cannot be read is put aside."""

    async def follow(records: Sequence[Record]) -> None:
        known: list[Event] = []
        for record in records:
            try:
                known.append(Event.model_validate_json(record.value or b""))
            except ValidationError:
                await grave.bury(record, "not_an_event")
        async with door.sessions.begin() as session:
            await dossiers.keep(session, [event.facts for event in known])
            await timeline.keep(session, known)
            owed = await notices.owe(session, known, door.messengers, door.now())
        if owed:
            for wake in door.wake.values():
                wake.set()

    return follow
