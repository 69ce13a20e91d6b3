"""Scans: into the inbox as the carrier told them, and folded into the parcel as the topic gives them back."""

from __future__ import annotations

from collections.abc import Sequence

from services.delivery import store
from services.delivery.acts.door import Door
from services.delivery.adapters.carrier import CarrierScan
from services.delivery.rules.parcel import SILENCE, Fault, counts_more, fault_of, has_effect
from services.delivery.store import Scan
from shared.contracts.delivery import CarrierEvent
from shared.platform.telemetry import counter, log

_scans = counter("carrier_scans", "Verified scans of the carrier by why they were kept aside", ["fault"])


async def record_scan(door: Door, told: CarrierScan) -> Fault:
    """The inbox: each message once. What is kept aside is shown on the parcel's timeline and changes nothing."""
    now = door.now()
    async with door.sessions.begin() as session:
        parcel = await store.parcel_of(session, told.order_code)
        fault = fault_of(
            told.status,
            is_known=parcel is not None,
            is_our_number=parcel is not None and parcel.parcel_number in ("", told.parcel_number),
            created_at=parcel.created_at if parcel else None,
            happened_at=told.happened_at,
            now=now,
        )
        is_new = await store.add_scan(
            session,
            Scan(
                message_id=told.message_id,
                order_code=told.order_code,
                dossier_code=parcel.dossier_code if parcel else "",
                parcel_number=told.parcel_number,
                carrier_status=told.carrier_status,
                status=told.status,
                happened_at=told.happened_at,
                received_at=now,
                fault=fault,
            ),
        )
    if is_new:
        _scans.labels(fault.value or "none").inc()
        if fault:
            log.warning("scan_kept_aside", reason=fault.value, code=told.carrier_status)
        else:
            door.scanned.set()
    return fault


async def fold(door: Door, events: Sequence[CarrierEvent]) -> None:
    """The scan that counts most decides the parcel's status, in whatever order scans come (SR-23)."""
    async with door.sessions.begin() as session:
        for event in sorted(events, key=lambda each: each.order_code):  # one order of locks for everybody
            parcel = await store.parcel_of(session, event.order_code, lock=True)
            if parcel is None or not counts_more(event.status, event.happened_at, parcel.status, parcel.status_at):
                continue
            silent_until = max(event.happened_at, parcel.created_at) + SILENCE
            await store.change_parcel(
                session,
                parcel,
                status=event.status,
                status_at=event.happened_at,
                message_id=event.message_id,
                step_at=door.now() if has_effect(event.status) else silent_until,
            )
    door.due.set()
