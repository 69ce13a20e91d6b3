"""What all bots share: their clients, their tokens, and what they know of each dossier.

Through the public HTTP APIs only: what they cannot do, a person could not either. Nobody reads a database or talks to
the workflow engine.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from deploy.province.plan import Plan

type Mint = Callable[[str, str, str], str]
"""(kind, person code, role) → token."""

COUNTERS: Final = 20
"""Clerks who bring papers at the same time."""
ENDS: Final = ("NOT_ACCEPTED", "STOPPED", "RETURNED")


class BotFailure(Exception):
    """An answer that no person would know what to do with: the demonstration fails and says so."""


class Refusal(BotFailure):
    """A 4xx with its problem."""

    def __init__(self, status: int, problem: Mapping[str, Any], asked: str) -> None:
        super().__init__(f"{asked}: {status} {problem.get('code', '')} {problem.get('detail', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))


@dataclass
class Life:
    """What the bots know of one dossier. `asked`: papers that its applicant still has to bring."""

    plan: Plan
    code: str = ""
    secret: str = ""
    final: str = ""
    asked: tuple[str, ...] = ()
    requests: int = 0
    has_turned: bool = False
    corrects: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, stage: str) -> None:
        """It is over, at this stage."""
        self.final = stage
        self.over.set()


@dataclass(frozen=True)
class Complaint:
    """A feedback as whoever gave it holds it."""

    code: str
    secret: str


class World:
    """Clients, tokens, lives. `addresses`: intake, processing, payment, delivery and the outside world → URL."""

    def __init__(self, addresses: Mapping[str, str], mint: Mint) -> None:
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=40))
            for name, url in addresses.items()
        }
        self._mint = mint
        self.lives: dict[str, Life] = {}
        self.complaints: dict[str, Complaint] = {}

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients.values():
            await client.aclose()

    def citizen(self, life: Life) -> str:
        """The applicant's token."""
        return self._mint("citizen", life.plan.person.account, "")

    def staff(self, role: str) -> str:
        """A token of the one bot that has this role everywhere in the province."""
        return self._mint("staff", f"bot-{role.lower()}", role)

    def bringer(self, life: Life) -> str:
        """Who brings papers: the applicant from home, else a clerk at a counter: one is held to a clerk's limits."""
        if life.plan.channel == "ONLINE":
            return self.citizen(life)
        return self._mint("staff", f"bot-clerk-{life.plan.number % COUNTERS}", "CLERK")

    async def act(self, life: Life, role: str, *actions: Mapping[str, Any], words: str = "") -> None:
        """One click at the console."""
        body: dict[str, Any] = {"actions": list(actions)} | ({"words": words} if words else {})
        path = f"/api/dossiers/{life.code}/acts"
        answer = await self.call("processing", "POST", path, self.staff(role), key=f"click-{uuid.uuid4()}", json=body)
        if (stage := answer["facts"]["stage"]) in ENDS:
            life.end(stage)

    async def call(self, where: str, method: str, path: str, token: str, **given: Any) -> Any:
        """The JSON of an answer; see `send`."""
        return (await self.send(where, method, path, token, **given)).json()

    async def send(
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
            what = " ".join(each["kind"] for each in given.get("json", {}).get("actions", ()))
            raise Refusal(response.status_code, _problem(response), f"{method} {where}{path} {what}".rstrip())
        return response


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
