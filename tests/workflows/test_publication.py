"""The breaker: a local send never waits for a broker that was away a moment ago; the ordinary one always tries."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from shared.contracts import feedback as feedback_contract
from shared.contracts.facts import TOPIC, Envelope, event_of
from shared.dossier.feedback.acts import Give
from shared.dossier.feedback.state import Feedback
from shared.dossier.lifecycle import Role, Stage
from tests.builders import AT, CODE, a_dossier, feedback_opening, says
from workflows.publication import COOLING, FactsPublication

ENVELOPE = Envelope(event=event_of(a_dossier(Stage.ACCEPTED)), traceparent=f"00-{'a' * 32}-{'b' * 16}-01")


class FakeProducer:
    """A broker that acknowledges, or cannot be reached."""

    def __init__(self) -> None:
        self.is_away = False
        self.sent: list[tuple[str, bytes, bytes, dict[str, bytes]]] = []
        self.tries = 0

    async def send(
        self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[object]:
        self.tries += 1
        acknowledged: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self.is_away:
            acknowledged.set_exception(ConnectionError("no broker"))
        else:
            self.sent.append((topic, key, value, dict(headers)))
            acknowledged.set_result(None)
        return acknowledged


@dataclasses.dataclass
class Desk:
    """The activity with a clock that tests move."""

    producer: FakeProducer = dataclasses.field(default_factory=FakeProducer)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.publication = FactsPublication(self.producer, clock=lambda: self.now)

    async def publish(self, *, local: bool) -> None:
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, is_local=local)
        await environment.run(self.publication.publish_facts, [ENVELOPE])


async def test_a_fact_is_one_record_with_its_cloudevents_headers() -> None:
    desk = Desk()
    await desk.publish(local=True)
    ((topic, key, value, headers),) = desk.producer.sent
    assert (topic, key) == (TOPIC, CODE.encode())
    assert headers["ce_id"] == f"{CODE}/{ENVELOPE.event.facts.seq}".encode()
    assert headers["ce_type"] == b"vn.motcua.dossier.accepted.v1"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["traceparent"] == ENVELOPE.traceparent.encode()
    assert b'"seq":3' in value


async def test_a_feedback_s_fact_is_one_record_on_its_own_topic() -> None:
    feedback = Feedback(opening=feedback_opening())
    feedback.take(says(Role.APPLICANT, Give()), AT)
    event, desk = feedback_contract.event_of(feedback), Desk()
    environment = ActivityEnvironment()
    await environment.run(desk.publication.publish_feedback, [feedback_contract.FeedbackEnvelope(event=event)])
    ((topic, key, value, headers),) = desk.producer.sent
    code = feedback.opening.feedback_code
    assert (topic, key) == ("feedback.facts.v1", code.encode())
    assert headers["ce_id"] == f"{code}/1".encode()
    assert headers["ce_type"] == b"vn.motcua.feedback.received.v1"
    assert feedback_contract.FeedbackEvent.model_validate_json(value) == event


async def test_after_a_failure_local_sends_fail_at_once_for_a_moment() -> None:
    desk = Desk()
    desk.producer.is_away = True
    with pytest.raises(ConnectionError):
        await desk.publish(local=True)
    for _ in range(5):
        with pytest.raises(ApplicationError, match="away"):
            await desk.publish(local=True)
    assert desk.producer.tries == 1
    desk.now += COOLING + 0.1
    with pytest.raises(ConnectionError):
        await desk.publish(local=True)
    assert desk.producer.tries == 2


async def test_the_ordinary_activity_always_tries_and_its_success_closes_the_breaker() -> None:
    desk = Desk()
    desk.producer.is_away = True
    with pytest.raises(ConnectionError):
        await desk.publish(local=True)
    with pytest.raises(ConnectionError):
        await desk.publish(local=False)
    assert desk.producer.tries == 2
    desk.producer.is_away = False
    await desk.publish(local=False)
    await desk.publish(local=True)
    assert len(desk.producer.sent) == 2
