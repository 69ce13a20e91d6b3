"""Payment on a real PostgreSQL, everything else from fakes; the doors are called as HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx
import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.payment import __main__ as process
from services.payment import store
from services.payment.acts.door import Door
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.web.identity import Identity
from tests.services.payment.fakes import Clock, FakeApplicants, FakeDesk, FakeGateway
from tests.services.payment.world import JWKS, World

CATALOGUE: Final = load_catalogue()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own with payment's schema migrated."""
    with Stack(tmp_path_factory.mktemp("stack"), processes={"postgres"}) as stack:
        url = stack.environment("payment")["DATABASE_URL"]
        asyncio.run(database.migrate(url, store.SCHEMA, process.HERE / "migrations"))
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Empty tables."""
    made = database.engine(database_url, pool_size=10)
    async with made.begin() as connection:
        for table in store.metadata.sorted_tables:
            await connection.execute(delete(table))
    yield made
    await made.dispose()


@pytest.fixture
async def world(engine: AsyncEngine) -> AsyncIterator[World]:
    clock = Clock()
    desk, gateway = FakeDesk(clock), FakeGateway()
    door = Door(
        sessions=database.sessions(engine),
        desk=desk,
        gateway=gateway,
        applicants=FakeApplicants(),
        catalogue=CATALOGUE,
        now=clock,
        wake=asyncio.Event(),
        receipt_series="AA",
    )
    app = process.app_of(door, identity=Identity(JWKS, production=False), readiness={}, environment="local")
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://payment") as http:
        yield World(door, http, clock, desk, gateway)


@pytest.fixture
async def ordered(world: World) -> str:
    """The order number of a dossier that owes and whose payer is at the gateway."""
    world.dossier()
    answer = await world.order()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["txn_ref"])
