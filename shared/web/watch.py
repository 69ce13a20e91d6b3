"""The layer that knows a limited route before it runs, and its answer before it is sent: misses count by address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi import FastAPI, Request
from starlette.datastructures import QueryParams
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.dossier.permission import Kind
from shared.platform.addresses import prefix
from shared.web.counting import SCOPE, Call, Limits
from shared.web.errors import shown
from shared.web.identity import Identity, Route, routes_of
from shared.web.limits import Limit
from shared.web.problem import Problem

_MISSES: Final = frozenset({400, 401, 403, 404})


class _Door(NamedTuple):
    """A limited route, as it is recognised."""

    path: re.Pattern[str]
    route: Route
    limit: Limit


class Watch:
    """ASGI middleware inside the guard. What is not limited passes untouched."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._doors: Sequence[_Door] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._door(scope) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = door.route  # for the figures, should the call end here
        request = Request(scope)
        call = scope[SCOPE] = Call(self._limits, door.limit, self._address(request), is_known=_is_sibling(request))
        try:
            if door.limit.shuts and not call.is_known:
                await self._limits.demand(door.limit, door.limit.misses, "misses", call.address)
        except Problem as no:
            await shown(request, no)(scope, receive, send)
        else:
            await self._app(scope, receive, _Answer(request, call, send))

    def _door(self, scope: Scope) -> _Door | None:
        if self._doors is None:
            self._doors = _doors(scope["app"])
        for door in self._doors:
            if scope["method"] in door.route.methods and door.path.match(scope["path"]):
                counts = not door.limit.asked or QueryParams(scope["query_string"]).get(door.limit.asked)
                return door if counts else None
        return None

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return prefix(peer, request.headers.getlist("x-forwarded-for"), self._limits.proxies)


class _Answer:
    """Sends the answer on, unless it is a miss of a stranger who has no more of them: then that is said instead."""

    def __init__(self, request: Request, call: Call, send: Send) -> None:
        self._request = request
        self._call = call
        self._send = send
        self._is_replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_guess(message["status"]):
            call = self._call
            try:
                await call.limits.take(call.limit, call.limit.misses, "misses", call.address)
            except Problem as no:
                self._is_replaced = True
                request = self._request
                await shown(request, no)(request.scope, request.receive, self._send)
        if not self._is_replaced:
            await self._send(message)

    def _is_guess(self, status: int) -> bool:
        return self._call.is_miss or (status in _MISSES and not self._call.is_known)


def _doors(app: FastAPI) -> Sequence[_Door]:
    return [
        _Door(compile_path(route.path)[0], route, route.limit)
        for route in routes_of(app)
        if isinstance(route.limit, Limit)
    ]


def _is_sibling(request: Request) -> bool:
    """A service of ours that calls for somebody: it has counted its own callers."""
    identity: Identity | None = request.app.state.identity
    if identity is None or "authorization" not in request.headers:
        return False
    try:
        actor = identity.actor(request.headers["authorization"])
    except Problem:
        return False
    return actor is not None and actor.kind is Kind.SERVICE
