"""Contract of payment's activity: give money back."""

from __future__ import annotations

from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, PositiveInt
from temporalio import activity

from shared.dossier.codes import DossierCode

TASK_QUEUE: Final = "payment"


class RefundInput(BaseModel):
    """Everything paid for this dossier goes back to where it came from."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    amount_vnd: PositiveInt


class Refunded(BaseModel):
    """What the provider confirmed; cash waits for the payer at the desk (`at_desk`)."""

    model_config = ConfigDict(frozen=True)

    amount_vnd: int
    at_desk: bool


class PaymentActivities(Protocol):
    """Implemented by services/payment/activities.py; idempotent under the dossier code."""

    @activity.defn(name="refund_fee")
    async def refund_fee(self, refund: RefundInput) -> Refunded:
        """Refund a paid fee in full: the request id is stored before the provider is called."""
        ...
