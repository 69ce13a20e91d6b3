"""The console of all staff: one file per screen, each with its router; the dossier's own page comes last.

A new screen is a file here with `router` and its template, one line in SCREENS, and one in NAVIGATION if it is a door.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import Response

from services.processing.acts import Door
from services.processing.acts.accounts import Staff, csrf_of
from services.processing.acts.operations import Operations
from services.processing.adapters.provider import Provider, origin_of
from services.processing.pages import (
    act,
    approve,
    bulk,
    bulk_file,
    comments,
    counter,
    dossier,
    lists,
    live,
    me,
    operator,
    papers,
    provider,
    sign,
    sign_in,
    worklist,
)
from services.processing.pages._door import PREFIX, Console, Locked, SignInNeeded, error_page, to_sign_in
from services.processing.pages._door import Person as _Person
from services.processing.pages._uploads import UPLOADS as UPLOADS
from services.processing.store.pulse import Pulse
from shared.web.html import Pages
from shared.web.i18n import language_of
from shared.web.sessions import Cookie

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
SCREENS: Final = (
    sign_in, provider, me, operator, worklist, lists, live, sign, approve, bulk, bulk_file, counter, papers, comments,
    act, dossier,
)  # fmt: skip
"""In the order in which addresses are tried: the pattern of a dossier's code is the last."""


def pages_of() -> Pages:
    """The templates of the console."""
    return Pages(TEMPLATES, prefix=PREFIX)


def console(
    door: Door,
    staff: Staff,
    *,
    secure: bool,
    help_phone: str,
    board_url: str = "",
    pulse: Pulse | None = None,
    identity_provider: Provider | None = None,
    has_accounts: bool = True,
    operations: Operations | None = None,
    temporal_ui: str = "",
) -> Console:
    """What the screens stand on."""
    return Console(
        door=door,
        staff=staff,
        pages=pages_of(),
        cookie=Cookie(secure=secure),
        help_phone=help_phone,
        board_url=board_url,
        pulse=pulse,
        provider=identity_provider,
        has_accounts=has_accounts,
        operations=operations,
        temporal_ui=temporal_ui,
    )


def leads_to(board_url: str, identity_provider: Provider | None) -> tuple[str, ...]:
    """Origins beside our own to which forms may lead (CSP)."""
    issuers = (origin_of(identity_provider.issuer),) if identity_provider else ()
    return (board_url, *issuers) if board_url else issuers


def attach(app: FastAPI, console: Console | None) -> FastAPI:
    """Hangs the screens into an application; with nothing to stand on they are looked at, never called."""
    app.state.console = console
    app.state.error_page = (PREFIX, error_page)
    app.add_exception_handler(SignInNeeded, _sign_in)
    pages_of().mount(app)
    for screen in SCREENS:
        app.include_router(screen.router)
    return app


async def _sign_in(request: Request, needed: Exception) -> Response:
    """To the sign-in page; what was typed comes along. A locked screen asks for the password alone."""
    console: Console = request.app.state.console
    typed = needed.typed if isinstance(needed, SignInNeeded) else {}
    path = request.url.path
    if isinstance(needed, Locked):
        token = console.cookie.of(request)
        member = await console.staff.member(token)
        if member is not None:
            person = _Person(member, csrf_of(token), language_of(request), typed)
            back = path + (f"?{request.url.query}" if request.url.query else "")
            return sign_in.locked(request, console, person, typed, back)
    if request.method in {"GET", "HEAD"}:
        return to_sign_in(request)
    return sign_in.form(request, console, typed, path, status=401)
