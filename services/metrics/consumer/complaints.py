"""Keeps the newest facts of complaints. At least once is enough: the newest wins, and figures are counted on read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from services.metrics.rules.complaints import ComplaintEvent, read
from services.metrics.rules.seen import Unreadable
from services.metrics.store import complaints
from shared.platform.database import Sessions
from shared.platform.kafka import Record

GROUP: Final = "metrics.complaints"


class Grave(Protocol):
    """The part of shared.platform.kafka.DeadLetters that is needed here."""

    async def bury(self, record: Record, reason: str) -> None: ...


def follower(sessions: Sessions, grave: Grave) -> Callable[[Sequence[Record]], Awaitable[None]]:
    """The handler of `feedback.facts.v1`: one transaction a batch; what cannot be read is put aside."""

    async def follow(records: Sequence[Record]) -> None:
        events: list[ComplaintEvent] = []
        for record in records:
            try:
                events.append(read(record.key, record.value))
            except Unreadable as wrong:
                await grave.bury(record, wrong.reason)
        async with sessions.begin() as session:
            await complaints.keep(session, events)

    return follow
