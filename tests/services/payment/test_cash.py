"""Cash at the desk, receipts without gaps, and who may see them."""

from __future__ import annotations

import asyncio

from services.payment import store
from services.payment.rules.settlement import Means, State
from services.payment.store import Attempt
from shared.dossier.actions import PaidVia
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Kind
from tests.builders import CODE
from tests.services.payment.fakes import SECRET
from tests.services.payment.world import OWED, World, bearer


async def test_cash_becomes_a_paid_fee_and_a_receipt(world: World) -> None:
    world.dossier()
    answer = await world.cash()
    assert answer.status_code == 200, answer.text
    assert answer.json()["facts"]["fee_owed_vnd"] == 0
    assert answer.json()["facts"]["paid_via"] == PaidVia.NONE
    assert answer.json()["receipt"]["number"] == "0000001"
    assert answer.headers["etag"] == f'"{answer.json()["facts"]["seq"]}"'
    (order,) = world.told()
    assert (order.by.role, order.by.person_code) == ("ACCOUNTANT", "ketoan01")


async def test_the_same_key_is_the_same_cash(world: World) -> None:
    world.dossier()
    first, again = await world.cash(), await world.cash()
    assert first.content == again.content
    assert (await world.cash(amount_vnd=OWED + 1)).status_code == 409
    assert (await world.cash(key="k2")).json()["code"] == "fee_settled"
    assert len(await world.receipts()) == 1


async def test_another_amount_than_owed_is_refused_and_may_be_corrected(world: World) -> None:
    world.dossier()
    assert (await world.cash(amount_vnd=OWED - 1000)).json()["code"] == "amount_differs"
    assert (await world.cash()).status_code == 200


async def test_only_an_accountant_of_the_agency_takes_cash(world: World) -> None:
    world.dossier()
    assert (await world.cash(agency="000.00.06.H39")).status_code == 404
    assert (await world.cash(agency="000.00.00.H39")).status_code == 200
    clerk = {"Idempotency-Key": "k9", **bearer(("CLERK", "000.00.03.H39"))}
    url = f"/api/dossiers/{CODE}/cash"
    assert (await world.http.post(url, json={"amount_vnd": OWED}, headers=clerk)).status_code == 403
    citizen = {"Idempotency-Key": "k9", **bearer(kind=Kind.CITIZEN)}
    assert (await world.http.post(url, json={"amount_vnd": OWED}, headers=citizen)).status_code == 403
    assert (await world.http.post(url, json={"amount_vnd": OWED}, headers={"Idempotency-Key": "k"})).status_code == 401


async def test_bad_input_is_a_problem_and_changes_nothing(world: World) -> None:
    world.dossier()
    headers = {"Idempotency-Key": "k", **bearer(("ACCOUNTANT", "000.00.03.H39"))}
    url = f"/api/dossiers/{CODE}/cash"
    for body in ({"amount_vnd": "200000"}, {"amount_vnd": 0}, {"amount_vnd": 1.5}, {"amount_vnd": OWED, "x": 1}, {}):
        answer = await world.http.post(url, json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    headers["Content-Type"] = "application/json"
    assert (await world.http.post(url, content=b"{", headers=headers)).status_code == 400
    assert not world.told()


async def test_cash_whose_answer_was_lost_is_finished_without_the_accountant(world: World) -> None:
    world.dossier()
    world.desk.loses_answers = True
    assert (await world.cash()).status_code == 503
    world.desk.loses_answers = False
    world.clock.pass_(minutes=1)
    assert await world.sweep() == 1
    assert len(await world.receipts()) == 1


async def test_receipt_numbers_run_without_gaps_side_by_side(world: World) -> None:
    """50 at once, every fifth rolled back: the numbers of the others are 1..40."""

    async def one(number: int) -> None:
        async with world.door.sessions() as session:
            attempt = Attempt(
                txn_ref=f"T{number}",
                command_id=f"c{number}",
                dossier_code=CODE,
                agency_code="000.00.03.H39",
                means=Means.CASH,
                state=State.PAID,
                amount_vnd=1,
                created_at=world.clock(),
                expires_at=world.clock(),
            )
            await store.add_receipt(session, attempt, symbol="AA-23E", at=world.clock())
            if number % 5:
                await session.commit()

    await asyncio.gather(*(one(number) for number in range(50)))
    assert sorted(receipt.number for receipt in await world.receipts()) == list(range(1, 41))


async def test_receipts_are_for_the_holder_of_the_secret_and_for_staff_in_sight(world: World) -> None:
    world.dossier(Stage.RESULT_READY)
    await world.cash()
    url = f"/api/dossiers/{CODE}/receipts"
    held = await world.http.get(url, headers={"Tracking-Secret": SECRET})
    staff = await world.http.get(url, headers=bearer(("CLERK", "000.00.03.H39")))
    assert held.json() == staff.json()
    assert held.json()["receipts"][0] | {"issued_at": ""} == {
        "symbol": "AA-23E",
        "number": "0000001",
        "amount_vnd": OWED,
        "means": "CASH",
        "issued_at": "",
        "cancelled_at": None,
    }
    assert (await world.http.get(url)).status_code == 404
    assert (await world.http.get(url, headers=bearer(("CLERK", "000.00.06.H39")))).status_code == 404


async def test_findings_are_for_accountants_of_their_agencies(world: World, ordered: str) -> None:
    await world.notify(ordered, amount_vnd=1)
    assert (await world.http.get("/api/findings", headers=bearer(("CLERK", "000.00.03.H39")))).json() == {
        "findings": []
    }
    own = await world.http.get("/api/findings?limit=1", headers=bearer(("ACCOUNTANT", "000.00.03.H39")))
    assert len(own.json()["findings"]) == 1
    rest = await world.http.get(own.links["next"]["url"], headers=bearer(("ACCOUNTANT", "000.00.03.H39")))
    assert rest.json() == {"findings": []}
