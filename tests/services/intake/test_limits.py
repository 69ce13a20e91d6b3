"""Limits of intake's doors (SR-18): guessed codes, uploads, searches, lists to take along."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.intake import api
from services.intake.api.documents import UPLOADS
from services.intake.store.tables import rate
from shared.platform import database
from shared.web.app import application
from shared.web.counting import Limits
from shared.web.identity import Identity
from shared.web.limits import EXPORT, SEARCH, TRACKING, UPLOAD, Limit
from tests.limiting import ELSEWHERE, at, is_too_many, limits_on, use_up
from tests.services.intake.world import World

DESK = "000.00.02.H39"


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[database.Sessions]:
    """A pool, as the process has one."""
    engine = database.engine(database_url)
    yield database.sessions(engine)
    await engine.dispose()


@pytest.fixture
def limits(world: World, sessions: database.Sessions) -> Limits:
    return limits_on(sessions, rate, world.clock)


def app_with(world: World, limits: Limits, sessions: database.Sessions) -> FastAPI:
    identity = Identity(world.keys.jwks, production=False)
    app = application(
        title="", version="", readiness={}, environment="local", identity=identity, limits=limits, uploads=UPLOADS
    )
    return api.attach(app, replace(world.door, sessions=sessions))


@pytest.fixture
def app(world: World, limits: Limits, sessions: database.Sessions) -> FastAPI:
    return app_with(world, limits, sessions)


async def guess(http: httpx.AsyncClient, code: str, secret: str) -> httpx.Response:
    return await http.get(f"/api/tracking/{code}", headers={"Tracking-Secret": secret})


def refusals(limit: str, by: str) -> float:
    return REGISTRY.get_sample_value("motcua_limit_refusals_total", {"limit": limit, "by": by}) or 0


@pytest.mark.timeout(600)
async def test_ten_thousand_guessed_codes_hit_nothing_and_raise_the_alarm(
    world: World, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    filed = await world.a_dossier()
    code, before = filed["dossier_code"], refusals("tracking", "misses")
    answers: Counter[int] = Counter()
    bodies = set()
    with caplog.at_level(logging.WARNING, "motcua"):
        async with at(app) as http:
            for start in range(0, 10_000, 50):
                batch = await asyncio.gather(*(guess(http, code, f"{n:010d}") for n in range(start, start + 50)))
                answers.update(answer.status_code for answer in batch)
                bodies |= {answer.content for answer in batch if answer.status_code == 404}
            right = await guess(http, code, filed["tracking_secret"])
        async with at(app, ELSEWHERE) as http:
            assert (await guess(http, code, filed["tracking_secret"])).status_code == 200
    assert answers == {404: 100, 429: 9_900}
    assert len(bodies) == 1
    is_too_many(right, 6)
    assert refusals("tracking", "misses") - before == 9_901
    told = [record.getMessage() for record in caplog.records if "limit_reached" in record.getMessage()]
    assert len(told) == 1, "one line a minute, however many guesses"
    assert "tracking" in told[0]
    assert code not in told[0]
    assert "127.0.0.1" not in told[0]


async def test_a_guesser_s_address_is_free_again_after_its_time_and_not_after_a_restart(
    world: World, app: FastAPI, database_url: str
) -> None:
    filed = await world.a_dossier()
    async with at(app) as http:
        for _ in range(TRACKING.misses.calls if TRACKING.misses else 0):
            assert (await guess(http, "unknown", "x")).status_code == 404
        is_too_many(await guess(http, filed["dossier_code"], filed["tracking_secret"]), 6)
    engine = database.engine(database_url)
    anew = database.sessions(engine)
    async with at(app_with(world, limits_on(anew, rate, world.clock), anew)) as http:
        is_too_many(await guess(http, filed["dossier_code"], filed["tracking_secret"]), 6)
        world.clock.move(timedelta(seconds=6))
        for _ in range(3):
            assert (await guess(http, filed["dossier_code"], filed["tracking_secret"])).status_code == 200
        assert (await guess(http, "unknown", "x")).status_code == 404
        is_too_many(await guess(http, "unknown", "x"), 6)
    await engine.dispose()


async def test_right_codes_are_never_counted(world: World, app: FastAPI, limits: Limits) -> None:
    filed = await world.a_dossier()
    async with at(app) as http:
        for _ in range(150):
            assert (await guess(http, filed["dossier_code"], filed["tracking_secret"])).status_code == 200
    world.clock.move(timedelta(hours=1))
    assert await limits.sweep() == 0, "nothing was written"


async def test_feedback_with_a_guessed_receipt_is_a_guess_too(world: World, app: FastAPI) -> None:
    async with at(app) as http:
        for _ in range(100):
            assert (await http.get("/api/tracking/feedback/PA-1", headers={"Tracking-Secret": "x"})).status_code != 200
            await guess(http, "unknown", "x")
        is_too_many(await http.get("/api/tracking/feedback/PA-1"), 6)


async def test_a_sibling_that_asks_for_its_callers_is_not_counted(world: World, app: FastAPI) -> None:
    async with at(app, headers=world.keys.processing()) as http:
        for _ in range(110):
            assert (await guess(http, "unknown", "x")).status_code == 404


async def test_a_citizens_token_does_not_make_guesses_free(world: World, app: FastAPI) -> None:
    async with at(app, headers=world.keys.citizen()) as http:
        for _ in range(100):
            assert (await guess(http, "unknown", "x")).status_code == 404
        is_too_many(await guess(http, "unknown", "x"), 6)


async def test_no_address_and_no_account_stands_in_the_table(world: World, app: FastAPI) -> None:
    async with at(app) as http:
        await guess(http, "unknown", "x")
        await http.get(f"/api/agencies/{DESK}/register?on=2026-11-23", headers=world.keys.staff())
    async with world.store.connect() as connection:
        rows = (await connection.execute(text("SELECT key FROM intake.rate"))).scalars().all()
    assert len(rows) == 2
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in rows)


async def test_each_account_has_its_own_uploads_behind_one_address(world: World, app: FastAPI, limits: Limits) -> None:
    await use_up(limits, rate, UPLOAD, "clerk-1")
    async with at(app) as http:

        async def upload(code: str) -> httpx.Response:
            headers = world.keys.staff(agency=DESK, code=code)
            return await http.post("/api/documents", files={"file": ("a.pdf", b"%PDF")}, headers=headers)

        is_too_many(await upload("clerk-1"), 1)
        assert (await upload("clerk-2")).status_code == 422
        world.clock.move(timedelta(seconds=1))
        assert (await upload("clerk-1")).status_code == 422


async def test_uploads_without_an_account_are_misses_of_the_address_and_stop_no_colleague(
    world: World, app: FastAPI
) -> None:
    async with at(app) as http:
        for _ in range(UPLOAD.misses.calls if UPLOAD.misses else 0):
            assert (await http.post("/api/documents")).status_code == 401
        is_too_many(await http.post("/api/documents"), 2)
        assert (await http.post("/api/documents", headers=world.keys.citizen())).status_code == 422


@pytest.mark.parametrize(
    ("limit", "method", "path", "wait"),
    [(SEARCH, "POST", "/api/papers/held", 1), (EXPORT, "GET", f"/api/agencies/{DESK}/register?on=2026-11-23", 5)],
)
async def test_searches_and_lists_to_take_along_are_counted_by_account(  # noqa: PLR0917 - what pytest hands in
    world: World, app: FastAPI, limits: Limits, limit: Limit, method: str, path: str, wait: int
) -> None:  # fmt: skip
    await use_up(limits, rate, limit, "clerk-1")
    body = {"personal_id": "079123456789"} if method == "POST" else None
    async with at(app) as http:
        is_too_many(await http.request(method, path, json=body, headers=world.keys.staff()), wait)
        other = await http.request(method, path, json=body, headers=world.keys.staff(code="clerk-2"))
        assert other.status_code != 429
        world.clock.move(timedelta(seconds=wait))
        assert (await http.request(method, path, json=body, headers=world.keys.staff())).status_code != 429
