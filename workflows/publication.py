"""Activity `publish_facts`: facts → one Kafka record each, with a breaker that fails at once while Kafka is away.

Local attempts hold back the answer to a click, so after one failure they are refused for a moment without trying;
the ordinary activity that takes over always tries, and its success closes the breaker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from shared.contracts.facts import TOPIC, Envelope, headers_of, value_of

COOLING: Final = 2.0
"""Seconds for which local attempts are refused after a failure."""


class Producer(Protocol):
    """The part of aiokafka's idempotent producer that publication needs."""

    async def send(
        self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[object]:
        """Queue one record; the future is done when the broker acknowledged it."""
        ...


class FactsPublication:
    """Implements shared.contracts.publication for one worker process."""

    def __init__(self, producer: Producer, clock: Callable[[], float] = time.monotonic) -> None:
        self._producer = producer
        self._clock = clock
        self._away_until = 0.0

    @activity.defn(name="publish_facts")
    async def publish_facts(self, envelopes: list[Envelope]) -> None:
        """Send in order, key = dossier code, and wait for all acknowledgements. Twice is harmless."""
        if activity.info().is_local and self._clock() < self._away_until:
            raise ApplicationError("the broker was away a moment ago", type="broker_away", non_retryable=True)
        try:
            acknowledged = [await self._send(envelope) for envelope in envelopes]
            await asyncio.gather(*acknowledged)
        except BaseException:
            self._away_until = self._clock() + COOLING
            raise
        self._away_until = 0.0

    async def _send(self, envelope: Envelope) -> asyncio.Future[object]:
        event = envelope.event
        return await self._producer.send(
            TOPIC,
            value=value_of(event),
            key=event.facts.dossier_code.encode(),
            headers=headers_of(event, envelope.traceparent),
        )
