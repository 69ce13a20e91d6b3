"""The gateway's notices: forged, wrong, unknown, repeated, out of order (payment.md §2, SR-20…24, T-43)."""

from __future__ import annotations

import random

import pytest

from services.payment.adapters.payment_gateway import Account, signed_query
from services.payment.rules.settlement import State, Word
from shared.dossier.actions import FeePaid, PaidVia
from shared.dossier.lifecycle import Role
from tests.builders import CODE
from tests.services.payment.fakes import KEY, MERCHANT
from tests.services.payment.world import OWED, World, bearer


async def test_a_paid_order_becomes_a_paid_fee_and_one_receipt(world: World, ordered: str) -> None:
    world.clock.pass_(minutes=2)
    world.gateway.pays(ordered, OWED, world.clock())
    assert await world.notify(ordered) == "00"
    assert await world.sweep() == 1
    (order,) = world.told()
    assert (order.command_id, order.by.role) == (f"fee-{ordered}", Role.PARTNER)
    assert order.actions == (
        FeePaid(amount_vnd=OWED, paid_via=PaidVia.PROVINCE_GATEWAY, paid_at=world.clock(), reference=ordered),
    )
    (receipt,) = await world.receipts()
    assert (receipt.symbol, receipt.number, receipt.amount_vnd) == ("AA-23E", 1, OWED)
    assert (await world.attempt(ordered)).state is State.PAID
    assert await world.sweep() == 0


async def test_a_forged_notice_is_refused(world: World, ordered: str) -> None:
    query = signed_query({"vnp_TxnRef": ordered, "vnp_Amount": "20000000", "vnp_ResponseCode": "00"}, "guessed")
    assert await world.notify_raw(query) == "97"
    assert await world.notify_raw("") == "97"
    assert await world.sweep() == 0


async def test_a_notice_for_another_merchant_is_refused(world: World, ordered: str) -> None:
    assert await world.notify(ordered, vnp_TmnCode="OTHER001") == "97"


async def test_a_changed_repeated_or_garbled_parameter_is_refused(world: World, ordered: str) -> None:
    good = signed_query(
        {"vnp_TxnRef": ordered, "vnp_Amount": "20000000", "vnp_TmnCode": MERCHANT, "vnp_ResponseCode": "00"}, KEY
    )
    assert await world.notify_raw(good.replace("20000000", "20000001")) == "97"
    assert await world.notify_raw(f"{good}&vnp_TxnRef={ordered}") == "97"
    assert await world.notify_raw(f"{good}&vnp_BankCode=%ff%fe") == "97"
    assert await world.notify_raw(f"{good}&vnp_BankCode=%ED%A0%80") == "97"
    assert await world.notify_raw("&".join(f"a{n}=1" for n in range(500))) == "97"


async def test_mutated_notices_never_break_the_door(world: World, ordered: str) -> None:
    chance = random.Random(7)
    good = signed_query({"vnp_TxnRef": ordered, "vnp_Amount": "20000000", "vnp_TmnCode": MERCHANT}, KEY)
    for _ in range(300):
        letters = list(good)
        for _ in range(chance.randint(1, 4)):
            letters[chance.randrange(len(letters))] = chr(chance.randint(33, 126)).replace("#", "%")
        mutated = "".join(letters)
        assert await world.notify_raw(mutated) in ("97", "00" if mutated == good else "97")


async def test_unsigned_extra_parameters_are_ignored(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    fields = {
        "vnp_TxnRef": ordered,
        "vnp_Amount": str(OWED * 100),
        "vnp_TmnCode": MERCHANT,
        "vnp_ResponseCode": "00",
        "vnp_TransactionStatus": "00",
    }
    assert await world.notify_raw(f"{signed_query(fields, KEY)}&TxnRef=other&amount=1") == "00"


async def test_an_unknown_order_is_said_to_be_unknown(world: World, ordered: str) -> None:
    assert await world.notify("0000003H392301109999A1") == "01"
    assert await world.notify("") == "01"


@pytest.mark.parametrize("amount", ["20000001", "19999900", "-20000000", "0", "200000.00", "9" * 30])
async def test_a_wrong_amount_is_refused_and_becomes_a_finding(world: World, ordered: str, amount: str) -> None:
    assert await world.notify(ordered, vnp_Amount=amount) == "04"
    assert await world.sweep() == 0
    answer = await world.http.get("/api/findings", headers=bearer(("ACCOUNTANT", "000.00.00.H39")))
    assert [found["kind"] for found in answer.json()["findings"]] == ["NOTICE_AMOUNT_DIFF"]


async def test_a_repeated_notice_is_known_before_and_after_it_was_settled(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    assert [await world.notify(ordered) for _ in range(3)] == ["00", "02", "02"]
    await world.sweep()
    assert await world.notify(ordered) == "02"
    assert len(await world.receipts()) == 1


async def test_a_failure_is_recorded_and_the_payer_may_try_again(world: World, ordered: str) -> None:
    world.gateway.declines(ordered)
    assert await world.notify(ordered, code="24") == "00"
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.FAILED
    assert await world.notify(ordered, code="24") == "02"
    assert (await world.order()).json()["txn_ref"] != ordered
    assert not world.told()


async def test_success_told_after_failure_is_not_lost(world: World, ordered: str) -> None:
    """Out of order: the books decide, not arrival."""
    world.gateway.pays(ordered, OWED, world.clock())
    assert await world.notify(ordered, code="24") == "00"
    assert await world.notify(ordered) == "00"
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.PAID
    assert await world.notify(ordered, code="99") == "02"
    assert len(await world.receipts()) == 1


async def test_a_validly_signed_success_that_the_books_deny_changes_nothing(world: World, ordered: str) -> None:
    world.gateway.books[ordered] = Account(Word.NOTHING_YET)
    assert await world.notify(ordered) == "00"
    await world.sweep()
    assert (await world.attempt(ordered)).state is State.PENDING
    assert not world.told()
    assert not await world.receipts()


async def test_a_notice_after_the_query_settled_gets_02(world: World, ordered: str) -> None:
    world.gateway.pays(ordered, OWED, world.clock())
    world.clock.pass_(minutes=1)
    assert await world.sweep() == 1
    assert await world.notify(ordered) == "02"
    assert world.desk.dossiers[CODE].paid_vnd == OWED


async def test_the_return_page_shows_our_books_and_changes_nothing(world: World, ordered: str) -> None:
    fields = {"vnp_TxnRef": ordered, "vnp_Amount": "20000000", "vnp_TmnCode": MERCHANT, "vnp_ResponseCode": "00"}
    page = await world.http.get(f"/pay/return?{signed_query(fields, KEY)}")
    assert page.status_code == 200
    assert "Đang chờ ngân hàng xác nhận" in page.text
    assert "200.000 đồng" in page.text
    english = await world.http.get(f"/pay/return?{signed_query(fields, KEY)}&lang=en")
    assert "Waiting for the bank to confirm" in english.text
    assert "Đang chờ" not in english.text
    assert await world.sweep() == 0
    assert (await world.http.get(f"/pay/return?{signed_query(fields, 'guessed')}")).status_code == 400
