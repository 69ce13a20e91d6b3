"""The parcel is given to the postman: the carrier's hand-over list first, then the dossier."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from services.delivery import store
from services.delivery.acts.door import Door, act, look, resource_of
from services.delivery.rules.handover import demand_ready
from services.delivery.store import Parcel
from shared.contracts.facts import Facts
from shared.dossier.actions import By, Dispatch
from shared.dossier.lifecycle import Act, Role, acts_of
from shared.dossier.permission import Actor, Right, as_whom, can
from shared.dossier.refusal import Forbidden, Refused, Unknown
from shared.platform.http import Answered

RETRY: Final = timedelta(seconds=15)
"""When the follower takes up a hand-over that broke in the middle."""


async def dispatch(door: Door, actor: Actor, dossier_code: str, key: str) -> Facts:
    """Hand the result over to the carrier. The same key again is the same hand-over.

    Raises: Unknown, Forbidden, Refused (with the acts that are allowed), Away.
    """
    facts = await look(door, dossier_code)
    resource = resource_of(door, facts)
    if not can(actor, Right.READ_DOSSIER, resource):
        raise Unknown
    by = as_whom(actor, Act.DISPATCH, resource)
    if by is None:
        raise Forbidden("not_your_role", f"Việc này thuộc thẩm quyền của: {Role.RETURN_CLERK}.")
    async with door.sessions.begin() as session:
        parcel = await store.newest_parcel(session, dossier_code)
    command_id = f"dispatch-{hashlib.sha256(f'{actor.person_code} {dossier_code} {key}'.encode()).hexdigest()[:32]}"
    if parcel is None or Act.DISPATCH not in acts_of(facts.stage, Role.RETURN_CLERK):
        return await _only_ask(door, facts, command_id, by)
    demand_ready(facts, is_booked=bool(parcel.parcel_number), status=parcel.status)
    return await _hand_over(door, parcel, command_id, by)


async def finish(door: Door, parcel: Parcel) -> Facts:
    """Carrier, then dossier: each is told once, whatever broke in between. Raises Refused, Answered, Away."""
    if parcel.handed_over_at is None:
        await _tell_carrier(door, parcel)
    by = By(role=Role.RETURN_CLERK, agency_code=parcel.dispatch_agency or None, person_code=parcel.dispatcher_code)
    try:
        facts = await act(door, parcel.dossier_code, parcel.dispatch_id, by, Dispatch())
    except Refused:
        await _change(door, parcel, attention="dispatch_refused", step_at=None)
        raise
    await _change(door, parcel, dispatched_at=door.now(), step_at=door.now())
    door.due.set()
    return facts


async def _hand_over(door: Door, parcel: Parcel, command_id: str, by: By) -> Facts:
    """Our intention is kept before the carrier hears of it: whatever breaks after that, the follower finishes."""
    async with door.sessions.begin() as session:
        known = await store.parcel_of(session, parcel.order_code, lock=True) or parcel
        if not known.dispatch_id:
            await store.change_parcel(
                session,
                known,
                dispatch_id=command_id,
                dispatcher_code=by.person_code,
                dispatch_agency=by.agency_code or "",
                step_at=door.now() + RETRY,
            )
            known = await store.parcel_of(session, parcel.order_code) or known
    return await finish(door, known)


async def _tell_carrier(door: Door, parcel: Parcel) -> None:
    """An order that the carrier does not take ends the intention: the desk has to look at it."""
    try:
        await door.carrier.hand_over(parcel.order_code)
    except Answered:
        await _change(door, parcel, dispatch_id="", attention="carrier_refused", step_at=None)
        raise
    await _change(door, parcel, handed_over_at=door.now())


async def _change(door: Door, parcel: Parcel, **values: object) -> None:
    async with door.sessions.begin() as session:
        await store.change_parcel(session, parcel, **values)


async def _only_ask(door: Door, facts: Facts, command_id: str, by: By) -> Facts:
    """Not lawful now, or done with this very key before: the dossier knows which, and says what is allowed."""
    if facts.parcel_booked or Act.DISPATCH not in acts_of(facts.stage, Role.RETURN_CLERK):
        return await act(door, facts.dossier_code, command_id, by, Dispatch())
    raise Refused("parcel_pending", "Chưa có vận đơn của bưu chính; vui lòng thử lại sau ít giây.")
