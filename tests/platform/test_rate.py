"""Budgets in PostgreSQL: the statement is the rule, also side by side and after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
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


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.uuids().map(str),
    calls=st.integers(1, 8),
    gaps=st.lists(st.integers(0, 20).map(lambda s: timedelta(seconds=s)), max_size=20),
)
async def test_the_statement_says_what_the_rule_says(
    database: AsyncEngine, table: Table, key: str, calls: int, gaps: list[timedelta]
) -> None:
    budget, used, at = Budget(calls, timedelta(seconds=30)), None, NOW
    async with reads(sessions(database))() as session:
        for gap in gaps:
            at += gap
            due = budget.wait(used, at)
            assert await wait(session, table, key, budget, at) == due
            assert (await take(session, table, key, budget, at) or timedelta()) == due
            used = budget.taken(used, at) or used


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
