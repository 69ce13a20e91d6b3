"""How money is asked for: an order at the gateway, or cash counted at the desk."""

from __future__ import annotations

import hashlib
from datetime import datetime

from services.payment import store
from services.payment.acts.door import Door, look, resource_of
from services.payment.acts.settling import ask_gateway, tell_dossier
from services.payment.rules.numbering import order_number, stem_of
from services.payment.rules.settlement import EXPIRES_AFTER, Means, State, next_query_at
from services.payment.store import Attempt, Receipt
from shared.contracts.facts import Facts
from shared.dossier.lifecycle import Act, Role, acts_of
from shared.dossier.permission import Actor, Right, as_whom, can
from shared.dossier.refusal import Forbidden, Refused, Unknown

_PENDING = Refused("payment_pending", "Giao dịch trước của hồ sơ đang được đối soát; vui lòng thử lại sau ít phút.")


async def open_order(door: Door, dossier_code: str, tracking_secret: str) -> Attempt:
    """The order to pay now: the pending one while it is good, else a new one.

    Raises: Unknown for a wrong secret, Refused when nothing is owed or an earlier order is not settled, Away.
    """
    await door.applicants.demand_secret(dossier_code, tracking_secret)
    if (pending := await _pending(door, dossier_code)) and pending.expires_at <= door.now():
        await ask_gateway(door, pending)
        pending = await _pending(door, dossier_code)
    facts = await look(door, dossier_code)
    _demand_owed(facts)
    if pending is None:
        return await _new_order(door, facts)
    return _still_good(door, pending, facts)


async def take_cash(door: Door, actor: Actor, dossier_code: str, amount_vnd: int, key: str) -> tuple[Facts, Receipt]:
    """Cash counted at the desk becomes a paid fee and a receipt. The same key again gives the same receipt."""
    facts = await look(door, dossier_code)
    resource = resource_of(door, facts)
    if not can(actor, Right.READ_DOSSIER, resource):
        raise Unknown
    if as_whom(actor, Act.FEE_PAID, resource) is None:
        raise Forbidden("not_your_role", f"Việc này thuộc thẩm quyền của: {Role.ACCOUNTANT}.")
    click = f"{actor.person_code} {dossier_code} {amount_vnd} {key}"
    command_id = f"cash-{hashlib.sha256(click.encode()).hexdigest()[:32]}"
    attempt = await _cash_attempt(door, facts, command_id, amount_vnd, actor.person_code)
    told = await tell_dossier(door, attempt)
    return told.facts, told.receipt


def _demand_owed(facts: Facts) -> None:
    if not facts.fee_owed_vnd:
        raise Refused("fee_settled", "Hồ sơ không còn khoản phí, lệ phí nào phải nộp.")
    if Act.FEE_PAID not in acts_of(facts.stage, Role.PARTNER):
        raise Refused("not_allowed_now", "Chưa thể nộp phí, lệ phí ở bước hiện tại của hồ sơ.")


def _still_good(door: Door, pending: Attempt, facts: Facts) -> Attempt:
    if pending.expires_at <= door.now() or pending.amount_vnd != facts.fee_owed_vnd:
        raise _PENDING
    return pending


async def _pending(door: Door, dossier_code: str) -> Attempt | None:
    async with door.sessions.begin() as session:
        return await store.pending_of(session, dossier_code)


async def _new_order(door: Door, facts: Facts) -> Attempt:
    """Two payers at once get the same order: the table holds one pending order of a dossier."""
    now = _whole_second(door.now())
    async with door.sessions.begin() as session:
        number = await store.count_with_stem(session, stem_of(facts.dossier_code))
        for attempt_no in range(number + 1, number + 100):
            txn_ref = order_number(facts.dossier_code, attempt_no)
            attempt = Attempt(
                txn_ref=txn_ref,
                command_id=f"fee-{txn_ref}",
                dossier_code=facts.dossier_code,
                agency_code=facts.agency_reception,
                means=Means.GATEWAY,
                state=State.PENDING,
                amount_vnd=facts.fee_owed_vnd,
                created_at=now,
                expires_at=now + EXPIRES_AFTER,
                step_at=next_query_at(now, now),
            )
            if await store.add_attempt(session, attempt):
                return attempt
            if other := await store.pending_of(session, facts.dossier_code):
                return _still_good(door, other, facts)
    raise _PENDING


async def _cash_attempt(door: Door, facts: Facts, command_id: str, amount_vnd: int, collector_code: str) -> Attempt:
    """Kept before the dossier is told, so that a crash in between is finished by the settler."""
    now = _whole_second(door.now())
    async with door.sessions.begin() as session:
        number = await store.count_with_stem(session, stem_of(facts.dossier_code))
        for attempt_no in range(number + 1, number + 100):
            if known := await store.attempt_by_command(session, command_id):
                return known
            attempt = Attempt(
                txn_ref=order_number(facts.dossier_code, attempt_no),
                command_id=command_id,
                dossier_code=facts.dossier_code,
                agency_code=facts.agency_reception,
                means=Means.CASH,
                state=State.PENDING,
                amount_vnd=amount_vnd,
                created_at=now,
                expires_at=now + EXPIRES_AFTER,
                paid_at=now,
                collector_code=collector_code,
                step_at=next_query_at(now, now),
            )
            if await store.add_attempt(session, attempt):
                return attempt
    raise _PENDING


def _whole_second(at: datetime) -> datetime:
    """The gateway's clock knows no fractions."""
    return at.replace(microsecond=0)
