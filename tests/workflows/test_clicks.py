"""What a click may do to a workflow: twice, late, all or nothing, with Kafka away, for months."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from shared.dossier import actions
from shared.dossier.actions import Outcome, ReturnWay
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.refusal import Refused
from tests.builders import order, submit, terms
from tests.workflows.conftest import Town, a_server, a_town
from workflows import policies

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_double_click_is_one_act(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.SUBMITTED)
    click = order(Role.CLERK, actions.Accept(terms=terms()))
    first, second = await asyncio.gather(town.desk.act(code, click), town.desk.act(code, click))
    assert first == second
    assert (await town.desk.look(code)).seq == first.seq


async def test_the_same_filing_twice_is_one_dossier(town: Town, code: str) -> None:
    filing = submit(command_id=f"submit-{code}")
    answers = await asyncio.gather(*(town.file(code, filing) for _ in range(3)))
    assert {answer.seq for answer in answers} == {1}
    await town.told("submitted", "digitized")


async def test_two_people_on_one_dossier_the_second_is_told(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.ACCEPTED)
    seen = await town.desk.look(code)
    await town.act(code, order(Role.CLERK, actions.Transfer(), seq=seen.seq))
    with pytest.raises(Refused) as refusal:
        await town.act(code, order(Role.CLERK, actions.RouteUnknown(), seq=seen.seq))
    assert refusal.value.code == "moved_on"


async def test_an_order_of_several_actions_is_taken_whole_or_not_at_all(town: Town, code: str) -> None:
    before = await town.brought_to(code, Stage.SUBMITTED)
    with pytest.raises(Refused):
        await town.act(code, order(Role.CLERK, actions.Accept(terms=terms()), actions.ApproveDraft()))
    assert await town.desk.look(code) == await town.settled(code, before.seq)
    facts = await town.act(code, order(Role.CLERK, actions.Accept(terms=terms()), actions.Transfer()))
    assert facts.stage is Stage.PROCESSING


async def test_two_actions_in_one_click_jump_over_a_milestone(town: Town, code: str) -> None:
    """`run` waits for stages passed: SUBMITTED → ACCEPTED → PROCESSING in one task must not leave it waiting."""
    await town.brought_to(code, Stage.SUBMITTED)
    await town.act(code, order(Role.CLERK, actions.Accept(terms=terms()), actions.Transfer()))
    await town.act(
        code,
        order(Role.SPECIALIST, actions.Claim(), actions.Propose(outcome=Outcome.GRANTED)),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
        order(Role.SIGNER, actions.Sign()),
    )
    assert (await town.settled(code, 9)).result_signed_at is not None


async def test_a_click_does_not_wait_for_kafka(town: Town, code: str) -> None:
    """Away while a clerk clicks: the click answers, nothing is lost, order is kept when it comes back."""
    await town.brought_to(code, Stage.SUBMITTED)
    await town.told("submitted", "digitized")
    town.publication.away = True
    started = time.monotonic()
    facts = await town.act(code, order(Role.CLERK, actions.Accept(terms=terms())))
    facts = await town.act(code, order(Role.CLERK, actions.Transfer()))
    assert facts.stage is Stage.PROCESSING
    assert time.monotonic() - started < 5
    assert town.publication.changes() == ["submitted", "digitized"]
    town.publication.away = False
    await town.told("submitted", "digitized", "accepted", "transferred")
    assert town.publication.attempts["ordinary"] > 0


async def test_a_dossier_past_its_due_time_says_so(town: Town, code: str) -> None:
    facts = await town.brought_to(code, Stage.PROCESSING)
    assert facts.due_at is not None
    await town.sleep(code, timedelta(days=30))
    late = await town.settled(code, facts.seq + 2)
    assert late.overdue_at is not None
    assert late.overdue_at > facts.due_at
    assert late.stage is Stage.PROCESSING
    await town.told("submitted", "digitized", "accepted", "transferred", "claimed", "reminded", "overdue")


async def test_an_electronic_result_left_for_a_day_counts_as_returned(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.RESULT_READY, submit(return_way=ReturnWay.ELECTRONIC))
    await town.sleep(code, policies.ELECTRONIC_RETURN + timedelta(hours=1))
    final = await town.handle(code).result()
    assert final is not None
    assert final.stage is Stage.RETURNED


async def test_a_long_life_goes_on_in_a_new_run(temporal_binary: str, code: str) -> None:
    """After continue-as-new the same click is still one act, and activity ids do not start again."""
    often = {"limit.historyCount.suggestContinueAsNew": "40"}
    async with await a_server(temporal_binary, **often) as environment, a_town(environment, "long-lives") as town:
        await lives_long(town, code)


async def lives_long(town: Town, code: str) -> None:
    facts = await town.brought_to(code, Stage.PROCESSING)
    runs = set()
    for number in range(5):
        back_and_forth = order(Role.UNIT_HEAD, actions.Reassign(person_code=f"nv-{number}"))
        facts = await town.act(code, back_and_forth)
        assert await town.desk.act(code, back_and_forth) == facts
        runs.add((await town.handle(code).describe()).run_id)
    assert len(runs) > 1
    town_facts = await town.desk.look(code)
    assert town_facts.seq == facts.seq
    facts = await town.act(
        code,
        order(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED), person="nv-4"),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
        order(Role.SIGNER, actions.Sign()),
    )
    facts = await town.settled(code, facts.seq + 1)
    facts = await town.act(
        code, order(Role.RECORDS, actions.NumberAndIssue()), order(Role.RETURN_CLERK, actions.HandOver())
    )
    assert facts.stage is Stage.RETURNED
    await town.handle(code).result()
    assert [event.facts.seq for event in town.publication.sent] == list(range(1, facts.seq + 1))
