"""Door for events: facts → intake's read models, timeline and notices. Twice or late is harmless."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pydantic import BaseModel, ValidationError

from services.intake.acts import Door
from services.intake.store import dossiers, feedback, notices, timeline
from shared.contracts.facts import Event
from shared.contracts.feedback import FeedbackEvent
from shared.platform.kafka import Record


class Grave(Protocol):
    """The part of shared.platform.kafka.DeadLetters that is needed here."""

    async def bury(self, record: Record, reason: str) -> None: ...


def follower(door: Door, grave: Grave) -> Callable[[Sequence[Record]], Awaitable[None]]:
    """The handler of `dossier.facts.v1`: one transaction a batch; what cannot be read is put aside."""

    async def follow(records: Sequence[Record]) -> None:
        known = await _read(records, Event, grave)
        async with door.sessions.begin() as session:
            await dossiers.keep(session, [event.facts for event in known])
            await timeline.keep(session, known)
            owed = await notices.owe(session, known, door.messengers, door.now())
        if owed:
            for wake in door.wake.values():
                wake.set()

    return follow


def feedback_follower(door: Door, grave: Grave) -> Callable[[Sequence[Record]], Awaitable[None]]:
    """The handler of `feedback.facts.v1`, alike."""

    async def follow(records: Sequence[Record]) -> None:
        known = await _read(records, FeedbackEvent, grave)
        async with door.sessions.begin() as session:
            for event in known:
                await feedback.keep(session, event.facts, event.change.command_id)

    return follow


async def _read[E: BaseModel](records: Sequence[Record], kind: type[E], grave: Grave) -> list[E]:
    events: list[E] = []
    for record in records:
        try:
            events.append(kind.model_validate_json(record.value or b""))
        except ValidationError:
            await grave.bury(record, "not_an_event")
    return events
