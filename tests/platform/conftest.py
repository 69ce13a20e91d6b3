"""Real servers for the plumbing's tests: one PostgreSQL, Kafka and Temporal for all of them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from shared.platform.database import engine
from shared.platform.settings import ServiceSettings, TemporalSettings, load


class Settings(ServiceSettings, TemporalSettings):
    """What intake, processing, payment and delivery read."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), processes={"postgres", "kafka", "temporal"}) as running:
        yield running


@pytest.fixture
def settings(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Exactly what the local stack gives the process `intake`."""
    only(monkeypatch, stack.environment("intake"))
    return load(Settings)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    connected = engine(settings.database_url.get_secret_value())
    yield connected
    await connected.dispose()


def only(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """This process' environment becomes the given one, and nothing of the machine's."""
    for name in list(os.environ):
        if name not in {"PATH", "HOME", "TMPDIR"} and not name.startswith("PYTEST"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


MIGRATIONS = Path(__file__).parent / "migrations"
