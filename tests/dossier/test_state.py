"""Every stage × action × role on the pure dossier: what the table allows happens, everything else changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue.model import FeeTiming
from shared.contracts.facts import event_of, facts_of
from shared.dossier import actions
from shared.dossier.actions import AnyAction, Channel, Outcome, PaidVia, ReturnWay
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Role, Stage
from shared.dossier.refusal import Refused
from shared.dossier.state import Dossier
from tests.builders import AT, CODE, a_dossier, fee, fee_paid, order, submit, terms
from tests.cells import LONG, NEVER, SAMPLES, ask, landing, ring, walk, way_to

PAID_BEFORE = terms(fees=[fee(timing=FeeTiming.BEFORE)])
FILING: dict[str, Any] = {"terms": terms(), "return_way": ReturnWay.DESK, "papers": ()}


def test_the_samples_cover_every_act() -> None:
    union = get_args(get_args(AnyAction)[0])
    kinds = {kind for model in union for kind in get_args(model.model_fields["kind"].annotation)}
    assert kinds == set(Act) == set(SAMPLES)


@pytest.mark.parametrize("stage", [None, *Stage])
@pytest.mark.parametrize("act", Act)
def test_the_table_decides_for_every_role(stage: Stage | None, act: Act) -> None:
    """Every stage × act × role: what the table allows happens, everything else changes nothing."""
    move = MOVES.get((stage, act))
    for role in Role:
        code = NEVER.get((stage, act)) if move and role in move.by else None
        if move is not None and role in move.by and code is None:
            the_lawful_happens(stage, act, role)
            continue
        dossier, at = standing_at(stage)
        before = dossier.model_copy(deep=True)
        with pytest.raises(Refused) as refusal:
            dossier.take(ask(act, role), at)
        assert refusal.value.code == (code or ("not_allowed_now" if move is None else "not_your_role"))
        assert refusal.value.law or code
        assert (dossier.seq, dossier.stage) == (before.seq, before.stage)


def standing_at(stage: Stage | None) -> tuple[Dossier, datetime]:
    """A dossier that came to this stage by orders and time alone."""
    dossier = Dossier(dossier_code=CODE, root_code=CODE)
    if stage is None:
        return dossier, AT
    way = way_to(stage, Act.TRANSFER_COMPETENCE, Role.SYSTEM)
    return dossier, walk(dossier, way.filing, way.steps)


def the_lawful_happens(stage: Stage | None, act: Act, role: Role) -> None:
    way = way_to(stage, act, role)
    assert way.opening is not None
    dossier = Dossier(dossier_code=CODE, root_code=way.opening.root_code)
    if stage is None:
        (after,) = dossier.take(way.filing, AT)
        assert after.stage is landing(stage, act)
        return
    if way.asked is None:
        *steps, wait = way.steps
        assert isinstance(wait, timedelta)
        at = walk(dossier, way.filing, steps)
        assert dossier.stage is stage
        assert any(said.startswith(CHANGES[act]) for said in ring(dossier, at + wait))
        return
    at = walk(dossier, way.filing, way.steps)
    assert dossier.stage is stage
    before = dossier.model_copy(deep=True)
    dossier.check(way.asked, at)
    assert dossier == before, "check must change nothing"
    (after,) = dossier.take(way.asked, at)
    assert after.stage is landing(stage, act)
    assert after.seq == before.seq + 1
    event = event_of(after)
    assert event.facts == facts_of(dossier)
    assert (event.change.from_stage, event.change.to_stage) == (stage, after.stage)
    assert event.change.command_id == way.asked.command_id
    assert event.facts.portal_status == STAGES[event.facts.stage].portal


def test_a_guard_that_says_no_changes_nothing() -> None:
    """One case per guard; the code is what a page and a bot react to."""
    cases = [
        (a_dossier(Stage.SUBMITTED, promised=PAID_BEFORE), Role.CLERK, actions.Accept(terms=terms()), "pre_fee_unpaid"),
        (a_dossier(Stage.SUBMITTED), Role.CLERK, actions.AskPreFee(), "no_pre_fee"),
        (a_dossier(Stage.PROCESSING), Role.PARTNER, fee_paid(), "fee_settled"),
        (
            a_dossier(Stage.PROCESSING, promised=terms(fees=[fee()])),
            Role.PARTNER,
            fee_paid(199_999),
            "amount_differs",
        ),
        (
            a_dossier(Stage.RESULT_READY, promised=terms(fees=[fee()])),
            Role.RETURN_CLERK,
            actions.HandOver(),
            "fee_unpaid",
        ),
        (a_dossier(Stage.RESULT_READY), Role.SYSTEM, actions.DeliverElectronic(), "not_electronic"),
        (a_dossier(Stage.RESULT_READY), Role.RETURN_CLERK, actions.Dispatch(), "not_postal"),
        (
            a_dossier(Stage.RESULT_READY, return_way=ReturnWay.POST),
            Role.RETURN_CLERK,
            actions.Dispatch(),
            "parcel_pending",
        ),
        (a_dossier(Stage.PROCESSING), Role.SYSTEM, actions.MarkOverdue(), "not_overdue"),
    ]
    for dossier, role, action, code in cases:
        before = dossier.model_copy()
        with pytest.raises(Refused) as refusal:
            dossier.take(order(role, action), AT)
        assert refusal.value.code == code
        assert (dossier.seq, dossier.stage) == (before.seq, before.stage)


def test_papers_that_nobody_has_hold_the_acceptance() -> None:
    dossier = a_dossier()
    dossier.take(submit(terms(components=("TK-KS", "GIAY-CHUNG-SINH")), papers=()), AT)
    with pytest.raises(Refused, match="đang số hóa"):
        dossier.check(order(Role.CLERK, actions.Accept(terms=terms())), AT)
    answer = actions.RecordReused(found=("TK-KS",), not_found=("GIAY-CHUNG-SINH",))
    dossier.take(order(Role.SYSTEM, answer), AT)
    with pytest.raises(Refused, match="GIAY-CHUNG-SINH"):
        dossier.check(order(Role.CLERK, actions.Accept(terms=terms())), AT)


def test_only_the_holder_works_on_a_claimed_dossier() -> None:
    dossier = a_dossier(Stage.PROCESSING)
    with pytest.raises(Refused) as refusal:
        dossier.take(order(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED), person="somebody-else"), AT)
    assert (refusal.value.code, refusal.value.status) == ("held_by_other", 403)
    with pytest.raises(Refused, match="đã có chuyên viên"):
        dossier.take(order(Role.SPECIALIST, actions.Claim(), person="somebody-else"), AT)


def test_acceptance_pins_the_promises_and_the_due_time() -> None:
    """Deadlines, worked example: Tuesday 2023-01-10 09:30, 5 working days → Tuesday 2023-01-17 17:00."""
    dossier = a_dossier(Stage.ACCEPTED, promised=terms(limit="5wd"))
    assert dossier.due_at == datetime(2023, 1, 17, 10, tzinfo=UTC)
    assert dossier.due_at_original == dossier.due_at
    assert dossier.received_at == AT


def test_a_postal_filing_counts_from_the_signed_minutes() -> None:
    """QĐ 45/2016 Điều 7.4 and worked example 44: not from the click of acceptance, not from the post office."""
    dossier = a_dossier()
    minutes = datetime(2023, 3, 13, 3, 20, tzinfo=UTC)
    filing = actions.RegisterFromPost(
        channel=Channel.POST, posted_at=minutes - timedelta(days=3), minutes_signed_at=minutes, **FILING
    )
    dossier.take(order(Role.CLERK, filing), minutes + timedelta(hours=2))
    found = actions.RecordReused(found=("TK-LLTP",), not_found=())
    dossier.take(order(Role.SYSTEM, found), minutes + timedelta(hours=2))
    dossier.take(order(Role.CLERK, actions.Accept(terms=terms(limit="5wd"))), minutes + timedelta(hours=5))
    assert dossier.received_at == minutes
    assert dossier.due_at == datetime(2023, 3, 20, 10, tzinfo=UTC)


def test_an_unpublished_calendar_refuses_the_acceptance_by_name() -> None:
    short = terms(calendar=terms().calendar.model_copy(update={"last_on": AT.date()}))
    with pytest.raises(Refused) as refusal:
        a_dossier(Stage.ACCEPTED, promised=short)
    assert refusal.value.code == "calendar_missing"


def test_what_was_paid_is_paid_once() -> None:
    dossier = a_dossier(Stage.PROCESSING, promised=terms(fees=[fee()]))
    dossier.take(order(Role.PARTNER, fee_paid()), AT)
    assert (dossier.owed_vnd(), dossier.paid_vnd, dossier.paid_via) == (0, 200_000, PaidVia.PROVINCE_GATEWAY)
    with pytest.raises(Refused) as refusal:
        dossier.take(order(Role.ACCOUNTANT, fee_paid()), AT)
    assert refusal.value.code == "fee_settled"


@given(
    st.lists(st.tuples(st.sampled_from(sorted(SAMPLES)), st.sampled_from(sorted(Role)), st.integers(0, 3)), max_size=40)
)
def test_any_storm_of_clicks_leaves_a_consistent_dossier(storm: list[tuple[Act, Role, int]]) -> None:
    """Whatever is asked, in any order and twice: seq counts changes without gap and facts stay public."""
    dossier, changes = Dossier(dossier_code=CODE, root_code=CODE), 0
    for act, role, number in storm:
        asked = order(role, SAMPLES[act], command_id=f"{act}-{role}-{number}")
        try:
            changes += len(dossier.take(asked, AT + LONG))
        except Refused:
            continue
        assert dossier.seq == changes
        facts = facts_of(dossier)
        assert facts.seq == changes
        assert facts.fee_owed_vnd >= 0
        assert set(facts.portal_times) <= set(range(1, 11))
