"""The console as the board needs it: where staff sign in, and who holds a session of theirs."""

from __future__ import annotations

from typing import Protocol

from pydantic import ValidationError

from shared.contracts.session import MOST_TOKEN, SessionHolder
from shared.dossier.permission import Actor
from shared.platform.http import Away, Client


class Desk(Protocol):
    """Knows colleagues by the console's cookie, which browsers send to the board too: one host, one sign-in."""

    async def holder(self, token: str, *, is_use: bool) -> Actor | None:
        """Who holds the session now; None when nobody does. Raises Away, Answered."""
        ...


class HttpDesk:
    """Asks the console for every page, so that a session that ended there has ended here; nothing is kept."""

    def __init__(self, console: Client) -> None:
        self._console = console

    async def holder(self, token: str, *, is_use: bool) -> Actor | None:
        if not 1 <= len(token) <= MOST_TOKEN:
            return None
        answer = await self._console.post("/api/session", json={"token": token, "is_use": is_use})
        try:
            return SessionHolder.model_validate_json(answer.content).holder
        except ValidationError:
            raise Away("processing", "not a session's holder") from None
