"""Limits of payment's doors (SR-18): guessed receipts and forged notices count by address, right ones never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI

from services.payment import __main__ as process
from services.payment import store
from services.payment.adapters.payment_gateway import signed_query
from shared.web.identity import Identity
from shared.web.limits import CALLBACK, TRACKING
from tests.builders import CODE
from tests.limiting import ELSEWHERE, at, is_too_many, limits_on
from tests.services.payment.fakes import KEY, MERCHANT, SECRET
from tests.services.payment.world import JWKS, World


@pytest.fixture
def app(world: World) -> FastAPI:
    return app_with(world)


def app_with(world: World) -> FastAPI:
    limits = limits_on(world.door.sessions, store.rate, world.clock)
    identity = Identity(JWKS, production=False)
    return process.app_of(world.door, identity=identity, readiness={}, environment="local", limits=limits)


@pytest.mark.parametrize(("method", "path"), [("POST", "orders"), ("GET", "receipts")])
async def test_guessed_receipts_stop_their_address(world: World, app: FastAPI, method: str, path: str) -> None:
    world.dossier()
    where, right = f"/api/dossiers/{CODE}/{path}", {"Tracking-Secret": SECRET}
    async with at(app) as http:
        for n in range(TRACKING.misses.calls if TRACKING.misses else 0):
            answer = await http.request(method, where, headers={"Tracking-Secret": f"{n:010}"})
            assert answer.status_code == 404
        is_too_many(await http.request(method, where, headers=right), 6)
        async with at(app, ELSEWHERE) as others:
            assert (await others.request(method, where, headers=right)).is_success
    async with at(app_with(world)) as http:  # the process starts anew
        is_too_many(await http.request(method, where, headers=right), 6)
        world.clock.pass_(seconds=6)
        assert (await http.request(method, where, headers=right)).is_success


async def test_forged_notices_stop_their_address_and_no_right_one(world: World, ordered: str, app: FastAPI) -> None:
    fields = {"vnp_TxnRef": ordered, "vnp_Amount": "20000000", "vnp_TmnCode": MERCHANT, "vnp_ResponseCode": "00"}
    forged, right = (f"/callbacks/gateway?{signed_query(fields, key)}" for key in ("guessed", KEY))
    async with at(app) as http:
        for _ in range(CALLBACK.misses.calls if CALLBACK.misses else 0):
            answer = await http.get(forged)
            assert (answer.status_code, answer.json()["RspCode"]) == (200, "97")
        is_too_many(await http.get(forged), 2)
        assert (await http.get(right)).json()["RspCode"] == "00"
        assert (await http.get("/pay/return?vnp_TxnRef=1")).status_code == 429
        world.clock.at += timedelta(seconds=2)
        assert (await http.get(forged)).json()["RspCode"] == "97"
        is_too_many(await http.get(forged), 2)
