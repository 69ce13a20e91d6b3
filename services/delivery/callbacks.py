"""The carrier's door and the inbox behind it: verify, store, answer; the relay puts the inbox on the topic."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.delivery import store
from services.delivery.acts.door import Door
from services.delivery.acts.scanning import record_scan
from services.delivery.adapters.carrier import BadMessage, NotSigned
from services.delivery.rules.parcel import Fault
from services.delivery.store import Scan
from shared.contracts.delivery import EVENT_TYPE, SOURCE, TOPIC, CarrierEvent
from shared.platform.database import AWAY
from shared.platform.duty import Duty
from shared.platform.telemetry import counter, new_traceparent
from shared.web.identity import public
from shared.web.limits import CALLBACK, limited

_calls = counter("carrier_calls", "Calls of the carrier's webhook by answer", ["code"])

LOOK_SECONDS: Final = 1.0
"""Between looks when nobody wakes the relay, and after a failure."""


def routes(door: Door) -> APIRouter:
    """The webhook."""
    router = APIRouter(tags=["callbacks"])

    @router.post("/callbacks/carrier")
    @public("verifies the carrier's signature itself")
    @limited(CALLBACK)
    async def scan(request: Request) -> JSONResponse:
        """One status event (EMS v1). The carrier repeats it until the answer's code is `success`."""
        try:
            told = door.carrier.scan(request.headers, await request.body(), door.now())
        except NotSigned:
            return _answer("error", "", 401)
        except BadMessage:
            return _answer("error", "", 400)
        fault = await record_scan(door, told)
        return _answer("error" if fault is Fault.UNKNOWN_ORDER else "success", told.message_id, 200)

    return router


def _answer(code: str, transaction: str, status: int) -> JSONResponse:
    _calls.labels(f"{status}-{code}").inc()
    return JSONResponse({"code": code, "transaction": transaction}, status)


class Producer(Protocol):
    """The part of aiokafka's idempotent producer that the relay needs."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def send(
        self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[object]: ...


class Relay:
    """Publishes what is in the inbox, in the order of arrival; sent twice is harmless, so it may die anywhere."""

    BATCH: Final = 200

    def __init__(self, door: Door, producer: Producer, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._door = door
        self._producer = producer
        self._is_started = False
        weather = (KafkaError, OSError, *AWAY)
        self._duty = Duty("relay", self._round, door.scanned, rest=look_seconds, weather=weather)

    async def run(self) -> None:
        """Until shutdown(). Broker or database may be away: the next look tries again."""
        try:
            await self._duty.run()
        finally:
            await self._producer.stop()

    async def shutdown(self) -> None:
        await self._duty.shutdown()

    async def relay(self) -> int:
        """One round; how many were published."""
        async with self._door.sessions.begin() as session:
            found = await store.unpublished(session, limit=self.BATCH)
        sent = [await self._send(scan) for _, scan in found]
        await asyncio.gather(*sent)
        if found:
            async with self._door.sessions.begin() as session:
                await store.mark_published(session, [scan_id for scan_id, _ in found], self._door.now())
        return len(found)

    async def _round(self) -> int:
        if not self._is_started:
            await self._producer.start()
            self._is_started = True
        return await self.relay()

    async def _send(self, scan: Scan) -> asyncio.Future[object]:
        event = event_of(scan)
        return await self._producer.send(
            TOPIC,
            value=event.model_dump_json().encode(),
            key=event.dossier_code.encode(),
            headers=headers_of(event),
        )


def event_of(scan: Scan) -> CarrierEvent:
    """A scan that counts, as it stands on the topic."""
    if scan.status is None:
        raise ValueError("a scan without a known status is kept aside")
    return CarrierEvent(
        dossier_code=scan.dossier_code,
        order_code=scan.order_code,
        parcel_number=scan.parcel_number,
        message_id=scan.message_id,
        status=scan.status,
        carrier_status=scan.carrier_status,
        happened_at=scan.happened_at,
        received_at=scan.received_at,
    )


def headers_of(event: CarrierEvent) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in the Kafka protocol binding's binary mode."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event.message_id,
        "ce_source": SOURCE,
        "ce_type": EVENT_TYPE,
        "ce_subject": event.dossier_code,
        "ce_time": event.happened_at.isoformat(),
        "content-type": "application/json",
        "traceparent": new_traceparent(),
    }
    return [(name, value.encode()) for name, value in headers.items()]
