"""The gateway's wire protocol, version 2.1.0: what is signed, in which order, and how (payment.md §2)."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl, quote_plus
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
SIGNATURES = ("vnp_SecureHash", "vnp_SecureHashType")

QUERY = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
]
REFUND = [
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
]
# The answers' orders come from the public integration guide; unverified against a real sandbox.
REFUND_ANSWER = [
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
]
QUERY_ANSWER = [*REFUND_ANSWER, "vnp_PromotionCode", "vnp_PromotionAmount"]


AMOUNT = r"^[1-9]\d{0,11}00$"
"""Whole đồng times 100."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]
WireTime = Annotated[str, StringConstraints(pattern=r"^\d{14}$")]


class PayOrder(BaseModel):
    """The merchant's redirect; times are `yyyyMMddHHmmss` at GMT+7."""

    model_config = ConfigDict(frozen=True)

    version: str = Field(alias="vnp_Version", pattern=r"^2\.1\.0$")
    command: str = Field(alias="vnp_Command", pattern=r"^pay$")
    tmn_code: Text = Field(alias="vnp_TmnCode")
    amount: str = Field(alias="vnp_Amount", pattern=AMOUNT)
    currency: str = Field(alias="vnp_CurrCode", pattern=r"^VND$")
    txn_ref: str = Field(alias="vnp_TxnRef", pattern=r"^[A-Za-z0-9]{1,100}$")
    order_info: Text = Field(alias="vnp_OrderInfo")
    order_type: Text = Field(alias="vnp_OrderType")
    locale: str = Field(alias="vnp_Locale", pattern=r"^(vn|en)$")
    return_url: Text = Field(alias="vnp_ReturnUrl")
    ip_addr: Text = Field(alias="vnp_IpAddr")
    create_date: WireTime = Field(alias="vnp_CreateDate")
    expire_date: WireTime = Field(alias="vnp_ExpireDate")
    bank_code: str = Field(alias="vnp_BankCode", default="")


class BadQueryError(ValueError):
    """A parameter came twice: two readers could take two different values."""


def hmac_sha512(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha512).hexdigest()


def canonical(parameters: Mapping[str, str]) -> str:
    """The signed form: `vnp_*` without signatures and empty values, by name, form-encoded."""
    signed = sorted(
        (key, value) for key, value in parameters.items() if key.startswith("vnp_") and key not in SIGNATURES and value
    )
    return "&".join(f"{key}={quote_plus(value)}" for key, value in signed)


def signed_query(parameters: Mapping[str, str], secret: str) -> str:
    """The query string with its signature at the end."""
    text = canonical(parameters)
    return f"{text}&vnp_SecureHash={hmac_sha512(secret, text)}"


def verified_query(query: str, secret: str) -> dict[str, str] | None:
    """The `vnp_*` parameters of a raw query string, or None when the signature is wrong.

    Raises: BadQueryError on a repeated name.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    parameters = {key: value for key, value in pairs if key.startswith("vnp_")}
    if len(parameters) != sum(key.startswith("vnp_") for key, _ in pairs):
        raise BadQueryError("repeated parameter")
    right = hmac_sha512(secret, canonical(parameters))
    given = parameters.get("vnp_SecureHash", "").lower()
    return parameters if hmac.compare_digest(right.encode(), given.encode()) else None


def piped(fields: Iterable[str], values: Mapping[str, str]) -> str:
    return "|".join(values.get(field, "") for field in fields)


def is_signed(fields: Iterable[str], values: Mapping[str, str], secret: str) -> bool:
    right = hmac_sha512(secret, piped(fields, values))
    return hmac.compare_digest(right.encode(), values.get("vnp_SecureHash", "").lower().encode())


def wire_time(at: datetime) -> str:
    """`yyyyMMddHHmmss` at GMT+7."""
    return at.astimezone(LOCAL_TIME).strftime("%Y%m%d%H%M%S")
