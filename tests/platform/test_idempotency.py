"""The header Idempotency-Key from door to table: what a repeat, an overlap, a refusal and a break-down leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.dossier.refusal import Refused
from shared.platform.database import metadata_for, sessions
from shared.platform.http import Away
from shared.platform.once import once_table
from shared.web.app import application
from shared.web.idempotency import IdempotencyKey, once_only
from shared.web.identity import public

METADATA = metadata_for("intake")
TABLE = once_table(METADATA, "once_at_the_door")


@pytest.fixture
async def done() -> list[Exception | None]:
    """What the next works do: raise, or (None) succeed. Longer than the calls means: not worked."""
    return [None] * 9


@pytest.fixture
async def client(database: AsyncEngine, done: list[Exception | None]) -> AsyncIterator[httpx.AsyncClient]:
    async with database.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    app: FastAPI = application(title="T", version="1", readiness={}, environment="local")

    @app.post("/acts")
    @public("a test door")
    async def act(request: Request, key: Annotated[str, Depends(IdempotencyKey)]) -> Response:
        async def work() -> Response:
            await asyncio.sleep(0.05)
            if outcome := done.pop():
                raise outcome
            return JSONResponse({"left": len(done)}, 201, headers={"Location": "/acts/1", "ETag": '"1"'})

        return await once_only(request, sessions(database), TABLE, work, principal="cb-0001", key=key)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as connected:
        yield connected
    async with database.begin() as connection:
        await connection.run_sync(METADATA.drop_all)


async def act(client: httpx.AsyncClient, key: str = "k", body: str = "a") -> httpx.Response:
    return await client.post("/acts", json=body, headers={"Idempotency-Key": key})


async def test_a_repeat_gets_the_same_answer_and_nothing_is_done_again(client: httpx.AsyncClient) -> None:
    first, second = await act(client), await act(client)
    assert (first.status_code, first.json()) == (201, {"left": 8})
    for name in ("content-type", "location", "etag"):
        assert first.headers[name] == second.headers[name]
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert (await act(client, key="another")).json() == {"left": 7}


async def test_of_ten_equal_clicks_at_once_one_works(client: httpx.AsyncClient, done: list[Exception | None]) -> None:
    answers = await asyncio.gather(*(act(client) for _ in range(10)))
    assert 201 in {answer.status_code for answer in answers} <= {201, 409}, "a late click may already hear the answer"
    assert {answer.json().get("code") for answer in answers} <= {None, "still_running"}
    assert len({answer.text for answer in answers if answer.status_code == httpx.codes.CREATED}) == 1
    assert len(done) == 8


async def test_the_key_with_another_body_is_409(client: httpx.AsyncClient) -> None:
    await act(client)
    refused = await act(client, body="b")
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_refusal_frees_the_key(client: httpx.AsyncClient, done: list[Exception | None]) -> None:
    done.append(Refused("not_open", "Hồ sơ đã kết thúc."))
    assert (await act(client)).json()["code"] == "not_open"
    assert (await act(client, body="b")).status_code == 201


async def test_after_a_break_down_the_same_request_goes_on_at_once_and_another_does_not(
    client: httpx.AsyncClient, done: list[Exception | None]
) -> None:
    done.extend([ValueError("bug"), Away("temporal", "ReadTimeout")])
    assert (await act(client)).status_code == 503
    assert (await act(client, body="b")).json()["code"] == "idempotency_key_reused"
    assert (await act(client)).status_code == 500
    assert (await act(client)).status_code == 201


async def test_a_key_is_required_and_of_sane_length(client: httpx.AsyncClient) -> None:
    assert (await client.post("/acts", json="a")).status_code == 422
    assert (await act(client, key="k" * 255)).status_code == 201
    assert (await act(client, key="k" * 256)).json()["code"] == "idempotency_key_invalid"
