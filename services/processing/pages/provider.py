"""S1 in production: to the identity provider and back.

For ten minutes the browser keeps the flow's three secrets, and the key of what was typed before.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from services.processing.acts import interrupted
from services.processing.acts.accounts import SignInRefused
from services.processing.adapters.provider import FLOW_SECONDS, Flow, NotStaff, Provider, ProviderRefused
from services.processing.pages._door import PREFIX, Console, TheConsole, within
from services.processing.pages.sign_in import entered, form, kept_of
from shared.dossier.refusal import Unknown
from shared.platform.http import Away
from shared.platform.telemetry import log
from shared.web.counting import after_sign_in, charge
from shared.web.i18n import language_of, teller
from shared.web.identity import public
from shared.web.limits import BEGIN, SIGN_IN, limited
from shared.web.sessions import Typed, demand_same_site, first, typed_of

router = APIRouter(prefix=f"{PREFIX}/sign-in", include_in_schema=False)


class _Way(NamedTuple):
    """What the browser brings back: the flow, whither it goes on, and with what typed."""

    kept: Typed
    back: str = PREFIX
    flow: Flow | None = None
    """None when this browser began nothing, or too long ago."""


@router.post("/provider")
@public("begins a sign-in at the identity provider; what was typed before waits sealed")
@limited(BEGIN)
async def begin(request: Request, console: TheConsole) -> Response:
    demand_same_site(request)
    await charge(request, "")
    typed, provider = await typed_of(request), _provider(console)
    kept, back = kept_of(typed), within(first(typed, "next"))
    is_known = await console.staff.member(console.cookie.of(request), is_use=False) is not None
    try:
        url, flow = await provider.begin(anew=is_known or "anew" in typed)
    except Away as away:
        return _away(request, console, away, kept, back)
    key = await interrupted.keep(console.door.sessions, kept, console.door.now())
    response = RedirectResponse(url, 303)
    name, secure = _cookie(console.cookie.name), console.cookie.name.startswith("__Host-")
    carried = orjson.dumps([*flow, back, key]).hex()
    response.set_cookie(name, carried, max_age=FLOW_SECONDS, path="/", httponly=True, secure=secure, samesite="lax")
    return response


@router.get("/return")
@public("ends a sign-in at the identity provider: state, nonce and signature are checked")
@limited(SIGN_IN)
async def finish(
    request: Request,
    console: TheConsole,
    code: Annotated[str, Query(max_length=2_000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    provider, way = _provider(console), await _way(request, console)
    try:
        vouched = await provider.finish(way.flow, code=code, state=state, issuer=iss)
        before = await console.staff.member(console.cookie.of(request), is_use=False)
        signed = await console.staff.sign_in_vouched(vouched, before)
    except Away as away:
        return _away(request, console, away, way.kept, way.back)
    except (ProviderRefused, SignInRefused) as no:
        return _refused(request, console, no, way)
    await after_sign_in(request, vouched.person_code)
    response = await entered(request, console, signed, way.kept, way.back)
    response.delete_cookie(_cookie(console.cookie.name), path="/")
    return response


def _provider(console: Console) -> Provider:
    if console.provider is None:
        raise Unknown
    return console.provider


async def _way(request: Request, console: Console) -> _Way:
    try:
        state, nonce, verifier, back, key = orjson.loads(bytes.fromhex(request.cookies[_cookie(console.cookie.name)]))
        kept = await interrupted.take(console.door.sessions, key, console.door.now())
        return _Way(kept, within(str(back)), Flow(str(state), str(nonce), str(verifier)))
    except (KeyError, ValueError, TypeError):
        return _Way({})


def _away(request: Request, console: Console, away: Away, kept: Typed, back: str) -> Response:
    log.warning("provider_away", reason=str(away))
    sentence = teller(language_of(request))("Cổng đăng nhập đang gián đoạn. Người đã đăng nhập vẫn làm việc được.")
    return form(request, console, kept, back, said=sentence, status=503)


def _refused(request: Request, console: Console, no: ProviderRefused | SignInRefused, way: _Way) -> Response:
    """The sign-in page again: what was typed stays, and whoever the provider still knows can be somebody else."""
    reason = no.code if isinstance(no, SignInRefused) else str(no)
    log.warning("provider_refused", reason=reason)
    say = teller(language_of(request))
    sentence, status = say("Đăng nhập không thành công. Thử lại từ đầu."), 401
    if isinstance(no, NotStaff | SignInRefused) and reason != "not_anew":
        words = "Tài khoản công vụ này chưa được cấp vị trí làm việc ở đây. Gọi quản trị: {phone}."
        sentence, status = say(words, phone=console.help_phone), 403
    return form(request, console, way.kept, way.back, said=sentence, status=status, anew=True)


def _cookie(session: str) -> str:
    """Beside the session's cookie, with the same prefix."""
    return session.replace("session", "sign-in")
