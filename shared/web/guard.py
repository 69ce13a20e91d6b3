"""The outermost layer of every application: trace, body limit, security headers, figures, and a quiet 500 for bugs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.platform.telemetry import counter, histogram, log, tracing
from shared.web.errors import shown
from shared.web.problem import Problem

BODY_LIMIT: Final = 1024 * 1024
"""Bytes of an ordinary request body."""

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer, errors included (SR-17); an answer that sets one of them keeps its own."""

_CLOSED: Final = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
API_POLICY: Final = f"{_CLOSED}; form-action 'none'"
PAGE_POLICY: Final = (
    f"{_CLOSED}; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'"
)

_GONE: Final = 499  # the caller hung up: nobody is there to be answered
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_requests = counter("http_requests", "Answers of the doors", ["method", "route", "status"])
_seconds = histogram("http_request_seconds", "Time to the whole answer", ["method", "route"])


class Guard:
    """ASGI middleware around everything, the framework's own error page included."""

    def __init__(self, app: ASGIApp, *, body_limit: int, uploads: Mapping[str, int], form_action: str) -> None:
        self._app = app
        self._body_limit = body_limit
        self._uploads = [(re.compile(path), limit) for path, limit in uploads.items()]
        self._page_policy = f"{PAGE_POLICY}; form-action {form_action}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with tracing(Headers(scope=scope).get("traceparent")):
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = 0

        async def outgoing(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._app(scope, self._limited(scope, receive), outgoing)
        except ClientDisconnect:
            status = _GONE
        except Exception as error:  # the process border: a bug becomes a 500 without details
            problem = error if isinstance(error, Problem) else Problem(500)
            if problem is not error:
                log.error("bug", route=_route(scope), exc_info=True)
            if status:
                raise
            await shown(Request(scope), problem)(scope, receive, outgoing)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            _requests.labels(method, _route(scope), status).inc()
            _seconds.labels(method, _route(scope)).observe(perf_counter() - started)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        is_page = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("Content-Security-Policy", self._page_policy if is_page else API_POLICY)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Counts the body while it is read: a wrong or missing Content-Length does not help."""
        path = scope["path"]
        limit = next((size for pattern, size in self._uploads if pattern.fullmatch(path)), self._body_limit)
        announced = Headers(scope=scope).get("content-length", "0")
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit or (announced.isdecimal() and int(announced) > limit):
                raise Problem(413, limit_bytes=limit)
            return message

        return counted


def _route(scope: Scope) -> str:
    """The route's pattern, never the path: a path holds dossier codes."""
    route = scope.get("route")
    return getattr(route, "path", "") or "other"
