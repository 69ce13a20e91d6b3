"""Feedback on a real server whose clock is moved: late once, over Tết, doubly clicked, rated, replayed."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from shared.catalogue import lookup
from shared.contracts.feedback import FeedbackFacts
from shared.dossier import deadline
from shared.dossier.feedback.acts import (
    Answer,
    AskMore,
    Assign,
    FeedbackLimits,
    FeedbackOrder,
    FeedbackStage,
    Give,
    Rate,
    Refuse,
)
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue
from tests.builders import CALENDAR, feedback_opening, says
from tests.workflows.conftest import Town, eventually
from workflows.desk import FeedbackDesk
from workflows.feedback import FeedbackWorkflow

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = timedelta(days=1)


class Case:
    """One feedback, and shorthands that read like its file."""

    def __init__(self, town: Town, code: str) -> None:
        self.town, self.code = town, f"PAKN-{code}"
        self.desk = FeedbackDesk(town.client, task_queue=town.queue)

    @property
    def handle(self) -> WorkflowHandle[FeedbackWorkflow, FeedbackFacts | None]:
        return self.town.client.get_workflow_handle_for(FeedbackWorkflow.run, self.code)

    async def give(self, order: FeedbackOrder | None = None, **opening: Any) -> FeedbackFacts:
        """Time passes only when a test says so."""
        with self.town.environment.with_time_skipping_disabled():
            begins = feedback_opening(self.code, **opening)
            return await self.desk.submit(begins, order or says(Role.APPLICANT, Give()))

    async def act(self, *orders: FeedbackOrder) -> FeedbackFacts:
        facts = None
        for order in orders:
            facts = await self.desk.act(self.code, order)
        assert facts is not None
        return facts

    async def sleep(self, duration: timedelta) -> None:
        await self.town.environment.fast_forward(self.handle, duration)

    async def told(self, *changes: str) -> FeedbackFacts:
        """Wait until exactly these changes stand on the topic; the last facts."""

        async def look() -> list[str]:
            return [event.change.change for event in self.town.publication.said]

        await eventually("the facts on the topic", look, lambda seen: seen == list(changes))
        return self.town.publication.said[-1].facts


@pytest.fixture
def case(town: Town, code: str) -> Case:
    return Case(town, code)


async def test_a_feedback_is_received_assigned_answered_and_rated(case: Case) -> None:
    facts = await case.give()
    assert (facts.stage, facts.seq) == (FeedbackStage.RECEIVED, 1)
    facts = await case.act(
        says(Role.UNIT_HEAD, Assign(assignee="specialist")),
        says(Role.SPECIALIST, Answer(upheld=True)),
        says(Role.APPLICANT, Rate(satisfied=False)),
    )
    assert await case.handle.result() == facts
    assert (facts.upheld, facts.satisfied, facts.overdue_at) == (True, False, None)
    await case.told("received", "assigned", "answered", "rated")
    with pytest.raises(Refused) as over:
        await case.act(says(Role.APPLICANT, Rate(satisfied=True)))
    assert over.value.code == "feedback_ended"


async def test_a_late_answer_is_marked_overdue_exactly_once(case: Case) -> None:
    facts = await case.give(limits=FeedbackLimits(rate_days=1))
    assert facts.due_at is not None
    await case.sleep(facts.due_at - facts.received_at - timedelta(minutes=1))
    assert [event.change.change for event in case.town.publication.said] == ["received"]
    await case.sleep(timedelta(minutes=2))
    late = await case.told("received", "marked_overdue")
    assert late.overdue_at is not None
    assert late.overdue_at > facts.due_at
    await case.sleep(30 * DAY)
    facts = await case.act(says(Role.UNIT_HEAD, Answer(upheld=False)))
    await case.sleep(1 * DAY + timedelta(minutes=1))
    assert await case.handle.result() == facts, "nobody rates: the life ends by itself"
    await case.told("received", "marked_overdue", "answered")
    assert facts.is_late(facts.received_at)


async def test_over_tet_the_timer_waits_as_long_as_the_calendar_says(case: Case) -> None:
    """The server's clock is today's, so the Tết that is published for 2026 is moved to where the feedback waits."""
    published = lookup.calendar_for(load_catalogue(), None, date(2026, 2, 9))
    tet = [day for day in published.days_off if (day.year, day.month) == (2026, 2)]
    assert len(tet) >= 5
    today = datetime.now(LOCAL).date()
    weeks = (today - tet[0]).days // 7 + 1
    moved = tuple(day + weeks * 7 * DAY for day in tet)
    assert all(today < day <= today + 14 * DAY for day in moved)

    ordinary = deadline.due(datetime.now(UTC), FeedbackLimits().answer, CALENDAR).due_at
    facts = await case.give(calendar=CALENDAR.model_copy(update={"days_off": moved}))
    assert facts.due_at is not None
    assert facts.due_at - ordinary >= len(moved) * DAY
    await case.sleep(facts.due_at - facts.received_at - timedelta(minutes=1))
    await case.told("received")
    await case.sleep(timedelta(minutes=2))
    await case.told("received", "marked_overdue")


async def test_who_is_asked_and_says_nothing_is_waited_for_and_the_clock_goes_on(case: Case) -> None:
    await case.give()
    asked = await case.act(says(Role.DESK_HEAD, AskMore()))
    assert asked.due_at is None
    assert asked.asked_until is not None
    await case.sleep(asked.asked_until - asked.received_at + timedelta(minutes=1))
    facts = await case.told("received", "more_asked", "went_on")
    assert facts.stage is FeedbackStage.RECEIVED
    assert facts.due_at is not None


async def test_two_clicks_are_one_act_and_the_second_decision_is_refused(case: Case) -> None:
    order = says(Role.APPLICANT, Give(), command_id=f"give-{case.code}")
    answers = await asyncio.gather(*(case.give(order) for _ in range(3)))
    assert {facts.seq for facts in answers} == {1}
    answer = says(Role.UNIT_HEAD, Answer(upheld=True))
    first, second = await asyncio.gather(case.act(answer), case.act(answer))
    assert first == second
    with pytest.raises(Refused) as no:
        await case.act(says(Role.UNIT_HEAD, Refuse(ground="not_in_scope")))
    assert no.value.code == "not_allowed_now"


async def test_an_answer_does_not_wait_for_kafka_and_is_told_when_it_is_back(case: Case) -> None:
    await case.give()
    await case.told("received")
    case.town.publication.away = True
    facts = await case.act(says(Role.UNIT_HEAD, Answer(upheld=True)))
    assert facts.stage is FeedbackStage.ANSWERED
    case.town.publication.away = False
    await case.told("received", "answered")


async def test_its_life_replays(case: Case) -> None:
    facts = await case.give()
    assert facts.due_at is not None
    await case.sleep(facts.due_at - facts.received_at + timedelta(minutes=1))
    await case.told("received", "marked_overdue")
    await case.act(says(Role.UNIT_HEAD, Refuse(ground="not_in_scope")))
    await case.handle.result()
    history = await case.handle.fetch_history()
    await Replayer(workflows=[FeedbackWorkflow], data_converter=pydantic_data_converter).replay_workflow(history)
