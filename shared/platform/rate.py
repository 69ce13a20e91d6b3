"""Budgets that survive a restart: one small table per service schema, one row per caller who used some lately.

Each decision is one statement, so that processes side by side let exactly the permitted number pass. Who called is the
caller's affair: a key here is a keyed hash, no account and no address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Column, CursorResult, DateTime, MetaData, Table, Text, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.budget import Budget


def rate_table(metadata: MetaData, name: str = "rate") -> Table:
    """The table. A service's migration creates it: `rate_table(metadata).create`."""
    return Table(
        name,
        metadata,
        Column("key", Text, primary_key=True, comment="keyed hash of limit and caller"),
        Column("used_until", DateTime(timezone=True), nullable=False, comment="then all is free: the row may go"),
    )


async def take(session: AsyncSession, table: Table, key: str, budget: Budget, now: datetime) -> timedelta | None:
    """One call of the budget; None when it passes, else how long to wait. The rule is `Budget.taken`."""
    at, latest = (literal(each, DateTime(timezone=True)) for each in (now, now + budget.within))
    until = func.greatest(table.c.used_until, at) + budget.step
    taken = insert(table).values(key=key, used_until=now + budget.step)
    taken = taken.on_conflict_do_update(index_elements=[table.c.key], set_={"used_until": until}, where=until <= latest)
    if (await session.execute(taken.returning(table.c.key))).first() is not None:
        return None
    return max(await wait(session, table, key, budget, now), timedelta(microseconds=1))


async def wait(session: AsyncSession, table: Table, key: str, budget: Budget, now: datetime) -> timedelta:
    """How long until a call may pass; uses nothing."""
    return budget.wait(await session.scalar(select(table.c.used_until).where(table.c.key == key)), now)


async def sweep(session: AsyncSession, table: Table, now: datetime) -> int:
    """Deletes rows that say nothing any more; how many."""
    gone = await session.execute(delete(table).where(table.c.used_until < now))
    return cast("CursorResult[Any]", gone).rowcount
