"""What becomes of an attempt: every state, every word of the gateway, every order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest

from services.payment.rules.numbering import order_number, purpose_of, receipt_number, receipt_symbol
from services.payment.rules.settlement import (
    WITH_MONEY,
    Reply,
    State,
    Step,
    Word,
    has_no_room,
    next_query_at,
    next_step,
    reply_to,
    took_this,
)
from shared.contracts.facts import facts_of
from shared.dossier.lifecycle import Role, Stage
from tests.builders import AT, a_dossier, fee, fee_paid, order, terms

CREATED = datetime(2023, 1, 10, 3, tzinfo=UTC)


def test_money_is_never_lost_and_never_taken_twice() -> None:
    for state, word, ours, expired in product(State, Word, (True, False), (True, False)):
        step = next_step(state, word, is_our_amount=ours, is_expired=expired)
        if state in WITH_MONEY:
            assert step is Step.LEAVE
        elif word is Word.PAID:
            assert step is (
                Step.OPEN_CASE if not ours else Step.TELL_DOSSIER if state is State.PENDING else Step.GIVE_BACK
            )
        else:
            assert step not in (Step.TELL_DOSSIER, Step.GIVE_BACK, Step.OPEN_CASE)


def test_an_attempt_expires_only_after_the_gateway_was_asked() -> None:
    assert next_step(State.PENDING, Word.NOTHING_YET, is_our_amount=False, is_expired=False) is Step.ASK_LATER
    assert next_step(State.PENDING, Word.NOTHING_YET, is_our_amount=False, is_expired=True) is Step.EXPIRE
    assert next_step(State.PENDING, Word.NOT_PAID, is_our_amount=False, is_expired=False) is Step.FAIL
    assert next_step(State.EXPIRED, Word.NOTHING_YET, is_our_amount=False, is_expired=True) is Step.ASK_LATER


@pytest.mark.parametrize(
    ("state", "ours", "paid", "known", "reply"),
    [
        (None, False, True, False, Reply.UNKNOWN_ORDER),
        (State.PENDING, False, True, False, Reply.WRONG_AMOUNT),
        (State.PAID, False, True, False, Reply.WRONG_AMOUNT),
        (State.PENDING, True, True, False, Reply.RECORDED),
        (State.PENDING, True, False, False, Reply.RECORDED),
        (State.PENDING, True, True, True, Reply.ALREADY_CONFIRMED),
        (State.PAID, True, True, False, Reply.ALREADY_CONFIRMED),
        (State.PAID, True, False, False, Reply.ALREADY_CONFIRMED),
        (State.PAID_LATE, True, True, False, Reply.ALREADY_CONFIRMED),
        (State.REFUNDED, True, True, False, Reply.ALREADY_CONFIRMED),
        (State.FAILED, True, False, False, Reply.ALREADY_CONFIRMED),
        (State.FAILED, True, True, False, Reply.RECORDED),
        (State.EXPIRED, True, True, False, Reply.RECORDED),
    ],
)
def test_a_notice_is_answered_as_the_protocol_says(
    *,
    state: State | None,
    ours: bool,
    paid: bool,
    known: bool,
    reply: Reply,
) -> None:
    assert reply_to(state, is_our_amount=ours, says_paid=paid, is_known=known) is reply


def test_every_order_of_notices_ends_with_the_payment() -> None:
    """The books say paid; whatever failure, success or repeat is told first, the payment is found."""
    for told in permutations((True, False, True)):
        state = State.PENDING
        for says_paid in told:
            reply = reply_to(state, is_our_amount=True, says_paid=says_paid, is_known=False)
            if reply is Reply.RECORDED:
                step = next_step(state, Word.PAID, is_our_amount=True, is_expired=False)
                state = State.PAID if step is Step.TELL_DOSSIER else state
        assert state is State.PAID


def test_the_gateway_is_asked_at_1_2_5_15_30_minutes_then_hourly_for_three_days() -> None:
    asked, now = [], CREATED
    while (at := next_query_at(CREATED, now)) is not None:
        asked.append(at - CREATED)
        now = at
    assert asked[:7] == [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120)]
    assert asked[-1] == timedelta(days=3)
    assert len(asked) == 5 + 72


def test_a_payment_is_known_again_after_its_answer_was_lost() -> None:
    dossier = a_dossier(Stage.RESULT_READY, promised=terms(fees=[fee()]))
    assert not has_no_room(facts_of(dossier), 200_000)
    assert has_no_room(facts_of(dossier), 150_000)
    dossier.take(order(Role.PARTNER, fee_paid(at=AT)), AT)
    assert took_this(facts_of(dossier), fee_paid(at=AT))
    assert not took_this(facts_of(dossier), fee_paid(at=AT + timedelta(seconds=1)))
    assert has_no_room(facts_of(dossier), 200_000)


def test_numbers_leave_in_the_form_their_readers_want() -> None:
    assert order_number("000.00.06.H39-230110-0007", 1) == "0000006H392301100007A1"
    assert purpose_of("000.00.06.H39-230110-0007").isascii()
    assert receipt_symbol("AA", datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == "AA-27E"
    assert receipt_number(1) == "0000001"
    with pytest.raises(ValueError, match="outside"):
        receipt_number(10_000_000)
