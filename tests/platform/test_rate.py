"""Budgets in PostgreSQL: the statement is the rule, also side by side and after a restart."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.platform.budget import Budget
from shared.platform.database import Sessions, engine, metadata_for, reads, sessions
from shared.platform.rate import rate_table, sweep, take, wait
from tests.platform.conftest import Settings

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TEN = Budget(10, timedelta(minutes=1))


@pytest.fixture
async def table(database: AsyncEngine) -> AsyncIterator[Table]:
    metadata = metadata_for("intake")
    table = rate_table(metadata, "rate_test")
    async with database.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield table
    async with database.begin() as connection:
        await connection.run_sync(metadata.drop_all)


async def taken(of: Sessions, table: Table, key: str = "somebody", at: datetime = NOW) -> timedelta | None:
    async with of() as session:
        return await take(session, table, key, TEN, at)


async def test_the_statement_says_what_the_rule_says(database: AsyncEngine, table: Table) -> None:
    """Four hundred random steps of six callers, compared with the pure rule after each."""
    chance, at = random.Random(18), NOW
    callers = [(f"caller {calls}", Budget(calls, timedelta(seconds=30))) for calls in (1, 2, 3, 5, 7, 11)]
    used: dict[str, datetime | None] = dict.fromkeys(key for key, _ in callers)
    refused = 0
    async with reads(sessions(database))() as session:
        for _ in range(400):
            at += timedelta(microseconds=chance.choice((0,) * 10 + (1, 100_000, 1_000_000, 3_000_000, 31_000_000)))
            key, budget = chance.choice(callers)
            due = budget.wait(used[key], at)
            assert await wait(session, table, key, budget, at) == due
            assert (await take(session, table, key, budget, at) or timedelta()) == due
            used[key] = budget.taken(used[key], at) or used[key]
            refused += due > timedelta()
    assert 50 < refused < 350, "the walk must see both answers"


async def test_fifty_side_by_side_over_two_engines_let_exactly_ten_pass(settings: Settings, table: Table) -> None:
    url = settings.database_url.get_secret_value()
    both = [engine(url, pool_size=10), engine(url, pool_size=10)]
    pools = [reads(sessions(each)) for each in both]
    answers = await asyncio.gather(*(taken(pools[n % 2], table) for n in range(50)))
    assert answers.count(None) == 10
    assert all(answer is None or answer == TEN.step for answer in answers)
    for each in both:
        await each.dispose()


async def test_what_was_used_survives_a_restart_and_comes_free_after_its_time(
    settings: Settings, database: AsyncEngine, table: Table
) -> None:
    before = reads(sessions(database))
    assert [await taken(before, table) for _ in range(10)] == [None] * 10
    await database.dispose()
    anew = engine(settings.database_url.get_secret_value())
    after = reads(sessions(anew))
    assert await taken(after, table) == TEN.step
    assert await taken(after, table, "somebody else") is None
    assert await taken(after, table, at=NOW + TEN.step) is None
    assert await taken(after, table, at=NOW + TEN.step) == TEN.step
    await anew.dispose()


async def test_sweeping_deletes_what_is_free_again_and_nothing_else(database: AsyncEngine, table: Table) -> None:
    of = reads(sessions(database))
    for _ in range(10):
        await taken(of, table, "much")
    await taken(of, table, "little")
    at = NOW + 2 * TEN.step
    async with of() as session:
        assert await sweep(session, table, at) == 1
        assert await sweep(session, table, at) == 0
        assert await wait(session, table, "much", TEN, NOW) == TEN.step
        assert await sweep(session, table, NOW + TEN.within + TEN.step) == 1
