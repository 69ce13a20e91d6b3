"""The parcel is ordered: our order number first, then the carrier, so that a scan that comes early finds its parcel."""

from __future__ import annotations

from services.delivery import store
from services.delivery.acts.door import Door
from services.delivery.adapters.carrier import ParcelOrder
from services.delivery.rules.parcel import order_code
from services.delivery.rules.places import province_id
from services.delivery.store import Parcel
from shared.catalogue.lookup import agency
from shared.contracts.delivery import ParcelInput
from shared.contracts.person import PostalAddress
from shared.dossier.working_time import LOCAL
from shared.platform.telemetry import log


async def book(door: Door, asked: ParcelInput) -> str:
    """The carrier's tracking number for this dossier and attempt, always the same. Raises Away, Answered."""
    now = door.now()
    async with door.sessions.begin() as session:
        parcel = await store.begin_parcel(
            session,
            Parcel(
                order_code=order_code(asked.dossier_code, asked.attempt),
                dossier_code=asked.dossier_code,
                attempt=asked.attempt,
                created_at=now,
            ),
        )
    if parcel.parcel_number:
        return parcel.parcel_number
    receiver = await door.applicants.address(asked.dossier_code)
    booked = await door.carrier.book(_order(door, asked, parcel, receiver))
    attention = parcel.attention if booked.is_same else "booked_with_other_content"
    async with door.sessions.begin() as session:
        await store.change_parcel(session, parcel, parcel_number=booked.parcel_number, attention=attention)
    log.info("parcel_booked", dossier_code=asked.dossier_code, attempt=asked.attempt)
    return booked.parcel_number


def _order(door: Door, asked: ParcelInput, parcel: Parcel, receiver: PostalAddress) -> ParcelOrder:
    sender = agency(door.catalogue, asked.agency_code, parcel.created_at.astimezone(LOCAL).date()).name
    return ParcelOrder(
        order_code=parcel.order_code,
        sender_name=sender,
        sender_phone=door.sender.phone,
        sender_address=sender,
        sender_province=door.sender.province_id,
        receiver=receiver,
        receiver_province=province_id(receiver.address, home=door.sender.province_id),
    )
