"""Keyset pages: an opaque cursor says after which row the next page starts; `Link: rel="next"` carries it."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Final

from fastapi import Query, Request

from shared.web.problem import Problem

Limit = Annotated[int, Query(ge=1, le=200, description="Rows per page")]
"""`limit: Limit = LIMIT`"""
LIMIT: Final = 50

type Key = list[str | int | float | bool | None]


def cursor(*key: str | float | bool | None) -> str:
    """The sort key of the last row shown, as base64url of JSON. Times go in as ISO 8601 text."""
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_of(cursor: str | None, length: int) -> Key | None:
    """The sort key in a cursor; None for the first page. Raises Problem 400 for anything we did not make."""
    if not cursor:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != length or any(isinstance(part, list | dict) for part in key):
        raise Problem(400, "cursor_invalid", detail=("Con trỏ trang không hợp lệ.", "Not a cursor of ours."))
    return key


def next_link(request: Request, after: str | None) -> dict[str, str]:
    """Headers of a list: `Link` to the next page with all other parameters kept; none after the last page."""
    if after is None:
        return {}
    url = request.url.include_query_params(cursor=after)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
