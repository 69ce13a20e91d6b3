"""Delivery's door for the workflow: book a parcel."""

from __future__ import annotations

from temporalio import activity

from services.delivery.acts.booking import book
from services.delivery.acts.door import Door
from shared.contracts.delivery import Parcel, ParcelInput
from shared.platform.telemetry import tracing


class Activities:
    """Implements shared.contracts.delivery.DeliveryActivities. Failures are weather: the policy retries until done."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @activity.defn(name="book_parcel")
    async def book_parcel(self, parcel: ParcelInput) -> Parcel:
        """Order the parcel at the carrier, once per dossier and attempt."""
        with tracing(None):
            return Parcel(parcel_number=await book(self._door, parcel))
