"""The gateway's signatures against the vectors of the integration guide (payment.md §2), byte for byte."""

import pytest

from deploy.simulators._vnpay import (
    QUERY,
    REFUND,
    BadQueryError,
    canonical,
    hmac_sha512,
    piped,
    signed_query,
    verified_query,
)

SECRET = "TESTSECRET"
PAY = {
    "vnp_Version": "2.1.0",
    "vnp_Command": "pay",
    "vnp_TmnCode": "DEMOV210",
    "vnp_Amount": "1806000",
    "vnp_CurrCode": "VND",
    "vnp_TxnRef": "5",
    "vnp_OrderInfo": "Thanh toan don hang :5",
    "vnp_OrderType": "other",
    "vnp_Locale": "vn",
    "vnp_ReturnUrl": "https://domainmerchant.vn/ReturnUrl",
    "vnp_IpAddr": "127.0.0.1",
    "vnp_CreateDate": "20210801153333",
}
NOTICE = {
    "vnp_Amount": "20000000",
    "vnp_BankCode": "NCB",
    "vnp_BankTranNo": "VNP14226112",
    "vnp_CardType": "ATM",
    "vnp_OrderInfo": "Le phi ho so 000.00.06.H39-230110-0007",
    "vnp_PayDate": "20230110101533",
    "vnp_ResponseCode": "00",
    "vnp_TmnCode": "DEMOV210",
    "vnp_TransactionNo": "14226112",
    "vnp_TransactionStatus": "00",
    "vnp_TxnRef": "H39230110000701",
}
ASKED = {
    "vnp_Version": "2.1.0",
    "vnp_TmnCode": "DEMOV210",
    "vnp_TxnRef": "H39230110000701",
    "vnp_TransactionDate": "20230110101000",
    "vnp_IpAddr": "127.0.0.1",
}
QUERYDR = ASKED | {
    "vnp_RequestId": "req-0001",
    "vnp_Command": "querydr",
    "vnp_CreateDate": "20230110110000",
    "vnp_OrderInfo": "Truy van giao dich H39230110000701",
}
REFUNDED = ASKED | {
    "vnp_RequestId": "req-0002",
    "vnp_Command": "refund",
    "vnp_TransactionType": "02",
    "vnp_Amount": "20000000",
    "vnp_TransactionNo": "14226112",
    "vnp_CreateBy": "ketoan01",
    "vnp_CreateDate": "20230111090000",
    "vnp_OrderInfo": "Hoan phi ho so 000.00.06.H39-230110-0007",
}


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (
            canonical(PAY),
            (
                "8d664a901079332bbfcc6c56b36be15967e4fc3c408436bf167dd73a2cb1f14f"
                "4fbd78dc43d1fb3e4dfae752476ba3b817121ba08edd1a7f6b947d4a51ee1c7d"
            ),
        ),
        (
            canonical(NOTICE),
            (
                "90d1c38befcae396f103f3be1901cee7cc54b8f0a0cf346a83c0c02856dd47f0"
                "7cbc11cbd0236617a09217c31389d1a0343603d0324376a61b674887eb3155d2"
            ),
        ),
        (
            piped(QUERY, QUERYDR),
            (
                "6cf2c524191a3e96d4580844f519d93c3e608a40c51ccf9cf2cc1b8bccc6e6e4"
                "183d6306aa86bc5085f426127e353c5f8979266a1a995d02166d802ac66406f4"
            ),
        ),
        (
            piped(REFUND, REFUNDED),
            (
                "708176e443dbd76bad96a1167f163a7a10225209c90a4b238b439f15d7d0c53c"
                "c255671f4bea02438ae4f503a4eb54dfca04032da5b077a18ea87971d0f1b379"
            ),
        ),
    ],
    ids=["pay", "notice", "querydr", "refund"],
)
def test_a_message_is_signed_as_the_guide_says(text: str, signature: str) -> None:
    assert hmac_sha512(SECRET, text) == signature


def test_values_are_form_encoded() -> None:
    encoded = canonical({"vnp_OrderInfo": "Lệ phí & phí (hồ sơ)*~"})
    assert encoded == "vnp_OrderInfo=L%E1%BB%87+ph%C3%AD+%26+ph%C3%AD+%28h%E1%BB%93+s%C6%A1%29%2A~"


def test_a_signed_query_is_verified_whatever_foreign_parameters_come_along() -> None:
    query = signed_query(PAY, SECRET)
    verified = verified_query(f"{query}&utm_source=mail&vnp_SecureHashType=SHA512&vnp_BankCode=", SECRET)
    assert verified is not None
    assert verified["vnp_OrderInfo"] == PAY["vnp_OrderInfo"]


def test_upper_case_hex_is_accepted() -> None:
    text, _, signature = signed_query(PAY, SECRET).rpartition("=")
    assert verified_query(f"{text}={signature.upper()}", SECRET)


@pytest.mark.parametrize("wrong", ["18060000", "1806001"])
def test_a_changed_amount_is_not_verified(wrong: str) -> None:
    assert verified_query(signed_query(PAY, SECRET).replace("1806000", wrong), SECRET) is None


def test_a_query_without_signature_is_not_verified() -> None:
    assert verified_query(canonical(PAY), SECRET) is None


def test_a_repeated_parameter_is_refused() -> None:
    with pytest.raises(BadQueryError):
        verified_query(f"{signed_query(PAY, SECRET)}&vnp_Amount=1", SECRET)
