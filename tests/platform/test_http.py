"""Calls outside: two typed failures, bounded answers, a token per request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from shared.platform.http import Answered, Away, Client
from shared.platform.telemetry import new_traceparent, tracing


def partner(answer: Callable[[httpx.Request], httpx.Response], limit: int = 1000) -> Client:
    tokens = iter(["first", "second"])
    return Client(
        base_url="http://partner",
        where="partner",
        limit=limit,
        token=lambda: next(tokens),
        transport=httpx.MockTransport(answer),
    )


async def test_a_call_carries_a_fresh_token_and_the_trace() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"fine": True}, headers={"etag": '"3"'})

    trace = new_traceparent()
    with tracing(trace):
        async with partner(answer) as client:
            got = await client.post("/a", json={"x": 1}, headers={"Idempotency-Key": "k"})
            await client.get("/a", params={"q": "1"})
    assert (got.json(), got.headers["etag"]) == ({"fine": True}, '"3"')
    assert [request.headers["authorization"] for request in seen] == ["Bearer first", "Bearer second"]
    assert seen[0].headers["traceparent"] == trace
    assert seen[0].headers["idempotency-key"] == "k"


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_overload_and_breakage_mean_away(status: int) -> None:
    async with partner(lambda _: httpx.Response(status, headers={"retry-after": "7"})) as client:
        with pytest.raises(Away) as away:
            await client.get("/a")
    assert (away.value.where, away.value.retry_after) == ("partner", 7)


async def test_a_time_out_and_a_cut_line_mean_away() -> None:
    def break_down(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    async with partner(break_down) as client:
        with pytest.raises(Away, match="ReadTimeout"):
            await client.get("/a")
    async with Client(base_url="http://127.0.0.1:1", where="nobody") as client:
        with pytest.raises(Away, match="nobody: ConnectError"):
            await client.get("/a")


async def test_a_no_is_told_with_its_code() -> None:
    problem = {"code": "not_now", "allowed": ["sign"]}
    async with partner(lambda _: httpx.Response(409, json=problem)) as client:
        with pytest.raises(Answered) as answered:
            await client.get("/a")
    assert (answered.value.status, answered.value.code, answered.value.problem["allowed"]) == (409, "not_now", ["sign"])
    async with partner(lambda _: httpx.Response(404, text="<html>")) as client:
        with pytest.raises(Answered) as answered:
            await client.get("/a")
    assert answered.value.code == ""


async def test_an_endless_answer_is_cut_off() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100
            yield b"x" * 100

    async with partner(lambda _: httpx.Response(200, content=endless())) as client:
        with pytest.raises(Away, match="longer than 1000 bytes"):
            await client.get("/a")
    assert sent <= 1200


async def test_a_redirect_is_not_followed() -> None:
    async with partner(lambda _: httpx.Response(303, headers={"location": "http://127.0.0.1:1/"})) as client:
        assert (await client.get("/a")).status_code == 303
