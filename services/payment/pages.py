"""Payment's door for people: where the gateway sends the payer's browser back. Shows, changes nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.payment import store
from services.payment.acts.door import Door
from services.payment.views import return_view
from shared.web.html import Pages, frame_of
from shared.web.i18n import language_of, teller
from shared.web.identity import public
from shared.web.limits import CALLBACK, limited
from shared.web.problem import Problem


def routes(door: Door, pages: Pages) -> APIRouter:
    """The pages."""
    router = APIRouter(include_in_schema=False)

    @router.get("/pay/return")
    @public("verifies the gateway's signature itself; display only")
    @limited(CALLBACK)
    async def back_from_gateway(request: Request) -> HTMLResponse:
        signed = door.gateway.notice(request.url.query)
        if signed is None:
            raise Problem(400, "signature_wrong", detail=("Địa chỉ này không đúng.", "This address is not right."))
        async with door.sessions.begin() as session:
            attempt = await store.attempt_of(session, signed.txn_ref)
        if attempt is None:
            raise Problem(404)
        unit = teller(language_of(request))("Nộp phí, lệ phí")
        return pages.render(request, "return.html", view=return_view(attempt), frame=frame_of(unit))

    return router
