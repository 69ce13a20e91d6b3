"""Orders at the gateway: what is asked for, by whom, once."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import parse_qs, urlsplit

from services.payment.adapters.payment_gateway import verified
from services.payment.rules.settlement import State
from shared.catalogue.model import FeeTiming
from shared.dossier.lifecycle import Stage
from tests.builders import CODE
from tests.services.payment.fakes import KEY, SECRET
from tests.services.payment.world import OWED, World


async def test_an_order_is_a_signed_redirect_for_what_the_dossier_owes(world: World) -> None:
    world.dossier()
    answer = await world.order()
    assert answer.status_code == 201
    body = answer.json()
    url = urlsplit(body["redirect_url"])
    fields = verified(url.query, KEY)
    assert fields is not None
    assert fields["vnp_TxnRef"] == body["txn_ref"] == "0000003H392301100007A1"
    assert fields["vnp_Amount"] == str(OWED * 100)
    assert (fields["vnp_CreateDate"], fields["vnp_ExpireDate"]) == ("20230110100000", "20230110101500")
    assert fields["vnp_OrderInfo"] == f"Le phi ho so {CODE}"
    assert body["amount_vnd"] == OWED
    assert "vnp_SecureHashType" not in parse_qs(url.query)


async def test_a_pending_order_is_given_again(world: World) -> None:
    world.dossier()
    first, second = await asyncio.gather(world.order(), world.order())
    world.clock.pass_(minutes=14)
    third = await world.order()
    assert first.json() == second.json() == third.json()


async def test_an_expired_order_is_followed_by_a_new_one_only_after_the_gateway_was_asked(world: World) -> None:
    world.dossier()
    first = (await world.order()).json()["txn_ref"]
    world.clock.pass_(minutes=15)
    world.gateway.is_away = True
    assert (await world.order()).status_code == 503
    world.gateway.is_away = False
    assert (await world.order()).json()["txn_ref"] == "0000003H392301100007A2"
    assert (await world.attempt(first)).state is State.EXPIRED


async def test_an_order_that_was_paid_in_silence_settles_instead_of_being_followed(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    world.clock.pass_(minutes=15)
    answer = await world.order()
    assert (answer.status_code, answer.json()["code"]) == (409, "fee_settled")
    assert [receipt.txn_ref for receipt in await world.receipts()] == [ordered]


UNKNOWN: Final = "000.00.03.H39-230110-9999"


async def test_wrong_secret_and_unknown_dossier_look_alike(world: World) -> None:
    world.dossier()
    bodies = []
    for code, secret in ((CODE, "wrong"), (UNKNOWN, "wrong"), (UNKNOWN, SECRET)):
        answer = await world.http.post(f"/api/dossiers/{code}/orders", headers={"Tracking-Secret": secret})
        assert answer.status_code == 404
        body = answer.json()
        bodies.append({name: body[name] for name in body if name not in ("instance", "trace_id")})
    assert bodies[0] == bodies[1] == bodies[2]
    no_code = await world.http.post("/api/dossiers/no-code/orders", headers={"Tracking-Secret": SECRET})
    assert no_code.status_code == 422, "which says nothing of any dossier"


async def test_nothing_is_ordered_for_a_dossier_that_owes_nothing_or_has_ended(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    await world.notify(ordered)
    await world.sweep()
    assert (await world.order()).json()["code"] == "fee_settled"
    world.dossier(Stage.STOPPED)
    assert (await world.order()).json()["code"] == "not_allowed_now"


async def test_a_fee_before_acceptance_is_ordered_alike(world: World) -> None:
    world.dossier(Stage.FEE_BEFORE, FeeTiming.BEFORE)
    txn_ref = (await world.order()).json()["txn_ref"]
    world.gateway.pays(txn_ref, OWED, world.clock())
    await world.notify(txn_ref)
    await world.sweep()
    assert world.desk.dossiers[CODE].stage is Stage.SUBMITTED
    assert world.desk.dossiers[CODE].owed_vnd() == 0
