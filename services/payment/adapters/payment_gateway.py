"""The payment gateway, VNPAY-style protocol 2.1.0: signed redirects, notices, query and refund.

Its names, its hundredfold amounts and its local times live in this file and nowhere else.
Source: the gateway's public integration guide (practice); the answers' order of signing is unverified.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import parse_qsl, quote_plus
from uuid import uuid4

from services.payment.rules.settlement import Word
from shared.dossier.working_time import LOCAL
from shared.platform.http import Answered, Away, Client

VERSION: Final = "2.1.0"
_PAGE: Final = "/paymentv2/vpcpay.html"
_MACHINE: Final = "/merchant_webapi/api/transaction"
_SIGNATURES: Final = frozenset({"vnp_SecureHash", "vnp_SecureHashType"})
_QUERY: Final = (
    "vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TxnRef", "vnp_TransactionDate",
    "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo",
)  # fmt: skip
_REFUND: Final = (
    "vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TransactionType", "vnp_TxnRef", "vnp_Amount",
    "vnp_TransactionNo", "vnp_TransactionDate", "vnp_CreateBy", "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo",
)  # fmt: skip
_REFUND_ANSWER: Final = (
    "vnp_ResponseId", "vnp_Command", "vnp_ResponseCode", "vnp_Message", "vnp_TmnCode", "vnp_TxnRef", "vnp_Amount",
    "vnp_BankCode", "vnp_PayDate", "vnp_TransactionNo", "vnp_TransactionType", "vnp_TransactionStatus",
    "vnp_OrderInfo",
)  # fmt: skip
_QUERY_ANSWER: Final = (*_REFUND_ANSWER, "vnp_PromotionCode", "vnp_PromotionAmount")

_DONE, _UNKNOWN, _SAME_REQUEST = "00", "91", "94"
_WORDS: Final[Mapping[str, Word]] = {
    "00": Word.PAID,
    "02": Word.NOT_PAID,
    "05": Word.GIVEN_BACK,
    "06": Word.GIVEN_BACK,
}
"""Transaction states; the others (01 unfinished, 04 reversed, 07 suspected) are no answer yet."""


@dataclass(frozen=True)
class Payable:
    """An order as the gateway needs it. Amount in đồng; `purpose` without accents and without a person."""

    txn_ref: str
    amount_vnd: int
    purpose: str
    created_at: datetime
    expires_at: datetime
    gateway_no: str = ""


@dataclass(frozen=True)
class Notice:
    """A notice whose signature is right: only a hint of what happened. `amount_vnd` None = not a whole amount."""

    txn_ref: str
    amount_vnd: int | None
    response_code: str
    transaction_status: str
    digest: str

    @property
    def says_paid(self) -> bool:
        """Both codes must say so."""
        return self.response_code == _DONE and self.transaction_status == _DONE


@dataclass(frozen=True)
class Account:
    """What the gateway's own books say of an order; amount, time and number only of a paid one."""

    word: Word
    amount_vnd: int | None = None
    paid_at: datetime | None = None
    gateway_no: str = ""


class PaymentGateway(Protocol):
    """What payment needs of a gateway."""

    def redirect_url(self, order: Payable) -> str:
        """Where the payer's browser goes; the same order gives the same address."""
        ...

    def notice(self, query: str) -> Notice | None:
        """The notice in a raw query string; None when the signature is not the gateway's."""
        ...

    async def account(self, order: Payable) -> Account:
        """What the books say. Raises Away."""
        ...

    async def refund(self, order: Payable, *, request_id: str, by: str, at: datetime) -> bool:
        """Sends the whole amount back; the same request id is one refund. False: refused for good. Raises Away."""
        ...


class VnpayGateway:
    """The real client; a simulator that speaks the same protocol is the same to it."""

    def __init__(self, http: Client, *, page_url: str, return_url: str, merchant: str, key: str, address: str) -> None:
        """`page_url`: where browsers reach the gateway; `address`: our own IP, as the payer's stays private."""
        self._http = http
        self._page_url = page_url.rstrip("/")
        self._return_url = return_url
        self._merchant = merchant
        self._key = key
        self._address = address

    def redirect_url(self, order: Payable) -> str:
        query = signed_query(
            {
                "vnp_Version": VERSION,
                "vnp_Command": "pay",
                "vnp_TmnCode": self._merchant,
                "vnp_Amount": str(order.amount_vnd * 100),
                "vnp_CurrCode": "VND",
                "vnp_TxnRef": order.txn_ref,
                "vnp_OrderInfo": order.purpose,
                "vnp_OrderType": "other",
                "vnp_Locale": "vn",
                "vnp_ReturnUrl": self._return_url,
                "vnp_IpAddr": self._address,
                "vnp_CreateDate": wire_time(order.created_at),
                "vnp_ExpireDate": wire_time(order.expires_at),
            },
            self._key,
        )
        return f"{self._page_url}{_PAGE}?{query}"

    def notice(self, query: str) -> Notice | None:
        fields = verified(query, self._key)
        if fields is None or fields.get("vnp_TmnCode") != self._merchant:
            return None
        return Notice(
            txn_ref=fields.get("vnp_TxnRef", ""),
            amount_vnd=_dong(fields.get("vnp_Amount", "")),
            response_code=fields.get("vnp_ResponseCode", ""),
            transaction_status=fields.get("vnp_TransactionStatus", ""),
            digest=fields["vnp_SecureHash"].lower(),
        )

    async def account(self, order: Payable) -> Account:
        asked = self._request("querydr", order, at=order.created_at, request_id=uuid4().hex)
        answer = await self._post(asked, _QUERY, _QUERY_ANSWER)
        if answer["vnp_ResponseCode"] == _UNKNOWN:
            return Account(Word.NOTHING_YET)
        if answer["vnp_ResponseCode"] != _DONE or answer.get("vnp_TxnRef") != order.txn_ref:
            raise Away("gateway", f"query answered {answer['vnp_ResponseCode']}")
        word = _WORDS.get(answer.get("vnp_TransactionStatus", ""), Word.NOTHING_YET)
        if word not in (Word.PAID, Word.GIVEN_BACK):
            return Account(word)
        return Account(
            word=word,
            amount_vnd=_dong(answer.get("vnp_Amount", "")),
            paid_at=_instant(answer.get("vnp_PayDate", "")),
            gateway_no=answer.get("vnp_TransactionNo", "")[:40],
        )

    async def refund(self, order: Payable, *, request_id: str, by: str, at: datetime) -> bool:
        asked = self._request("refund", order, at=at, request_id=request_id) | {
            "vnp_TransactionType": "02",
            "vnp_Amount": str(order.amount_vnd * 100),
            "vnp_TransactionNo": order.gateway_no,
            "vnp_CreateBy": by,
        }
        answer = await self._post(asked, _REFUND, _REFUND_ANSWER)
        if answer["vnp_ResponseCode"] == _SAME_REQUEST:
            raise Away("gateway", "the refund is being worked on")
        return answer["vnp_ResponseCode"] == _DONE

    def _request(self, command: str, order: Payable, *, at: datetime, request_id: str) -> dict[str, str]:
        return {
            "vnp_RequestId": request_id,
            "vnp_Version": VERSION,
            "vnp_Command": command,
            "vnp_TmnCode": self._merchant,
            "vnp_TxnRef": order.txn_ref,
            "vnp_TransactionDate": wire_time(order.created_at),
            "vnp_CreateDate": wire_time(at),
            "vnp_IpAddr": self._address,
            "vnp_OrderInfo": order.purpose,
        }

    async def _post(self, asked: dict[str, str], order: Iterable[str], answered: Iterable[str]) -> dict[str, str]:
        """The answer's fields, its signature checked. An answer we cannot trust is no answer: Away."""
        body = asked | {"vnp_SecureHash": hmac_sha512(self._key, piped(order, asked))}
        try:
            given = (await self._http.post(_MACHINE, json=body)).json()
        except (Answered, ValueError) as error:
            raise Away("gateway", type(error).__name__) from error
        if not isinstance(given, dict):
            raise Away("gateway", "no object")
        fields = {str(name): str(value) for name, value in given.items()}
        right = hmac_sha512(self._key, piped(answered, fields))
        if not hmac.compare_digest(right.encode(), fields.get("vnp_SecureHash", "").lower().encode()):
            raise Away("gateway", "bad signature")
        return {"vnp_ResponseCode": "", **fields}


# --- the wire ---------------------------------------------------------------------------------------------------------


def hmac_sha512(key: str, signed: str) -> str:
    """Lower-case hex."""
    return hmac.new(key.encode(), signed.encode(), hashlib.sha512).hexdigest()


def canonical(fields: Mapping[str, str]) -> str:
    """What is signed of a query: `vnp_*` without signatures and empty values, by name, form-encoded."""
    signed = sorted(
        (name, value) for name, value in fields.items() if name.startswith("vnp_") and name not in _SIGNATURES and value
    )
    return "&".join(f"{name}={quote_plus(value)}" for name, value in signed)


def signed_query(fields: Mapping[str, str], key: str) -> str:
    """The query string with its signature at the end."""
    query = canonical(fields)
    return f"{query}&vnp_SecureHash={hmac_sha512(key, query)}"


def verified(query: str, key: str) -> dict[str, str] | None:
    """The `vnp_*` fields of a raw query string; None when it is malformed, repeats a name or is not signed by us both.

    Foreign parameters are neither signed nor returned.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        return None
    fields = {name: value for name, value in pairs if name.startswith("vnp_")}
    if len(fields) != sum(name.startswith("vnp_") for name, _ in pairs):
        return None
    try:
        right = hmac_sha512(key, canonical(fields))
    except UnicodeError:
        return None
    given = fields.get("vnp_SecureHash", "").lower()
    return fields if hmac.compare_digest(right.encode(), given.encode(errors="replace")) else None


def piped(names: Iterable[str], fields: Mapping[str, str]) -> str:
    """What is signed of machine requests: values in a fixed order, absent ones empty."""
    return "|".join(fields.get(name, "") for name in names)


def wire_time(at: datetime) -> str:
    """`yyyyMMddHHmmss` at UTC+7."""
    return f"{at.astimezone(LOCAL):%Y%m%d%H%M%S}"


def _instant(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=LOCAL)
    except ValueError:
        return None


def _dong(hundredfold: str) -> int | None:
    """Whole đồng; None for anything that is not a positive whole amount times 100."""
    if not (hundredfold.isascii() and hundredfold.isdecimal() and len(hundredfold) <= 16):  # noqa: PLR2004 - room for any budget
        return None
    amount_vnd, rest = divmod(int(hundredfold), 100)
    return amount_vnd if amount_vnd > 0 and rest == 0 else None
