"""The service under test with everything around it, and the few things its neighbours do to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import httpx
from joserfc.jwk import OKPKey

from services.delivery import store
from services.delivery.activities import Activities
from services.delivery.acts.door import Door
from services.delivery.acts.following import sweep
from services.delivery.callbacks import Relay
from services.delivery.consumer import CarrierEvents
from services.delivery.store import Parcel
from shared.contracts.delivery import ParcelInput
from shared.dossier.actions import RecordParcel, ReturnWay
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.permission import Kind
from shared.dossier.state import Dossier
from shared.platform.kafka import DeadLetters, Record
from shared.platform.tokens import DEMO_ISSUER, DEMO_KEY, mint
from tests.builders import AGENCY, CODE, a_dossier, order, terms
from tests.services.delivery.fakes import FakeApplicants, FakeCarrier, FakeProducer, body_of, scan_of, signed
from tests.services.payment.fakes import Clock, FakeDesk

JWK: Final = OKPKey.generate_key("Ed25519", {"kid": DEMO_KEY})
JWKS: Final = json.dumps({"keys": [JWK.as_dict(private=False)]})
ORDER: Final = "0000003H39-230110-0007-R1"


class Buried(DeadLetters):
    """Dead letters as a list of reasons."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    async def bury(self, record: Record, reason: str) -> None:  # noqa: ARG002
        self.reasons.append(reason)


@dataclass(frozen=True, repr=False)
class World:
    """The service and everything around it."""

    door: Door
    http: httpx.AsyncClient
    clock: Clock
    desk: FakeDesk
    carrier: FakeCarrier
    applicants: FakeApplicants
    producer: FakeProducer
    buried: Buried

    def dossier(self, return_way: ReturnWay = ReturnWay.POST) -> Dossier:
        """A result that waits for the post."""
        made = a_dossier(Stage.RESULT_READY, promised=terms(), return_way=return_way)
        self.desk.dossiers[made.dossier_code] = made
        return made

    async def book(self) -> str:
        """What the workflow does when a result is ready."""
        asked = ParcelInput(dossier_code=CODE, procedure_code="2.000488", agency_code=AGENCY)
        parcel = await Activities(self.door).book_parcel(asked)
        record = order(Role.SYSTEM, RecordParcel(parcel_number=parcel.parcel_number))
        self.desk.dossiers[CODE].take(record, self.clock())
        return parcel.parcel_number

    async def dispatch(self, key: str = "k1", person: str = "trakq01", role: str = "RETURN_CLERK") -> httpx.Response:
        headers = {"Idempotency-Key": key, **bearer((role, AGENCY), person=person)}
        return await self.http.post(f"/api/dossiers/{CODE}/dispatch", headers=headers)

    async def scan(self, code: int | str, message_id: str, at: datetime | None = None, **told: Any) -> httpx.Response:
        """The carrier's webhook call; the same event is in its books."""
        at = at or self.clock()
        order_code = told.pop("order_code", ORDER)
        self.carrier.events.append(scan_of(order_code, str(code), at, message_id))
        body = body_of(order_code, code, at, **told)
        return await self.http.post("/callbacks/carrier", content=body, headers=signed(body, message_id, self.clock()))

    async def settle(self) -> None:
        """Inbox → topic → parcel → dossier."""
        await self.relay()
        await sweep(self.door)

    async def relay(self) -> None:
        """Inbox → topic → parcel."""
        sent = len(self.producer.sent)
        await Relay(self.door, self.producer).relay()
        if records := self.producer.sent[sent:]:
            await CarrierEvents(self.door, self.buried).handle(cast("list[Record]", records))

    async def sweep(self) -> int:
        return await sweep(self.door)

    async def parcel(self) -> Parcel:
        async with self.door.sessions.begin() as session:
            found = await store.newest_parcel(session, CODE)
        assert found is not None
        return found

    def stage(self) -> Stage | None:
        return self.desk.dossiers[CODE].stage


def bearer(*grants: tuple[str, str], person: str = "trakq01", kind: Kind = Kind.STAFF) -> dict[str, str]:
    key = json.dumps(JWK.as_dict(private=True))
    return {"Authorization": f"Bearer {mint(key, issuer=DEMO_ISSUER, subject=person, kind=kind, grants=grants)}"}
