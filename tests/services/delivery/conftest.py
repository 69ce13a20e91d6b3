"""Delivery on a real PostgreSQL, everything else from fakes; the doors are called as HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx
import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.delivery import __main__ as process
from services.delivery import store
from services.delivery.acts.door import Door, Sender
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.web.identity import Identity
from tests.services.delivery.fakes import FakeApplicants, FakeCarrier, FakeProducer
from tests.services.delivery.world import JWKS, Buried, World
from tests.services.payment.fakes import Clock, FakeDesk

CATALOGUE: Final = load_catalogue()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own with delivery's schema migrated."""
    with Stack(tmp_path_factory.mktemp("stack"), processes={"postgres"}) as stack:
        url = stack.environment("delivery")["DATABASE_URL"]
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
    desk, carrier, applicants = FakeDesk(clock), FakeCarrier(), FakeApplicants()
    door = Door(
        sessions=database.sessions(engine),
        desk=desk,
        carrier=carrier,
        applicants=applicants,
        catalogue=CATALOGUE,
        sender=Sender("02723000000", "85"),
        now=clock,
        scanned=asyncio.Event(),
        due=asyncio.Event(),
    )
    app = process.app_of(door, identity=Identity(JWKS, production=False), readiness={}, environment="local")
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://delivery") as http:
        yield World(door, http, clock, desk, carrier, applicants, FakeProducer(), Buried())


@pytest.fixture
async def booked(world: World) -> World:
    """A parcel that the carrier knows and nobody has handed over."""
    world.dossier()
    await world.book()
    return world


@pytest.fixture
async def on_the_way(booked: World) -> World:
    """A parcel in the postman's hands."""
    answer = await booked.dispatch()
    assert answer.status_code == 200, answer.text
    await booked.settle()
    return booked
