"""What an operator asks the workflow engine: what a dossier waits for, and which workers run. No payload is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from shared.platform.http import Away

_LIMIT: Final = timedelta(seconds=3)
QUEUES: Final = ("dossier", "intake", "processing", "payment", "delivery")
_KINDS: Final = {"workflow": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, "activity": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY}


class Trying(NamedTuple):
    """An activity that is being tried again and again. `error`: the failure's type, never its words."""

    activity: str
    attempt: int
    since: datetime | None
    error: str


class Worker(NamedTuple):
    """Somebody who polls a queue."""

    queue: str
    kind: str
    identity: str
    build: str
    seen_at: datetime


class EngineWatch(Protocol):
    """The engine as operators see it. Everything raises Away while it cannot be reached."""

    async def trying(self, dossier_code: str) -> Sequence[Trying]:
        """What the dossier's workflow is trying now; empty: nothing, or no such workflow."""
        ...

    async def workers(self) -> Sequence[Worker]:
        """Who polls our queues, by queue."""
        ...

    async def version(self) -> str:
        """The server's version."""
        ...


class TemporalEngineWatch:
    """Asks the front end."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def trying(self, dossier_code: str) -> Sequence[Trying]:
        try:
            description = await self._client.get_workflow_handle(dossier_code).describe(rpc_timeout=_LIMIT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return ()
            raise Away("workflow engine", error.status.name) from error
        return [
            Trying(
                activity=each.activity_type.name,
                attempt=each.attempt,
                since=each.scheduled_time.ToDatetime(UTC) if each.HasField("scheduled_time") else None,
                error=each.last_failure.application_failure_info.type or each.last_failure.source or "–",
            )
            for each in description.raw_description.pending_activities
        ]

    async def workers(self) -> Sequence[Worker]:
        found = []
        for queue in QUEUES:
            for kind, number in _KINDS.items():
                asked = DescribeTaskQueueRequest(
                    namespace=self._client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=number
                )
                for poller in (await self._asked(asked)).pollers:
                    build = poller.deployment_options.build_id or poller.worker_version_capabilities.build_id
                    seen = poller.last_access_time.ToDatetime(UTC)
                    found.append(Worker(queue, kind, poller.identity, build or "–", seen))
        return found

    async def version(self) -> str:
        try:
            info = await self._client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=_LIMIT)
        except RPCError as error:
            raise Away("workflow engine", error.status.name) from error
        return info.server_version

    async def _asked(self, asked: DescribeTaskQueueRequest) -> DescribeTaskQueueResponse:
        try:
            return await self._client.workflow_service.describe_task_queue(asked, timeout=_LIMIT)
        except RPCError as error:
            raise Away("workflow engine", error.status.name) from error


def pages_of_engine(ui: str, namespace: str) -> str:
    """Below which address the engine's own pages show a dossier by its code; empty without pages."""
    return f"{ui.rstrip('/')}/namespaces/{namespace}/workflows" if ui else ""
