"""Bot citizens and bot staff, through the public HTTP APIs only: what they cannot do, a person could not either.

Citizens file, pay at the gateway, withdraw and fetch results; staff look into their worklists and act on what they
find there. Everyone carries a token; nobody reads a database or talks to the workflow engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from deploy.province.papers import a_pdf, a_scan
from deploy.province.plan import Fate, Plan

type Mint = Callable[[str, str, str], str]
"""(kind, person code, role) → token."""

STAFF: Final = ("CLERK", "SPECIALIST", "UNIT_HEAD", "SIGNER", "RECORDS", "RETURN_CLERK")
IDLE: Final = 0.3
"""Seconds a member of staff rests when there was nothing to do."""
LOOK: Final = 1.0
"""Seconds between two looks of a citizen at the dossier's state."""
AT_ONCE: Final = 6
"""Dossiers one role works on at the same time."""

WAIT: Final = frozenset({"papers_pending", "signature_pending", "parcel_pending", "fee_unpaid", "moved_on"})
"""Refusals after which a person simply tries again a little later."""


class BotFailure(Exception):
    """An answer that no person would know what to do with: the demonstration fails and says so."""


@dataclass
class Life:
    """What the bots know of one dossier."""

    plan: Plan
    code: str = ""
    secret: str = ""
    final: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Province:
    """All bots, their clients and what they have seen. `addresses`: intake, processing, payment, delivery → URL."""

    def __init__(
        self, addresses: dict[str, str], mint: Mint, told: Callable[[Life], None], *, register_token: str
    ) -> None:
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=40))
            for name, url in addresses.items()
        }
        self._mint = mint
        self._told = told
        self._register_token = register_token
        self.lives: dict[str, Life] = {}
        self.surprises: list[str] = []

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            await client.aclose()

    async def live(self, plans: list[Plan], *, at_once: int) -> list[Life]:
        """Let all these dossiers be filed and carried to their ends; staff work meanwhile."""
        gate = asyncio.Semaphore(at_once)
        staff = [asyncio.create_task(self._work(role)) for role in STAFF]
        try:
            async with asyncio.TaskGroup() as group:
                citizens = [group.create_task(self._one(plan, gate)) for plan in plans]
                for worker in staff:
                    worker.add_done_callback(lambda task: self._fail_with(task, citizens))
        finally:
            for worker in staff:
                worker.cancel()
            await asyncio.gather(*staff, return_exceptions=True)
        return [task.result() for task in citizens]

    def _fail_with(self, worker: asyncio.Task[None], citizens: list[asyncio.Task[Life]]) -> None:
        if not worker.cancelled() and worker.exception():
            self.surprises.append(f"staff: {worker.exception()!r}")
            for citizen in citizens:
                citizen.cancel()

    # --- citizens and the counter -------------------------------------------------------------------------------------

    async def _one(self, plan: Plan, gate: asyncio.Semaphore) -> Life:
        life = Life(plan)
        async with gate:
            await self._file(life)
            await self._meanwhile(life)
            await self._until_over(life)
        self._told(life)
        return life

    async def _file(self, life: Life) -> None:
        plan, person = life.plan, life.plan.person
        online = plan.channel == "ONLINE"
        token = self._mint("citizen", person.account, "") if online else self._mint("staff", "bot-clerk", "CLERK")
        documents = []
        for kind in plan.papers:
            content = a_pdf(kind, plan.number) if online else a_scan(kind, plan.number)
            name = f"{kind}.pdf" if online else f"{kind}.jpg"
            stored = await self._call(
                "intake", "POST", "/api/documents", token, files={"file": (name, content)}, data={"kind": kind}
            )
            documents.append({"kind": kind, "document_id": stored["document_id"]})
        name = await self._name_on_card(person.personal_id)
        filed = await self._call(
            "intake",
            "POST",
            "/api/dossiers",
            token,
            key=f"file-{uuid.uuid4()}",
            json={
                "procedure_code": plan.procedure_code,
                "agency_code": plan.agency_code,
                "channel": plan.channel,
                "applicant_type": "CITIZEN",
                "applicant": {
                    "full_name": name,
                    "personal_id": person.personal_id,
                    "phone": person.phone,
                    "address": person.address,
                },
                "return_way": plan.return_way,
                "documents": documents,
                "guided": not online,
            },
        )
        life.code, life.secret = filed["dossier_code"], filed["tracking_secret"]
        self.lives[life.code] = life

    async def _name_on_card(self, personal_id: str) -> str:
        """People know their own names; the invented ones are whoever the invented register says they are."""
        person = await self._call(
            "population_database", "POST", "/person", self._register_token, json={"personal_id": personal_id}
        )
        return str(person["name"])

    async def _meanwhile(self, life: Life) -> None:
        plan = life.plan
        if plan.fate is Fate.WITHDRAWN_EARLY:
            return await self._withdraw(life)
        if plan.pays_online:
            await self._pay(life)
        if plan.fate is Fate.WITHDRAWN_LATE:
            await self._until_status(life, 4)
            return await self._withdraw(life)
        if plan.return_way == "ELECTRONIC":
            await self._until_status(life, 9)
            if not life.over.is_set():
                await self._fetch_result(life)
        return None

    async def _withdraw(self, life: Life) -> None:
        """The applicant takes it back. Too late is no surprise: then the dossier lives on."""
        with contextlib.suppress(Refusal):
            token = self._mint("citizen", self._owner(life), "")
            await self._call("intake", "POST", f"/api/dossiers/{life.code}/withdrawal", token, key=str(uuid.uuid4()))

    def _owner(self, life: Life) -> str:
        return life.plan.person.account

    async def _pay(self, life: Life) -> None:
        """Ask for an order, follow the signed redirect, confirm at the gateway; nothing to pay is fine."""
        try:
            order = await self._call(
                "payment", "POST", f"/api/dossiers/{life.code}/orders", "", secret=life.secret, key=str(uuid.uuid4())
            )
        except Refusal as no:
            if no.code in {"fee_settled", "nothing_to_pay"}:
                return
            raise
        address = urlsplit(order["redirect_url"])
        answer = await self._clients["payment_gateway"].post(f"{address.path}?{address.query}")
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise BotFailure(f"the gateway answered {answer.status_code}")

    async def _fetch_result(self, life: Life) -> None:
        while not life.over.is_set():
            with contextlib.suppress(Refusal):
                token = self._mint("citizen", self._owner(life), "")
                response = await self._send("intake", "GET", f"/api/dossiers/{life.code}/result", token)
                if not response.content.startswith(b"%PDF-"):
                    raise BotFailure("the result is no PDF")
                return
            await self._look(life)
            await asyncio.sleep(LOOK)

    async def _until_status(self, life: Life, portal_status: int) -> None:
        while not life.over.is_set() and await self._look(life) < portal_status:
            await _pause()

    async def _until_over(self, life: Life) -> None:
        while not life.over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(life.over.wait(), LOOK)
            if not life.over.is_set():
                await self._look(life)

    async def _look(self, life: Life) -> int:
        seen = await self._call("intake", "GET", f"/api/tracking/{life.code}", "", secret=life.secret)
        status = int(seen["portal_status"])
        if status in (3, 8, 10):
            self._end(life, {3: "NOT_ACCEPTED", 8: "STOPPED", 10: "RETURNED"}[status])
        return status if status not in (5, 6, 7) else 1

    def _end(self, life: Life, stage: str) -> None:
        life.final = stage
        life.over.set()

    # --- staff --------------------------------------------------------------------------------------------------------

    async def _work(self, role: str) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        busy: set[str] = set()

        async def handle(row: dict[str, Any]) -> None:
            async with gate:
                try:
                    await self._handle(role, row)
                except Refusal as no:
                    if no.code not in WAIT and no.status != httpx.codes.CONFLICT:
                        raise
                finally:
                    busy.discard(row["dossier_code"])

        async with asyncio.TaskGroup() as group:
            while True:
                rows = await self._worklist(role)
                fresh = [row for row in rows if row["dossier_code"] in self.lives and row["dossier_code"] not in busy]
                for row in fresh:
                    busy.add(row["dossier_code"])
                    group.create_task(handle(row))
                await asyncio.sleep(IDLE)

    async def _worklist(self, role: str) -> list[dict[str, Any]]:
        token = self._mint("staff", f"bot-{role.lower()}", role)
        page = await self._call("processing", "GET", "/api/worklist", token, params={"role": role, "limit": "200"})
        rows = page["rows"] if isinstance(page, dict) else page
        return list(rows)

    async def _handle(self, role: str, row: dict[str, Any]) -> None:
        life = self.lives[row["dossier_code"]]
        fate, stage = life.plan.fate, row["stage"]
        match role, stage:
            case "CLERK", "SUBMITTED":
                await self._receive(life)
            case "CLERK", "ACCEPTED" | "ROUTING":
                await self._act(life, role, {"kind": "transfer"})
            case "SPECIALIST", "PROCESSING" if fate is not Fate.WITHDRAWN_LATE:
                await self._appraise(life, claimed=bool(row["is_claimed"]))
            case "UNIT_HEAD", "REVIEW":
                await self._act(life, role, {"kind": "approve_draft"})
            case "UNIT_HEAD", "WITHDRAW_ASKED":
                await self._act(life, role, {"kind": "confirm_withdraw"})
            case "SIGNER", "SIGNING":
                await self._act(life, role, {"kind": "sign"})
            case "RECORDS", "NUMBERING":
                await self._act(life, role, {"kind": "number_and_issue"})
            case "RETURN_CLERK", "RESULT_READY":
                await self._return(life)

    async def _receive(self, life: Life) -> None:
        fate = life.plan.fate
        if fate is Fate.WITHDRAWN_EARLY:
            return
        if fate is Fate.REJECTED:
            await self._act(life, "CLERK", {"kind": "reject", "cause": "wrong_agency"})
            return
        at_once: list[dict[str, str]] = [{"kind": "accept"}]
        if life.plan.channel == "ONLINE":  # handed on at once (NĐ 61/2018 Điều 18.1)
            at_once.append({"kind": "transfer"})
        try:
            await self._act(life, "CLERK", *at_once)
        except Refusal as no:
            if no.code == "pre_fee_unpaid":
                await self._ask_pre_fee(life)
            elif no.code == "papers_missing":
                await self._act(life, "CLERK", {"kind": "reject", "cause": "papers_missing"})
            else:
                raise

    async def _ask_pre_fee(self, life: Life) -> None:
        await self._act(life, "CLERK", {"kind": "ask_pre_fee"})
        await self._take_cash(life)

    async def _appraise(self, life: Life, *, claimed: bool) -> None:
        refused = life.plan.fate is Fate.REFUSED
        proposal = {"kind": "propose", "outcome": "REFUSED" if refused else "GRANTED"}
        if refused:
            proposal["ground"] = "conditions_not_met"
        if life.plan.number % 4 and not claimed:  # simple ones are taken and proposed in one go
            await self._act(life, "SPECIALIST", {"kind": "claim"}, proposal)
        elif not claimed:
            token = self._mint("staff", "bot-specialist", "SPECIALIST")
            await self._call("processing", "POST", f"/api/dossiers/{life.code}/claim", token, key=str(uuid.uuid4()))
        else:
            await self._act(life, "SPECIALIST", proposal)

    async def _return(self, life: Life) -> None:
        if life.plan.return_way == "ELECTRONIC":
            if not life.plan.pays_online:
                await self._take_cash(life)
            return
        if not life.plan.pays_online:
            await self._take_cash(life)
        if life.plan.return_way == "DESK":
            await self._act(life, "RETURN_CLERK", {"kind": "hand_over"})
            return
        token = self._mint("staff", "bot-return_clerk", "RETURN_CLERK")
        await self._call("delivery", "POST", f"/api/dossiers/{life.code}/dispatch", token, key=str(uuid.uuid4()))

    async def _take_cash(self, life: Life) -> None:
        seen = await self._call("intake", "GET", f"/api/tracking/{life.code}", "", secret=life.secret)
        if owed := int(seen["fee_owed_vnd"]):
            token = self._mint("staff", "bot-accountant", "ACCOUNTANT")
            await self._call(
                "payment", "POST", f"/api/dossiers/{life.code}/cash", token,
                key=str(uuid.uuid4()), json={"amount_vnd": owed},
            )  # fmt: skip

    async def _act(self, life: Life, role: str, *actions: dict[str, str]) -> None:
        token = self._mint("staff", f"bot-{role.lower()}", role)
        answer = await self._call(
            "processing", "POST", f"/api/dossiers/{life.code}/acts", token,
            key=f"click-{uuid.uuid4()}", json={"actions": list(actions)},
        )  # fmt: skip
        stage = answer["facts"]["stage"]
        if stage in ("NOT_ACCEPTED", "STOPPED", "RETURNED"):
            self._end(life, stage)

    # --- one call -----------------------------------------------------------------------------------------------------

    async def _call(self, where: str, method: str, path: str, token: str, **given: Any) -> Any:
        return (await self._send(where, method, path, token, **given)).json()

    async def _send(
        self, where: str, method: str, path: str, token: str, *, secret: str = "", key: str = "", **given: Any
    ) -> httpx.Response:
        """One request; a repeat with the same key while the other side is away. Raises Refusal for 4xx."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Tracking-Secret": secret} if secret else {}
        headers |= {"Idempotency-Key": key} if key else {}
        response = None
        for pause in (0.2, 0.5, 1, 2, 4, 8, 0):
            try:
                response = await self._clients[where].request(method, path, headers=headers, **given)
            except httpx.TransportError as weather:
                if not pause:
                    raise BotFailure(f"{where} cannot be reached: {type(weather).__name__}") from weather
            else:
                if not response.is_server_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    break
            await asyncio.sleep(pause)
        if response is None or response.is_server_error:
            raise BotFailure(f"{method} {where}{path}: {response.status_code if response else 'silent'}")
        if response.is_client_error:
            raise Refusal(response.status_code, _problem(response), f"{method} {where}{path}")
        return response


async def _pause() -> None:
    await asyncio.sleep(LOOK)


class Refusal(BotFailure):
    """A 4xx with its problem."""

    def __init__(self, status: int, problem: dict[str, Any], asked: str) -> None:
        super().__init__(f"{asked}: {status} {problem.get('code', '')} {problem.get('detail', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
