"""A feedback's life: received, handled by people through the one Update `act`, answered or refused, perhaps rated.

The table decides (shared/dossier/feedback/table.py). One timer at a time: the due time, or how long the citizen is
waited for. Facts leave in order through one coroutine beside it, as a dossier's do.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from shared.contracts.feedback import FeedbackEnvelope, FeedbackFacts, event_of, facts_of
    from shared.dossier.actions import By
    from shared.dossier.feedback.acts import FeedbackAction, FeedbackOpening, FeedbackOrder
    from shared.dossier.feedback.state import Feedback
    from shared.dossier.lifecycle import Role
    from shared.dossier.refusal import Refused
    from workflows import policies, steps

SOON = timedelta(milliseconds=1)


@workflow.defn(name="feedback")
class FeedbackWorkflow:
    """One feedback, workflow id = feedback code. Answers `act` with the new facts."""

    @workflow.init
    def __init__(self, opening: FeedbackOpening) -> None:
        self.feedback = Feedback(opening=opening)
        self.unsent: list[FeedbackEnvelope] = []
        self.traceparent = ""
        self.is_told = False

    @workflow.run
    async def run(self, opening: FeedbackOpening) -> FeedbackFacts | None:  # noqa: ARG002 - init took it
        """Live until an end and the rating that may follow; nothing when no feedback was ever accepted."""
        publisher, clock = asyncio.create_task(self.publish()), asyncio.create_task(self.keep_time())
        try:
            await workflow.wait_condition(lambda: self.feedback.seq > 0, timeout=policies.FILING)
        except TimeoutError:
            self.is_told = True
        else:
            await workflow.wait_condition(lambda: self.feedback.ended)
            await self.be_rated()
        await workflow.wait_condition(workflow.all_handlers_finished)
        self.is_told = True
        await publisher
        clock.cancel()
        return facts_of(self.feedback) if self.feedback.seq else None

    @workflow.update
    def act(self, order: FeedbackOrder) -> FeedbackFacts:
        """Check and move are one act; answers the new facts."""
        self.traceparent = order.traceparent or self.traceparent
        self.take(order)
        return facts_of(self.feedback)

    @act.validator
    def may_act(self, order: FeedbackOrder) -> None:
        """Everything that can fail fails here, on a copy: a rejected order leaves no history."""
        try:
            self.feedback.check(order, workflow.now())
        except Refused as no:
            details = (no.status, list(no.allowed), no.law)
            raise ApplicationError(str(no), *details, type=no.code, non_retryable=True) from no

    async def be_rated(self) -> None:
        """The citizen may say once what the answer is worth."""
        until = self.feedback.rate_until
        if until is None:
            return
        try:
            await workflow.wait_condition(
                lambda: self.feedback.rated_at is not None,
                timeout=max(until - workflow.now(), SOON),
                timeout_summary="Chờ người gửi đánh giá câu trả lời",
            )
        except TimeoutError:
            return

    def take(self, order: FeedbackOrder) -> None:
        """Move and queue the facts."""
        if self.feedback.take(order, workflow.now()):
            self.unsent.append(FeedbackEnvelope(event=event_of(self.feedback), traceparent=self.traceparent))

    def do(self, action: FeedbackAction) -> None:
        """The workflow's own move, if the feedback still allows it."""
        own = By(role=Role.SYSTEM, agency_code=self.feedback.agency_code)
        order = FeedbackOrder(command_id=f"own-{action.kind}-{self.feedback.seq}", by=own, action=action)
        try:
            self.feedback.check(order, workflow.now())
        except Refused as no:
            workflow.logger.info("own_move_refused", extra={"act": action.kind, "code": no.code})
            return
        self.take(order)

    async def keep_time(self) -> None:
        """Wait for whatever happens by itself next; a feedback that moved on sets another timer."""
        while True:
            await workflow.wait_condition(lambda: self.feedback.next_timer is not None)
            timer = self.feedback.next_timer
            if timer is None:
                continue
            try:
                await workflow.wait_condition(
                    lambda timer=timer: self.feedback.next_timer != timer,  # type: ignore[misc]
                    timeout=max(timer.at - workflow.now(), SOON),
                    timeout_summary=timer.summary,
                )
            except TimeoutError:
                seq = self.feedback.seq
                self.do(timer.action)
                await workflow.wait_condition(lambda seq=seq: self.feedback.seq != seq)  # type: ignore[misc]

    async def publish(self) -> None:
        """Send what is unsent, in order, until everything is told."""
        while True:
            await workflow.wait_condition(lambda: bool(self.unsent) or self.is_told)
            if not self.unsent:
                return
            batch = list(self.unsent)
            await steps.publish_feedback(batch)
            del self.unsent[: len(batch)]
