"""What a parcel's status means for its dossier. A scan is a hint: the carrier's own books are read before the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from services.delivery import store
from services.delivery.acts import dispatching
from services.delivery.acts.door import Door, act, look
from services.delivery.acts.scanning import record_scan
from services.delivery.rules.parcel import INCIDENTS, SILENCE
from services.delivery.store import Parcel
from shared.contracts.delivery import ParcelStatus
from shared.dossier.actions import AnyAction, By, CameBack, Delivered
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused, Unknown
from shared.platform.database import AWAY
from shared.platform.http import Answered, Away
from shared.platform.telemetry import counter, log, tracing

LEASE: Final = timedelta(seconds=15)
"""A step that failed or whose process died comes back after this."""
AT_ONCE: Final = 16
"""Parcels worked on side by side."""

_AGAIN: Final = timedelta(hours=1)
"""When the carrier is asked again for a proof that it does not have yet."""
_NOT_NOW: Final = timedelta(minutes=5)
_GIVE_UP: Final = timedelta(days=2)
"""The desk obtains a missing proof within two working days (policy); then nobody asks by machine any more."""

_WEATHER: Final[tuple[type[Exception], ...]] = (Away, Answered, *AWAY)
_ends = counter("parcels_ended", "Parcels whose end the dossier was told", ["status"])


async def sweep(door: Door) -> int:
    """Works on what is due, at most AT_ONCE parcels; how many were due."""
    async with door.sessions.begin() as session:
        due = await store.claim_due(session, door.now(), lease=LEASE, limit=AT_ONCE)
    await asyncio.gather(*(_one(door, parcel) for parcel in due))
    return len(due)


async def work_on(door: Door, parcel: Parcel) -> None:
    """The next step of a parcel on which work is due. Raises Away or Answered: the lease brings it back."""
    if parcel.dispatch_id and parcel.dispatched_at is None:
        await dispatching.finish(door, parcel)
        return
    await _STEPS.get(parcel.status, _listen)(door, parcel)


async def _one(door: Door, parcel: Parcel) -> None:
    with tracing(None):
        try:
            await work_on(door, parcel)
        except Refused as no:
            log.warning("dispatch_refused", dossier_code=parcel.dossier_code, code=no.code)
        except _WEATHER as error:
            log.info("following_postponed", dossier_code=parcel.dossier_code, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one parcel's trouble must not stop the others; the lease brings it back
            log.error("following_failed", dossier_code=parcel.dossier_code, exc_info=True)


async def _tell_delivered(door: Door, parcel: Parcel) -> None:
    """Never without proof (QĐ 45/2016 Điều 10): until it is there the stage stays and the desk has a task."""
    if parcel.told == ParcelStatus.DELIVERED:
        await _change(door, parcel, step_at=None)
        return
    tracking = await door.carrier.track(parcel.order_code)
    if not tracking.has(ParcelStatus.DELIVERED) or not tracking.proof_reference:
        await _ask_again(door, parcel, "proof_missing")
        return
    delivered_at = tracking.proven_at or parcel.status_at or door.now()
    await _tell(
        door,
        parcel,
        Delivered(delivered_at=delivered_at),
        proof_reference=tracking.proof_reference,
        delivered_at=delivered_at,
    )


async def _tell_came_back(door: Door, parcel: Parcel) -> None:
    if parcel.told == ParcelStatus.RETURNED_TO_AGENCY:
        await _change(door, parcel, step_at=None)
        return
    if not (await door.carrier.track(parcel.order_code)).has(ParcelStatus.RETURNED_TO_AGENCY):
        await _ask_again(door, parcel, "return_not_confirmed")
        return
    await _tell(door, parcel, CameBack())


async def _call_desk(door: Door, parcel: Parcel) -> None:
    await _change(door, parcel, attention=str(parcel.status).lower(), step_at=None)


async def _listen(door: Door, parcel: Parcel) -> None:
    """Nothing to do but wait; after a day of silence the carrier's books are read as if it had told us."""
    heard_at = parcel.status_at or parcel.handed_over_at
    if heard_at is None or parcel.handed_over_at is None:
        await _change(door, parcel, step_at=None)
        return
    now = door.now()
    if now >= heard_at + SILENCE:
        for scan in (await door.carrier.track(parcel.order_code)).scans:
            await record_scan(door, scan)
        heard_at = now
    await _change(door, parcel, step_at=heard_at + SILENCE)


_STEPS: Final[dict[ParcelStatus | None, Callable[[Door, Parcel], Awaitable[None]]]] = {
    ParcelStatus.DELIVERED: _tell_delivered,
    ParcelStatus.RETURNED_TO_AGENCY: _tell_came_back,
    **dict.fromkeys(INCIDENTS, _call_desk),
}


async def _tell(door: Door, parcel: Parcel, action: AnyAction, **values: object) -> None:
    """The carrier's message id is the command id: told twice is told once."""
    try:
        await act(door, parcel.dossier_code, f"carrier-{parcel.message_id}", By(role=Role.PARTNER), action)
    except Refused as no:
        log.info("end_refused", dossier_code=parcel.dossier_code, code=no.code, status=str(parcel.status))
        if not await _has_ended(door, parcel):
            await _ask_again(door, parcel, "dossier_refused", after=_NOT_NOW)
            return
    _ends.labels(str(parcel.status)).inc()
    await _change(door, parcel, told=parcel.status, attention="", step_at=None, **values)


async def _has_ended(door: Door, parcel: Parcel) -> bool:
    try:
        return (await look(door, parcel.dossier_code)).ended
    except Unknown:
        return True


async def _ask_again(door: Door, parcel: Parcel, attention: str, *, after: timedelta = _AGAIN) -> None:
    now = door.now()
    is_over = parcel.status_at is not None and now > parcel.status_at + _GIVE_UP
    await _change(door, parcel, attention=attention, step_at=None if is_over else now + after)


async def _change(door: Door, parcel: Parcel, **values: object) -> None:
    async with door.sessions.begin() as session:
        await store.change_parcel(session, parcel, **values)
