"""Idempotency: one table per service schema that remembers key, request hash and first answer.

A key is claimed (and committed) before the work, so that two equal requests never work side by side. A claim whose
worker died may be taken over after LEASE: the work behind a key is itself idempotent. The first stored answer stands.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

LEASE: Final = timedelta(seconds=30)
"""Longer than any door may take to answer."""


class KeyReused(Exception):
    """The key was used before with another body (409)."""


class StillRunning(Exception):
    """The first request with this key has not answered yet (409)."""


@dataclass(frozen=True)
class Answer:
    """What was answered the first time, to be answered again: status, body bytes and the headers that matter."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def once_table(metadata: MetaData, name: str = "once") -> Table:
    """The table, one row per scope and key. A service's first migration creates it: `once_table(metadata).create`."""
    return Table(
        name,
        metadata,
        Column("scope", Text, primary_key=True, comment="principal and route"),
        Column("key", Text, primary_key=True),
        Column("request_hash", Text, nullable=False),
        Column("claimed_at", DateTime(timezone=True), nullable=False),
        Column("status", Integer, comment="null while the first request is running"),
        Column("body", LargeBinary),
        Column("headers", JSONB),
    )


def request_hash(*parts: bytes) -> str:
    """SHA-256 over the parts of a request, each with its length, so that no two requests run together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


async def remember(
    session: AsyncSession, table: Table, *, scope: str, key: str, request_hash: str, now: datetime | None = None
) -> Answer | None:
    """Claims the key (None: go on, and commit first) or gives the answer that was stored.

    Raises: KeyReused for another body, StillRunning while the first request has no answer.
    """
    at = now or datetime.now(UTC)
    claim = insert(table).values(scope=scope, key=key, request_hash=request_hash, claimed_at=at)
    claim = claim.on_conflict_do_update(
        index_elements=[table.c.scope, table.c.key],
        set_={"claimed_at": at},
        where=table.c.status.is_(None) & (table.c.request_hash == request_hash) & (table.c.claimed_at < at - LEASE),
    )
    if (await session.execute(claim.returning(table.c.key))).first() is not None:
        return None
    row = (await session.execute(select(table).where(table.c.scope == scope, table.c.key == key))).one()
    if row.request_hash != request_hash:
        raise KeyReused
    if row.status is None:
        raise StillRunning
    return Answer(row.status, row.body, row.headers or {})


async def store(session: AsyncSession, table: Table, *, scope: str, key: str, answer: Answer) -> Answer:
    """Keeps the first answer and gives back the one that stands: an earlier one if a take-over was faster."""
    mine = (table.c.scope == scope) & (table.c.key == key)
    kept = (
        update(table)
        .where(mine, table.c.status.is_(None))
        .values(status=answer.status, body=answer.body, headers=answer.headers)
        .returning(table.c.key)
    )
    if (await session.execute(kept)).first() is not None:
        return answer
    row = (await session.execute(select(table).where(mine))).one()
    return Answer(row.status, row.body, row.headers or {})


async def release(session: AsyncSession, table: Table, *, scope: str, key: str) -> None:
    """Gives a claim back because the outcome is unknown: the same request may go on at once, another body may not."""
    mine = (table.c.scope == scope) & (table.c.key == key) & table.c.status.is_(None)
    await session.execute(update(table).where(mine).values(claimed_at=datetime.fromtimestamp(0, UTC)))


async def forget(session: AsyncSession, table: Table, *, scope: str, key: str) -> None:
    """Gives a claim up because nothing was done: the key is free for any body."""
    await session.execute(delete(table).where(table.c.scope == scope, table.c.key == key, table.c.status.is_(None)))
