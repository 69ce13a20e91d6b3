"""What becomes of an attempt: the gateway is asked, the dossier told, the receipt written, surplus money sent back.

Each step may run twice, late or after a crash: the order to the dossier has one command id, the receipt one attempt,
the refund one request id. No transaction is open while somebody outside is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import uuid4

from services.payment import store
from services.payment.acts.door import Door, act, look, payable
from services.payment.adapters.payment_gateway import Account, Notice
from services.payment.rules.numbering import receipt_symbol
from services.payment.rules.settlement import (
    Means,
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
from services.payment.store import Attempt, Receipt
from shared.contracts.facts import Facts
from shared.dossier.actions import By, FeePaid, PaidVia
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused, Unknown
from shared.platform.http import Away
from shared.platform.telemetry import counter, log

_OPEN: Final = (State.PENDING, State.FAILED, State.EXPIRED)
_BACK: Final = (State.PAID, State.PAID_LATE, State.REFUND_ASKED)
_NOT_NOW: Final = timedelta(minutes=5)
"""A dossier whose withdrawal is being decided takes no money for the moment."""

_settled = counter("payments_settled", "Attempts that came to an end", ["means", "state"])


@dataclass(frozen=True)
class Told:
    """The dossier took the payment: its facts and our receipt."""

    facts: Facts
    receipt: Receipt


async def record_notice(door: Door, notice: Notice) -> Reply:
    """The inbox: what the gateway is answered. Only RECORDED starts work, and only after it is stored."""
    now = door.now()
    async with door.sessions.begin() as session:
        attempt = await store.attempt_of(session, notice.txn_ref, lock=True)
        if attempt is not None and attempt.means is not Means.GATEWAY:
            attempt = None
        reply = reply_to(
            attempt.state if attempt else None,
            is_our_amount=attempt is not None and notice.amount_vnd == attempt.amount_vnd,
            says_paid=notice.says_paid,
            is_known=await store.has_notice(session, notice.digest),
        )
        if attempt and reply is Reply.WRONG_AMOUNT:
            await store.open_finding(session, attempt, "NOTICE_AMOUNT_DIFF", now)
        if attempt and reply is Reply.RECORDED:
            codes = f"{notice.response_code}/{notice.transaction_status}"[:20]
            await store.add_notice(session, digest=notice.digest, txn_ref=notice.txn_ref, codes=codes, at=now)
            await store.schedule(session, attempt, now)
    if reply is Reply.RECORDED:
        door.wake.set()
    return reply


async def work_on(door: Door, attempt: Attempt) -> None:
    """The next step of an attempt on which work is due. Raises Away: the lease brings it back."""
    match attempt.state, attempt.means:
        case State.PENDING, Means.CASH:
            try:
                await tell_dossier(door, attempt)
            except Refused as no:
                log.info("cash_refused", dossier_code=attempt.dossier_code, code=no.code)
        case ((State.PENDING | State.FAILED | State.EXPIRED), Means.GATEWAY):
            await ask_gateway(door, attempt)
        case ((State.PAID_LATE | State.REFUND_ASKED), Means.GATEWAY):
            await give_back(door, attempt)
        case _:
            await _leave(door, attempt)


async def ask_gateway(door: Door, attempt: Attempt) -> None:
    """The gateway's books decide (a notice is a hint). Raises Away."""
    account = await door.gateway.account(payable(attempt))
    now = door.now()
    is_our_amount = account.amount_vnd == attempt.amount_vnd
    step = next_step(attempt.state, account.word, is_our_amount=is_our_amount, is_expired=attempt.expires_at <= now)
    if step is Step.TELL_DOSSIER:
        await _settle(door, _with(attempt, account))
    elif step is Step.GIVE_BACK:
        await _take_as_late(door, _with(attempt, account))
    elif step is Step.OPEN_CASE:
        await _open(door, attempt, "AMOUNT_DIFF")
    elif step is Step.FAIL:
        await _end(door, attempt, State.FAILED)
    elif step is Step.EXPIRE:
        await _end(door, attempt, State.EXPIRED, step_at=next_query_at(attempt.created_at, now))
    elif step is Step.ASK_LATER:
        async with door.sessions.begin() as session:
            await store.schedule(session, attempt, next_query_at(attempt.created_at, now))
    else:
        await _leave(door, attempt)


async def tell_dossier(door: Door, attempt: Attempt) -> Told:
    """`fee_paid`, then the receipt in the same transaction as its number.

    Raises: Refused when the dossier does not take it (cash then counts as not received), Away.
    """
    try:
        facts = await act(door, attempt.dossier_code, attempt.command_id, _by(attempt), _fee_paid(attempt))
    except Refused as no:
        taken = await _taken_before(door, attempt)
        if taken is None:
            if attempt.means is Means.CASH:
                await _end(door, attempt, State.FAILED)
            raise
        log.info("fee_was_taken_before", dossier_code=attempt.dossier_code, code=no.code)
        facts = taken
    return Told(facts, await _write_receipt(door, attempt))


async def give_back(door: Door, attempt: Attempt) -> bool:
    """The whole amount returns to its payer. False: refused, an accountant has to see to it. Raises Away."""
    now = door.now()
    async with door.sessions.begin() as session:
        refund = await store.begin_refund(
            session, txn_ref=attempt.txn_ref, request_id=uuid4().hex, amount_vnd=attempt.amount_vnd, at=now
        )
    order = payable(attempt)
    is_back = refund.done_at is not None or (
        refund.tries > 1 and (await door.gateway.account(order)).word is Word.GIVEN_BACK
    )
    if not is_back and not await door.gateway.refund(order, request_id=refund.request_id, by="motcua", at=now):
        await _open(door, attempt, "REFUND_REFUSED")
        return False
    async with door.sessions.begin() as session:
        await store.end_refund(session, attempt.txn_ref, now)
        await store.cancel_receipt(session, attempt.txn_ref, now)
        await store.move(session, attempt, *_BACK, to=State.REFUNDED, step_at=None)
    _settled.labels(attempt.means, State.REFUNDED).inc()
    return True


async def give_all_back(door: Door, dossier_code: str, amount_vnd: int) -> bool:
    """Everything the dossier took; True when some of it waits for the payer at the desk (cash, or a refused refund).

    Raises: Away, also while the payment that the dossier shows is not in our books yet.
    """
    async with door.sessions.begin() as session:
        attempts = await store.paid_attempts(session, dossier_code)
    if sum(attempt.amount_vnd for attempt in attempts) < amount_vnd:
        raise Away("payment", "the payment is still being recorded")
    waits = False
    for attempt in attempts:
        async with door.sessions.begin() as session:
            await store.move(session, attempt, State.PAID, to=State.REFUND_ASKED, step_at=None)
            if attempt.means is Means.CASH:
                await store.open_finding(session, attempt, "CASH_REFUND", door.now())
        is_back = attempt.means is Means.GATEWAY and (attempt.state is State.REFUNDED or await give_back(door, attempt))
        waits = waits or not is_back
    return waits


async def _settle(door: Door, attempt: Attempt) -> None:
    """Money is there: the dossier takes it, takes it later, or never will."""
    try:
        await tell_dossier(door, attempt)
    except Refused as no:
        facts = await _facts_if_any(door, attempt)
        log.info("fee_refused", dossier_code=attempt.dossier_code, code=no.code)
        if facts is None or has_no_room(facts, attempt.amount_vnd):
            await _take_as_late(door, attempt)
            return
        async with door.sessions.begin() as session:
            await store.schedule(session, attempt, door.now() + _NOT_NOW)


async def _take_as_late(door: Door, attempt: Attempt) -> None:
    """Recorded as captured before anything else: money is never lost, and then goes back."""
    now = door.now()
    await _end(door, attempt, State.PAID_LATE, paid_at=attempt.paid_at, gateway_no=attempt.gateway_no, step_at=now)
    await give_back(door, replace(attempt, state=State.PAID_LATE, step_at=now))


async def _write_receipt(door: Door, attempt: Attempt) -> Receipt:
    now = door.now()
    async with door.sessions.begin() as session:
        if await store.move(
            session,
            attempt,
            *_OPEN,
            to=State.PAID,
            paid_at=attempt.paid_at,
            gateway_no=attempt.gateway_no,
            step_at=None,
        ):
            _settled.labels(attempt.means, State.PAID).inc()
            return await store.add_receipt(session, attempt, symbol=receipt_symbol(door.receipt_series, now), at=now)
        receipts = await store.receipts_of(session, attempt.dossier_code)
    return next(receipt for receipt in receipts if receipt.txn_ref == attempt.txn_ref)


async def _end(door: Door, attempt: Attempt, state: State, **values: object) -> None:
    async with door.sessions.begin() as session:
        if await store.move(session, attempt, attempt.state, to=state, **{"step_at": None, **values}):
            _settled.labels(attempt.means, state).inc()


async def _open(door: Door, attempt: Attempt, kind: str) -> None:
    async with door.sessions.begin() as session:
        await store.open_finding(session, attempt, kind, door.now())
        await store.schedule(session, attempt, None)
    log.warning("finding_opened", dossier_code=attempt.dossier_code, reason=kind)


async def _leave(door: Door, attempt: Attempt) -> None:
    async with door.sessions.begin() as session:
        await store.schedule(session, attempt, None)


async def _taken_before(door: Door, attempt: Attempt) -> Facts | None:
    """The facts of a dossier that took this payment and has ended since, when its first answer was lost.

    A dossier that still lives knows the order's id and would not have refused. It takes one payment, so one with a
    receipt was taken by another.
    """
    facts = await _facts_if_any(door, attempt)
    if facts is None or not facts.ended or not took_this(facts, _fee_paid(attempt)):
        return None
    async with door.sessions.begin() as session:
        receipts = await store.receipts_of(session, attempt.dossier_code)
    return facts if all(receipt.txn_ref == attempt.txn_ref for receipt in receipts) else None


async def _facts_if_any(door: Door, attempt: Attempt) -> Facts | None:
    try:
        return await look(door, attempt.dossier_code)
    except Unknown:
        return None


def _with(attempt: Attempt, account: Account) -> Attempt:
    return replace(attempt, paid_at=account.paid_at or attempt.created_at, gateway_no=account.gateway_no)


def _by(attempt: Attempt) -> By:
    if attempt.means is Means.CASH:
        return By(role=Role.ACCOUNTANT, agency_code=attempt.agency_code, person_code=attempt.collector_code)
    return By(role=Role.PARTNER, agency_code=attempt.agency_code)


def _fee_paid(attempt: Attempt) -> FeePaid:
    return FeePaid(
        amount_vnd=attempt.amount_vnd,
        paid_via=PaidVia.NONE if attempt.means is Means.CASH else PaidVia.PROVINCE_GATEWAY,
        paid_at=attempt.paid_at or attempt.created_at,
        reference=attempt.txn_ref,
    )
