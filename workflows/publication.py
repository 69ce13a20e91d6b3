"""Activities that publish facts, one Kafka record each, with a breaker that fails at once while Kafka is away.

Local attempts hold back the answer to a click, so after one failure they are refused for a moment without trying;
the ordinary activity that takes over always tries, and its success closes the breaker.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from shared.contracts import facts, feedback
from shared.contracts.facts import Envelope
from shared.contracts.feedback import FeedbackEnvelope

COOLING: Final = 2.0
"""Seconds for which local attempts are refused after a failure."""

type _Record = tuple[str, str, bytes, list[tuple[str, bytes]]]
"""Topic, key, value, headers."""


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
        await self._publish(
            (
                facts.TOPIC,
                each.event.facts.dossier_code,
                facts.value_of(each.event),
                facts.headers_of(each.event, each.traceparent),
            )
            for each in envelopes
        )

    @activity.defn(name="publish_feedback")
    async def publish_feedback(self, envelopes: list[FeedbackEnvelope]) -> None:
        """The same for feedback, key = feedback code."""
        await self._publish(
            (
                feedback.TOPIC,
                each.event.facts.feedback_code,
                feedback.value_of(each.event),
                feedback.headers_of(each.event, each.traceparent),
            )
            for each in envelopes
        )

    async def _publish(self, records: Iterable[_Record]) -> None:
        if activity.info().is_local and self._clock() < self._away_until:
            raise ApplicationError("the broker was away a moment ago", type="broker_away", non_retryable=True)
        try:
            acknowledged = [
                await self._producer.send(topic, value=value, key=key.encode(), headers=headers)
                for topic, key, value, headers in records
            ]
            await asyncio.gather(*acknowledged)
        except BaseException:
            self._away_until = self._clock() + COOLING
            raise
        self._away_until = 0.0
