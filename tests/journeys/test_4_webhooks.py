"""Partners that repeat themselves, come late, in the wrong order, or are not who they say."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import starmap
from uuid import uuid4

import httpx
import pytest

from deploy.simulators._ems import signature_headers, wire_time
from deploy.simulators._vnpay import signed_query
from shared.contracts import delivery
from tests.journeys.people import BORN, OANH, SON, YEN
from tests.journeys.town import Filed, Json, Town, changes, until

SINGLE = "1.004873"
BIRTH = "1.001193"
FEE_VND = 10_000
RECEIPTS = "SELECT txn_ref, number, amount_vnd FROM payment.receipt"
MISCHIEF = {"duplicate_p": 0.7, "reorder_p": 0.5, "forge_p": 0.7, "delay_p": 0.3, "delay_ms": 200, "seed": 3}


@pytest.fixture(scope="module")
def mischief(town: Town) -> Iterator[None]:
    """Both partners misbehave until the module ends."""
    for simulator in ("payment_gateway", "carrier"):
        town.faults(simulator, **MISCHIEF)
    yield
    for simulator in ("payment_gateway", "carrier"):
        town.faults(simulator)


@pytest.fixture(scope="module")
def filed(town: Town, mischief: None) -> list[Filed]:
    """Three dossiers whose results go home by post, all paid under mischief."""
    filed = [town.file(person, SINGLE, ["TK-XNHN"], return_way="POST") for person in (OANH, SON, YEN)]
    for each in filed:
        town.pay(each)
    for each in filed:
        town.paid(each)
    return filed


def captured(town: Town) -> dict[str, Json]:
    """The gateway's own books by order number."""
    return {entry["txn_ref"]: entry for entry in town.ledger("payment_gateway", "captured")}


def told_by(town: Town, told: Json, key: str) -> str:
    """What a notice with these parameters, signed with this key, is answered."""
    answer = town.ask("payment", "GET", f"/callbacks/gateway?{signed_query(told, key)}")
    assert answer.status_code == 200
    return str(answer.json()["RspCode"])


def test_one_payment_and_one_receipt_however_often_it_is_told(town: Town, filed: list[Filed]) -> None:
    orders = {entry["txn_ref"] for entry in captured(town).values()}
    notices = until(
        "the gateway has told everything twice and forged something",
        lambda: town.ledger("payment_gateway", "ipn"),
        lambda seen: (
            {one["txn_ref"] for one in seen if one["answer"] in ("00", "02")} >= orders
            and any(one["forged"] for one in seen)
            and len(seen) > len(orders)
        ),
    )
    # Each notice was answered by the book: 00 once, 02 for repetitions, 97 for whoever guessed the secret.
    honest = Counter(one["answer"] for one in notices if not one["forged"])
    assert set(honest) <= {"00", "02"}
    assert {one["answer"] for one in notices if one["forged"]} == {"97"}
    for each in filed:
        [receipt] = town.receipts(each)
        assert receipt["amount_vnd"] == FEE_VND
        again = town.order(each)
        assert (again.status_code, again.json()["code"]) == (409, "fee_settled")
        assert changes(town.told(each.code, "fee_paid")).count("fee_paid") == 1


def test_a_notice_that_is_not_right_changes_nothing(town: Town, filed: list[Filed]) -> None:
    key = (town.stack.root / "secrets/payment_gateway/gateway_secret").read_text().strip()
    fresh = town.file(SON, SINGLE, ["TK-XNHN"])
    order = town.order(fresh).json()
    template = dict(next(iter(captured(town).values()))["told"])
    ours = template | {"vnp_TxnRef": order["txn_ref"], "vnp_Amount": str(FEE_VND * 100)}

    assert told_by(town, ours, "a guessed secret") == "97"
    assert told_by(town, ours | {"vnp_TxnRef": "H39000000000000"}, key) == "01"
    assert told_by(town, ours | {"vnp_Amount": str(FEE_VND * 10)}, key) == "04"
    # Rightly signed, but the gateway's own books know of no payment: a notice is a hint (SR-22).
    assert told_by(town, ours, key) == "00"
    assert told_by(town, ours, key) == "02"
    for garbage in ("", "?", "?vnp_SecureHash=%FF%FE", "?vnp_TxnRef=a&vnp_TxnRef=b", "?" + "a=b&" * 3000):
        answer = town.ask("payment", "GET", f"/callbacks/gateway{garbage}")
        assert answer.status_code == 200, garbage[:40]
        assert answer.json()["RspCode"] == "97"
    time.sleep(1.5)  # the settler has looked
    assert town.receipts(fresh) == []
    assert town.progress(fresh)["fee_owed_vnd"] == FEE_VND

    # The true payment of that very order still counts, once.
    town.pay(fresh)
    [receipt] = town.paid(fresh)
    assert receipt["amount_vnd"] == FEE_VND


def test_money_that_finds_no_dossier_goes_back_once(town: Town, filed: list[Filed]) -> None:
    """Paid, then withdrawn; and ordered, then rejected at the desk before the payer pressed the button."""
    withdrawn = town.file(OANH, SINGLE, ["TK-XNHN"])
    town.pay(withdrawn)
    town.paid(withdrawn)
    path, token, key = f"/api/dossiers/{withdrawn.code}/withdrawal", town.citizen(OANH), str(uuid4())
    for _ in range(2):
        assert town.ask("intake", "POST", path, token, key=key).raise_for_status().json()["facts"]["stage"] == "STOPPED"

    late = town.file(SON, SINGLE, ["TK-XNHN"])
    order = town.order(late).json()
    town.clicked(late.code, "CLERK", {"kind": "reject", "cause": "wrong_agency"})
    assert httpx.post(order["redirect_url"]).status_code == 303

    mine = {entry["txn_ref"] for entry in captured(town).values() if entry["txn_ref"] == order["txn_ref"]}
    mine |= {row["txn_ref"] for row in town.rows("payment", f"{RECEIPTS} WHERE dossier_code = '{withdrawn.code}'")}
    assert len(mine) == 2
    back = until(
        "both sums are on their way back",
        lambda: [entry for entry in town.ledger("payment_gateway", "refunded") if entry["txn_ref"] in mine],
        lambda seen: {entry["txn_ref"] for entry in seen} == mine,
    )
    assert sum(entry["amount_vnd"] for entry in back) == 2 * FEE_VND
    assert town.receipts(late) == []
    until("the receipt is cancelled", lambda: town.receipts(withdrawn), lambda seen: seen[0]["cancelled_at"])
    assert len(town.receipts(withdrawn)) == 1


def test_what_the_gateway_took_is_what_was_receipted(town: Town, filed: list[Filed]) -> None:
    """I4: per order one capture; the sums of captures and receipts are equal, less what went back."""
    took = town.ledger("payment_gateway", "captured")
    assert len({entry["txn_ref"] for entry in took}) == len(took)
    gave_back = town.ledger("payment_gateway", "refunded")
    receipts = until(
        "every capture that stays has its receipt",
        lambda: town.rows("payment", f"{RECEIPTS} WHERE means = 'GATEWAY' AND cancelled_at IS NULL"),
        lambda seen: len(seen) >= len(took) - len(gave_back),
    )
    kept = {one["txn_ref"]: one["amount_vnd"] for one in took}
    for one in gave_back:
        assert kept.pop(one["txn_ref"]) == one["amount_vnd"]
    assert {receipt["txn_ref"]: receipt["amount_vnd"] for receipt in receipts} == kept
    numbers = sorted(row["number"] for row in town.rows("payment", RECEIPTS))
    assert numbers == [*range(1, len(numbers) + 1)], "receipts are numbered without a gap"


def test_one_return_however_the_scans_come(town: Town, filed: list[Filed]) -> None:
    for each in filed:
        town.take_in(each.code)
        town.decide(each.code)
        town.send_home(each.code)
    for each in filed:
        events = town.told(each.code, "delivered")
        assert changes(events)[-1] == "delivered"
        assert changes(events).count("delivered") == 1
        assert events[-1]["facts"]["stage"] == "RETURNED"
    scans = until(
        "the carrier has repeated itself and been refused what it forged",
        lambda: town.ledger("carrier", "webhook"),
        lambda seen: any(one["forged"] for one in seen),
    )
    assert {one["answer"] for one in scans if one["forged"]} == {"error"}
    clerk = town.staff("RETURN_CLERK")
    for each in filed:
        parcel = town.ask("delivery", "GET", f"/api/parcels/{each.code}", clerk).json()
        assert parcel["status"] == "DELIVERED"
        happened = [scan["happened_at"] for scan in parcel["timeline"]]
        assert happened == sorted(happened)
        assert len({(scan["carrier_status"], scan["happened_at"]) for scan in parcel["timeline"]}) == len(happened)
    keys = [record.key for record in town.records(delivery.TOPIC)]
    assert {each.code.encode() for each in filed} <= set(keys)


def test_a_scan_that_nobody_signed_is_not_heard(town: Town, filed: list[Filed]) -> None:
    key = (town.stack.root / "secrets/carrier/carrier_secret").read_text().strip()
    waiting = town.file(YEN, SINGLE, ["TK-XNHN"], return_way="POST")
    town.pay(waiting)
    town.paid(waiting)
    town.take_in(waiting.code)
    town.decide(waiting.code)
    parcel = until(
        "the parcel is booked",
        lambda: town.ask("delivery", "GET", f"/api/parcels/{waiting.code}", town.staff("RETURN_CLERK")).json(),
        lambda seen: seen.get("parcel_number"),
    )
    body = json.dumps(
        {
            "tracking_code": parcel["parcel_number"], "order_code": parcel["order_code"], "status_code": 5,
            "status_name": "Phát thành công", "note": YEN.full_name, "locate": YEN.address,
            "datetime": wire_time(datetime.now(UTC)), "total_weight": 20, "money_collect": 0, "total_fee": 26500,
        }
    ).encode()  # fmt: skip

    def tell(content: bytes, headers: Mapping[str, str | bytes]) -> httpx.Response:
        return town.ask("delivery", "POST", "/callbacks/carrier", content=content, headers=headers)

    message = str(uuid4())
    signed = signature_headers(key, message, body)
    late = signed | {"X-Carrier-Timestamp": str(int(signed["X-Carrier-Timestamp"]) - 301)}
    unsigned = {name: value for name, value in signed.items() if name != "X-Carrier-Signature"}
    refused = [
        *starmap(tell, ((body, signature_headers("?", message, body)), (body + b" ", signed), (body, late))),
        tell(body, unsigned),
        tell(body, {**signed, "X-Carrier-Signature": b"\xff"}),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1
    garbage = b"\xff{"
    assert tell(garbage, signature_headers(key, message, garbage)).status_code == 400

    # Rightly signed but not true: the carrier's own books decide, and they know of no delivery.
    assert tell(body, signed).json()["code"] == "success"
    time.sleep(2)
    assert town.progress(waiting)["portal_status"] == 9
    assert "delivered" not in changes(town.events(waiting.code))


def test_partners_that_answer_every_other_time(town: Town) -> None:
    """Half of all answers are 503, half of these after the work was done: each thing is still done once."""
    partners = ("payment_gateway", "carrier", "population_database", "signing_authority")
    for partner in partners:
        town.faults(partner, fail_p=0.5, seed=5)
    try:
        filed = town.file(BORN, BIRTH, ["TK-KS"], return_way="POST")
        town.told(filed.code, "reused")
        order = town.order(filed).json()
        until("the gateway shows its page", lambda: httpx.post(order["redirect_url"]).status_code, lambda s: s == 303)
        town.paid(filed)
        town.take_in(filed.code)
        town.decide(filed.code)
        sent = until(
            "the postman took it",
            lambda: town.ask(
                "delivery", "POST", f"/api/dossiers/{filed.code}/dispatch", town.staff("RETURN_CLERK"), key="sent"
            ),
            lambda said: said.status_code not in (409, 503),
        )
        assert sent.status_code == 200, sent.text
        events = changes(town.told(filed.code, "delivered"))
    finally:
        for partner in partners:
            town.faults(partner)
    assert len(set(events)) == len(events)
    assert len(set(events) - {"overdue"}) == 15
    assert [receipt["amount_vnd"] for receipt in town.receipts(filed)] == [8000]
    assert [one["txn_ref"] for one in captured(town).values()].count(order["txn_ref"]) == 1
    orders = [entry for entry in town.ledger("carrier", "order") if filed.code.replace(".", "") in str(entry)]
    assert len(orders) == 1
