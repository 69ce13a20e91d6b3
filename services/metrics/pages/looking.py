"""Who looks at the board: a program with its token, a colleague with the console's cookie, or anybody."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.metrics.adapters.desk import Desk
from shared.dossier.permission import Actor, Kind
from shared.platform.http import Away
from shared.platform.telemetry import log
from shared.web.identity import ANYONE, Caller, TokenCaller, counted
from shared.web.sessions import Cookie

SIGN_IN: Final = "/desk/sign-in"
LIVE: Final = "/live"
"""A stream that is open does not keep its session alive."""


class SignInNeeded(Exception):
    """A person opened what is for colleagues, without a session of the console."""


class Looker(Caller):
    """A dependency of pages: the Actor of a bearer token, else of the console's cookie, else nobody in particular."""

    async def __call__(self, request: Request) -> Actor:
        """Raises: Problem 401 or 403 as for tokens; for colleagues' pages SignInNeeded, and Away without the console.

        Pages for everybody stay open while the console is away: they are read as anybody reads them.
        """
        desk: Desk | None = request.app.state.desk
        cookie: Cookie = request.app.state.cookie
        if desk is None or "authorization" in request.headers:
            return await TokenCaller(self.kinds)(request)
        is_open = Kind.ANYONE in self.kinds
        token = cookie.of(request)
        try:
            holder = await desk.holder(token, is_use=not request.url.path.endswith(LIVE)) if token else None
        except Away:
            if not is_open:
                raise
            log.warning("desk_away")
            holder = None
        if holder is None and not is_open:
            raise SignInNeeded
        await counted(request, holder or ANYONE)
        return holder or ANYONE


type Reader = Annotated[Actor, Depends(Looker(frozenset(Kind)))]
type Colleague = Annotated[Actor, Depends(Looker(frozenset({Kind.STAFF, Kind.SERVICE})))]


def sign_in_at(console: str, path: str) -> str:
    """The address of the console's sign-in that comes back to this path."""
    return f"{console}{SIGN_IN}?next={quote(path, safe='')}"


def to_sign_in(console: str, request: Request) -> Response:
    """303 to the sign-in of the console and, from there, back."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(sign_in_at(console, path), 303)
