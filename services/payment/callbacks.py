"""The gateway's door and the inbox behind it: verify, store, answer; the settler does the work.

`GET /callbacks/gateway` is a webhook in spite of its method (SR-20): signed, without a time, so kept for ever.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from services.payment.acts.door import Door
from services.payment.acts.settling import record_notice
from services.payment.acts.sweeping import sweep
from services.payment.rules.settlement import Reply
from shared.platform.database import AWAY
from shared.platform.duty import Duty
from shared.platform.telemetry import counter, log
from shared.web.counting import missed
from shared.web.identity import public
from shared.web.limits import CALLBACK, limited

_MESSAGES: Final = {
    Reply.BAD_SIGNATURE: "Invalid Checksum",
    Reply.UNKNOWN_ORDER: "Order not Found",
    Reply.WRONG_AMOUNT: "Invalid amount",
    Reply.ALREADY_CONFIRMED: "Order already confirmed",
    Reply.RECORDED: "Confirm Success",
    Reply.UNEXPECTED: "Unknown error",
}
_notices = counter("gateway_notices", "Notices of the gateway by what they were answered", ["code"])

LOOK_SECONDS: Final = 1.0
"""Between looks when nobody wakes the settler."""


def routes(door: Door) -> APIRouter:
    """The webhook."""
    router = APIRouter(tags=["callbacks"])

    @router.get("/callbacks/gateway")
    @public("verifies the gateway's signature itself")
    @limited(CALLBACK)
    async def notice(request: Request) -> JSONResponse:
        """Notice of a payment's end. Always 200: the gateway reads RspCode and repeats unless it is 00 or 02."""
        reply = await _answered(door, request.url.query)
        _notices.labels(reply.value).inc()
        if reply is Reply.BAD_SIGNATURE:
            missed(request)
        return JSONResponse({"RspCode": reply.value, "Message": _MESSAGES[reply]})

    return router


async def _answered(door: Door, query: str) -> Reply:
    signed = door.gateway.notice(query)
    if signed is None:
        return Reply.BAD_SIGNATURE
    try:
        return await record_notice(door, signed)
    except AWAY:
        log.warning("notice_not_stored", provider="gateway", exc_info=True)
        return Reply.UNEXPECTED


class Settler(Duty):
    """Works on what is due: notices at once, silent attempts on their schedule, refunds until they are done."""

    def __init__(self, door: Door, *, look_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("settler", lambda: sweep(door), door.wake, rest=look_seconds)
