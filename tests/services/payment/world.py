"""The service under test with everything around it, and the few things its neighbours do to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
from joserfc.jwk import OKPKey

from services.payment import store
from services.payment.acts.door import Door
from services.payment.acts.sweeping import sweep
from services.payment.adapters.payment_gateway import signed_query
from services.payment.store import Attempt, Receipt
from shared.catalogue.model import FeeTiming
from shared.dossier.actions import Order
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Kind
from shared.dossier.state import Dossier
from shared.platform.tokens import DEMO_ISSUER, DEMO_KEY, mint
from tests.builders import CODE, a_dossier, fee, terms
from tests.services.payment.fakes import KEY, MERCHANT, SECRET, Clock, FakeDesk, FakeGateway

JWK: Final = OKPKey.generate_key("Ed25519", {"kid": DEMO_KEY})
JWKS: Final = json.dumps({"keys": [JWK.as_dict(private=False)]})
OWED: Final = 200_000


@dataclass(frozen=True, repr=False)
class World:
    """The service and everything around it."""

    door: Door
    http: httpx.AsyncClient
    clock: Clock
    desk: FakeDesk
    gateway: FakeGateway

    def dossier(self, stage: Stage = Stage.RESULT_READY, timing: FeeTiming = FeeTiming.AFTER) -> Dossier:
        """A dossier that owes OWED."""
        made = a_dossier(stage, promised=terms(fees=[fee(OWED, timing)]))
        self.desk.dossiers[made.dossier_code] = made
        return made

    async def order(self, code: str = CODE) -> httpx.Response:
        return await self.http.post(f"/api/dossiers/{code}/orders", headers={"Tracking-Secret": SECRET})

    async def notify(self, txn_ref: str, *, amount_vnd: int = OWED, code: str = "00", **changes: str) -> str:
        """The gateway's notice; the answer's RspCode."""
        fields = {
            "vnp_Amount": str(amount_vnd * 100),
            "vnp_BankCode": "NCB",
            "vnp_ResponseCode": code,
            "vnp_TransactionStatus": "00" if code == "00" else "02",
            "vnp_TmnCode": MERCHANT,
            "vnp_TransactionNo": "14226112",
            "vnp_TxnRef": txn_ref,
        }
        return await self.notify_raw(signed_query(fields | changes, KEY))

    async def notify_raw(self, query: str) -> str:
        answer = await self.http.get(f"/callbacks/gateway?{query}")
        assert answer.status_code == 200
        return str(answer.json()["RspCode"])

    async def sweep(self) -> int:
        return await sweep(self.door)

    async def attempt(self, txn_ref: str) -> Attempt:
        async with self.door.sessions.begin() as session:
            found = await store.attempt_of(session, txn_ref)
        assert found is not None
        return found

    async def receipts(self, code: str = CODE) -> list[Receipt]:
        async with self.door.sessions.begin() as session:
            return list(await store.receipts_of(session, code))

    def told(self) -> list[Order]:
        return self.desk.orders

    async def cash(self, amount_vnd: int = OWED, key: str = "k1", agency: str = "000.00.03.H39", **more: Any) -> Any:
        headers = {"Idempotency-Key": key, **bearer(("ACCOUNTANT", agency), **more)}
        return await self.http.post(f"/api/dossiers/{CODE}/cash", json={"amount_vnd": amount_vnd}, headers=headers)


def bearer(*grants: tuple[str, str], person: str = "ketoan01", kind: Kind = Kind.STAFF) -> dict[str, str]:
    token = mint(json.dumps(JWK.as_dict(private=True)), issuer=DEMO_ISSUER, subject=person, kind=kind, grants=grants)
    return {"Authorization": f"Bearer {token}"}


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a named condition, at most ten seconds."""
    async with asyncio.timeout(10):
        while not await is_so():  # noqa: ASYNC110 - the condition lies in a database or a double
            await asyncio.sleep(0.01)
