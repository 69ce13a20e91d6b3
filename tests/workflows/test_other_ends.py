"""Refusals and withdrawals at every stage, on a real server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.dossier import actions
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import MOVES, Act, Role, Stage
from shared.dossier.refusal import Forbidden, Refused
from tests.builders import fee, fee_paid, order, submit, terms
from tests.workflows.conftest import Town, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

ORDINARY = (
    Stage.SUBMITTED,
    Stage.ACCEPTED,
    Stage.PROCESSING,
    Stage.REVIEW,
    Stage.SIGNING,
    Stage.NUMBERING,
    Stage.RESULT_READY,
)


async def test_a_dossier_that_is_not_received_ends_there(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.SUBMITTED)
    facts = await town.act(code, order(Role.CLERK, actions.Reject(cause="wrong_agency")))
    assert (facts.stage, facts.portal_status, facts.cause) == (Stage.NOT_ACCEPTED, 3, "wrong_agency")
    assert await town.handle(code).result() == facts
    await town.told("submitted", "digitized", "rejected")


async def test_a_refusal_after_appraisal_is_a_result(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.PROCESSING)
    no = actions.Propose(outcome=Outcome.REFUSED, ground="conditions_not_met")
    claimed = await town.desk.look(code)
    assert not claimed.is_claimed or claimed.stage is Stage.PROCESSING
    await town.act(
        code,
        order(Role.SPECIALIST, no),
        order(Role.UNIT_HEAD, actions.ApproveDraft()),
        order(Role.SIGNER, actions.Sign()),
    )
    facts = await town.settled(code, 9)
    facts = await town.act(
        code, order(Role.RECORDS, actions.NumberAndIssue()), order(Role.RETURN_CLERK, actions.HandOver())
    )
    assert (facts.stage, facts.portal_status, facts.outcome) == (Stage.RETURNED, 10, Outcome.REFUSED)


@pytest.mark.parametrize("stage", ORDINARY)
async def test_a_withdrawal_is_answered_at_every_stage(town: Town, code: str, stage: Stage) -> None:
    """Before acceptance at will, then on request until the decision is signed, never after."""
    await town.brought_to(code, stage)
    if (stage, Act.WITHDRAW) in MOVES:
        facts = await town.act(code, order(Role.APPLICANT, actions.Withdraw()))
    elif (stage, Act.ASK_WITHDRAW) in MOVES:
        asked = await town.act(code, order(Role.APPLICANT, actions.AskWithdraw()))
        assert (asked.stage, asked.portal_status) == (Stage.WITHDRAW_ASKED, 7)
        facts = await town.act(code, order(Role.UNIT_HEAD, actions.ConfirmWithdraw()))
    else:
        with pytest.raises(Refused) as refusal:
            await town.act(code, order(Role.APPLICANT, actions.AskWithdraw()))
        assert refusal.value.code == "not_allowed_now"
        assert refusal.value.allowed
        return
    assert (facts.stage, facts.portal_status) == (Stage.STOPPED, 8)
    assert await town.handle(code).result() == facts


async def test_a_denied_withdrawal_leads_back_to_where_it_was_asked(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.REVIEW)
    facts = await town.act(
        code,
        order(Role.APPLICANT, actions.AskWithdraw()),
        order(Role.UNIT_HEAD, actions.DenyWithdraw(cause="decision_imminent")),
    )
    assert facts.stage is Stage.REVIEW


async def test_a_citizen_withdraws_while_papers_are_being_read(town: Town, code: str) -> None:
    """The workflow's own move arrives after the end and asks first: nothing is recorded on an ended dossier."""
    await town.file(code)
    facts = await town.act(code, order(Role.APPLICANT, actions.Withdraw()))
    final = await town.handle(code).result()
    assert final is not None
    assert final.stage is Stage.STOPPED
    assert final.seq == facts.seq


async def test_money_paid_before_acceptance_comes_back(town: Town, code: str) -> None:
    promised = terms(fees=[fee(50_000)])
    await town.file(code, submit(promised))
    await town.settled(code, 2)
    await town.act(code, order(Role.PARTNER, fee_paid(50_000)), order(Role.APPLICANT, actions.Withdraw()))
    await town.handle(code).result()
    assert "refund_fee 50000" in {asked.split(":")[0] for asked in town.offices.asked}


async def test_what_ended_is_told_apart_from_what_never_was(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.SUBMITTED)
    await town.act(code, order(Role.APPLICANT, actions.Withdraw()))
    await town.handle(code).result()

    with pytest.raises(Refused) as ended:
        await town.act(code, order(Role.CLERK, actions.Reject(cause="late")))
    assert ended.value.code == "dossier_ended"
    with pytest.raises(Refused) as unknown:
        await town.act("000.00.03.H39-230110-9999", order(Role.CLERK, actions.Reject(cause="late")))
    assert unknown.value.status == 404


async def test_the_wrong_role_is_told_whose_work_it_is(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.SIGNING)
    with pytest.raises(Forbidden) as refusal:
        await town.act(code, order(Role.CLERK, actions.Sign()))
    assert refusal.value.code == "not_your_role"
    assert "SIGNER" in refusal.value.detail


async def test_whoever_drafted_may_not_sign(town: Town, code: str) -> None:
    await town.brought_to(code, Stage.SIGNING)
    with pytest.raises(Forbidden) as refusal:
        await town.act(code, order(Role.SIGNER, actions.Sign(), person="specialist"))
    assert refusal.value.code == "signer_drafted"


async def test_a_refused_filing_leaves_no_workflow_running(town: Town, code: str) -> None:
    at_desk = actions.RegisterAtDesk(
        terms=terms(online_only=True), channel=actions.Channel.IN_PERSON, return_way=actions.ReturnWay.DESK, papers=()
    )
    with pytest.raises(Refused) as refusal:
        await town.file(code, order(Role.CLERK, at_desk))
    assert refusal.value.code == "online_only"
    await town.sleep(code, timedelta(minutes=2))
    assert await town.handle(code).result() is None

    async def look() -> list[str]:
        return town.publication.changes()

    assert await eventually("nothing told", look, lambda seen: seen == []) == []
