"""The payment gateway: pay page, notification (IPN), query and refund, as the real one does them (payment.md §2).

Environment: PORT, HOST, LEDGER_FILE, IPN_URL (where the result is told, by GET), IPN_RETRY_SECONDS (default 2),
SECRETS_DIR/gateway_secret and gateway_merchant (8 characters), FAULTS_FILE.
Ledger kinds: `captured`, `declined` (cancelled by the payer or too late), `ipn` (each attempt with its answer),
`refunded`. Money in the ledger is whole đồng; the factor 100 lives on the wire only.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from re import fullmatch
from urllib.parse import parse_qs

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from deploy.simulators._stage import Callbacks, Entry, Ledger, Mischief, Problem, props, secret, serve, stage
from deploy.simulators._vnpay import (
    AMOUNT,
    QUERY,
    QUERY_ANSWER,
    REFUND,
    REFUND_ANSWER,
    BadQueryError,
    PayOrder,
    hmac_sha512,
    is_signed,
    piped,
    signed_query,
    verified_query,
    wire_time,
)

IPN_ATTEMPTS = 10
SETTLED = ("00", "02")
PAID, CANCELLED, TOO_LATE = "00", "24", "11"


@dataclass
class Payment:
    """One order that came to an end: the parameters told to the merchant, and what was paid back since."""

    told: dict[str, str]
    created: str
    amount_vnd: int
    refunds: dict[str, Entry] = field(default_factory=dict)
    settled: bool = False

    @property
    def is_paid(self) -> bool:
        return self.told["vnp_ResponseCode"] == PAID

    @property
    def refunded_vnd(self) -> int:
        return sum(refund["amount_vnd"] for refund in self.refunds.values())


class Gateway:
    """The gateway's books, recovered from the ledger."""

    def __init__(self, ledger: Ledger, merchant: str, key: str) -> None:
        self._ledger, self.merchant, self.key = ledger, merchant, key
        self.payments: dict[str, Payment] = {}
        for entry in ledger.entries():
            self._apply(entry)

    def record(self, kind: str, **fields: object) -> None:
        self._apply(self._ledger.write(kind, **fields))

    def order(self, query: str) -> PayOrder:
        """The redirect as it arrived. Raises: Problem 400 or 422."""
        try:
            parameters = verified_query(query, self.key)
            if parameters is None:
                raise Problem(400, "bad-signature", "Sai chữ ký")
            order = PayOrder.model_validate(parameters)
        except BadQueryError as error:
            raise Problem(400, "repeated-parameter", str(error)) from error
        except ValidationError as error:
            wrong = ", ".join(str(one["loc"][0]) for one in error.errors())
            raise Problem(422, "invalid-input", f"Sai định dạng: {wrong}") from error
        if order.tmn_code != self.merchant:
            raise Problem(400, "unknown-merchant", "Không có đơn vị này")
        return order

    def decide(self, order: PayOrder, *, pays: bool) -> tuple[Payment, bool]:
        """The payment of this order and whether it is new; an order ends once, whatever is clicked afterwards."""
        known = self.payments.get(order.txn_ref)
        if known:
            if known.told["vnp_Amount"] != order.amount:
                raise Problem(409, "order-exists", "Mã giao dịch đã dùng cho số tiền khác")
            return known, False
        now = datetime.now(UTC)
        code = CANCELLED if not pays else TOO_LATE if wire_time(now) > order.expire_date else PAID
        number = 14_000_001 + len(self.payments)
        self.record(
            "captured" if code == PAID else "declined",
            txn_ref=order.txn_ref,
            amount_vnd=int(order.amount) // 100,
            created=order.create_date,
            told={
                "vnp_Amount": order.amount,
                "vnp_BankCode": order.bank_code or "NCB",
                "vnp_BankTranNo": f"VNP{number}" if code == PAID else "",
                "vnp_CardType": "ATM",
                "vnp_OrderInfo": order.order_info,
                "vnp_PayDate": wire_time(now),
                "vnp_ResponseCode": code,
                "vnp_TmnCode": order.tmn_code,
                "vnp_TransactionNo": str(number),
                "vnp_TransactionStatus": PAID if code == PAID else "02",
                "vnp_TxnRef": order.txn_ref,
            },
        )
        return self.payments[order.txn_ref], True

    def query(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Answer to `querydr`: 00 with the order's end, 91 when it is not known or not yet paid, 97 unsigned."""
        payment = self.payments.get(asked.get("vnp_TxnRef", ""))
        code = self._checked(QUERY, asked, payment)
        answer = self._answer(asked, payment, code) | {"vnp_TransactionType": "01"}
        return self._signed(QUERY_ANSWER, answer)

    def refund(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Answer to `refund`; the same RequestId gets the same answer and no second refund."""
        payment = self.payments.get(asked.get("vnp_TxnRef", ""))
        code = self._checked(REFUND, asked, payment)
        if code == PAID and payment:
            code = self._refund(asked, payment)
        answer = self._answer(asked, payment, code)
        answer |= {name: asked.get(name, "") for name in ("vnp_TransactionType", "vnp_Amount")}
        return self._signed(REFUND_ANSWER, answer)

    def _refund(self, asked: Mapping[str, str], payment: Payment) -> str:
        given = payment.refunds.get(asked["vnp_RequestId"])
        amount_vnd, left_vnd = int(asked["vnp_Amount"]) // 100, payment.amount_vnd - payment.refunded_vnd
        if given:
            return PAID if given["amount_vnd"] == amount_vnd else "94"
        if not payment.is_paid:
            return "95"
        is_full = asked["vnp_TransactionType"] == "02"
        if amount_vnd > left_vnd or (is_full and amount_vnd != payment.amount_vnd):
            return "02"
        self.record(
            "refunded",
            txn_ref=asked["vnp_TxnRef"],
            request_id=asked["vnp_RequestId"],
            amount_vnd=amount_vnd,
            by=asked["vnp_CreateBy"],
        )
        return PAID

    def _checked(self, fields: list[str], asked: Mapping[str, str], payment: Payment | None) -> str:
        amount = asked.get("vnp_Amount", "100")
        if any(not asked.get(name) for name in fields if name != "vnp_TransactionNo") or not fullmatch(AMOUNT, amount):
            return "03"
        if not is_signed(fields, asked, self.key):
            return "97"
        if asked["vnp_TmnCode"] != self.merchant or payment is None or payment.created != asked["vnp_TransactionDate"]:
            return "91"
        return PAID

    def _answer(self, asked: Mapping[str, str], payment: Payment | None, code: str) -> dict[str, str]:
        told = payment.told if payment and code not in ("91", "97", "03") else {}
        return {
            **told,
            "vnp_ResponseId": os.urandom(16).hex(),
            "vnp_Command": asked.get("vnp_Command", ""),
            "vnp_ResponseCode": code,
            "vnp_Message": {PAID: "Success", "91": "Not found", "97": "Invalid checksum"}.get(code, "Refused"),
            "vnp_TmnCode": self.merchant,
            "vnp_TxnRef": asked.get("vnp_TxnRef", ""),
        }

    def _signed(self, fields: list[str], answer: dict[str, str]) -> dict[str, str]:
        return answer | {"vnp_SecureHash": hmac_sha512(self.key, piped(fields, answer))}

    def _apply(self, entry: Entry) -> None:
        if entry["kind"] in ("captured", "declined"):
            self.payments[entry["txn_ref"]] = Payment(entry["told"], entry["created"], entry["amount_vnd"])
        elif entry["kind"] == "refunded":
            self.payments[entry["txn_ref"]].refunds[entry["request_id"]] = entry
        elif entry["kind"] == "ipn" and entry["answer"] in SETTLED and not entry["forged"]:
            self.payments[entry["txn_ref"]].settled = True


class Notifier:
    """Tells the merchant each order's end until it answers 00 or 02, at most ten times."""

    def __init__(self, gateway: Gateway, callbacks: Callbacks, ipn_url: str) -> None:
        self._gateway, self._callbacks, self._ipn_url = gateway, callbacks, ipn_url
        self._http = httpx.AsyncClient(timeout=10)

    def tell(self, payment: Payment) -> None:
        self._callbacks.start(
            self._callbacks.deliver(
                lambda: self._send(payment.told, self._gateway.key, forged=False),
                # Ten times the money, signed with a guessed secret.
                lambda: self._send(payment.told | {"vnp_Amount": payment.told["vnp_Amount"] + "0"}, "?", forged=True),
            )
        )

    def resume(self) -> None:
        """After a restart: whatever the merchant has not confirmed is told again."""
        for payment in self._gateway.payments.values():
            if not payment.settled:
                self.tell(payment)

    async def _send(self, told: Mapping[str, str], key: str, *, forged: bool) -> bool:
        try:
            answer = await self._http.get(f"{self._ipn_url}?{signed_query(told, key)}")
            code = str(answer.json()["RspCode"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            code = type(error).__name__
        self._gateway.record("ipn", txn_ref=told["vnp_TxnRef"], answer=code, forged=forged)
        return code in SETTLED


PAGE = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Cổng thanh toán thử nghiệm</title>
<style>body{{font:18px/1.5 sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.5rem}}</style></head>
<body><h1>Cổng thanh toán thử nghiệm</h1>
<p>Không có tiền thật nào được chuyển.</p>
<dl><dt>Nội dung</dt><dd>{info}</dd><dt>Mã giao dịch</dt><dd>{reference}</dd>
<dt>Số tiền</dt><dd><strong>{amount} đồng</strong></dd></dl>
<form method="post" action="/paymentv2/vpcpay.html?{query}">
<button name="decision" value="pay">Thanh toán</button> <button name="decision" value="cancel">Hủy</button>
</form></body></html>"""


def build(gateway: Gateway, ledger: Ledger, mischief: Mischief, callbacks: Callbacks, ipn_url: str) -> FastAPI:
    notifier = Notifier(gateway, callbacks, ipn_url)
    app = stage("payment-gateway", ledger, mischief, callbacks, resume=notifier.resume)

    @app.get("/paymentv2/vpcpay.html")
    async def pay_page(request: Request) -> HTMLResponse:
        order = gateway.order(request.url.query)
        amount = f"{int(order.amount) // 100:,}".replace(",", ".")
        page = PAGE.format(
            info=escape(order.order_info), reference=order.txn_ref, amount=amount, query=escape(request.url.query)
        )
        return HTMLResponse(page)

    @app.post("/paymentv2/vpcpay.html")
    @app.post("/pay")
    async def pay(request: Request) -> RedirectResponse:
        """Pays, unless the form says `decision=cancel`; then tells the merchant and sends the payer back."""
        order = gateway.order(request.url.query)
        form = parse_qs((await request.body()).decode(errors="replace"))
        payment, is_new = gateway.decide(order, pays=form.get("decision") != ["cancel"])
        if is_new:
            notifier.tell(payment)
        return RedirectResponse(f"{order.return_url}?{signed_query(payment.told, gateway.key)}", 303)

    @app.post("/merchant_webapi/api/transaction")
    async def transaction(asked: dict[str, str | int]) -> dict[str, str]:
        values = {name: str(value) for name, value in asked.items()}
        match values.get("vnp_Command"):
            case "querydr":
                return gateway.query(values)
            case "refund":
                return gateway.refund(values)
            case _:
                raise Problem(422, "invalid-input", "vnp_Command must be querydr or refund")

    return app


def main() -> None:
    ledger, mischief = props()
    gateway = Gateway(ledger, secret("gateway_merchant"), secret("gateway_secret"))
    retry_seconds = float(os.environ.get("IPN_RETRY_SECONDS", "2"))
    callbacks = Callbacks(mischief, retry_seconds=retry_seconds, attempts=IPN_ATTEMPTS)
    serve(build(gateway, ledger, mischief, callbacks, os.environ["IPN_URL"]))


if __name__ == "__main__":
    main()
