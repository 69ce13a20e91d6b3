"""Doubles of what lies outside delivery: the carrier's books, intake's private door, the broker."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime

from services.delivery.adapters.carrier import Booked, CarrierScan, EmsCarrier, ParcelOrder, Tracking
from services.delivery.rules.parcel import EMS_V1
from shared.contracts.person import PostalAddress
from shared.dossier.working_time import LOCAL
from shared.platform.http import Answered, Away, Client

KEY = "carrier-secret"
NUMBER = "EJ123456785VN"
PERSON = "NGUYỄN VĂN CANARY"


class FakeCarrier(EmsCarrier):
    """The real webhook check; the machine door answers from these books."""

    def __init__(self) -> None:
        super().__init__(Client("http://carrier", where="carrier"), user="motcua", key=KEY)
        self.orders: dict[str, ParcelOrder] = {}
        self.handed_over: list[str] = []
        self.events: list[CarrierScan] = []
        self.proof_reference = "BP-1"
        self.proven_at: datetime | None = None
        self.is_away = False
        self.refuses = False

    async def book(self, order: ParcelOrder) -> Booked:
        self._answers()
        is_same = self.orders.setdefault(order.order_code, order) == order
        return Booked(NUMBER, is_same=is_same)

    async def hand_over(self, order_code: str) -> None:
        self._answers()
        if self.refuses:
            raise Answered("carrier", 404, {})
        self.handed_over.append(order_code)

    async def track(self, order_code: str) -> Tracking:
        self._answers()
        scans = tuple(scan for scan in self.events if scan.order_code == order_code)
        return Tracking(scans=scans, proof_reference=self.proof_reference, proven_at=self.proven_at)

    def _answers(self) -> None:
        if self.is_away:
            raise Away("carrier", "away")


class FakeApplicants:
    """Everybody lives at the same place."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def address(self, dossier_code: str) -> PostalAddress:
        self.asked.append(dossier_code)
        return PostalAddress(
            dossier_code=dossier_code, full_name=PERSON, phone="0912345678", address="12 Lê Lợi, tỉnh Long An"
        )


@dataclass(frozen=True)
class Sent:
    """A record as the topic holds it, and as a consumer gets it."""

    topic: str
    value: bytes
    key: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 0
    offset: int = 0


@dataclass
class FakeProducer:
    """The topic as a list."""

    sent: list[Sent] = field(default_factory=list)
    is_away: bool = False

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def send(
        self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[object]:
        if self.is_away:
            raise OSError("away")
        self.sent.append(Sent(topic, value, key, tuple(headers), offset=len(self.sent)))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def body_of(order_code: str, code: int | str, at: datetime, number: str = NUMBER) -> bytes:
    """A scan as EMS v1 tells it."""
    told = {
        "tracking_code": number,
        "order_code": order_code,
        "status_code": code,
        "status_name": "…",
        "note": PERSON,
        "locate": "Bưu cục Trung tâm",
        "datetime": f"{at.astimezone(LOCAL):%d/%m/%Y %H:%M:%S}",
        "total_weight": 200,
        "money_collect": 0,
        "total_fee": 26500,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def signed(body: bytes, transaction: str, at: datetime, key: str = KEY) -> dict[str, str]:
    """The carrier's headers."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(key.encode(), f"{stamp}.{transaction}.".encode() + body, hashlib.sha256).hexdigest()
    return {"ems-transaction": transaction, "X-Carrier-Timestamp": stamp, "X-Carrier-Signature": mac}


def scan_of(order_code: str, code: str, at: datetime, message_id: str) -> CarrierScan:
    """The same scan in the carrier's books."""
    return CarrierScan(message_id, order_code, NUMBER, code, EMS_V1.get(code), at)
