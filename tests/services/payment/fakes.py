"""Doubles of what lies outside payment: the desk (with a real dossier in it), the gateway's books, intake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.payment.adapters.payment_gateway import Account, Payable, VnpayGateway
from services.payment.rules.settlement import Word
from shared.contracts.facts import Facts, facts_of
from shared.dossier.actions import Order
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.state import Dossier
from shared.platform.http import Away, Client

KEY = "TESTSECRET"
MERCHANT = "DEMOV210"
SECRET = "abcdefghij"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2023, 1, 10, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


class FakeDesk:
    """The workflow engine as a dictionary of real dossiers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.dossiers: dict[str, Dossier] = {}
        self.is_away = False
        self.loses_answers = False
        self.orders: list[Order] = []

    async def act(self, dossier_code: str, order: Order) -> Facts:
        facts = await self.look(dossier_code)
        self.orders.append(order)
        dossier = self.dossiers[dossier_code]
        if facts.ended:
            raise Refused("dossier_ended", "Hồ sơ đã kết thúc.")
        dossier.check(order, self._clock())
        dossier.take(order, self._clock())
        if self.loses_answers:
            raise Away("workflows", "the answer was lost")
        return facts_of(dossier)

    async def look(self, dossier_code: str) -> Facts:
        if self.is_away:
            raise Away("workflows", "away")
        if dossier_code not in self.dossiers:
            raise Unknown
        return facts_of(self.dossiers[dossier_code])


class FakeGateway(VnpayGateway):
    """The real wire to and from the payer's browser; the machine door answers from these books."""

    def __init__(self) -> None:
        super().__init__(
            Client("http://gateway", where="gateway"),
            page_url="http://gateway",
            return_url="http://payment/pay/return",
            merchant=MERCHANT,
            key=KEY,
            address="127.0.0.1",
        )
        self.books: dict[str, Account] = {}
        self.refunds: dict[str, list[str]] = {}
        self.is_away = False
        self.refuses_refunds = False
        self.loses_refund_answers = 0

    def pays(self, txn_ref: str, amount_vnd: int, at: datetime) -> None:
        paid_at = at.replace(microsecond=0)
        self.books[txn_ref] = Account(Word.PAID, amount_vnd=amount_vnd, paid_at=paid_at, gateway_no="14226112")

    def declines(self, txn_ref: str) -> None:
        self.books[txn_ref] = Account(Word.NOT_PAID)

    async def account(self, order: Payable) -> Account:
        if self.is_away:
            raise Away("gateway", "away")
        return self.books.get(order.txn_ref, Account(Word.NOTHING_YET))

    async def refund(self, order: Payable, *, request_id: str, by: str, at: datetime) -> bool:  # noqa: ARG002
        if self.is_away:
            raise Away("gateway", "away")
        if self.refuses_refunds:
            return False
        requests = self.refunds.setdefault(order.txn_ref, [])
        if request_id not in requests:
            requests.append(request_id)
        if self.loses_refund_answers:
            self.loses_refund_answers -= 1
            raise Away("gateway", "the answer was lost")
        return True


class FakeApplicants:
    """Every dossier has the same secret."""

    async def demand_secret(self, dossier_code: str, tracking_secret: str) -> None:  # noqa: ARG002
        if tracking_secret != SECRET:
            raise Unknown
