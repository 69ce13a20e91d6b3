"""The wire: the guide's vectors, and our client against the simulator's own reading of the protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from deploy.simulators._stage import Callbacks, Faults, Ledger, Mischief
from deploy.simulators._vnpay import verified_query
from deploy.simulators.payment_gateway import Gateway, build
from services.payment.adapters.payment_gateway import (
    Payable,
    VnpayGateway,
    canonical,
    hmac_sha512,
    signed_query,
    verified,
)
from services.payment.rules.settlement import Word
from shared.platform.http import Away, Client
from tests.services.payment.fakes import KEY, MERCHANT

PAY = (
    "vnp_Amount=1806000&vnp_Command=pay&vnp_CreateDate=20210801153333&vnp_CurrCode=VND&vnp_IpAddr=127.0.0.1"
    "&vnp_Locale=vn&vnp_OrderInfo=Thanh+toan+don+hang+%3A5&vnp_OrderType=other"
    "&vnp_ReturnUrl=https%3A%2F%2Fdomainmerchant.vn%2FReturnUrl&vnp_TmnCode=DEMOV210&vnp_TxnRef=5&vnp_Version=2.1.0"
)
PAY_HASH = (
    "8d664a901079332bbfcc6c56b36be15967e4fc3c408436bf167dd73a2cb1f14f"
    "4fbd78dc43d1fb3e4dfae752476ba3b817121ba08edd1a7f6b947d4a51ee1c7d"
)
QUERYDR = (
    "req-0001|2.1.0|querydr|DEMOV210|H39230110000701|20230110101000|20230110110000|127.0.0.1"
    "|Truy van giao dich H39230110000701"
)
QUERYDR_HASH = (
    "6cf2c524191a3e96d4580844f519d93c3e608a40c51ccf9cf2cc1b8bccc6e6e4"
    "183d6306aa86bc5085f426127e353c5f8979266a1a995d02166d802ac66406f4"
)


def test_the_guides_vectors_hold() -> None:
    fields = verified(f"{PAY}&vnp_SecureHash={PAY_HASH.upper()}", KEY)
    assert fields is not None
    assert canonical(fields) == PAY
    assert signed_query(fields, KEY) == f"{PAY}&vnp_SecureHash={PAY_HASH}"
    assert hmac_sha512(KEY, QUERYDR) == QUERYDR_HASH
    assert canonical({"vnp_OrderInfo": "Lệ phí & phí (hồ sơ)*~"}) == (
        "vnp_OrderInfo=L%E1%BB%87+ph%C3%AD+%26+ph%C3%AD+%28h%E1%BB%93+s%C6%A1%29%2A~"
    )


class Both:
    """Our client and the simulator's books behind it."""

    def __init__(self, folder: Path) -> None:
        ledger, self.mischief = Ledger(folder / "ledger.jsonl"), Mischief(None)
        self.books = Gateway(ledger, MERCHANT, KEY)
        callbacks = Callbacks(self.mischief, retry_seconds=1, attempts=0)
        app = build(self.books, ledger, self.mischief, callbacks, "http://127.0.0.1:9/unused")
        http = Client("http://gateway", where="gateway", transport=httpx.ASGITransport(app=app))
        self.client = VnpayGateway(
            http,
            page_url="http://gateway",
            return_url="http://us/pay/return",
            merchant=MERCHANT,
            key=KEY,
            address="::1",
        )
        now = datetime.now(UTC).replace(microsecond=0)
        self.order = Payable("H39A1", 200_000, "Le phi ho so", now, now + timedelta(minutes=15))

    def decide(self, *, pays: bool) -> dict[str, str]:
        query = httpx.URL(self.client.redirect_url(self.order)).query.decode()
        payment, _ = self.books.decide(self.books.order(query), pays=pays)
        return payment.told


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


async def test_our_redirect_notice_query_and_refund_are_the_simulators(both: Both) -> None:
    assert (await both.client.account(both.order)).word is Word.NOTHING_YET
    told = both.decide(pays=True)
    notice = both.client.notice(signed_query(told, KEY))
    assert notice is not None
    assert (notice.txn_ref, notice.amount_vnd, notice.says_paid) == ("H39A1", 200_000, True)
    account = await both.client.account(both.order)
    assert (account.word, account.amount_vnd, account.gateway_no) == (Word.PAID, 200_000, told["vnp_TransactionNo"])
    assert account.paid_at is not None
    assert abs(account.paid_at - both.order.created_at) < timedelta(minutes=1)
    for _ in range(2):
        assert await both.client.refund(both.order, request_id="r1", by="motcua", at=both.order.created_at)
    assert not await both.client.refund(both.order, request_id="r2", by="motcua", at=both.order.created_at)
    assert both.books.payments["H39A1"].refunded_vnd == 200_000


async def test_a_cancelled_order_is_not_paid(both: Both) -> None:
    notice = both.client.notice(signed_query(both.decide(pays=False), KEY))
    assert notice is not None
    assert not notice.says_paid
    assert (await both.client.account(both.order)).word is Word.NOT_PAID


async def test_a_failing_or_lying_gateway_is_away(both: Both) -> None:
    both.mischief.set(Faults(fail_p=1))
    with pytest.raises(Away):
        await both.client.account(both.order)
    both.mischief.set(Faults())
    both.books.key = "another key"
    with pytest.raises(Away):
        await both.client.account(both.order)


def test_the_simulator_reads_what_we_sign() -> None:
    query = signed_query({"vnp_TxnRef": "A1", "vnp_OrderInfo": "Le phi: a/b", "other": "x"}, KEY)
    assert verified_query(query, KEY) is not None
