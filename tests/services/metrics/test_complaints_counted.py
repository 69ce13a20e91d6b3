"""Complaints from their topic to the figures of their agency: newest facts win, open ones turn late by themselves."""

from __future__ import annotations

from datetime import timedelta

from aiokafka.structs import ConsumerRecord

from services.metrics.consumer.complaints import follower
from services.metrics.rules.complaints import Complaints
from services.metrics.rules.period import Period, month_of
from services.metrics.store import complaints
from shared.catalogue.model import Catalogue
from shared.contracts.feedback import event_of, value_of
from shared.dossier.feedback.acts import Answer, FeedbackAction, Give
from shared.dossier.feedback.state import Feedback
from shared.dossier.lifecycle import Role
from shared.platform.kafka import Record
from tests.builders import AT, CODE, feedback_opening, says
from tests.services.metrics.conftest import Log

DAY = timedelta(days=1)


def told(number: int, *steps: tuple[timedelta, Role, FeedbackAction]) -> list[Record]:
    code = f"PAKN-{CODE[:-4]}{number:04d}"
    feedback = Feedback(opening=feedback_opening(code))
    records = []
    for seq, (after, role, action) in enumerate(((timedelta(), Role.APPLICANT, Give()), *steps)):
        feedback.take(says(role, action), AT + after)
        records.append(record(code.encode(), value_of(event_of(feedback)), seq))
    return records


def record(key: bytes, value: bytes, offset: int) -> Record:
    return ConsumerRecord("feedback.facts.v1", 0, offset, 0, 0, key, value, None, len(key), len(value), [])


async def test_each_agency_answers_for_its_complaints(log: Log, catalogue: Catalogue) -> None:
    await log.run("TRUNCATE metrics.complaint")
    answered, open_one = told(1, (2 * DAY, Role.UNIT_HEAD, Answer(upheld=False))), told(2)
    follow = follower(log.sessions, log.buried)
    await follow([*open_one, answered[1], answered[0], record(b"x", b"no event", 9)])
    await follow(answered)
    assert log.buried.reasons == ["malformed"]
    counting, period = Complaints.of(catalogue), Period.parse(month_of(AT))

    async def counts(after: timedelta) -> dict[str, int]:
        async with log.sessions() as session:
            found = await complaints.counts(session, counting, period, AT + after)
        assert {agency for _, agency, _ in found} == {feedback_opening().agency_code}
        return {measure: count for (measure, _, _), count in found.items()}

    soon, later = await counts(3 * DAY), await counts(60 * DAY)
    assert (soon["complaints"], soon["complaints_open"], soon["complaints_in_time"]) == (2, 1, 2)
    assert (later["complaints"], later["complaints_in_time"]) == (2, 1), "nobody answered the open one in time"
