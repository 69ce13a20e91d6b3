"""A real Temporal server whose clock can be moved, the real workflow in its sandbox, doubles for everything outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from deploy.local.temporal import SEARCH_ATTRIBUTES
from shared.contracts.facts import Facts
from shared.dossier.actions import Opening, Order
from shared.dossier.lifecycle import Stage
from tests.builders import CODE, clicks, opening, submit
from tests.fakes import FakeOffices, FakePublication
from workflows.desk import DeskAway, DossierDesk
from workflows.dossier import DossierWorkflow
from workflows.feedback import FeedbackWorkflow

_NUMBERS = count(5000)  # below stand those of the cells

PATIENCE = 20.0
"""Seconds a test waits for a named condition before it fails with it."""


async def eventually[T](what: str, look: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]) -> T:
    """Wait for a condition with a limit; the failure names it and what was seen last."""
    seen: T | None = None
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = answer = await look()
                if is_so(answer):
                    return answer
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {PATIENCE} s; last seen {seen!r}") from None


@dataclass
class Town:
    """One test's world: server, desk, the doubles, and shorthands that read like a case file."""

    environment: WorkflowEnvironment
    queue: str
    desk: DossierDesk
    offices: FakeOffices
    publication: FakePublication
    codes: list[str] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.environment.client

    def handle(self, code: str) -> WorkflowHandle[DossierWorkflow, Facts | None]:
        return self.client.get_workflow_handle_for(DossierWorkflow.run, code)

    async def file(self, code: str, filing: Order | None = None, begins: Opening | None = None) -> Facts:
        """Submit a dossier online; a server too busy to say whether it heard is asked once more, as callers do."""
        begins, filing = begins or opening(code), filing or submit()
        try:
            return await self.desk.submit(begins, filing)
        except DeskAway:
            return await self.desk.submit(begins, filing)

    async def act(self, code: str, *orders: Order) -> Facts:
        """Take orders one after another; the last facts."""
        facts = None
        for order in orders:
            facts = await self.desk.act(code, order)
        assert facts is not None
        return facts

    async def settled(self, code: str, seq: int) -> Facts:
        """Wait until the workflow's own moves have brought the dossier to this change."""
        return await eventually(f"{code} at change {seq}", lambda: self.desk.look(code), lambda f: f.seq >= seq)

    async def told(self, *changes: str) -> None:
        """Wait until exactly these changes stand on the topic."""

        async def look() -> list[str]:
            return self.publication.changes()

        await eventually("the facts on the topic", look, lambda seen: seen == list(changes))

    async def brought_to(self, code: str, stage: Stage, filing: Order | None = None) -> Facts:
        """The ordinary way to a stage, own moves made by the workflow itself."""
        await self.file(code, filing)
        facts = await self.settled(code, 2)
        for order in clicks()[stage]:
            if order.by.role == "SYSTEM":
                continue
            facts = await self.desk.act(code, order.model_copy(update={"command_id": f"{code}-{order.command_id}"}))
            if facts.stage is Stage.NUMBERING:
                facts = await self.settled(code, facts.seq + 1)
        return facts

    async def sleep(self, code: str, duration: timedelta) -> None:
        """Let the dossier's time pass."""
        await self.environment.fast_forward(self.handle(code), duration)


async def a_server(binary: str, **settings: str) -> WorkflowEnvironment:
    """The official development server with movable clocks and these dynamic settings."""
    given = {"frontend.WorkflowTimeSkippingEnabled": "true"} | settings
    return await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=binary,
        dev_server_extra_args=[
            *(part for name, kind in SEARCH_ATTRIBUTES.items() for part in ("--search-attribute", f"{name}={kind}")),
            *(part for name, value in given.items() for part in ("--dynamic-config-value", f"{name}={value}")),
        ],
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def environment(temporal_binary: str) -> AsyncIterator[WorkflowEnvironment]:
    async with await a_server(temporal_binary) as environment:
        yield environment


@pytest_asyncio.fixture(loop_scope="session")
async def town(environment: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """Workers of all queues; every test has its own queue of dossiers."""
    async with a_town(environment, f"dossier-{request.node.name}"[:200]) as town:
        yield town


@asynccontextmanager
async def a_town(environment: WorkflowEnvironment, queue: str) -> AsyncIterator[Town]:
    """The workflow worker on this queue and all offices on theirs."""
    offices, publication = FakeOffices(), FakePublication()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            Worker(
                environment.client,
                task_queue=queue,
                workflows=[DossierWorkflow, FeedbackWorkflow],
                activities=[publication.publish_facts, publication.publish_feedback],
            )
        )
        steps: dict[str, list[Callable[..., Any]]] = {
            "intake": [offices.digitize, offices.reuse],
            "processing": [offices.sign_result],
            "payment": [offices.refund_fee],
            "delivery": [offices.book_parcel],
            "dossier": [publication.publish_facts, publication.publish_feedback],
        }
        for name, step in steps.items():
            await stack.enter_async_context(Worker(environment.client, task_queue=name, activities=step))
        yield Town(environment, queue, DossierDesk(environment.client, task_queue=queue), offices, publication)


@pytest.fixture
def code() -> str:
    """A dossier code of its own for each test: two tests with one code would wait for each other's workers."""
    return f"{CODE[:-4]}{next(_NUMBERS):04d}"
