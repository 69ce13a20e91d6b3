"""Pages' side of a session: the cookie, the check that a form was sent from our own page, the forms themselves.

What a session means and where it is kept is the service's affair; here is only how browsers carry it (SR-02, SR-05).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from fastapi import Request, Response
from starlette.datastructures import UploadFile

from shared.web.problem import Problem

type Typed = dict[str, list[str]]
"""What a form carried: name → its texts, in their order."""

MOST_FIELDS: Final = 1_000
_OURS: Final = frozenset({"same-origin", "none"})
_ANSWER: Final = ("Yêu cầu không đến từ trang này. Tải lại trang rồi làm lại.", "This did not come from our page.")


class Cookie:
    """The session's cookie: `__Host-session` where the site speaks HTTPS, `session` on a developer's machine."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.name = "__Host-session" if secure else "session"

    def of(self, request: Request) -> str:
        """Its value; empty without one."""
        return request.cookies.get(self.name, "")

    def give(self, response: Response, token: str) -> None:
        """Sets it until the browser closes."""
        response.set_cookie(self.name, token, path="/", httponly=True, secure=self._secure, samesite="lax")

    def take(self, response: Response) -> None:
        """Removes it."""
        response.delete_cookie(self.name, path="/", httponly=True, secure=self._secure, samesite="lax")


def demand_same_site(request: Request) -> None:
    """Raises Problem 403 when a browser says that another site sent this, or nobody says who did (SR-05)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in _OURS:
            raise Problem(403, "foreign_form", detail=_ANSWER)
        return
    origin = request.headers.get("origin", "")
    if not hmac.compare_digest(origin.partition("://")[2], request.headers.get("host", "?")):
        raise Problem(403, "foreign_form", detail=_ANSWER)


def demand_token(typed: Typed, expected: str) -> None:
    """Raises Problem 403 when the form was not made for this session."""
    if not hmac.compare_digest(first(typed, "csrf"), expected):
        raise Problem(403, "foreign_form", detail=_ANSWER)


async def typed_of(request: Request) -> Typed:
    """The fields of a form without files. Raises Problem 422 for a file."""
    typed: Typed = {}
    for name, value in (await request.form(max_files=0, max_fields=MOST_FIELDS)).multi_items():
        if isinstance(value, UploadFile):
            raise Problem(422)
        typed.setdefault(name, []).append(value)
    return typed


def first(typed: Typed, name: str) -> str:
    """The first text of a field, without blanks around it; empty without one."""
    texts: Sequence[str] = typed.get(name, ())
    return texts[0].strip() if texts else ""
