"""Limits of the carrier's webhook (SR-18): forged calls count by address, right ones never."""

from __future__ import annotations

from services.delivery import __main__ as process
from services.delivery import store
from shared.web.identity import Identity
from shared.web.limits import CALLBACK
from tests.limiting import ELSEWHERE, at, is_too_many, limits_on
from tests.services.delivery.fakes import body_of, signed
from tests.services.delivery.world import JWKS, ORDER, World


async def test_forged_calls_stop_their_address_and_no_right_one(booked: World) -> None:
    limits = limits_on(booked.door.sessions, store.rate, booked.clock)
    identity = Identity(JWKS, production=False)
    app = process.app_of(booked.door, identity=identity, readiness={}, environment="local", limits=limits)
    now = booked.clock()
    body = body_of(ORDER, 3, now)
    forged, right = signed(body, "T-1", now, key="guessed"), signed(body, "T-1", now)
    async with at(app) as http:
        for _ in range(CALLBACK.misses.calls if CALLBACK.misses else 0):
            assert (await http.post("/callbacks/carrier", content=body, headers=forged)).status_code == 401
        is_too_many(await http.post("/callbacks/carrier", content=body, headers=forged), 2)
        assert (await http.post("/callbacks/carrier", content=body, headers=right)).json()["code"] == "success"
        async with at(app, ELSEWHERE) as others:
            assert (await others.post("/callbacks/carrier", content=body, headers=forged)).status_code == 401
        booked.clock.pass_(seconds=2)
        assert (await http.post("/callbacks/carrier", content=body, headers=forged)).status_code == 401
