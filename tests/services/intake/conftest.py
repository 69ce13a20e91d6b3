"""Intake on a real PostgreSQL, everything else from fakes; the doors are called as HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.local.stack import Stack
from services.intake import __main__ as process
from services.intake import api
from services.intake.activities import IntakeWork
from services.intake.acts import Door
from services.intake.api.documents import UPLOADS
from services.intake.store.tables import metadata
from services.intake.store.vault import Vault
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects
from shared.web.app import application
from shared.web.identity import Identity
from tests.services.intake import fakes
from tests.services.intake.world import Keys, World

KEY: Final = base64.b64encode(bytes(range(32))).decode()
CATALOGUE: Final = load_catalogue()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of our own with intake's schema migrated."""
    with Stack(tmp_path_factory.mktemp("stack"), processes={"postgres"}) as stack:
        url = stack.environment("intake")["DATABASE_URL"]
        asyncio.run(database.migrate(url, "intake", process.MIGRATIONS))
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Empty tables."""
    engine = create_async_engine(database_url, poolclass=NullPool, hide_parameters=True)
    names = ", ".join(f'"intake"."{table.name}"' for table in metadata.sorted_tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {names} CASCADE"))
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def keys() -> Keys:
    def key(name: str) -> OKPKey:
        return OKPKey.generate_key("Ed25519", {"kid": name})

    return Keys(people=key("local-idp"), service=key("service:processing"))


@pytest.fixture
async def world(store: AsyncEngine, keys: Keys, tmp_path: Path) -> AsyncIterator[World]:
    clock = fakes.Clock()
    desk, population, results = fakes.FakeDesk(clock), fakes.FakePopulation(), fakes.FakeResults()
    feedback = fakes.FakeFeedbackDesk(clock)
    door = Door(
        sessions=database.sessions(store),
        desk=desk,
        feedback_desk=feedback,
        catalogue=CATALOGUE,
        objects=Objects(tmp_path, KEY),
        vault=Vault(KEY),
        receipt_key=b"receipts",
        population=population,
        results=results,
        now=clock,
    )
    app = application(
        title=api.TITLE,
        version=api.VERSION,
        readiness={},
        environment="local",
        identity=Identity(keys.jwks, production=False),
        uploads=UPLOADS,
    )
    transport = httpx.ASGITransport(app=api.attach(app, door), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
        yield World(
            door=door,
            http=http,
            keys=keys,
            clock=clock,
            desk=desk,
            feedback=feedback,
            population=population,
            results=results,
            work=IntakeWork(door),
            store=store,
        )
