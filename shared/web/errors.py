"""What may rise below a door and is no bug, as problems. Everything else ends in the guard's quiet 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from shared.dossier.refusal import Refused
from shared.platform.database import AWAY
from shared.platform.http import Answered, Away
from shared.platform.once import KeyReused, StillRunning
from shared.platform.telemetry import log
from shared.web.problem import Problem, of_fields

EXPECTED: Final[tuple[type[Exception], ...]] = (
    HTTPException, RequestValidationError, Refused, Away, *AWAY, Answered, KeyReused, StillRunning,
)  # fmt: skip

_WAIT_SECONDS: Final = 5
_TRY_AGAIN: Final = ("Dữ liệu đã nhập không mất. Vui lòng gửi lại sau ít phút.", "Nothing is lost. Try again shortly.")


type ErrorPage = Callable[[Request, Problem], Response]
"""How an application that has pages shows a problem to a person: `app.state.error_page`, for paths below its prefix."""


async def answer(request: Request, error: Exception) -> Response:
    """The problem of an expected error, in the reader's language; as a page where people look at pages."""
    return shown(request, problem_of(error, request))


def shown(request: Request, problem: Problem) -> Response:
    """The problem as a page or as problem+json."""
    app = request.scope.get("app")
    pages: tuple[str, ErrorPage] | None = getattr(app.state, "error_page", None) if app is not None else None
    if pages is not None and request.url.path.startswith(pages[0]):
        page = pages[1](request, problem)
        page.headers.update(problem.headers or {})
        return page
    return problem.answer(request)


def problem_of(error: Exception, request: Request) -> Problem:  # noqa: PLR0911 - one line per kind
    """The problem that says this error to a caller."""
    match error:
        case Problem():
            return error
        case HTTPException(status_code=405):
            return Problem(405, headers={"Allow": ", ".join(_methods(request))})
        case HTTPException():
            return Problem(error.status_code, headers=error.headers)
        case RequestValidationError():
            return of_fields(error.errors(), request)
        case Refused():
            return _refused(error)
        case Answered():
            log.error("partner_refused", where=error.where, status=error.status, code=error.code)
            return Problem(502)
        case KeyReused():
            detail = ("Khóa này đã dùng cho nội dung khác.", "This key was used with another body.")
            return Problem(409, "idempotency_key_reused", detail=detail)
        case StillRunning():
            detail = ("Yêu cầu trước với khóa này đang được xử lý.", "The first request is still running.")
            return Problem(409, "still_running", detail=detail, headers={"Retry-After": "1"})
        case _:
            return _away(error)


def _methods(request: Request) -> list[str]:
    """All methods of the path: the router knows those of the first route it found only (RFC 9110 §15.5.6)."""
    routes = iter_route_contexts(request.app.routes)
    found = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in found for method in route.methods or ()})


def _refused(no: Refused) -> Problem:
    problem = Problem(no.status, no.code, detail=no.detail)
    if no.allowed:
        problem.extra["allowed"] = list(no.allowed)
    if no.law:
        problem.extra["law"] = no.law
    return problem


def _away(error: Exception) -> Problem:
    where, seconds = (error.where, error.retry_after) if isinstance(error, Away) else ("database", _WAIT_SECONDS)
    log.warning("partner_away", where=where, error=type(error).__name__)
    return Problem(503, detail=_TRY_AGAIN, headers={"Retry-After": str(seconds)})
