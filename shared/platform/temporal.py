"""Temporal: one runtime and one client per process, workers for a service's activities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Final

from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, TLSConfig
from temporalio.worker import Worker

from shared.platform.settings import TemporalSettings
from shared.platform.telemetry import log

PATIENCE: Final = timedelta(seconds=60)
"""How long a starting process waits for the front end before it gives up and is started again."""
GRACE: Final = timedelta(seconds=8)
"""How long running activities may take to finish after SIGTERM; what is cut off is retried."""


@cache
def runtime() -> Runtime:
    """The one runtime of this process: a second one would double its threads."""
    return Runtime(telemetry=TelemetryConfig())


async def connect(
    settings: TemporalSettings, *, interceptors: Sequence[Interceptor] = (), patience: timedelta = PATIENCE
) -> Client:
    """A connected client that speaks pydantic. Raises the last connection error when `patience` is over."""
    until = monotonic() + patience.total_seconds()
    while True:
        try:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                data_converter=pydantic_data_converter,
                interceptors=list(interceptors),
                tls=_tls(settings),
                runtime=runtime(),
            )
        except (RuntimeError, RPCError) as error:
            if monotonic() >= until:
                raise
            log.warning("temporal_awaited", error=type(error).__name__)
            await asyncio.sleep(0.5)


def activity_worker(
    client: Client,
    task_queue: str,
    activities: Sequence[Callable[..., Any]],
    *,
    max_concurrent: int = 50,
    pollers: int = 3,
) -> Worker:
    """A worker for activities only (async functions). It is a `Part` of a process: run() and shutdown()."""
    return Worker(
        client,
        task_queue=task_queue,
        activities=list(activities),
        max_concurrent_activities=max_concurrent,
        max_concurrent_activity_task_polls=pollers,
        graceful_shutdown_timeout=GRACE,
    )


async def answers(client: Client) -> None:
    """Readiness: the front end serves this client. Raises when it does not within 3 seconds."""
    if not await client.service_client.check_health(timeout=timedelta(seconds=3)):
        raise ConnectionError("the front end is not serving")


def _tls(settings: TemporalSettings) -> TLSConfig | bool:
    if not settings.temporal_tls_certificate_file:
        return False
    return TLSConfig(
        server_root_ca_cert=_bytes(settings.temporal_tls_ca_file),
        client_cert=_bytes(settings.temporal_tls_certificate_file),
        client_private_key=_bytes(settings.temporal_tls_key_file),
    )


def _bytes(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
