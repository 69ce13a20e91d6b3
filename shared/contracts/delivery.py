"""Contract of delivery's activity and of its topic: book a parcel, and what the carrier says of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from temporalio import activity

from shared.dossier.codes import AgencyCode, DossierCode, ProcedureCode

TASK_QUEUE: Final = "delivery"
TOPIC: Final = "delivery.carrier-events.v1"
DEAD_LETTERS: Final = f"{TOPIC}.dlq.v1"
EVENT_TYPE: Final = "vn.motcua.delivery.carrier-event.v1"
SOURCE: Final = "/motcua/services/delivery"


class ParcelInput(BaseModel):
    """The result's way home; name and address are asked at intake's door when the carrier is called."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    procedure_code: ProcedureCode
    agency_code: AgencyCode
    attempt: int = Field(default=1, ge=1)


class Parcel(BaseModel):
    """The carrier's tracking number (UPU S10)."""

    model_config = ConfigDict(frozen=True)

    parcel_number: str = Field(pattern=r"^[A-Z]{2}[0-9]{9}VN$")


class ParcelStatus(StrEnum):
    """Canonical carrier events, in ascending rank."""

    CREATED = "CREATED"
    ACCEPTED_FOR_PICKUP = "ACCEPTED_FOR_PICKUP"
    PICKED_UP = "PICKED_UP"
    IN_TRANSIT = "IN_TRANSIT"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    DELIVERED = "DELIVERED"
    RETURNING = "RETURNING"
    RETURNED_TO_AGENCY = "RETURNED_TO_AGENCY"
    CANCELLED = "CANCELLED"
    LOST = "LOST"
    DAMAGED = "DAMAGED"


class CarrierEvent(BaseModel):
    """One verified scan, as it stands on the topic; key = dossier code. No address, no name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dossier_code: DossierCode
    order_code: str = Field(pattern=r"^[A-Z0-9-]{1,60}$")
    parcel_number: str = Field(pattern=r"^[A-Z]{2}[0-9]{9}VN$")
    message_id: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,80}$")
    status: ParcelStatus
    carrier_status: str = Field(pattern=r"^[A-Za-z0-9_-]{1,20}$")
    happened_at: AwareDatetime
    received_at: AwareDatetime


class DeliveryActivities(Protocol):
    """Implemented by services/delivery/activities.py; idempotent under dossier code and attempt."""

    @activity.defn(name="book_parcel")
    async def book_parcel(self, parcel: ParcelInput) -> Parcel:
        """Order the parcel at the carrier; "already exists" is success after comparing."""
        ...
