"""One dull function per activity call: queue, id, time-out, retry, summary. Nothing is decided here.

Activity ids are ours (purpose + seq): automatic ones count from 1 again after continue-as-new.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from shared.contracts import delivery, intake, payment, processing, publication
from shared.contracts.facts import Envelope
from shared.contracts.feedback import FeedbackEnvelope
from shared.dossier.state import Dossier
from workflows import policies


async def digitize(dossier: Dossier) -> tuple[str, ...]:
    """Components that intake has read, hashed and described."""
    done = await workflow.execute_activity_method(
        intake.IntakeActivities.digitize,
        intake.PapersInput(dossier_code=dossier.dossier_code, kinds=dossier.filed_papers),
        task_queue=intake.TASK_QUEUE,
        activity_id=f"digitize-{dossier.seq}",
        start_to_close_timeout=policies.DESK_WORK,
        retry_policy=policies.UNTIL_DONE,
        summary="Số hóa thành phần hồ sơ",
    )
    return done.kinds


async def reuse(dossier: Dossier) -> intake.Reused:
    """What shared data hold of the components nobody brought."""
    return await workflow.execute_activity_method(
        intake.IntakeActivities.reuse,
        intake.PapersInput(dossier_code=dossier.dossier_code, kinds=dossier.sought_papers),
        task_queue=intake.TASK_QUEUE,
        activity_id=f"reuse-{dossier.seq}",
        start_to_close_timeout=policies.PARTNER_WORK,
        retry_policy=policies.UNTIL_DONE,
        summary="Tra cứu giấy tờ đã có để tái sử dụng",
    )


async def sign_result(order: processing.SignInput, seq: int) -> processing.SignedResult:
    """The result as a signed file."""
    return await workflow.execute_activity_method(
        processing.ProcessingActivities.sign_result,
        order,
        task_queue=processing.TASK_QUEUE,
        activity_id=f"sign-result-{seq}",
        start_to_close_timeout=policies.DESK_WORK,
        retry_policy=policies.UNTIL_DONE,
        summary="Lập và ký số kết quả",
    )


async def book_parcel(parcel: delivery.ParcelInput, seq: int) -> delivery.Parcel:
    """The carrier's number for the way home."""
    return await workflow.execute_activity_method(
        delivery.DeliveryActivities.book_parcel,
        parcel,
        task_queue=delivery.TASK_QUEUE,
        activity_id=f"book-parcel-{seq}",
        start_to_close_timeout=policies.PARTNER_WORK,
        retry_policy=policies.UNTIL_DONE,
        summary="Đặt vận đơn bưu chính công ích",
    )


async def refund_fee(refund: payment.RefundInput, seq: int) -> payment.Refunded:
    """Money back to the payer."""
    return await workflow.execute_activity_method(
        payment.PaymentActivities.refund_fee,
        refund,
        task_queue=payment.TASK_QUEUE,
        activity_id=f"refund-fee-{seq}",
        start_to_close_timeout=policies.PARTNER_WORK,
        retry_policy=policies.UNTIL_DONE,
        summary="Hoàn trả phí, lệ phí",
    )


async def publish(envelopes: list[Envelope]) -> None:
    """A dossier's facts, in order."""
    await _send(publication.Publication.publish_facts, envelopes, [each.event.facts.seq for each in envelopes])


async def publish_feedback(envelopes: list[FeedbackEnvelope]) -> None:
    """A feedback's facts, in order."""
    await _send(publication.Publication.publish_feedback, envelopes, [each.event.facts.seq for each in envelopes])


async def _send[E](
    method: Callable[[publication.Publication, list[E]], Awaitable[None]], envelopes: list[E], seqs: Sequence[int]
) -> None:
    """Send facts: at once beside the click (one marker in history), else patiently as an ordinary activity."""
    try:
        await workflow.execute_local_activity_method(
            method,
            envelopes,
            schedule_to_close_timeout=policies.AT_ONCE,
            retry_policy=policies.NO_RETRY,
        )
    except FailureError as failure:  # not only ActivityError: a local failure arrives unwrapped
        if is_cancelled_exception(failure):
            raise
        await workflow.execute_activity_method(
            method,
            envelopes,
            task_queue=publication.TASK_QUEUE,
            activity_id=f"publish-{seqs[0]}",
            start_to_close_timeout=policies.SEND,
            retry_policy=policies.UNTIL_DONE,
            summary=f"Phát sự kiện {seqs[0]}–{seqs[-1]}",
        )
