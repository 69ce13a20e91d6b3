"""Makes every service's web application: problems, limits, headers, health, metrics, one OpenAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.dossier.permission import Kind
from shared.platform.telemetry import gauge, log
from shared.web.counting import Limits
from shared.web.errors import EXPECTED, answer
from shared.web.guard import BODY_LIMIT, Guard
from shared.web.identity import Identity, Route, public, routes_of
from shared.web.limits import Limit
from shared.web.problem import MEDIA_TYPE
from shared.web.watch import Watch

type Check = Callable[[], Awaitable[None]]

_CHECK_SECONDS: Final = 4.0
_AGAIN: Final = {"Retry-After": "5"}
_build = gauge("build_info", "Constant 1; which application this is", ["title", "version"])


def application(
    *,
    title: str,
    version: str,
    readiness: Mapping[str, Check],
    environment: Literal["local", "production"],
    identity: Identity | None = None,
    limits: Limits | None = None,
    body_limit: int = BODY_LIMIT,
    uploads: Mapping[str, int] | None = None,
    form_action: str = "'self'",
) -> FastAPI:
    """The application. `readiness`: name → check that raises when that part cannot work.

    `body_limit`: bytes of a request's body; `uploads`: regular expression of a whole path → its own limit.
    `form_action`: CSP sources forms on pages may be sent to. The documents page of the framework is off (it loads from
    outside); `/openapi.json` stays. `app.state.identity` serves the `caller` dependency. `limits`: None counts nothing.
    """
    app = FastAPI(title=title, version=version, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.identity = identity
    app.state.environment = environment
    if limits is not None:
        app.add_middleware(Watch, limits=limits)
    app.add_middleware(Guard, body_limit=body_limit, uploads=uploads or {}, form_action=form_action)
    for error in EXPECTED:
        app.add_exception_handler(error, answer)
    _serve_health(app, readiness)
    _serve_document(app)
    _build.labels(title, version).set(1)
    return app


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the app, for the committed file: every operation names its owner and answers problems."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    problem = {"description": "Problem (RFC 9457)", "content": {MEDIA_TYPE: {"schema": {"$ref": _PROBLEM_REF}}}}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    routes = {(route.path, method.lower()): route for route in routes_of(app) for method in route.methods}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"] = {
                status: response for status, response in operation["responses"].items() if status != "422"
            } | {"default": problem}
            route = routes[path, method]
            operation["x-allowed"] = list(route.declares) if isinstance(route.declares, tuple) else route.declares
            operation["security"] = _security(route)
            if isinstance(route.limit, Limit):
                told = {"description": f"Too often: limit `{route.limit.name}`"}
                operation["responses"]["429"] = problem | _LATER | told
    return document


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Nothing, a token, or a token for whoever has one (`{}` = also without)."""
    token: list[dict[str, list[str]]] = [{"token": []}] if route.kinds else []
    return [*token, {}] if Kind.ANYONE in route.kinds else token


def _serve_document(app: FastAPI) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    @public("the contract is no secret")
    async def openapi() -> JSONResponse:
        if not app.openapi_schema:
            app.openapi_schema = openapi_document(app)
        return JSONResponse(app.openapi_schema)


def _serve_health(app: FastAPI, readiness: Mapping[str, Check]) -> None:
    @app.get("/healthz", include_in_schema=False)
    @public("says only that the process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    @public("says only which parts work")
    async def readyz() -> JSONResponse:
        results = await asyncio.gather(*(_passes(name, check) for name, check in readiness.items()))
        checks = dict(zip(readiness, ("ok" if good else "failed" for good in results), strict=True))
        ready = all(results)
        body = {"status": "ok" if ready else "failed", "checks": checks}
        return JSONResponse(body, 200 if ready else 503, headers=None if ready else _AGAIN)

    @app.get("/metrics", include_in_schema=False)
    @public("figures without persons; the proxy keeps it inside")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception:  # noqa: BLE001 - any failure of a check means: not ready
        log.warning("not_ready", reason=name, exc_info=True)
        return False
    return True


_LATER: Final = {"headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}}
_PROBLEM_REF: Final = "#/components/schemas/Problem"
_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "allowed": {"type": "array", "items": {"type": "string"}},
        "law": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "trace_id": {"type": "string"},
    },
}
