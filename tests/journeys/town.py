"""The whole stack as its people see it: signed tokens, public HTTP APIs, and the topic for whoever checks."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import asyncpg
import httpx
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from temporalio.client import Client

from deploy.local import tokens
from deploy.local.stack import Stack
from deploy.province.papers import a_pdf, a_scan
from shared.contracts.facts import TOPIC
from tests.journeys.people import Person

COMMUNE: Final = "001.00.40.H39"
OTHER_COMMUNE: Final = "002.00.40.H39"
SERVICES: Final = ("intake", "processing", "payment", "delivery", "metrics")
PATIENCE: Final = 60.0
"""Seconds a journey waits for a named condition before it fails with it."""
NOT_NOW: Final = frozenset({"papers_pending", "signature_pending", "parcel_pending"})
"""Refusals after which a clerk simply tries again."""

type Record = ConsumerRecord[bytes | None, bytes | None]
type Json = dict[str, Any]


class Filed(NamedTuple):
    """A dossier as its owner holds it: the receipt's code and secret part."""

    code: str
    secret: str
    owner: Person
    answer: Json


class Town:
    """All processes of one stack, called as a browser, a counter or a partner calls them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.url = cache(stack.url)
        self._http = httpx.Client(timeout=30)

    def close(self) -> None:
        self._http.close()

    # --- who calls ----------------------------------------------------------------------------------------------------

    def citizen(self, person: Person, *, minutes: int = 60) -> str:
        return tokens.mint(self.stack.root, person.account, [], minutes=minutes, kind="citizen")

    def staff(self, role: str, agency: str = COMMUNE, *, who: str = "", minutes: int = 60) -> str:
        return tokens.mint(self.stack.root, who or f"{role.lower()}-{agency[:3]}", [(role, agency)], minutes=minutes)

    def ask(
        self, where: str, method: str, path: str, token: str = "", *, key: str = "", secret: str = "", **given: Any
    ) -> httpx.Response:
        """One request. Whatever the answer is, it is for the journey to judge."""
        named = {"Authorization": token and f"Bearer {token}", "Idempotency-Key": key, "Tracking-Secret": secret}
        headers = {name: value for name, value in named.items() if value} | given.pop("headers", {})
        return self._http.request(method, self.url(where) + path, headers=headers, **given)

    def faults(self, simulator: str, **faults: float) -> None:
        """Tells an outside system how to misbehave from now on; without faults it behaves again."""
        self.ask(simulator, "PUT", "/faults", json=faults).raise_for_status()

    def ledger(self, simulator: str, kind: str) -> list[Json]:
        entries: list[Json] = self.ask(simulator, "GET", "/ledger", params={"kind": kind}).json()["entries"]
        return entries

    def back(self, *services: str) -> None:
        """Waits until the supervisor has brought these back."""

        def is_ready(service: str) -> bool:
            try:
                return self.ask(service, "GET", "/readyz").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        for service in services:
            until(f"{service} is back", lambda service=service: is_ready(service), bool)  # type: ignore[misc]

    # --- filing -------------------------------------------------------------------------------------------------------

    def upload(self, token: str, kind: str, *, name: str = "", scanned: bool = False) -> str:
        """A paper with its owner's name on it and in the file's name; the id under which it is filed."""
        number = uuid.uuid4().int % 10**9
        content = a_scan(kind, number) if scanned else a_pdf(f"{kind} {name}", number)
        file = (f"{name or kind}.{'jpg' if scanned else 'pdf'}", content)
        answer = self.ask("intake", "POST", "/api/documents", token, files={"file": file}, data={"kind": kind})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["document_id"])

    def form(self, owner: Person, procedure: str, papers: Mapping[str, str], **changed: Any) -> Json:
        """The body of a filing. `papers`: kind → document id."""
        return {
            "procedure_code": procedure,
            "agency_code": COMMUNE,
            "channel": "ONLINE",
            "applicant": owner.as_declared(),
            "return_way": "DESK",
            "documents": [{"kind": kind, "document_id": identity} for kind, identity in papers.items()],
        } | changed

    def file(self, owner: Person, procedure: str, kinds: Sequence[str], **changed: Any) -> Filed:
        """Uploads the papers and files them: online by the owner, at the counter by its clerk."""
        online = changed.get("channel", "ONLINE") == "ONLINE"
        agency = changed.get("agency_code", COMMUNE)
        token = self.citizen(owner) if online else self.staff("CLERK", agency)
        papers = {kind: self.upload(token, kind, name=owner.full_name, scanned=not online) for kind in kinds}
        answer = self.ask(
            "intake", "POST", "/api/dossiers", token, key=str(uuid.uuid4()),
            json=self.form(owner, procedure, papers, **changed), headers={"User-Agent": owner.as_browser()},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        told = answer.json()
        return Filed(told["dossier_code"], told["tracking_secret"], owner, told)

    # --- the desks ----------------------------------------------------------------------------------------------------

    def act(self, code: str, role: str, *actions: str | Json, key: str = "", agency: str = COMMUNE) -> httpx.Response:
        """One click, tried again with the same key while something behind it is still under way."""
        body = {"actions": [{"kind": action} if isinstance(action, str) else action for action in actions]}
        key, path = key or str(uuid.uuid4()), f"/api/dossiers/{code}/acts"

        def click() -> httpx.Response:
            return self.ask("processing", "POST", path, self.staff(role, agency), key=key, json=body)

        return until(f"{code}: {role} {actions}", click, lambda said: _code(said) not in NOT_NOW)

    def clicked(self, code: str, role: str, *actions: str | Json) -> Json:
        """A click that must succeed; the facts after it."""
        answer = self.act(code, role, *actions)
        assert answer.status_code == 200, answer.text
        facts: Json = answer.json()["facts"]
        return facts

    def take_in(self, code: str) -> None:
        self.clicked(code, "CLERK", "accept", "transfer")

    def decide(self, code: str) -> Json:
        """From the specialist's desk to the issued result."""
        self.clicked(code, "SPECIALIST", "claim", {"kind": "propose", "outcome": "GRANTED"})
        self.clicked(code, "UNIT_HEAD", "approve_draft")
        self.clicked(code, "SIGNER", "sign")
        return self.clicked(code, "RECORDS", "number_and_issue")

    def send_home(self, code: str) -> Json:
        """The parcel is given to the postman."""
        token, key = self.staff("RETURN_CLERK"), str(uuid.uuid4())
        answer = until(
            f"{code}: the parcel is dispatched",
            lambda: self.ask("delivery", "POST", f"/api/dossiers/{code}/dispatch", token, key=key),
            lambda said: _code(said) not in NOT_NOW,
        )
        assert answer.status_code == 200, answer.text
        facts: Json = answer.json()["facts"]
        return facts

    def worklist(self, role: str, agency: str = COMMUNE, *, who: str = "") -> dict[str, Json]:
        """Rows by dossier code, page after page as a client reads them."""
        rows: dict[str, Json] = {}
        token, after = self.staff(role, agency, who=who), ""
        while True:
            params = {"role": role, "limit": "100"} | ({"cursor": after} if after else {})
            page = self.ask("processing", "GET", "/api/worklist", token, params=params).raise_for_status().json()
            rows |= {row["dossier_code"]: row for row in page["rows"]}
            if not (after := page["next_cursor"] or ""):
                return rows

    # --- money and progress -------------------------------------------------------------------------------------------

    def order(self, filed: Filed) -> httpx.Response:
        return self.ask("payment", "POST", f"/api/dossiers/{filed.code}/orders", secret=filed.secret)

    def pay(self, filed: Filed) -> Json:
        """Follows the signed redirect and confirms at the gateway; the order."""
        order: Json = self.order(filed).raise_for_status().json()
        paid = self._http.post(order["redirect_url"])
        assert paid.status_code == 303, paid.text
        return order

    def receipts(self, filed: Filed) -> list[Json]:
        answer = self.ask("payment", "GET", f"/api/dossiers/{filed.code}/receipts", secret=filed.secret)
        receipts: list[Json] = answer.raise_for_status().json()["receipts"]
        return receipts

    def paid(self, filed: Filed) -> list[Json]:
        """Waits for the receipt, and for the service that writes it."""
        self.back("payment")
        return until(f"{filed.code}: a receipt", lambda: self.receipts(filed), bool)

    def progress(self, filed: Filed) -> Json:
        answer = self.ask("intake", "GET", f"/api/tracking/{filed.code}", secret=filed.secret)
        progress: Json = answer.raise_for_status().json()
        return progress

    # --- what checkers read -------------------------------------------------------------------------------------------

    def records(self, topic: str) -> list[Record]:
        """Every record of a topic, decompressed, read without a group."""
        return asyncio.run(_records(self.stack.address("kafka"), topic))

    def events(self, code: str) -> list[Json]:
        """The dossier's events as they stand on the topic: once each, by seq."""
        values = [orjson.loads(record.value or b"") for record in self.records(TOPIC) if record.key == code.encode()]
        return [by_seq for _, by_seq in sorted({value["facts"]["seq"]: value for value in values}.items())]

    def told(self, code: str, change: str) -> list[Json]:
        """Waits until this change stands on the topic; all events up to then, without a gap."""
        events = until(
            f"{code}: {change} on the topic",
            lambda: self.events(code),
            lambda seen: (
                change in changes(seen) and [one["facts"]["seq"] for one in seen] == [*range(1, len(seen) + 1)]
            ),
        )
        return list(events)

    def rows(self, service: str, query: str) -> list[Json]:
        """Rows of a service's own schema, read in its own role."""

        async def read() -> list[Json]:
            address = self.stack.environment(service)["DATABASE_URL"].replace("+asyncpg", "")
            connection = await asyncpg.connect(address)
            try:
                return [dict(row) for row in await connection.fetch(query)]
            finally:
                await connection.close()

        return asyncio.run(read())

    def workflows(self, query: str) -> int:
        """How many dossiers the workflow engine knows, by its own list."""

        async def count() -> int:
            client = await Client.connect(self.stack.address("temporal"))
            return (await client.count_workflows(query)).count

        return asyncio.run(count())


def changes(events: Sequence[Json]) -> list[str]:
    return [event["change"]["change"] for event in events]


def until[T](what: str, look: Callable[[], T], is_so: Callable[[T], object], seconds: float = PATIENCE) -> T:
    """Waits for a condition with a limit; the failure names it and what was seen last."""
    limit = time.monotonic() + seconds
    while not is_so(seen := look()):
        assert time.monotonic() < limit, f"{what}: not within {seconds:.0f} s; last seen {_shown(seen)}"
        time.sleep(0.1)
    return seen


def _shown(seen: object) -> str:
    return seen.text if isinstance(seen, httpx.Response) else repr(seen)


def _code(answer: httpx.Response) -> str:
    return str(answer.json().get("code", "")) if answer.is_error else ""


async def _records(bootstrap: str, topic: str) -> list[Record]:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    ) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        seen: list[Record] = []
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=300)).values():
                seen += records
        return seen
