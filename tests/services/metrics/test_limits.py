"""Limits of the board's files (SR-18): colleagues by account, strangers by address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from deploy.local.stack import Stack
from services.metrics import __main__ as process
from services.metrics import store
from services.metrics.store.tables import rate
from services.metrics.views import Door
from shared.catalogue.model import Catalogue
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Grant, Kind
from shared.platform import database
from shared.web.counting import Limits
from shared.web.limits import EXPORT
from tests.limiting import ELSEWHERE, at, is_too_many, limits_on
from tests.services.metrics.test_doors import JUSTICE, NOW, Cells, Everybody, shares
from tests.services.metrics.test_looking import Sessions

FILE = f"/board/{JUSTICE}/board.csv?period=2023-01"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Stack(tmp_path_factory.mktemp("limits"), processes={"postgres"}) as stack:
        yield stack.environment("metrics")["DATABASE_URL"]


class Clock:
    """Time as the test moves it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def limits(postgres: str, clock: Clock) -> AsyncIterator[Limits]:
    await database.migrate(postgres, store.SCHEMA, Path(process.__file__).with_name("migrations"))
    engine = database.engine(postgres)
    yield limits_on(database.sessions(engine), rate, clock)
    clock.at += timedelta(days=1)
    await limits_on(database.sessions(engine), rate, clock).sweep()
    await engine.dispose()


@pytest.fixture
def board(catalogue: Catalogue, limits: Limits) -> FastAPI:
    grant = Grant(role=Role.UNIT_HEAD, agency_code=JUSTICE)
    head = Actor(person_code="CB-1", kind=Kind.STAFF, grants=frozenset({grant}))
    door = Door(Cells(shares(2, 4)), catalogue, lambda: NOW, 5)
    return process.build(door, identity=Everybody(), desk=Sessions(head), limits=limits)


async def test_strangers_share_what_their_address_may_take_and_colleagues_do_not(board: FastAPI, clock: Clock) -> None:
    async with at(board) as http, at(board, ELSEWHERE) as elsewhere:
        for _ in range(EXPORT.stranger.calls if EXPORT.stranger else 0):
            assert (await http.get(FILE)).status_code == 200
        is_too_many(await http.get(FILE), 2)
        is_too_many(await http.get("/api/certificate"), 2)
        assert (await http.get(FILE, headers={"Cookie": "session=good"})).status_code == 200
        assert (await elsewhere.get(FILE)).status_code == 200
        assert (await http.get(f"/board/{JUSTICE}?period=2023-01")).status_code == 200, "pages are free"
        clock.at += timedelta(seconds=2)
        assert (await http.get(FILE)).status_code == 200


async def test_a_colleague_has_an_own_budget(board: FastAPI) -> None:
    async with at(board, headers={"Cookie": "session=good"}) as http:
        for _ in range(EXPORT.account.calls if EXPORT.account else 0):
            assert (await http.get(FILE)).status_code == 200
        is_too_many(await http.get(FILE), 5)
    async with at(board) as http:
        assert (await http.get(FILE)).status_code == 200
