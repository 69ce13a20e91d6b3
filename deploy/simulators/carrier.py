"""The public post: orders, tracking, scans told by webhook, proof of delivery (post.md §3–6).

A parcel waits until it is handed over (`POST /orders/{code}/handover`), then its scans follow by themselves, one every
SCAN_SECONDS; `POST /orders/{code}/scan` adds any scan a test needs (unknown code, clock skew, COD short).
Environment: PORT, HOST, LEDGER_FILE, WEBHOOK_URL, SCAN_SECONDS (default 1), SECRETS_DIR/carrier_secret, FAULTS_FILE.
Ledger kinds: `order`, `handover`, `scan`, `webhook` (each attempt with its answer).
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from deploy.simulators._ems import (
    APPROVED,
    CREATED,
    DELIVERED,
    IN_TRANSIT,
    PICKED_UP,
    STATUS_NAMES,
    WITH_POSTMAN,
    Credentials,
    ParcelOrder,
    is_token,
    signature_headers,
    token,
    tracking_number,
    wire_time,
)
from deploy.simulators._stage import Callbacks, Entry, Ledger, Mischief, Problem, props, secret, serve, stage

WEBHOOK_ATTEMPTS = 600
ROUTE = (PICKED_UP, IN_TRANSIT, WITH_POSTMAN, DELIVERED)
POSTAGE_VND = 26_500


class Handover(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    route: tuple[int, ...] = ROUTE
    """Status codes that will follow, for example 3, 4, 11000, 6, 11000, 6, 11000, 6, 7, 8: three failed attempts."""


class ScanRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    status_code: int
    scanned_at: AwareDatetime | None = None
    note: str = ""
    money_collect: int | None = Field(default=None, ge=0)
    """Đồng; None: what the order asks for."""


@dataclass
class Parcel:
    """An order and what happened to it since."""

    order: ParcelOrder
    number: int
    route: tuple[int, ...] | None = None
    scans: list[Entry] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Transactions that the webhook confirmed, or that were given up in this life of the process."""
    is_moving: bool = False
    is_telling: bool = False

    @property
    def tracking_code(self) -> str:
        return tracking_number(self.number)

    @property
    def rest(self) -> tuple[int, ...]:
        """The scans of the route that are still to come."""
        route = (CREATED, APPROVED, *(self.route or ()))
        return route[sum(scan["planned"] for scan in self.scans) :]

    def body(self, scan: Entry) -> dict[str, object]:
        """The scan as EMS v1 tells it."""
        code = scan["status_code"]
        return {
            "tracking_code": self.tracking_code,
            "order_code": self.order.order_code,
            "status_code": code,
            "status_name": STATUS_NAMES.get(code, str(code)),
            "note": scan["note"],
            "locate": scan["locate"],
            "datetime": scan["datetime"],
            "total_weight": self.order.weight,
            "money_collect": scan["money_collect"],
            "total_fee": POSTAGE_VND,
        }

    def tracking(self) -> dict[str, object]:
        newest = max(self.scans, key=lambda scan: scan["scanned_at"], default=None)
        done = next((scan for scan in self.scans if scan["status_code"] == DELIVERED), None)
        code = newest["status_code"] if newest else CREATED
        return {
            "Id": str(self.number),
            "OrderCode": self.order.order_code,
            "TrackingCode": self.tracking_code,
            "StatusCode": code,
            "StatusName": STATUS_NAMES.get(code, str(code)),
            "MoneyCollect": done["money_collect"] if done else 0,
            "TotalFee": POSTAGE_VND,
            "Events": [{"transaction": scan["transaction"], **self.body(scan)} for scan in self.scans],
            "ProofOfDelivery": self._proof(done) if done and self.order.wants_proof else None,
        }

    def _proof(self, scan: Entry) -> dict[str, str]:
        chance = sha256(self.tracking_code.encode()).hexdigest()
        return {
            "ReceiverName": self.order.receiver_name,
            "Relation": "SELF",
            "IdKind": "CCCD",
            "IdLastDigits": f"{int(chance[:6], 16) % 1000:03d}",
            "Time": scan["datetime"],
            "Place": scan["locate"],
            "SignatureReference": f"BP-{self.tracking_code}",
            "PostmanCode": f"BT{int(chance[6:10], 16) % 10_000:04d}",
        }


class Post:
    """The carrier's books, recovered from the ledger, and the parcels on their way."""

    def __init__(self, ledger: Ledger, callbacks: Callbacks, key: str, webhook_url: str, scan_seconds: float) -> None:
        self._ledger, self._callbacks, self._key = ledger, callbacks, key
        self._webhook_url, self._scan_seconds = webhook_url, scan_seconds
        self._http = httpx.AsyncClient(timeout=10)
        self.parcels: dict[str, Parcel] = {}
        for entry in ledger.entries():
            self._apply(entry)

    def resume(self) -> None:
        for parcel in self.parcels.values():
            self._callbacks.start(self._tell(parcel))
            self._callbacks.start(self._move(parcel))

    def create(self, order: ParcelOrder) -> tuple[Parcel, bool]:
        """The parcel of this OrderCode, and whether it is new."""
        known = self.parcels.get(order.order_code)
        if known:
            return known, False
        self._record("order", order=order.model_dump(by_alias=True))
        parcel = self.parcels[order.order_code]
        self._callbacks.start(self._move(parcel))
        return parcel, True

    def parcel(self, order_code: str) -> Parcel:
        if order_code not in self.parcels:
            raise Problem(404, "unknown-order", "no order with this code")
        return self.parcels[order_code]

    def hand_over(self, parcel: Parcel, route: tuple[int, ...]) -> None:
        """Once; a repeated hand-over changes nothing."""
        if parcel.route is None:
            self._record("handover", order_code=parcel.order.order_code, route=route)
            self._callbacks.start(self._move(parcel))

    def scan(self, parcel: Parcel, asked: ScanRequest, *, planned: bool = False) -> Entry:
        at = asked.scanned_at or datetime.now(UTC)
        cod_vnd = parcel.order.cod_vnd if asked.status_code == DELIVERED else 0
        number = len(parcel.scans) + 1
        self._record(
            "scan",
            order_code=parcel.order.order_code,
            transaction=f"{parcel.tracking_code}-{number:03d}",
            status_code=asked.status_code,
            scanned_at=at.timestamp(),
            datetime=wire_time(at),
            note=asked.note,
            locate="Bưu cục Trung tâm",
            money_collect=cod_vnd if asked.money_collect is None else asked.money_collect,
            planned=planned,
        )
        self._callbacks.start(self._tell(parcel))
        return parcel.scans[-1]

    async def _move(self, parcel: Parcel) -> None:
        """Walks the route at its pace, whether or not anybody listens to the webhook."""
        if parcel.is_moving:
            return
        parcel.is_moving = True
        while parcel.rest:
            await asyncio.sleep(self._scan_seconds)
            self.scan(parcel, ScanRequest(status_code=parcel.rest[0]), planned=True)
        parcel.is_moving = False

    async def _tell(self, parcel: Parcel) -> None:
        """Tells what is untold, one scan after the other."""
        if parcel.is_telling:
            return
        parcel.is_telling = True
        while untold := [scan for scan in parcel.scans if scan["transaction"] not in parcel.told]:
            scan = untold[0]
            forged = parcel.body(scan) | {"status_code": DELIVERED, "status_name": STATUS_NAMES[DELIVERED]}
            await self._callbacks.deliver(
                partial(self._send, scan["transaction"], parcel.body(scan), self._key),
                partial(self._send, f"{scan['transaction']}-X", forged, "a guessed secret", forged=True),
            )
            parcel.told.add(scan["transaction"])  # taken, given up, or held back to be overtaken
        parcel.is_telling = False

    async def _send(self, transaction: str, body: dict[str, object], key: str, *, forged: bool = False) -> bool:
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            headers = signature_headers(key, transaction, content)
            answer = (await self._http.post(self._webhook_url, content=content, headers=headers)).json()
            code = str(answer["code"])
            is_taken = code == "success" and str(answer["transaction"]) == transaction
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            code, is_taken = type(error).__name__, False
        order_code = body["order_code"]
        self._record(
            "webhook", order_code=order_code, transaction=transaction, answer=code, taken=is_taken, forged=forged
        )
        return is_taken

    def _record(self, kind: str, **fields: object) -> None:
        self._apply(self._ledger.write(kind, **fields))

    def _apply(self, entry: Entry) -> None:
        match entry["kind"]:
            case "order":
                order = ParcelOrder.model_validate(entry["order"])
                self.parcels[order.order_code] = Parcel(order, 10_000_000 + len(self.parcels) + 1)
            case "handover":
                self.parcels[entry["order_code"]].route = tuple(entry["route"])
            case "scan":
                self.parcels[entry["order_code"]].scans.append(entry)
            case "webhook" if entry["taken"]:
                self.parcels[entry["order_code"]].told.add(entry["transaction"])


def build(post: Post, ledger: Ledger, mischief: Mischief, callbacks: Callbacks, key: str) -> FastAPI:
    app = stage("carrier", ledger, mischief, callbacks, resume=post.resume)

    def logged_in(h_token: Annotated[str, Header()] = "") -> None:
        if not is_token(key, h_token, time.time()):
            raise Problem(401, "unauthorized", "ask /token for a token and send it as h-token")

    partner = [Depends(logged_in)]

    @app.post("/token")
    async def log_in(credentials: Credentials) -> dict[str, object]:
        is_right = sha256(credentials.password.encode()).digest() == sha256(key.encode()).digest()
        return {"IsSuccess": is_right, "Token": token(key, credentials.user, time.time()) if is_right else None}

    @app.post("/orders", dependencies=partner)
    async def create(order: ParcelOrder, response: Response) -> dict[str, object]:
        """201 with the ids, or 200 "already exists" with the ids of the first order under this OrderCode."""
        parcel, is_new = post.create(order)
        response.status_code = 201 if is_new else 200
        return {
            "IsSuccess": True,
            "Message": "created" if is_new else "already exists",
            "SameContent": parcel.order == order,
            "Id": str(parcel.number),
            "OrderCode": order.order_code,
            "TrackingCode": parcel.tracking_code,
        }

    @app.get("/orders/{order_code}", dependencies=partner)
    async def track(order_code: str) -> dict[str, object]:
        return post.parcel(order_code).tracking()

    @app.post("/orders/{order_code}/handover", dependencies=partner)
    async def hand_over(order_code: str, asked: Handover | None = None) -> dict[str, object]:
        parcel = post.parcel(order_code)
        post.hand_over(parcel, (asked or Handover()).route)
        return parcel.tracking()

    @app.post("/orders/{order_code}/scan", status_code=201)
    async def add_scan(order_code: str, asked: ScanRequest) -> dict[str, object]:
        """For tests, without a token: the scan is recorded and told like any other."""
        parcel = post.parcel(order_code)
        scan = post.scan(parcel, asked)
        return {"transaction": scan["transaction"], **parcel.body(scan)}

    return app


def main() -> None:
    ledger, mischief = props()
    key, scan_seconds = secret("carrier_secret"), float(os.environ.get("SCAN_SECONDS", "1"))
    callbacks = Callbacks(mischief, retry_seconds=max(scan_seconds, 0.05), attempts=WEBHOOK_ATTEMPTS)
    post = Post(ledger, callbacks, key, os.environ["WEBHOOK_URL"], scan_seconds)
    serve(build(post, ledger, mischief, callbacks, key))


if __name__ == "__main__":
    main()
