"""Payment's door for the workflow: give money back."""

from __future__ import annotations

from temporalio import activity

from services.payment.acts.door import Door
from services.payment.acts.settling import give_all_back
from shared.contracts.payment import Refunded, RefundInput
from shared.platform.telemetry import tracing


class Activities:
    """Implements shared.contracts.payment.PaymentActivities. Failures are weather: the policy retries until done."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @activity.defn(name="refund_fee")
    async def refund_fee(self, refund: RefundInput) -> Refunded:
        """Everything paid goes back; cash, and what the gateway refuses, waits for the payer at the desk."""
        with tracing(None):
            at_desk = await give_all_back(self._door, refund.dossier_code, refund.amount_vnd)
        return Refunded(amount_vnd=refund.amount_vnd, at_desk=at_desk)
