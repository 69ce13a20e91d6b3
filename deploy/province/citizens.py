"""Bot citizens: they file, pay at the gateway, bring what is asked, withdraw, and fetch results."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from deploy.province import feedback
from deploy.province.papers import a_pdf, a_scan
from deploy.province.plan import Fate, Plan, Turn
from deploy.province.world import BotFailure, Life, Refusal, World

LOOK: Final = 1.0
"""Seconds between two looks of a citizen at the dossier's state."""
POSTED: Final = timedelta(days=60)
"""How long ago the consignments were signed over that turn out to be overdue when the desk opens them."""
_ENDED: Final = {3: "NOT_ACCEPTED", 8: "STOPPED", 10: "RETURNED"}
_WAITS: Final = (5, 6, 7)
"""Portal statuses in which a dossier does not move on by itself."""


class Citizens:
    """All applicants, online and at the counter, where a clerk types for them."""

    def __init__(self, world: World, *, register_token: str) -> None:
        self._world = world
        self._register_token = register_token

    async def live(self, plan: Plan, gate: asyncio.Semaphore) -> list[Life]:
        """One dossier from its filing to its end, and the correction that may follow; [the dossier, its correction]."""
        life = Life(plan)
        async with gate:
            await self._file(life)
            await self._meanwhile(life)
            await self._until_over(life)
            await feedback.complain(self._world, life)
            if plan.turn is Turn.CORRECTION and life.final == "RETURNED":
                correction = await self._correct(life)
                await self._meanwhile(correction)
                await self._until_over(correction)
                return [life, correction]
        return [life]

    async def _file(self, life: Life) -> None:
        plan, person = life.plan, life.plan.person
        token = self._world.bringer(life)
        documents = await self._upload(life, plan.papers)
        form: dict[str, Any] = {
            "procedure_code": plan.procedure_code,
            "agency_code": plan.agency_code,
            "channel": plan.channel,
            "applicant_type": "CITIZEN",
            "applicant": {
                "full_name": await self._name_on_card(person.personal_id),
                "personal_id": person.personal_id,
                "phone": person.phone,
                "email": person.email,
                "address": person.address,
            },
            "return_way": plan.return_way,
            "documents": documents,
            "guided": plan.channel != "ONLINE",
        }
        if plan.channel == "POST":
            signed_at = datetime.now(UTC) - POSTED
            form["minutes_signed_at"] = signed_at.isoformat()
            form["posted_at"] = (signed_at - timedelta(days=1)).isoformat()
        filed = await self._world.call(
            "intake", "POST", "/api/dossiers", token, key=f"file-{uuid.uuid4()}", json=form
        )  # fmt: skip
        self._know(life, filed)

    def _know(self, life: Life, filed: dict[str, Any]) -> None:
        life.code, life.secret = filed["dossier_code"], filed["tracking_secret"]
        self._world.lives[life.code] = life

    async def _upload(self, life: Life, kinds: tuple[str, ...]) -> list[dict[str, str]]:
        documents, online = [], life.plan.channel == "ONLINE"
        for kind in kinds:
            content = (a_pdf if online else a_scan)(kind, life.plan.number)
            stored = await self._world.call(
                "intake", "POST", "/api/documents", self._world.bringer(life),
                files={"file": (f"{kind}.pdf" if online else f"{kind}.jpg", content)}, data={"kind": kind},
            )  # fmt: skip
            documents.append({"kind": kind, "document_id": stored["document_id"]})
        return documents

    async def _name_on_card(self, personal_id: str) -> str:
        """People know their own names; the invented ones are whoever the invented register says they are."""
        person = await self._world.call(
            "population_database", "POST", "/person", self._register_token, json={"personal_id": personal_id}
        )
        return str(person["name"])

    async def _meanwhile(self, life: Life) -> None:
        plan = life.plan
        if plan.fate is Fate.WITHDRAWN_EARLY:
            return await self._withdraw(life)
        if plan.pays_online:
            await self._pay(life)
        if plan.fate is Fate.WITHDRAWN_LATE or plan.turn is Turn.WITHDRAWAL_DENIED:
            await self._until_status(life, 4)
            await self._withdraw(life)
        if plan.return_way == "ELECTRONIC":
            await self._until_status(life, 9)
            await self._fetch_result(life)
        return None

    async def _withdraw(self, life: Life) -> None:
        """The applicant takes it back. Too late is no surprise: then the dossier lives on."""
        with contextlib.suppress(Refusal):
            path, token = f"/api/dossiers/{life.code}/withdrawal", self._world.citizen(life)
            await self._world.call("intake", "POST", path, token, key=str(uuid.uuid4()))

    async def _correct(self, wrong: Life) -> Life:
        """The result names the wrong day of birth: the unit head opens the correction, which costs nothing."""
        path = f"/api/dossiers/{wrong.code}/correction"
        asked = {"cause": "agency_error"}
        opened = await self._world.call(
            "intake", "POST", path, self._world.staff("UNIT_HEAD"), key=str(uuid.uuid4()), json=asked
        )
        plan = replace(wrong.plan, turn=None, pays_online=False, return_way=opened["facts"]["return_way"])
        life = Life(plan, corrects=wrong.code)
        self._know(life, opened)
        return life

    async def _pay(self, life: Life) -> None:
        """Ask for an order, follow the signed redirect, confirm at the gateway; nothing to pay is fine."""
        path = f"/api/dossiers/{life.code}/orders"
        try:
            order = await self._world.call("payment", "POST", path, "", secret=life.secret, key=str(uuid.uuid4()))
        except Refusal as no:
            if no.code in {"fee_settled", "nothing_to_pay"}:
                return
            raise
        address = urlsplit(order["redirect_url"])
        answer = await self._world.send("payment_gateway", "POST", f"{address.path}?{address.query}", "")
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise BotFailure(f"the gateway answered {answer.status_code}")

    async def _fetch_result(self, life: Life) -> None:
        while not life.over.is_set():
            with contextlib.suppress(Refusal):
                path = f"/api/dossiers/{life.code}/result"
                response = await self._world.send("intake", "GET", path, self._world.citizen(life))
                if not response.content.startswith(b"%PDF-"):
                    raise BotFailure("the result is no PDF")
                return
            await self._look(life)
            await self._rest(life)

    async def _until_status(self, life: Life, portal_status: int) -> None:
        while not life.over.is_set() and await self._look(life) < portal_status:
            await self._rest(life)

    async def _until_over(self, life: Life) -> None:
        while not life.over.is_set():
            await self._rest(life)
            if not life.over.is_set():
                await self._look(life)

    async def _rest(self, life: Life) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(life.over.wait(), LOOK)

    async def _look(self, life: Life) -> int:
        """The portal status, 1 while the dossier waits for somebody; whoever is asked for papers brings them."""
        if life.asked:
            documents = await self._upload(life, life.asked)
            path = f"/api/dossiers/{life.code}/papers"
            await self._world.call(
                "intake", "POST", path, self._world.bringer(life), key=str(uuid.uuid4()), json={"documents": documents}
            )
            life.asked = ()
        seen = await self._world.call("intake", "GET", f"/api/tracking/{life.code}", "", secret=life.secret)
        status = int(seen["portal_status"])
        if status in _ENDED:
            life.end(_ENDED[status])
        return 1 if status in _WAITS else status
