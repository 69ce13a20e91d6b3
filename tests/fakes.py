"""Doubles of what lies outside the workflow: activities that answer at once and remember what they were asked."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from shared.contracts.delivery import Parcel, ParcelInput
from shared.contracts.facts import Envelope, Event
from shared.contracts.feedback import FeedbackEnvelope, FeedbackEvent
from shared.contracts.intake import Digitized, PapersInput, Reused
from shared.contracts.payment import Refunded, RefundInput
from shared.contracts.processing import SignedResult, SignInput


class FakeOffices:
    """Intake, processing, payment and delivery as activities. `found` are the papers that shared data hold."""

    def __init__(self, found: tuple[str, ...] = ()) -> None:
        self.found = found
        self.asked: list[str] = []

    def _heard(self, what: str) -> None:
        self.asked.append(f"{what}:{activity.info().activity_id}")

    @activity.defn(name="digitize")
    async def digitize(self, papers: PapersInput) -> Digitized:
        self._heard("digitize")
        return Digitized(kinds=papers.kinds)

    @activity.defn(name="reuse")
    async def reuse(self, papers: PapersInput) -> Reused:
        self._heard("reuse")
        found = tuple(kind for kind in papers.kinds if kind in self.found)
        missing = tuple(kind for kind in papers.kinds if kind not in self.found)
        return Reused(found=found, not_found=missing, population_checked=True)

    @activity.defn(name="sign_result")
    async def sign_result(self, order: SignInput) -> SignedResult:
        self._heard(f"sign_result {order.outcome}")
        return SignedResult(result_code="12/2023/LLTP", signed_at=datetime(2023, 1, 10, 3, tzinfo=UTC))

    @activity.defn(name="book_parcel")
    async def book_parcel(self, parcel: ParcelInput) -> Parcel:
        self._heard(f"book_parcel {parcel.attempt}")
        return Parcel(parcel_number="EJ123456785VN")

    @activity.defn(name="refund_fee")
    async def refund_fee(self, refund: RefundInput) -> Refunded:
        self._heard(f"refund_fee {refund.amount_vnd}")
        return Refunded(amount_vnd=refund.amount_vnd, at_desk=False)


class FakePublication:
    """The topic as a list. While `away`, every attempt fails as with a broker that cannot be reached."""

    def __init__(self) -> None:
        self.sent: list[Event] = []
        self.said: list[FeedbackEvent] = []
        self.away = False
        self.attempts = {"local": 0, "ordinary": 0}

    @activity.defn(name="publish_facts")
    async def publish_facts(self, envelopes: list[Envelope]) -> None:
        self._attempted()
        self.sent += [envelope.event for envelope in envelopes]

    @activity.defn(name="publish_feedback")
    async def publish_feedback(self, envelopes: list[FeedbackEnvelope]) -> None:
        self._attempted()
        self.said += [envelope.event for envelope in envelopes]

    def _attempted(self) -> None:
        self.attempts["local" if activity.info().is_local else "ordinary"] += 1
        if self.away:
            raise ApplicationError("the broker is away", type="broker_away")

    def changes(self) -> list[str]:
        """What was told, in the order in which it was told."""
        return [event.change.change for event in self.sent]
