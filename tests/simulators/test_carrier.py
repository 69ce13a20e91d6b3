"""The post as a process: orders, hand-over, scans and their signature, proof of delivery, faults, recovery."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.simulators._ems import check_digit, tracking_number
from tests.simulators.conftest import Listener, Received, Simulator, Start, eventually, free_port, listening

SECRET = "carrier-test-secret"
ORDER = {
    "SenderFullname": "Bộ phận Một cửa",
    "SenderTel": "02723000000",
    "SenderAddress": "1 Quốc lộ 1",
    "SenderProvinceId": "82",
    "ReceiverFullname": "Nguyễn Thị Đào",
    "ReceiverTel": "0901234567",
    "ReceiverAddress": "2 Quốc lộ 62",
    "ReceiverProvinceId": "82",
    "ServiceName": "EMS",
    "PackageContent": "Kết quả TTHC",
    "WeightEvaluation": 50,
    "CodAmountEvaluation": 15_000,
    "UseBaoPhat": True,
}


def confirmed(told: Received) -> object:
    return {"code": "success", "transaction": told.headers["ems-transaction"]}


@pytest.fixture(scope="module")
def carrier(start: Start, listener: Listener) -> Simulator:
    return logged_in(start("carrier", WEBHOOK_URL=f"{listener.url}/scans", SCAN_SECONDS="0.02"))


def logged_in(carrier: Simulator) -> Simulator:
    answer = carrier.http.post("/token", json={"TenDangNhap": "motcua", "MatKhau": SECRET}).json()
    assert answer["IsSuccess"]
    carrier.http.headers["h-token"] = answer["Token"]
    return carrier


@pytest.fixture(autouse=True)
def calm(carrier: Simulator, listener: Listener) -> None:
    carrier.faults()
    listener.forget()
    listener.answer = confirmed


def order(carrier: Simulator, code: str, **changed: object) -> httpx.Response:
    return carrier.http.post("/orders", json={**ORDER, "OrderCode": code, **changed})


def hand_over(carrier: Simulator, code: str, *route: int) -> None:
    body = {"route": route} if route else {}
    carrier.http.post(f"/orders/{code}/handover", json=body).raise_for_status()


def track(carrier: Simulator, code: str) -> dict[str, Any]:
    tracking: dict[str, Any] = carrier.http.get(f"/orders/{code}").raise_for_status().json()
    return tracking


def is_genuine(told: Received) -> bool:
    signed = f"{told.headers['x-carrier-timestamp']}.{told.headers['ems-transaction']}.".encode() + told.body
    right = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right, told.headers["x-carrier-signature"])


def scans(listener: Listener, code: str, which: Callable[[Received], bool] = is_genuine) -> list[dict[str, Any]]:
    bodies = [json.loads(told.body) for told in list(listener.received) if which(told)]
    return [body for body in bodies if body["order_code"] == code]


def codes(listener: Listener, code: str) -> list[int]:
    return [scan["status_code"] for scan in scans(listener, code)]


@pytest.mark.parametrize("number", ["EJ123456785VN", "RR473124829VN", "EJ590743100VN", "EJ000000005VN"])
def test_a_check_digit_is_that_of_the_postal_union(number: str) -> None:
    assert check_digit(number[2:10]) == int(number[10])


def test_a_tracking_number_has_its_check_digit() -> None:
    assert tracking_number(12345678) == "EJ123456785VN"


def test_a_wrong_password_gets_no_token(carrier: Simulator) -> None:
    answer = carrier.http.post("/token", json={"TenDangNhap": "motcua", "MatKhau": "guess"}).json()
    assert answer == {"IsSuccess": False, "Token": None}


@pytest.mark.parametrize("token", ["", "9999999999.00.motcua", "x.y.z"])
def test_an_order_without_a_valid_token_is_refused(carrier: Simulator, token: str) -> None:
    assert carrier.http.get("/orders/ANY-R1", headers={"h-token": token}).status_code == 401


def test_the_same_order_code_makes_one_parcel(carrier: Simulator) -> None:
    first, second = (order(carrier, "0000006H39-230110-0001-R1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["Message"] == "already exists"
    assert first.json()["TrackingCode"] == second.json()["TrackingCode"]
    other = order(carrier, "0000006H39-230110-0001-R1", WeightEvaluation=60).json()
    assert (other["SameContent"], other["Id"]) == (False, first.json()["Id"])


def test_an_incomplete_order_names_what_is_missing(carrier: Simulator) -> None:
    answer = order(carrier, "0000006H39-230110-0002-R1", ReceiverTel="")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "ReceiverTel" in answer.json()["detail"]
    assert "Đào" not in answer.text


def test_a_parcel_waits_for_the_hand_over_and_then_travels_by_itself(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0003-R1"
    order(carrier, code)
    eventually(lambda: codes(listener, code) == [1, 2], "created and approved")
    assert track(carrier, code)["ProofOfDelivery"] is None
    hand_over(carrier, code)
    hand_over(carrier, code)
    eventually(lambda: codes(listener, code)[-1] == 5, "delivered")
    assert codes(listener, code) == [1, 2, 3, 4, 11000, 5]
    delivered = scans(listener, code)[-1]
    assert (delivered["money_collect"], delivered["total_weight"]) == (15_000, 50)


def test_a_hand_over_before_the_approval_loses_no_scan(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0004-R1"
    order(carrier, code)
    hand_over(carrier, code)
    eventually(lambda: codes(listener, code) == [1, 2, 3, 4, 11000, 5], "the whole route once")


def test_delivery_has_a_proof(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0005-R1"
    order(carrier, code)
    hand_over(carrier, code)
    eventually(lambda: track(carrier, code)["StatusCode"] == 5, "delivered")
    tracking = track(carrier, code)
    proof = tracking["ProofOfDelivery"]
    assert proof["ReceiverName"] == "Nguyễn Thị Đào"
    assert (proof["Relation"], proof["IdKind"], len(proof["IdLastDigits"])) == ("SELF", "CCCD", 3)
    assert proof["Time"] == tracking["Events"][-1]["datetime"]
    assert proof["SignatureReference"]


def test_three_failed_attempts_bring_the_parcel_back(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0006-R1"
    order(carrier, code)
    hand_over(carrier, code, 3, 4, 11000, 6, 11000, 6, 11000, 6, 7, 8)
    eventually(lambda: codes(listener, code)[-1:] == [8], "returned to the agency")
    assert codes(listener, code).count(6) == 3
    assert track(carrier, code)["ProofOfDelivery"] is None


def test_a_scan_on_demand_may_be_odd(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0007-R1"
    order(carrier, code)
    asked = {"status_code": 777, "scanned_at": "2023-01-10T10:05:00+07:00", "money_collect": 14_000}
    carrier.http.post(f"/orders/{code}/scan", json=asked).raise_for_status()
    eventually(lambda: 777 in codes(listener, code), "the odd scan")
    odd = next(scan for scan in scans(listener, code) if scan["status_code"] == 777)
    assert (odd["datetime"], odd["money_collect"]) == ("10/01/2023 10:05:00", 14_000)


def test_a_scan_is_repeated_until_it_is_confirmed(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0008-R1"
    refusals = iter([None, {"code": "error", "transaction": "?"}, {"code": "success", "transaction": "another"}])
    listener.answer = lambda told: next(refusals, confirmed(told)) if code.encode() in told.body else confirmed(told)
    order(carrier, code)
    eventually(lambda: codes(listener, code) == [1, 1, 1, 1, 2], "one scan four times, then the next")


def test_forged_repeated_and_overtaken_scans_come_when_told_to(carrier: Simulator, listener: Listener) -> None:
    code = "0000006H39-230110-0009-R1"
    carrier.faults(forge_p=1, duplicate_p=1, reorder_p=0.5, seed=7)
    order(carrier, code)
    hand_over(carrier, code)
    eventually(lambda: len(codes(listener, code)) == 12, "six scans twice")
    assert sorted(set(codes(listener, code))) == [1, 2, 3, 4, 5, 11000]
    first_arrivals = list(dict.fromkeys(codes(listener, code)))
    assert first_arrivals != [1, 2, 3, 4, 11000, 5]
    assert len(scans(listener, code, lambda told: not is_genuine(told))) == 6


def test_a_killed_carrier_remembers_and_tells_later(start: Start) -> None:
    port, code = free_port(), "0000006H39-230110-0010-R1"
    carrier = logged_in(start("carrier", WEBHOOK_URL=f"http://127.0.0.1:{port}/scans", SCAN_SECONDS="0.02"))
    order(carrier, code)
    hand_over(carrier, code)
    eventually(lambda: len(carrier.ledger("scan")) == 6, "the parcel arrived, nobody listened")
    carrier.kill()
    with listening(port) as partner:
        partner.answer = confirmed
        carrier.start()
        eventually(lambda: codes(partner, code) == [1, 2, 3, 4, 11000, 5], "all scans after the restart")
        assert track(carrier, code)["StatusCode"] == 5
