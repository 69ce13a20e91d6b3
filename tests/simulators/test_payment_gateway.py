"""The payment gateway as a process: pay page, notices and their repetition, query, refund, faults, recovery."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.simulators._vnpay import (
    QUERY,
    QUERY_ANSWER,
    REFUND,
    hmac_sha512,
    piped,
    signed_query,
    verified_query,
    wire_time,
)
from tests.simulators.conftest import Listener, Received, Simulator, Start, eventually, free_port, listening

SECRET = "TESTSECRET"
CREATED = wire_time(datetime.now(UTC))


@pytest.fixture(scope="module")
def gateway(start: Start, listener: Listener) -> Simulator:
    return start("payment_gateway", IPN_URL=f"{listener.url}/ipn", IPN_RETRY_SECONDS="0.05")


@pytest.fixture(autouse=True)
def calm(gateway: Simulator, listener: Listener) -> None:
    gateway.faults()
    listener.forget()
    listener.answer = lambda _: {"RspCode": "00", "Message": "Confirm Success"}


def redirect(reference: str, **changed: str) -> str:
    return signed_query(
        {
            "vnp_Version": "2.1.0",
            "vnp_Command": "pay",
            "vnp_TmnCode": "DEMOV210",
            "vnp_Amount": "20000000",
            "vnp_CurrCode": "VND",
            "vnp_TxnRef": reference,
            "vnp_OrderInfo": f"Le phi ho so {reference}",
            "vnp_OrderType": "other",
            "vnp_Locale": "vn",
            "vnp_ReturnUrl": "http://127.0.0.1/pay/return",
            "vnp_IpAddr": "127.0.0.1",
            "vnp_CreateDate": CREATED,
            "vnp_ExpireDate": wire_time(datetime.now(UTC) + timedelta(minutes=15)),
            **changed,
        },
        SECRET,
    )


def pay(gateway: Simulator, reference: str, **changed: str) -> httpx.Response:
    return gateway.http.post(f"/pay?{redirect(reference, **changed)}")


def told(listener: Listener, reference: str) -> list[Received]:
    """What came about this order; an earlier test's order may still be told."""
    return [one for one in list(listener.received) if f"vnp_TxnRef={reference}&" in one.query]


def notices(listener: Listener, reference: str) -> list[dict[str, str]]:
    """Rightly signed notices of this order."""
    return [notice for one in told(listener, reference) if (notice := verified_query(one.query, SECRET))]


def ask(gateway: Simulator, command: str, reference: str, **more: str) -> dict[str, str]:
    asked = {
        "vnp_RequestId": "request-1",
        "vnp_Version": "2.1.0",
        "vnp_Command": command,
        "vnp_TmnCode": "DEMOV210",
        "vnp_TxnRef": reference,
        "vnp_TransactionDate": CREATED,
        "vnp_CreateDate": CREATED,
        "vnp_IpAddr": "127.0.0.1",
        "vnp_OrderInfo": "Truy van",
        **more,
    }
    fields = QUERY if command == "querydr" else REFUND
    body: Mapping[str, str] = {"vnp_SecureHash": hmac_sha512(SECRET, piped(fields, asked)), **asked}
    answer: dict[str, str] = gateway.http.post("/merchant_webapi/api/transaction", json=body).json()
    return answer


def refund(gateway: Simulator, reference: str, request_id: str, amount: str, kind: str) -> str:
    more = {"vnp_RequestId": request_id, "vnp_Amount": amount, "vnp_TransactionType": kind, "vnp_CreateBy": "ketoan01"}
    return ask(gateway, "refund", reference, **more)["vnp_ResponseCode"]


def test_the_page_shows_the_amount_and_both_ways_out(gateway: Simulator) -> None:
    page = gateway.http.get(f"/paymentv2/vpcpay.html?{redirect('PAGE1', vnp_OrderInfo='<b>phi</b>')}")
    assert page.status_code == 200
    assert "200.000 đồng" in page.text
    assert "Thanh toán</button>" in page.text
    assert "Hủy</button>" in page.text
    assert "<b>phi" not in page.text


def test_a_wrongly_signed_redirect_is_refused(gateway: Simulator) -> None:
    answer = gateway.http.get(f"/paymentv2/vpcpay.html?{redirect('BAD1').replace('20000000', '10000000')}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-signature")


def test_paying_captures_once_and_tells_the_merchant(gateway: Simulator, listener: Listener) -> None:
    query = redirect("PAID1")
    first, second = (gateway.http.post(f"/paymentv2/vpcpay.html?{query}", data={"decision": "pay"}) for _ in range(2))
    assert first.status_code == second.status_code == 303
    back = verified_query(urlsplit(first.headers["location"]).query, SECRET)
    assert back is not None
    assert back["vnp_ResponseCode"] == back["vnp_TransactionStatus"] == "00"
    eventually(lambda: notices(listener, "PAID1"), "the merchant was told")
    assert notices(listener, "PAID1") == [back]
    captured = [entry for entry in gateway.ledger("captured") if entry["txn_ref"] == "PAID1"]
    assert [entry["amount_vnd"] for entry in captured] == [200_000]


def test_the_notice_is_repeated_until_the_merchant_settles_it(gateway: Simulator, listener: Listener) -> None:
    answers = iter([None, {"RspCode": "99"}, {"RspCode": "97"}, {"RspCode": "02"}])
    listener.answer = lambda one: next(answers) if "AGAIN1" in one.query else {"RspCode": "00"}
    pay(gateway, "AGAIN1")
    eventually(lambda: len(notices(listener, "AGAIN1")) == 4, "four notices")
    eventually(
        lambda: [e["answer"] for e in gateway.ledger("ipn") if e["txn_ref"] == "AGAIN1"][-1:] == ["02"], "settled"
    )


def test_cancelling_is_told_as_a_failure(gateway: Simulator, listener: Listener) -> None:
    gateway.http.post(f"/pay?{redirect('CANCEL1')}", data={"decision": "cancel"})
    eventually(lambda: notices(listener, "CANCEL1"), "the merchant was told")
    assert notices(listener, "CANCEL1")[0]["vnp_ResponseCode"] == "24"
    assert "CANCEL1" not in [entry["txn_ref"] for entry in gateway.ledger("captured")]


def test_an_expired_order_is_not_captured(gateway: Simulator, listener: Listener) -> None:
    pay(gateway, "LATE1", vnp_ExpireDate="20230110101000")
    eventually(lambda: notices(listener, "LATE1"), "the merchant was told")
    assert notices(listener, "LATE1")[0]["vnp_ResponseCode"] == "11"


def test_one_reference_cannot_be_used_for_two_amounts(gateway: Simulator) -> None:
    pay(gateway, "TWICE1")
    assert pay(gateway, "TWICE1", vnp_Amount="30000000").status_code == 409


@pytest.mark.parametrize("field", ["vnp_Amount", "vnp_TxnRef", "vnp_ExpireDate"])
def test_a_malformed_order_names_its_field(gateway: Simulator, field: str) -> None:
    answer = gateway.http.post(f"/pay?{redirect('FORM1', **{field: 'no-such.thing'})}")
    assert answer.status_code == 422
    assert field in answer.json()["detail"]


def test_a_query_tells_the_end_of_an_order(gateway: Simulator) -> None:
    pay(gateway, "QUERY1")
    answer = ask(gateway, "querydr", "QUERY1")
    assert (answer["vnp_ResponseCode"], answer["vnp_TransactionStatus"], answer["vnp_Amount"]) == (
        "00",
        "00",
        "20000000",
    )
    assert answer["vnp_SecureHash"] == hmac_sha512(SECRET, piped(QUERY_ANSWER, answer))


def test_a_query_for_an_unpaid_order_finds_nothing(gateway: Simulator) -> None:
    assert ask(gateway, "querydr", "NOBODY1")["vnp_ResponseCode"] == "91"


def test_a_query_with_a_wrong_signature_is_refused(gateway: Simulator) -> None:
    pay(gateway, "QUERY2")
    answer = ask(gateway, "querydr", "QUERY2", vnp_SecureHash="0" * 128)
    assert answer["vnp_ResponseCode"] == "97"
    assert "vnp_Amount" not in answer


def test_a_repeated_refund_pays_back_once(gateway: Simulator) -> None:
    pay(gateway, "REFUND1")
    assert [refund(gateway, "REFUND1", "r-1", "20000000", "02") for _ in range(2)] == ["00", "00"]
    assert refund(gateway, "REFUND1", "r-2", "20000000", "02") == "02"
    paid_back = [entry["amount_vnd"] for entry in gateway.ledger("refunded") if entry["txn_ref"] == "REFUND1"]
    assert paid_back == [200_000]


def test_partial_refunds_never_exceed_what_was_paid(gateway: Simulator) -> None:
    pay(gateway, "PART1")
    steps = [("p-1", "15000000"), ("p-2", "5000000"), ("p-3", "100")]
    assert [refund(gateway, "PART1", request_id, amount, "03") for request_id, amount in steps] == ["00", "00", "02"]


def test_a_cancelled_order_has_nothing_to_refund(gateway: Simulator) -> None:
    gateway.http.post(f"/pay?{redirect('NOREFUND1')}", data={"decision": "cancel"})
    assert refund(gateway, "NOREFUND1", "n-1", "20000000", "02") == "95"


def test_forged_and_repeated_notices_come_when_told_to(gateway: Simulator, listener: Listener) -> None:
    gateway.faults(forge_p=1, duplicate_p=1)
    pay(gateway, "FORGE1")
    eventually(lambda: len(told(listener, "FORGE1")) == 3, "a forged and two true notices")
    assert verified_query(told(listener, "FORGE1")[0].query, SECRET) is None
    assert len(notices(listener, "FORGE1")) == 2


def test_a_failing_gateway_says_so_as_a_problem(gateway: Simulator) -> None:
    gateway.faults(fail_p=1, seed=4)
    answer = pay(gateway, "DOWN1")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert gateway.http.get("/healthz").status_code == 200


def test_a_killed_gateway_remembers_and_tells_later(start: Start) -> None:
    port = free_port()
    gateway = start("payment_gateway", IPN_URL=f"http://127.0.0.1:{port}/ipn", IPN_RETRY_SECONDS="0.05")
    pay(gateway, "KILL1")
    gateway.kill()
    with listening(port) as merchant:
        merchant.answer = lambda _: {"RspCode": "00"}
        gateway.start()
        eventually(lambda: notices(merchant, "KILL1"), "the notice after the restart")
        assert ask(gateway, "querydr", "KILL1")["vnp_TransactionStatus"] == "00"
        pay(gateway, "KILL1")
    assert len(gateway.ledger("captured")) == 1


def test_the_ledger_is_readable_over_http(gateway: Simulator) -> None:
    pay(gateway, "BOOK1")
    entries = gateway.http.get("/ledger", params={"kind": "captured"}).json()["entries"]
    assert entries == gateway.ledger("captured")


def test_a_notice_is_a_get_without_a_body(gateway: Simulator, listener: Listener) -> None:
    pay(gateway, "GET1")
    eventually(lambda: told(listener, "GET1"), "the merchant was told")
    assert [(one.path, one.body) for one in told(listener, "GET1")] == [("/ipn", b"")]
