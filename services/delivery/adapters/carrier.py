"""The public post: orders as VNPost takes them, tracking, scans as EMS v1 tells them.

Its names, its local times and its signature live in this file and nowhere else. The signature is our published
contract with the partner: `X-Carrier-Signature` = hex HMAC-SHA256 of `<timestamp>.<ems-transaction>.<raw body>`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.delivery.rules.parcel import EMS_V1, is_tracking_number
from shared.contracts.delivery import ParcelStatus
from shared.contracts.person import PostalAddress
from shared.dossier.working_time import LOCAL
from shared.platform.http import Answered, Away, Client

TOLERANCE: Final = timedelta(seconds=300)
"""A signed message older or newer than this is a replay (SR-20)."""

_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_UNAUTHORIZED: Final = 401
_WORDS: Final = r"^[A-Za-z0-9_-]{1,20}$"


class BadMessage(ValueError):
    """Signed as it should be, but not a scan: 400."""


class NotSigned(ValueError):
    """Not the carrier's, or too old: 401."""


@dataclass(frozen=True)
class ParcelOrder:
    """A parcel as the carrier needs it. Weight in grams. Holds a person: never logged, never stored."""

    order_code: str
    sender_name: str
    sender_phone: str
    sender_address: str
    sender_province: str
    receiver: PostalAddress
    receiver_province: str
    weight_g: int = 200


@dataclass(frozen=True)
class Booked:
    """The carrier's answer; `is_same` False = it knew this order number with another content."""

    parcel_number: str
    is_same: bool


@dataclass(frozen=True)
class CarrierScan:
    """One status event in the carrier's words and in ours; `status` None = a code we do not know."""

    message_id: str
    order_code: str
    parcel_number: str
    carrier_status: str
    status: ParcelStatus | None
    happened_at: datetime


@dataclass(frozen=True)
class Tracking:
    """What the carrier's own books say. The proof's name and digits stay with the carrier; we keep its reference."""

    scans: tuple[CarrierScan, ...]
    proof_reference: str = ""
    proven_at: datetime | None = None

    def has(self, status: ParcelStatus) -> bool:
        """Whether the books show this status."""
        return any(scan.status is status for scan in self.scans)


class Carrier(Protocol):
    """What delivery needs of a post."""

    async def book(self, order: ParcelOrder) -> Booked:
        """Orders the parcel; the same order number again is the same parcel. Raises Away, Answered."""
        ...

    async def hand_over(self, order_code: str) -> None:
        """Tells that the parcel was given to the postman; again changes nothing. Raises Away, Answered."""
        ...

    async def track(self, order_code: str) -> Tracking:
        """Asks the carrier's books. Raises Away, Answered."""
        ...

    def scan(self, headers: Mapping[str, str], body: bytes, now: datetime) -> CarrierScan:
        """The scan in a signed webhook call. Raises NotSigned, BadMessage."""
        ...


class _EmsScan(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    tracking_code: str = Field(max_length=20)
    order_code: str = Field(pattern=r"^[A-Z0-9-]{1,60}$")
    status_code: str = Field(pattern=_WORDS)
    datetime: str = Field(max_length=30)


class EmsCarrier:
    """The real client; a simulator that speaks the same protocol is the same to it."""

    def __init__(self, http: Client, *, user: str, key: str) -> None:
        self._http = http
        self._user = user
        self._key = key
        self._token = ""

    async def book(self, order: ParcelOrder) -> Booked:
        answer = await self._call("POST", "/orders", json=_order_body(order))
        number = str(answer.get("TrackingCode", ""))
        if answer.get("IsSuccess") is not True or not is_tracking_number(number):
            raise Away("carrier", "no tracking number")
        return Booked(number, is_same=answer.get("SameContent", True) is True)

    async def hand_over(self, order_code: str) -> None:
        await self._call("POST", f"/orders/{order_code}/handover")

    async def track(self, order_code: str) -> Tracking:
        answer = await self._call("GET", f"/orders/{order_code}")
        proof = answer.get("ProofOfDelivery") or {}
        return Tracking(
            scans=tuple(_tracked(answer.get("Events") or ())),
            proof_reference=str(proof.get("SignatureReference", ""))[:80],
            proven_at=_instant(str(proof.get("Time", ""))),
        )

    def scan(self, headers: Mapping[str, str], body: bytes, now: datetime) -> CarrierScan:
        message_id = headers.get("ems-transaction", "")
        stamp = headers.get("x-carrier-timestamp", "")
        given = headers.get("x-carrier-signature", "").lower()
        signed = f"{stamp}.{message_id}.".encode(errors="replace") + body
        right = hmac.new(self._key.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), given.encode(errors="replace")):
            raise NotSigned
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):  # noqa: PLR2004 - unix seconds
            raise NotSigned
        if abs(int(now.timestamp()) - int(stamp)) > TOLERANCE.total_seconds():
            raise NotSigned
        if not _MESSAGE_ID.fullmatch(message_id):
            raise BadMessage
        try:
            return _scan_of(message_id, _EmsScan.model_validate_json(body))
        except ValidationError as error:
            raise BadMessage from error

    async def _call(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """One authenticated call; an expired token is renewed once."""
        for is_last in (False, True):
            if not self._token:
                self._token = await self._log_in()
            try:
                answer = (await self._http.call(method, path, headers={"h-token": self._token}, **what)).json()
            except Answered as no:
                if no.status != _UNAUTHORIZED or is_last:
                    raise
                self._token = ""
            except ValueError as error:
                raise Away("carrier", "no JSON") from error
            else:
                return answer if isinstance(answer, dict) else {}
        raise AssertionError

    async def _log_in(self) -> str:
        credentials = {"TenDangNhap": self._user, "MatKhau": self._key}
        answer = (await self._http.post("/token", json=credentials)).json()
        if not (isinstance(answer, dict) and answer.get("IsSuccess") is True):
            raise Away("carrier", "login refused")
        return str(answer["Token"])


def _order_body(order: ParcelOrder) -> dict[str, object]:
    """No procedure, no papers: the label's content is generic. The applicant has paid, so nothing is collected."""
    return {
        "OrderCode": order.order_code,
        "SenderFullname": order.sender_name,
        "SenderTel": order.sender_phone,
        "SenderAddress": order.sender_address,
        "SenderProvinceId": order.sender_province,
        "ReceiverFullname": order.receiver.full_name,
        "ReceiverTel": order.receiver.phone,
        "ReceiverAddress": order.receiver.address,
        "ReceiverProvinceId": order.receiver_province,
        "ReceiverAddressType": 1,
        "ServiceName": "EMS",
        "PackageContent": "Kết quả TTHC",
        "WeightEvaluation": order.weight_g,
        "IsPackageViewable": False,
        "PickupType": 1,
        "CodAmountEvaluation": 0,
        "IsReceiverPayFreight": True,
        "UseBaoPhat": True,
        "UseNhanTinSms": True,
    }


def _tracked(events: Any) -> list[CarrierScan]:
    """Scans in the books; what cannot be read is left out, the webhook tells it again."""
    scans = []
    for event in events:
        try:
            scans.append(_scan_of(str(event["transaction"]), _EmsScan.model_validate(event)))
        except (ValidationError, BadMessage, KeyError, TypeError):
            continue
    return scans


def _scan_of(message_id: str, told: _EmsScan) -> CarrierScan:
    happened_at = _instant(told.datetime)
    if happened_at is None or not is_tracking_number(told.tracking_code):
        raise BadMessage
    return CarrierScan(
        message_id=message_id,
        order_code=told.order_code,
        parcel_number=told.tracking_code,
        carrier_status=told.status_code,
        status=EMS_V1.get(told.status_code),
        happened_at=happened_at,
    )


def _instant(text: str) -> datetime | None:
    """`dd/MM/yyyy HH:mm:ss`, local time."""
    try:
        return datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=LOCAL)
    except ValueError:
        return None
