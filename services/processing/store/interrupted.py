"""What was typed while its author signs in at the identity provider: sealed, and only the browser has the key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.store.tables import metadata

interrupted = Table(
    "interrupted",
    metadata,
    Column("key_hash", Text, primary_key=True, comment="SHA-256 of the key, which only the browser has"),
    Column("sealed", LargeBinary, nullable=False, comment="AES-256-GCM of what was typed"),
    Column("made_at", DateTime(timezone=True), nullable=False),
    comment="what was typed while its author signs in elsewhere; minutes",
)


async def keep(session: AsyncSession, key_hash: str, sealed: bytes, at: datetime, before: datetime) -> None:
    """Keeps it; what was made before that time and nobody came back for is deleted."""
    await session.execute(delete(interrupted).where(interrupted.c.made_at < before))
    await session.execute(insert(interrupted).values(key_hash=key_hash, sealed=sealed, made_at=at))


async def take(session: AsyncSession, key_hash: str, since: datetime) -> bytes | None:
    """What was kept since then, once."""
    mine = delete(interrupted).where(interrupted.c.key_hash == key_hash, interrupted.c.made_at >= since)
    return (await session.execute(mine.returning(interrupted.c.sealed))).scalar_one_or_none()
