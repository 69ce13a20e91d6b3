"""How tests make the counting of limits, and use a budget up without thousands of calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
from fastapi import FastAPI
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from shared.platform.database import Sessions
from shared.web.counting import Limits
from shared.web.limits import Limit

HOME = "127.0.0.1"
ELSEWHERE = "203.0.113.9"


def limits_on(sessions: Sessions, table: Table, now: Callable[[], datetime]) -> Limits:
    """As a process makes it; made again it is the same process after a restart."""
    return Limits(sessions, table, key=b"of the test", now=now)


async def use_up(limits: Limits, table: Table, limit: Limit, who: str) -> None:
    """Everything of the account's budget is used at this moment."""
    assert limit.account is not None
    row = insert(table).values(key=limits.row(limit, "account", who), used_until=limits.now() + limit.account.within)
    async with limits.sessions() as session:
        await session.execute(row.on_conflict_do_update(index_elements=[table.c.key], set_=dict(row.excluded)))


def at(app: FastAPI, address: str = HOME, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client at an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://limited", headers=headers)


def is_too_many(answer: httpx.Response, seconds: int) -> None:
    """429 as a problem, with the time to try again."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == ("too_many", 429)
    assert answer.json()["detail"].endswith(f"Thử lại sau {seconds} giây.")
