"""Idempotency keys on a real PostgreSQL: one work, one answer, whatever repeats, overlaps or dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.platform.database import Sessions, metadata_for, sessions
from shared.platform.once import (
    LEASE,
    Answer,
    KeyReused,
    StillRunning,
    forget,
    once_table,
    remember,
    request_hash,
    store,
)

METADATA = metadata_for("intake")
TABLE = once_table(METADATA, "once_tested")
ANSWER = Answer(201, b'{"dossier_code": "x"}', {"location": "/x"})
SCOPE = "person-1 POST /api/dossiers"
HASH = request_hash(b"a body")


@pytest.fixture
async def transactions(database: AsyncEngine) -> AsyncIterator[Sessions]:
    async with database.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield sessions(database)
    async with database.begin() as connection:
        await connection.run_sync(METADATA.drop_all)


async def claim(
    transactions: Sessions, key: str = "k", hashed: str = HASH, now: datetime | None = None
) -> Answer | None:
    async with transactions.begin() as session:
        return await remember(session, TABLE, scope=SCOPE, key=key, request_hash=hashed, now=now)


async def finish(transactions: Sessions, answer: Answer = ANSWER) -> Answer:
    async with transactions.begin() as session:
        return await store(session, TABLE, scope=SCOPE, key="k", answer=answer)


async def test_the_same_request_gets_the_same_answer(transactions: Sessions) -> None:
    assert await claim(transactions) is None
    assert await finish(transactions) == ANSWER
    assert await claim(transactions) == ANSWER


async def test_the_key_with_another_body_is_refused_before_and_after_the_answer(transactions: Sessions) -> None:
    await claim(transactions)
    with pytest.raises(KeyReused):
        await claim(transactions, hashed=request_hash(b"another body"))
    await finish(transactions)
    with pytest.raises(KeyReused):
        await claim(transactions, hashed=request_hash(b"another body"))


async def test_a_repeat_while_the_first_is_running_is_told_so(transactions: Sessions) -> None:
    await claim(transactions)
    with pytest.raises(StillRunning):
        await claim(transactions)


async def test_of_twenty_equal_requests_at_once_one_works(transactions: Sessions) -> None:
    results = await asyncio.gather(*(claim(transactions) for _ in range(20)), return_exceptions=True)
    assert results.count(None) == 1
    assert sum(isinstance(result, StillRunning) for result in results) == 19


async def test_a_claim_whose_worker_died_is_taken_over_once_and_the_first_answer_stands(transactions: Sessions) -> None:
    await claim(transactions)
    later = datetime.now(UTC) + LEASE + LEASE / 10
    assert await claim(transactions, now=later) is None
    with pytest.raises(StillRunning):
        await claim(transactions, now=later)
    assert await finish(transactions) == ANSWER
    assert await finish(transactions, Answer(500, b"")) == ANSWER


async def test_a_claim_that_was_given_up_is_free_again_but_an_answer_is_never_forgotten(transactions: Sessions) -> None:
    await claim(transactions)
    async with transactions.begin() as session:
        await forget(session, TABLE, scope=SCOPE, key="k")
    assert await claim(transactions, hashed=request_hash(b"another body")) is None
    await finish(transactions)
    async with transactions.begin() as session:
        await forget(session, TABLE, scope=SCOPE, key="k")
    assert await claim(transactions, hashed=request_hash(b"another body")) == ANSWER


def test_parts_of_a_request_do_not_run_together() -> None:
    assert request_hash(b"ab", b"c") != request_hash(b"a", b"bc")
