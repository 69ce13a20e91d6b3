"""The header Idempotency-Key: the same key and body get the same answer, and the work is done once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Header, Request, Response
from pydantic import WithJsonSchema
from sqlalchemy import Table

from shared.dossier.refusal import Refused
from shared.platform import once
from shared.platform.database import Sessions
from shared.platform.once import Answer
from shared.web.problem import Problem

LONGEST: Final = 255
_KEPT: Final = frozenset({"content-type", "etag", "location"})
_KeyText = Annotated[
    str, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]*$"})
]


def _key(idempotency_key: Annotated[_KeyText, Header(description="One per intended act")]) -> str:
    if not 1 <= len(idempotency_key) <= LONGEST or not (idempotency_key.isascii() and idempotency_key.isprintable()):
        detail = ("Idempotency-Key dài 1–255 ký tự.", "Idempotency-Key takes 1 to 255 printable characters.")
        raise Problem(400, "idempotency_key_invalid", detail=detail)
    return idempotency_key


IdempotencyKey = _key
"""`key: Annotated[str, Depends(IdempotencyKey)]`: required, else 422; too long, 400."""


async def once_only(
    request: Request,
    sessions: Sessions,
    table: Table,
    work: Callable[[], Awaitable[Response]],
    *,
    principal: str,
    key: str,
) -> Response:
    """Does `work` for the first request with this key, answers later ones alike.

    The claim is committed before the work; `work` raises refusals instead of returning them. A refusal (nothing was
    done) frees the key; any other error leaves it to the same request, which may go on at once.
    Raises: KeyReused (409), StillRunning (409), whatever `work` raises.
    """
    scope = f"{principal} {request.method} {request.url.path}"
    hashed = once.request_hash(request.url.query.encode(), await request.body())
    async with sessions.begin() as session:
        known = await once.remember(session, table, scope=scope, key=key, request_hash=hashed)
    if known is not None:
        return Response(known.body, known.status, headers=known.headers)
    try:
        response = await work()
    except Exception as error:
        give_up = once.forget if isinstance(error, Refused | Problem) else once.release
        async with sessions.begin() as session:
            await give_up(session, table, scope=scope, key=key)
        raise
    kept = {name: value for name, value in response.headers.items() if name in _KEPT}
    answer = Answer(response.status_code, bytes(response.body), kept)
    async with sessions.begin() as session:
        first = await once.store(session, table, scope=scope, key=key, answer=answer)
    return response if first is answer else Response(first.body, first.status, headers=first.headers)
