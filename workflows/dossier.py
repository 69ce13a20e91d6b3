"""A dossier's life, told as the directive tells it: receive, digitize, reuse, process, sign, pay, return.

People, partners and services act by the one Update `act`; the lifecycle table decides. `run` waits for milestones
*passed*, never for the present stage, and each of its own moves asks first whether the dossier has ended: a citizen
may withdraw while papers are being read. Facts leave in order through one coroutine beside it: Temporal is the outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from shared.contracts.delivery import ParcelInput
    from shared.contracts.facts import Envelope, Facts, event_of, facts_of
    from shared.contracts.payment import RefundInput
    from shared.contracts.processing import SignInput
    from shared.dossier import actions, timers
    from shared.dossier.actions import AnyAction, By, Opening, Order, ReturnWay
    from shared.dossier.lifecycle import Role, Stage
    from shared.dossier.refusal import Refused
    from shared.dossier.state import Dossier
    from shared.dossier.timers import Timer
    from workflows import patches, policies, steps
    from workflows.attributes import at_acceptance, at_new_due_time, at_result, details_of


class Ended(Exception):
    """The rest of the story does not happen."""


class LongLife(Exception):
    """The story goes on in a new run from the milestones passed."""


@workflow.defn(name="dossier")
class DossierWorkflow:
    """One dossier. Answers `act` with the new facts and the query `look` with the present ones."""

    @workflow.init
    def __init__(self, opening: Opening, carried: Dossier | None = None) -> None:
        self.dossier = carried or Dossier(dossier_code=opening.dossier_code, root_code=opening.root_code)
        self.seq_at_start = self.dossier.seq
        self.unsent: list[Envelope] = []
        self.story = opening.story
        self.traceparent = ""
        self.is_told = False

    @workflow.run
    async def run(self, opening: Opening, carried: Dossier | None = None) -> Facts | None:  # noqa: ARG002 - init took it
        """Live until an end; the last facts, or nothing when no filing was ever accepted."""
        publisher = asyncio.create_task(self.publish())
        beside = [asyncio.create_task(self.keep_time())]
        try:
            await self.receive()
            await asyncio.gather(self.digitize(), self.reuse())
            beside.append(asyncio.create_task(self.digitize_later()))
            await self.process()
            await self.sign()
            await self.pay()
            await self.give_result()
        except Ended:
            await self.give_money_back()
        except LongLife:
            await self.tell_everything(publisher, beside)
            workflow.continue_as_new(args=[opening, self.dossier])
        await self.tell_everything(publisher, beside)
        return facts_of(self.dossier) if self.dossier.seq else None

    # --- what people and partners ask ---------------------------------------------------------------------------------

    @workflow.update
    def act(self, order: Order) -> Facts:
        """Check and move are one act, so a double click cannot slip between; answers the new facts."""
        self.traceparent = order.traceparent or self.traceparent
        self.take(order)
        return facts_of(self.dossier)

    @act.validator
    def may_act(self, order: Order) -> None:
        """Everything that can fail fails here, on a copy: a rejected order leaves no history."""
        try:
            self.dossier.check(order, workflow.now())
        except Refused as no:
            details = (no.status, list(no.allowed), no.law)
            raise ApplicationError(str(no), *details, type=no.code, non_retryable=True) from no

    @workflow.query
    def look(self) -> Facts:
        """The present facts. Fails before the filing."""
        return facts_of(self.dossier)

    # --- the story ----------------------------------------------------------------------------------------------------

    async def receive(self) -> None:
        """Wait for the filing; a start whose filing was refused ends without a trace."""
        try:
            await workflow.wait_condition(lambda: self.dossier.seq > 0, timeout=policies.FILING)
        except TimeoutError:
            raise Ended from None

    async def digitize(self) -> None:
        """Read what was brought."""
        if kinds := self.dossier.filed_papers:
            done = await steps.digitize(self.dossier)
            if read := tuple(kind for kind in kinds if kind in done):
                self.do(actions.RecordDigitized(kinds=read))

    async def reuse(self) -> None:
        """Ask shared data for what was not brought, so that nobody is asked twice."""
        if self.dossier.sought_papers:
            answer = await steps.reuse(self.dossier)
            self.do(
                actions.RecordReused(
                    found=answer.found, not_found=answer.not_found, population_checked=answer.population_checked
                )
            )

    async def digitize_later(self) -> None:
        """Read what is brought afterwards: completions and supplements."""
        while True:
            await workflow.wait_condition(lambda: bool(self.dossier.filed_papers))
            seq = self.dossier.seq
            await self.digitize()
            await workflow.wait_condition(lambda seq=seq: self.dossier.seq != seq)  # type: ignore[misc]

    async def process(self) -> None:
        """Clerk, specialist, unit head and signer act; the clock runs from acceptance."""
        await self.until(Stage.ACCEPTED)
        workflow.upsert_search_attributes(at_acceptance(self.dossier))
        await self.until(Stage.NUMBERING)

    async def sign(self) -> None:
        """Make and sign the result once its signer has decided, then wait for its release."""
        dossier = self.dossier
        if dossier.result_signed_at is None and dossier.terms and dossier.agency_competent and dossier.outcome:
            signed = await steps.sign_result(
                SignInput(
                    dossier_code=dossier.dossier_code,
                    procedure_code=dossier.terms.procedure_code,
                    agency_code=dossier.agency_competent,
                    signer_code=dossier.signed_by,
                    outcome=dossier.outcome,
                    decided_at=workflow.now(),
                ),
                dossier.seq,
            )
            self.do(actions.RecordSignature(result_code=signed.result_code, signed_at=signed.signed_at))
        await self.until(Stage.RESULT_READY)
        workflow.upsert_search_attributes(at_result(dossier))

    async def pay(self) -> None:
        """Whatever is owed is paid before the result leaves."""
        await self.when(lambda: not self.dossier.owed_vnd())

    async def give_result(self) -> None:
        """By post, electronically or at the desk; a parcel that came back is collected at the desk."""
        dossier = self.dossier
        if dossier.return_way is ReturnWay.POST and not dossier.parcel_number and dossier.terms:
            parcel = await steps.book_parcel(
                ParcelInput(
                    dossier_code=dossier.dossier_code,
                    procedure_code=dossier.terms.procedure_code,
                    agency_code=dossier.agency_competent or dossier.agency_reception or "",
                ),
                dossier.seq,
            )
            self.do(actions.RecordParcel(parcel_number=parcel.parcel_number))
        if dossier.return_way is ReturnWay.ELECTRONIC:
            try:
                await self.when(lambda: dossier.ended, within=policies.ELECTRONIC_RETURN)
            except TimeoutError:
                self.do(actions.DeliverElectronic())
        await self.until(Stage.RETURNED)

    async def give_money_back(self) -> None:
        """A dossier that was never accepted costs nothing."""
        if self.dossier.paid_vnd and not self.dossier.was_accepted:
            await steps.refund_fee(
                RefundInput(dossier_code=self.dossier.dossier_code, amount_vnd=self.dossier.paid_vnd), self.dossier.seq
            )

    # --- how it waits, moves and tells --------------------------------------------------------------------------------

    async def until(self, milestone: Stage) -> None:
        """Wait until the dossier has passed this stage; Ended when it took another way out."""
        await self.when(lambda: milestone in self.dossier.passed)

    async def when(self, is_so: Callable[[], bool], within: timedelta | None = None) -> None:
        """Wait for a condition; Ended or LongLife when that comes first, TimeoutError after `within`."""
        await workflow.wait_condition(
            lambda: is_so() or self.dossier.ended or self.is_long, timeout=within, timeout_summary="Chờ nhận kết quả"
        )
        if is_so():
            return
        if self.dossier.ended:
            raise Ended
        raise LongLife

    @property
    def is_long(self) -> bool:
        """Whether this run has answered so much that it should go on as a new one."""
        return (
            self.dossier.seq - self.seq_at_start > policies.LONG_LIFE or workflow.info().is_continue_as_new_suggested()
        )

    def take(self, order: Order) -> None:
        """Move by an order and queue the facts of each change."""
        due_before, is_accepted = self.dossier.due_at, self.dossier.was_accepted
        for after in self.dossier.take(order, workflow.now()):
            self.unsent.append(Envelope(event=event_of(after), traceparent=self.traceparent))
        if self.dossier.stage:
            workflow.set_current_details(details_of(self.dossier))
        if is_accepted and self.dossier.due_at != due_before and self.story > patches.DUE_TIME_ONLY:
            workflow.upsert_search_attributes(at_new_due_time(self.dossier))

    def do(self, action: AnyAction) -> None:
        """The workflow's own move, if the dossier still allows it."""
        order = Order(command_id=f"own-{action.kind}-{self.dossier.seq}", by=By(role=Role.SYSTEM), actions=(action,))
        try:
            self.dossier.check(order, workflow.now())
        except Refused as no:
            workflow.logger.info("own_move_refused", extra={"act": action.kind, "code": no.code})
            return
        self.take(order)

    async def keep_time(self) -> None:
        """One timer at a time, for whatever happens by itself next; a dossier that moved on sets another."""
        while True:
            await workflow.wait_condition(lambda: self.next_timer is not None)
            timer = self.next_timer
            if timer is None:
                continue
            try:
                await workflow.wait_condition(
                    lambda timer=timer: self.next_timer != timer,  # type: ignore[misc]
                    timeout=max(timer.at - workflow.now(), timedelta(milliseconds=1)),
                    timeout_summary=timer.summary,
                )
            except TimeoutError:
                seq = self.dossier.seq
                self.do(timer.action)
                await workflow.wait_condition(lambda seq=seq: self.dossier.seq != seq)  # type: ignore[misc]

    @property
    def next_timer(self) -> Timer | None:
        """What the dossier waits for by itself."""
        return timers.due_timer(self.dossier) if self.story == patches.DUE_TIME_ONLY else self.dossier.next_timer

    async def publish(self) -> None:
        """Send what is unsent, in order, until everything is told."""
        while True:
            await workflow.wait_condition(lambda: bool(self.unsent) or self.is_told)
            if not self.unsent:
                return
            batch = list(self.unsent)
            await steps.publish(batch)
            del self.unsent[: len(batch)]

    async def tell_everything(self, publisher: asyncio.Task[None], beside: list[asyncio.Task[None]]) -> None:
        """Finish only with no handler running and nothing left to say."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        self.is_told = True
        await publisher
        for task in beside:
            task.cancel()
