"""The only door through which services reach a dossier's workflow: submit, act, look."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from shared.contracts.facts import Facts
from shared.dossier.actions import Opening, Order
from shared.dossier.refusal import REFUSALS, Refused, Unknown
from shared.platform.http import Away
from workflows import patches
from workflows.attributes import at_start, summary_of
from workflows.dossier import DossierWorkflow

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
        try:
            return await self._client.execute_update_with_start_workflow(
                DossierWorkflow.act,
                order,
                id=order.command_id,
                start_workflow_operation=start,
                rpc_timeout=ANSWER,
            )
        except WorkflowAlreadyStartedError as over:
            await _heard(start)
            raise _ended() from over
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as failure:
            await _heard(start)
            raise _translated(failure) from failure

    async def act(self, dossier_code: str, order: Order) -> Facts:
        """Take an order; the facts after it. Raises Refused, Unknown or DeskAway."""
        handle = self._client.get_workflow_handle(dossier_code)
        try:
            return await handle.execute_update(DossierWorkflow.act, order, id=order.command_id, rpc_timeout=ANSWER)
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError) as failure:
            raise _translated(failure) from failure
        except RPCError as failure:
            if failure.status is RPCStatusCode.NOT_FOUND and await self._exists(dossier_code):
                raise _ended() from failure
            raise _translated(failure) from failure

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

    async def _exists(self, dossier_code: str) -> bool:
        try:
            await self._client.get_workflow_handle(dossier_code).describe(rpc_timeout=ANSWER)
        except RPCError as failure:
            if failure.status is RPCStatusCode.NOT_FOUND:
                return False
            raise _translated(failure) from failure
        return True


async def _heard(start: WithStartWorkflowOperation[DossierWorkflow, Facts | None]) -> None:
    """The start's own failure is the Update's: listen to it, or the loop complains that nobody did."""
    with suppress(Exception):
        await asyncio.wait_for(start.workflow_handle(), 0)


def _ended() -> Refused:
    return Refused("dossier_ended", "Hồ sơ đã kết thúc.")


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
