"""The floor: the same workflow, Updates and activities, with empty bodies and nothing published.

`python -m deploy.bench.floor` is its worker process: one worker for the dossiers, one for each office's queue;
`--offices-only` leaves the dossiers to the real worker.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import uvloop
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from shared.contracts import delivery, intake, payment, processing
from shared.contracts.facts import Facts
from shared.dossier.actions import Opening
from shared.dossier.state import Dossier
from workflows.dossier import DossierWorkflow

QUEUE: Final = "floor"


@workflow.defn(name="dossier")
class Floor(DossierWorkflow):
    """The dossier's life that tells nobody."""

    @workflow.init
    def __init__(self, opening: Opening, carried: Dossier | None = None) -> None:
        super().__init__(opening, carried)

    @workflow.run
    async def run(self, opening: Opening, carried: Dossier | None = None) -> Facts | None:
        """The same story."""
        return await super().run(opening, carried)

    async def publish(self) -> None:
        """Nothing is published."""
        while not self.is_told:
            await workflow.wait_condition(lambda: bool(self.unsent) or self.is_told)
            self.unsent.clear()


class EmptyOffices:
    """The activities of all services with nothing in them."""

    @activity.defn(name="digitize")
    async def digitize(self, papers: intake.PapersInput) -> intake.Digitized:
        """As if all were read."""
        return intake.Digitized(kinds=papers.kinds)

    @activity.defn(name="reuse")
    async def reuse(self, papers: intake.PapersInput) -> intake.Reused:
        """As if all were found."""
        return intake.Reused(found=papers.kinds, not_found=(), population_checked=True)

    @activity.defn(name="sign_result")
    async def sign_result(self, order: processing.SignInput) -> processing.SignedResult:
        """As if it were signed."""
        return processing.SignedResult(result_code=f"{order.version}/0", signed_at=datetime.now(UTC))

    @activity.defn(name="book_parcel")
    async def book_parcel(self, parcel: delivery.ParcelInput) -> delivery.Parcel:
        """As if it were booked; always the same number."""
        return delivery.Parcel(parcel_number="EJ123456785VN" if parcel.attempt else "")

    @activity.defn(name="refund_fee")
    async def refund_fee(self, refund: payment.RefundInput) -> payment.Refunded:
        """As if it were refunded."""
        return payment.Refunded(amount_vnd=refund.amount_vnd, at_desk=False)


@contextmanager
def offices(address: str, *flags: str) -> Iterator[None]:
    """The floor's worker process for as long as the block runs."""
    command = [sys.executable, "-m", "deploy.bench.floor", *flags]
    process = subprocess.Popen(command, env=os.environ | {"TEMPORAL_ADDRESS": address})
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def main() -> None:
    """Work until the process is ended."""
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter)
    offices = EmptyOffices()
    steps: dict[str, Sequence[Callable[..., Any]]] = {
        intake.TASK_QUEUE: [offices.digitize, offices.reuse],
        processing.TASK_QUEUE: [offices.sign_result],
        payment.TASK_QUEUE: [offices.refund_fee],
        delivery.TASK_QUEUE: [offices.book_parcel],
    }
    async with AsyncExitStack() as stack:
        for queue, activities in steps.items():
            await stack.enter_async_context(Worker(client, task_queue=queue, activities=activities))
        if "--offices-only" not in sys.argv:
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=QUEUE,
                    workflows=[Floor],
                    workflow_runner=UnsandboxedWorkflowRunner(),
                    max_cached_workflows=2_000,
                )
            )
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
