"""Calls to siblings and to outside institutions: every wait bounded, answers limited, two typed failures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx

from shared.platform.telemetry import current_traceparent

ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of an answer we are willing to hold."""
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_CLIENT_ERROR: Final = 400


class Away(Exception):
    """Not reachable, too slow, overloaded or broken: nothing is known of what it did. Try again later."""

    def __init__(self, where: str, why: str, retry_after: int = 5) -> None:
        """`where`: the partner's short name; `retry_after`: seconds."""
        super().__init__(f"{where}: {why}")
        self.where = where
        self.retry_after = retry_after


class Answered(Exception):
    """The other side understood and said no (4xx); `problem` is its problem+json, empty when it sent none."""

    def __init__(self, where: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{where}: {status} {problem.get('code', '')}".rstrip())
        self.where = where
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code of the problem, or an empty text."""
        return str(self.problem.get("code", ""))


@dataclass
class Client:
    """One partner. Redirects are not followed and proxies of the environment are not used (SR-29)."""

    base_url: str
    where: str
    timeout: float = 5.0
    token: Callable[[], str] | None = None
    limit: int = ANSWER_LIMIT
    transport: httpx.AsyncBaseTransport | None = None
    _http: httpx.AsyncClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=self.timeout,
            transport=self.transport,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=40, max_keepalive_connections=20),
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **what: Any,
    ) -> httpx.Response:
        """Sends and reads the whole answer. `what`: json, content, params, data, files, timeout as httpx knows them.

        Raises: Away (network, time-out, 429, 5xx, too long an answer), Answered (other 4xx).
        """
        try:
            async with self._http.stream(method, path, headers=self._headers(headers), **what) as response:
                body = await self._body(response)
        except httpx.TransportError as error:
            raise Away(self.where, type(error).__name__) from error
        if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
            raise Away(self.where, str(response.status_code), _seconds(response.headers.get("retry-after")))
        if response.status_code >= _CLIENT_ERROR:
            raise Answered(self.where, response.status_code, _problem(body))
        return httpx.Response(
            response.status_code,
            headers=[(name, value) for name, value in response.headers.items() if name not in _TRANSFER],
            content=body,
            request=response.request,
        )

    async def get(self, path: str, **what: Any) -> httpx.Response:
        return await self.call("GET", path, **what)

    async def post(self, path: str, **what: Any) -> httpx.Response:
        return await self.call("POST", path, **what)

    async def put(self, path: str, **what: Any) -> httpx.Response:
        return await self.call("PUT", path, **what)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _headers(self, given: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"traceparent": current_traceparent()}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token()}"
        return headers | dict(given or {})

    async def _body(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self.limit:
                raise Away(self.where, f"answer longer than {self.limit} bytes")
            parts.append(part)
        return b"".join(parts)


_TRANSFER: Final = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
"""Headers of how the body travelled: it is whole and plain by now."""


def client(
    base_url: str,
    *,
    where: str,
    timeout: float = 5.0,
    token: Callable[[], str] | None = None,
) -> Client:
    """A client of one partner; `where` is its name in errors and logs, `timeout` in seconds."""
    return Client(base_url=str(base_url), where=where, timeout=timeout, token=token)


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _seconds(retry_after: str | None) -> int:
    return int(retry_after) if retry_after and retry_after.isdecimal() else 5
