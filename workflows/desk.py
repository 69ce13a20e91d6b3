"""The only door through which services reach workflows: submit, act, look; for dossiers, and for feedback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from shared.contracts.facts import Facts
from shared.contracts.feedback import FeedbackFacts
from shared.dossier.actions import Opening, Order
from shared.dossier.feedback.acts import FeedbackOpening, FeedbackOrder
from shared.dossier.refusal import REFUSALS, Refused, Unknown
from shared.platform.http import Away
from workflows import patches
from workflows.attributes import at_start, of_feedback, summary_of, summary_of_feedback
from workflows.dossier import DossierWorkflow
from workflows.feedback import FeedbackWorkflow

TASK_QUEUE: Final = "dossier"
ANSWER: Final = timedelta(seconds=10)
"""How long a click waits for its answer before the caller is told that the outcome is not known yet."""

BEGINNING: Final = (0.05, 0.2, 0.5, 1.0)
"""Seconds between looks at a run that was created but has not begun: the moment after continue-as-new."""


class DeskAway(Away):
    """The workflow engine did not answer in time: the outcome is unknown, and repeating the same order is safe."""

    def __init__(self, why: str) -> None:
        super().__init__("workflow engine", why)


class DossierDesk:
    """Hands orders to workflows and translates their refusals back. Holds no state beyond the client."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def submit(self, opening: Opening, order: Order) -> Facts:
        """Start the dossier's life and file it in one round trip; the same order again gives the same answer.

        Raises Refused when the filing is not lawful (no workflow stays), DeskAway when the outcome is unknown.
        """
        start = WithStartWorkflowOperation(
            DossierWorkflow.run,
            args=[opening.model_copy(update={"story": patches.NOW}), None],
            id=opening.dossier_code,
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=at_start(opening),
            static_summary=summary_of(opening),
        )
        async with _starting(start, _ended()):
            return await self._client.execute_update_with_start_workflow(
                DossierWorkflow.act,
                order,
                id=order.command_id,
                start_workflow_operation=start,
                rpc_timeout=ANSWER,
            )

    async def act(self, dossier_code: str, order: Order) -> Facts:
        """Take an order; the facts after it. Raises Refused, Unknown or DeskAway."""
        handle = self._client.get_workflow_handle(dossier_code)
        async with _acting(handle, _ended()):
            return await handle.execute_update(DossierWorkflow.act, order, id=order.command_id, rpc_timeout=ANSWER)

    async def look(self, dossier_code: str) -> Facts:
        """The present facts, asked of the workflow itself. Raises Unknown or DeskAway."""
        handle = self._client.get_workflow_handle(dossier_code)
        for pause in (*BEGINNING, 0.0):
            try:
                return await handle.query(DossierWorkflow.look, rpc_timeout=ANSWER)
            except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as failure:
                raise Unknown from failure
            except RPCError as failure:
                if failure.status is not RPCStatusCode.FAILED_PRECONDITION or not pause:
                    raise _translated(failure) from failure
            await asyncio.sleep(pause)
        raise DeskAway("a new run has not begun")


class FeedbackDesk:
    """The same for feedback: submit and act; its facts are read from the topic and from these answers."""

    def __init__(self, client: Client, *, task_queue: str = TASK_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def submit(self, opening: FeedbackOpening, order: FeedbackOrder) -> FeedbackFacts:
        """Start the feedback's life; the same order again gives the same answer. Raises Refused, DeskAway."""
        start = WithStartWorkflowOperation(
            FeedbackWorkflow.run,
            opening,
            id=opening.feedback_code,
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=of_feedback(opening),
            static_summary=summary_of_feedback(opening),
        )
        async with _starting(start, _closed()):
            return await self._client.execute_update_with_start_workflow(
                FeedbackWorkflow.act,
                order,
                id=order.command_id,
                start_workflow_operation=start,
                rpc_timeout=ANSWER,
            )

    async def act(self, feedback_code: str, order: FeedbackOrder) -> FeedbackFacts:
        """Take an order; the facts after it. Raises Refused, Unknown or DeskAway."""
        handle = self._client.get_workflow_handle(feedback_code)
        async with _acting(handle, _closed()):
            return await handle.execute_update(FeedbackWorkflow.act, order, id=order.command_id, rpc_timeout=ANSWER)


@asynccontextmanager
async def _starting(start: WithStartWorkflowOperation[Any, Any], over: Refused) -> AsyncIterator[None]:
    """Translates what an Update-With-Start may raise; `over` is what a finished workflow says."""
    try:
        yield
    except WorkflowAlreadyStartedError as failure:
        await _heard(start)
        raise over from failure
    except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as failure:
        await _heard(start)
        raise _translated(failure) from failure


@asynccontextmanager
async def _acting(handle: WorkflowHandle[Any, Any], over: Refused) -> AsyncIterator[None]:
    """Translates what an Update may raise; `over` is what a finished workflow says."""
    try:
        yield
    except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError) as failure:
        raise _translated(failure) from failure
    except RPCError as failure:
        if failure.status is RPCStatusCode.NOT_FOUND and await _exists(handle):
            raise over from failure
        raise _translated(failure) from failure


async def _exists(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.describe(rpc_timeout=ANSWER)
    except RPCError as failure:
        if failure.status is RPCStatusCode.NOT_FOUND:
            return False
        raise _translated(failure) from failure
    return True


async def _heard(start: WithStartWorkflowOperation[Any, Any]) -> None:
    """The start's own failure is the Update's: listen to it, or the loop complains that nobody did."""
    with suppress(Exception):
        await asyncio.wait_for(start.workflow_handle(), 0)


def _ended() -> Refused:
    return Refused("dossier_ended", "Hồ sơ đã kết thúc.")


def _closed() -> Refused:
    return Refused("feedback_ended", "Phản ánh, kiến nghị đã kết thúc.")


def _translated(failure: Exception) -> Exception:
    if isinstance(failure, RPCError) and failure.status is RPCStatusCode.NOT_FOUND:
        return Unknown()
    cause = failure.cause if isinstance(failure, WorkflowUpdateFailedError) else None
    if isinstance(cause, ApplicationError) and cause.type and cause.details:
        status, allowed = int(cause.details[0]), tuple(str(act) for act in cause.details[1])
        law = str(cause.details[2]) if len(cause.details) > 2 else ""  # noqa: PLR2004 - the third says the law
        return REFUSALS.get(status, Refused)(cause.type, cause.message, allowed, law)
    if isinstance(cause, ApplicationError):
        return failure
    return DeskAway(type(failure).__name__)
