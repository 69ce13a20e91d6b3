"""The ordinary life of a dossier as two drivers live it: by the desk alone (the floor), and through the public APIs.

Both make the same eight clicks: file, accept and hand on, claim and propose, approve, sign, issue, pay, hand over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from deploy.province.papers import a_pdf
from shared.catalogue import lookup
from shared.catalogue.model import Catalogue, Terms
from shared.contracts.facts import Facts
from shared.dossier import actions
from shared.dossier.actions import AnyAction, By, Channel, Opening, Order, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.codes import dossier_code
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused
from workflows.desk import DossierDesk

AGAIN: Final = 0.3
"""Seconds until a click is tried again that came before a signature or a payment was recorded."""
NOT_YET_THERE: Final = frozenset({"papers_pending", "signature_pending", "fee_unpaid"})


NOBODY: Final = "000.00.99.H39"
"""An agency that does not exist: the floor's codes never meet those that intake gives."""


@dataclass(frozen=True)
class Sample:
    """A procedure with a fee that one agency decides, and the papers it asks for."""

    procedure_code: str
    agency_code: str
    terms: Terms


def sample(catalogue: Catalogue, on: date) -> Sample:
    """The first procedure in force that costs something after acceptance and may be filed online."""
    for procedure in lookup.procedures_on(catalogue, on):
        for agency in lookup.competent_agencies(catalogue, procedure, on)[:1]:
            if Channel.ONLINE not in procedure.channels:
                continue
            terms = lookup.terms(catalogue, procedure.code, agency.code, Channel.ONLINE, on)
            if sum(fee.amount_vnd for fee in terms.fees if fee.timing == "AFTER") and terms.components:
                return Sample(procedure.code, agency.code, terms)
    raise LookupError("the catalogue has no online procedure with a fee")


class FloorDriver:
    """Orders straight to the workflow: no services, no HTTP, no files."""

    def __init__(self, desk: DossierDesk, of: Sample) -> None:
        self._desk = desk
        self._of = of

    async def live(self, number: int) -> None:
        """One dossier from filing to hand-over."""
        terms, code = self._of.terms, dossier_code(NOBODY, date.today(), number)  # noqa: DTZ011
        opening = Opening(
            dossier_code=code,
            root_code=code,
            agency_code=self._of.agency_code,
            procedure_code=self._of.procedure_code,
            channel=Channel.ONLINE,
        )
        papers = tuple(Paper(kind=kind, filed=True) for kind in terms.components)
        filing = actions.Submit(terms=terms, channel=Channel.ONLINE, return_way=ReturnWay.DESK, papers=papers)
        await self._desk.submit(opening, self._order(Role.APPLICANT, filing))
        owed = sum(fee.amount_vnd for fee in terms.fees)
        paid = actions.FeePaid(
            amount_vnd=owed, paid_via=PaidVia.PROVINCE_GATEWAY, paid_at=datetime.now(UTC), reference="BENCH"
        )
        for role, clicks in (
            (Role.CLERK, (actions.Accept(terms=terms), actions.Transfer())),
            (Role.SPECIALIST, (actions.Claim(), actions.Propose(outcome=Outcome.GRANTED))),
            (Role.UNIT_HEAD, (actions.ApproveDraft(),)),
            (Role.SIGNER, (actions.Sign(),)),
            (Role.RECORDS, (actions.NumberAndIssue(),)),
            (Role.PARTNER, (paid,)),
            (Role.RETURN_CLERK, (actions.HandOver(),)),
        ):
            await self._act(code, role, *clicks)

    def _order(self, role: Role, *asked: AnyAction) -> Order:
        by = By(role=role, agency_code=self._of.agency_code, person_code=role.lower())
        return Order(command_id=f"bench-{uuid4()}", by=by, actions=asked)

    async def _act(self, code: str, role: Role, *asked: AnyAction) -> Facts:
        while True:
            try:
                return await self._desk.act(code, self._order(role, *asked))
            except Refused as no:
                if no.code not in NOT_YET_THERE:
                    raise
            await asyncio.sleep(AGAIN)


@dataclass
class Clicks:
    """Seconds of each click through the public API that was answered with the new facts."""

    seconds: list[float] = field(default_factory=list)


class PublicDriver:
    """The same clicks through the public HTTP APIs, as a portal, a console and a payer's browser make them."""

    def __init__(self, addresses: dict[str, str], mint: Callable[[str, str, str], str], of: Sample) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=60, limits=limits) for name, url in addresses.items()
        }
        self._mint = mint
        self._of = of
        self.clicks = Clicks()
        self.codes: list[str] = []

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            await client.aclose()

    async def live(self, number: int) -> None:
        """One dossier from upload to hand-over."""
        citizen = self._mint("citizen", f"cd-bench-{number}", "")
        documents = []
        for kind in self._of.terms.components:
            file = {"file": (f"{kind}.pdf", a_pdf(kind, 0))}
            stored = await self._call("intake", "/api/documents", citizen, files=file, data={"kind": kind})
            documents.append({"kind": kind, "document_id": stored["document_id"]})
        filed = await self._call("intake", "/api/dossiers", citizen, json=self._form(number, documents))
        code = filed["dossier_code"]
        self.codes.append(code)
        order = await self._call("payment", f"/api/dossiers/{code}/orders", "", secret=filed["tracking_secret"])
        address = urlsplit(order["redirect_url"])
        await self._clients["payment_gateway"].post(f"{address.path}?{address.query}")
        for role, clicks in (
            ("CLERK", ({"kind": "accept"}, {"kind": "transfer"})),
            ("SPECIALIST", ({"kind": "claim"}, {"kind": "propose", "outcome": "GRANTED"})),
            ("UNIT_HEAD", ({"kind": "approve_draft"},)),
            ("SIGNER", ({"kind": "sign"},)),
            ("RECORDS", ({"kind": "number_and_issue"},)),
            ("RETURN_CLERK", ({"kind": "hand_over"},)),
        ):
            await self._act(code, role, *clicks)

    def _form(self, number: int, documents: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "procedure_code": self._of.procedure_code,
            "agency_code": self._of.agency_code,
            "channel": "ONLINE",
            "applicant": {
                "full_name": "Nguyễn Văn An",
                "personal_id": f"0800901{number % 100_000:05d}",
                "phone": "0901234567",
            },
            "return_way": "DESK",
            "documents": documents,
        }

    async def _act(self, code: str, role: str, *clicks: dict[str, str]) -> None:
        token = self._mint("staff", f"bench-{role.lower()}", role)
        while True:
            began = time.perf_counter()
            response = await self._send(
                "processing", f"/api/dossiers/{code}/acts", token, json={"actions": list(clicks)}
            )
            if response.is_success:
                self.clicks.seconds.append(time.perf_counter() - began)
                return
            if response.json().get("code") not in NOT_YET_THERE:
                raise RuntimeError(f"{clicks}: {response.status_code} {response.text[:200]}")
            await asyncio.sleep(AGAIN)

    async def _call(self, where: str, path: str, token: str, **given: Any) -> Any:
        response = await self._send(where, path, token, **given)
        if not response.is_success:
            raise RuntimeError(f"{where}{path}: {response.status_code} {response.text[:200]}")
        return response.json()

    async def _send(self, where: str, path: str, token: str, secret: str = "", **given: Any) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4())}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Tracking-Secret": secret} if secret else {}
        return await self._clients[where].post(path, headers=headers, **given)


async def rate(live: Callable[[int], Awaitable[None]], numbers: Sequence[int], at_once: int) -> float:
    """Dossiers per second over all these lives, that many at the same time."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with gate:
            await live(number)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(one(number))
    return len(numbers) / (time.perf_counter() - began)
