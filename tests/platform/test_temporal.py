"""A client that waits for a server that starts late, and a worker for activities, on a real server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import AwareDatetime, BaseModel
from temporalio import activity

from shared.platform.settings import TemporalSettings
from shared.platform.temporal import activity_worker, answers, connect


class Moment(BaseModel):
    """A value that only the pydantic converter carries."""

    at: AwareDatetime


@activity.defn
async def later(moment: Moment) -> Moment:
    return Moment(at=moment.at + timedelta(days=1))


async def test_a_worker_runs_activities_with_pydantic_values(settings: TemporalSettings) -> None:
    client = await connect(settings)
    await answers(client)
    queue = uuid4().hex
    worker = activity_worker(client, queue, [later])
    running = asyncio.create_task(worker.run())
    at = Moment.model_validate({"at": "2026-03-02T08:00:00+07:00"})
    handle = await client.start_activity(
        later, at, id=queue, task_queue=queue, schedule_to_close_timeout=timedelta(seconds=10)
    )
    assert (await handle.result()).at == at.at + timedelta(days=1)
    await worker.shutdown()
    await running


async def test_a_front_end_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(RuntimeError):
        await connect(TemporalSettings(), patience=timedelta(seconds=1))
