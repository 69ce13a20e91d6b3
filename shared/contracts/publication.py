"""Contract of the workflow worker's own activity: facts → Kafka records."""

from __future__ import annotations

from typing import Final, Protocol

from temporalio import activity

from shared.contracts.facts import Envelope
from shared.contracts.feedback import FeedbackEnvelope

TASK_QUEUE: Final = "dossier"


class Publication(Protocol):
    """Publishes in the order given. Raises when the broker did not acknowledge; sending twice is harmless."""

    @activity.defn(name="publish_facts")
    async def publish_facts(self, envelopes: list[Envelope]) -> None:
        """Send each as one record, key = dossier code, and wait for the acknowledgement of all."""
        ...

    @activity.defn(name="publish_feedback")
    async def publish_feedback(self, envelopes: list[FeedbackEnvelope]) -> None:
        """The same for feedback, key = feedback code."""
        ...
