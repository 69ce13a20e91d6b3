"""S1 in production: to the identity provider and back. The browser keeps the flow's three secrets for ten minutes."""

from __future__ import annotations

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from services.processing.adapters.provider import Flow, ProviderRefused
from services.processing.pages._door import PREFIX, TheConsole, within
from services.processing.pages.sign_in import entered, form
from shared.dossier.refusal import Unknown
from shared.platform.http import Away
from shared.platform.telemetry import log
from shared.web.counting import after_sign_in
from shared.web.i18n import language_of, teller
from shared.web.identity import public
from shared.web.limits import SIGN_IN, limited, unlimited

router = APIRouter(prefix=f"{PREFIX}/sign-in", include_in_schema=False)
_SECONDS: Final = 600


@router.get("/provider")
@public("begins a sign-in at the identity provider")
@unlimited("only leads to the provider, which counts for itself")
async def begin(request: Request, console: TheConsole, next: Annotated[str, Query(max_length=400)] = "") -> Response:  # noqa: A002 - the address says `next`
    if console.provider is None:
        raise Unknown
    try:
        url, flow = await console.provider.begin()
    except Away:
        say = teller(language_of(request))
        sentence = say("Cổng đăng nhập đang gián đoạn. Người đã đăng nhập vẫn làm việc được.")
        return form(request, console, {}, within(next), said=sentence, status=503)
    response = RedirectResponse(url, 303)
    kept = orjson.dumps([*flow, within(next)]).hex()
    name, secure = _cookie(console.cookie.name), console.cookie.name.startswith("__Host-")
    response.set_cookie(name, kept, max_age=_SECONDS, path="/", httponly=True, secure=secure, samesite="lax")
    return response


@router.get("/return")
@public("ends a sign-in at the identity provider: state, nonce and signature are checked")
@limited(SIGN_IN)
async def finish(
    request: Request,
    console: TheConsole,
    code: Annotated[str, Query(max_length=2_000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    if console.provider is None:
        raise Unknown
    say, name = teller(language_of(request)), _cookie(console.cookie.name)
    try:
        *flow, back = orjson.loads(bytes.fromhex(request.cookies.get(name, "")))
        vouched = await console.provider.finish(Flow(*flow), code=code, state=state)
        signed = await console.staff.sign_in_vouched(vouched.person_code, vouched.title, vouched.grants)
    except Away:
        sentence = say("Cổng đăng nhập đang gián đoạn. Người đã đăng nhập vẫn làm việc được.")
        return form(request, console, {}, PREFIX, said=sentence, status=503)
    except (ProviderRefused, ValueError, TypeError) as no:
        log.warning("provider_refused", reason=str(no) if isinstance(no, ProviderRefused) else "flow")
        sentence = say("Đăng nhập không thành công. Thử lại từ đầu.")
        return form(request, console, {}, PREFIX, said=sentence, status=401)
    await after_sign_in(request, vouched.person_code)
    response = await entered(request, console, signed, {}, within(str(back)))
    response.delete_cookie(name, path="/")
    return response


def _cookie(session: str) -> str:
    """Beside the session's cookie, with the same prefix."""
    return session.replace("session", "sign-in")
