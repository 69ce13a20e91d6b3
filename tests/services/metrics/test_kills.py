"""Death at any instant, by SIGKILL of whole processes: what is stored in the end is a refold, byte for byte (I3)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import batched
from multiprocessing.process import BaseProcess

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from deploy.local.stack import Stack
from services.metrics.acts.rebuild import rebuild
from services.metrics.consumer import Folding
from shared.platform.database import AWAY
from tests.services.metrics import forked
from tests.services.metrics.conftest import Log, eventually
from tests.services.metrics.lives import Told

type Lives = list[list[Told]]
type Records = list[tuple[bytes | None, bytes | None]]

KILLS = 20
SMALL = 15
"""Records of a batch: so few that a kill finds some batch read, some folded and some being written."""


def records(lives: Lives) -> Records:
    return [told[:2] for step in range(30) for life in lives for told in life[step : step + 1]]


@asynccontextmanager
async def telling(log: Log, told: Sequence[tuple[bytes | None, bytes | None]]) -> AsyncIterator[None]:
    """Sends the records little by little while the block runs; all are sent when it ends."""

    async def tell() -> None:
        async with AIOKafkaProducer(bootstrap_servers=log.settings.kafka_bootstrap_servers, acks="all") as producer:
            for some in batched(told, 10):
                await asyncio.gather(*[await producer.send(log.topic, value, key=key) for key, value in some])
                await asyncio.sleep(0.05)

    task = asyncio.create_task(tell())
    yield
    await task


async def is_right(log: Log, told: Records, lives: Lives) -> None:
    """Everything on the topic is counted once, whatever was repeated."""
    proof = await log.proof()
    assert proof.is_good, proof.summary()
    assert (proof.refold.records, proof.refold.dossiers) == (len(told), len(lives))
    assert proof.refold.repeated == len(told) - len(records(lives))


def die(member: BaseProcess) -> None:
    member.kill()
    member.join(20)
    assert member.exitcode == -signal.SIGKILL


@pytest.mark.timeout(240)
async def test_twenty_kills_at_random_instants_while_events_arrive(log: Log, lives: Lives, stack: Stack) -> None:
    chance = random.Random(20)
    told = records(lives)
    for _ in range(200):
        told.insert(chance.randrange(len(told)), chance.choice(told))
    size = len(told) // (KILLS + 1)
    reached = in_the_middle = 0
    with forked.members(stack.environment("metrics"), log.topic, batch_records=SMALL) as start:
        for number in range(KILLS):
            part, before = told[number * size : (number + 1) * size], reached
            await log.tell(part[: size // 3])
            member = start()
            if chance.random() < 0.8:  # the others die while they start
                await eventually(partial(moved, log, before))
            async with telling(log, part[size // 3 :]):
                await asyncio.sleep(chance.uniform(0, 0.3))
                await asyncio.to_thread(die, member)
            reached = sum((await log.position()).values())
            assert reached >= before
            in_the_middle += reached < (number + 1) * size
        assert in_the_middle > KILLS // 2, "the kills came too late to be in the middle"
        await log.tell(told[KILLS * size :])
        start()
        await log.all_folded(len(told), 60)
    await is_right(log, told, lives)


@pytest.mark.timeout(120)
async def test_a_stopped_process_that_wakes_after_another_took_over_changes_nothing(
    log: Log, lives: Lives, stack: Stack
) -> None:
    """A zombie (X-02): stopped in the middle of its work, replaced under its own name, then let go on."""
    told = records(lives)
    half = len(told) // 2
    await log.tell(told[:half])
    with forked.members(stack.environment("metrics"), log.topic, batch_records=SMALL) as start:
        zombie = start()
        await eventually(lambda: moved(log, 0))
        os.kill(zombie.pid or 0, signal.SIGSTOP)
        stopped_at = sum((await log.position()).values())
        assert stopped_at < half, "it was stopped too late"
        start()
        with suppress(TimeoutError):  # a zombie that was stopped while it wrote keeps its heir waiting
            await eventually(lambda: moved(log, stopped_at), 4)
        os.kill(zombie.pid or 0, signal.SIGCONT)
        await log.tell(told[half:])
        await log.all_folded(len(told), 60)
    await is_right(log, told, lives)


async def moved(log: Log, before: int) -> bool:
    return sum((await log.position()).values()) > before


class Counting(Folding):
    """Knows how often partitions were dealt out to it."""

    dealt = 0

    async def has_joined(self) -> bool:
        return self.dealt > 0

    async def on_partitions_assigned(self, assigned: object) -> None:
        self.dealt += 1
        await super().on_partitions_assigned(assigned)  # type: ignore[arg-type]


@pytest.mark.timeout(180)
async def test_ten_rebalances_among_two_and_three_members(log: Log, lives: Lives) -> None:
    """A rebalance storm (X-13): every join and leave takes all partitions from everybody and deals them out again."""
    told = records(lives)
    turns = 5
    size = len(told) // turns
    stays, *guests = (log.folding(batch_records=SMALL, kind=Counting) for _ in range(1 + 2 * turns))
    async with log.folded_by(stays):
        for turn in range(turns):
            second, third = guests[2 * turn : 2 * turn + 2]
            async with telling(log, told[turn * size :][: size if turn < turns - 1 else None]), log.folded_by(second):
                await eventually(second.has_joined)
                if turn % 2:
                    async with log.folded_by(third):
                        await eventually(third.has_joined)
        await log.all_folded(len(told), 60)
    assert stays.dealt >= 10
    await is_right(log, told, lives)


@pytest.mark.timeout(120)
async def test_a_database_that_crashes_takes_commits_back_with_their_offsets(
    log: Log, lives: Lives, stack: Stack
) -> None:
    """A killed backend makes PostgreSQL drop every connection and recover from its journal; the fold's commits do not
    wait for that journal, so the last of them are gone, with their offsets (T-05).
    """
    told = records(lives)
    [postgres] = [psutil.Process(each.pid) for each in await asyncio.to_thread(stack.status) if each.name == "postgres"]
    async with log.folded_by(log.folding(batch_records=SMALL)):
        for number in range(3):
            async with telling(log, told[number * 400 : (number + 1) * 400]):
                await asyncio.sleep(0.4)
                async with log.sessions() as session:
                    pid = await session.scalar(text("SELECT pg_backend_pid()"))
                [backend] = [each for each in postgres.children() if each.pid == pid]
                backend.kill()
                await eventually(lambda: answers(log), 30)
        await log.tell(told[1200:])
        await eventually(lambda: is_behind(log, len(told)), 40)
    await is_right(log, told, lives)


async def answers(log: Log) -> bool:
    """Whether the database is back."""
    try:
        await log.position()
    except AWAY:
        return False
    return True


async def is_behind(log: Log, records: int) -> bool:
    """Whether that many records are behind the stored offsets; the database may still be on its way back."""
    try:
        return sum((await log.position()).values()) >= records
    except AWAY:
        return False


async def test_offsets_that_went_back_alone_repeat_events_and_change_nothing(log: Log, lives: Lives) -> None:
    """No backup can hold older offsets beside newer rows: one transaction writes both. Set back by hand, they do no
    harm: each event is met again as a repetition.
    """
    told = records(lives)
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
        await log.run("UPDATE metrics.consumer_offset SET next_offset = next_offset / 3")
        await log.all_folded(len(told))
    await is_right(log, told, lives)


async def test_rows_older_than_their_offsets_are_found_and_repaired_by_a_rebuild(log: Log, lives: Lives) -> None:
    """The other half of a backup put together by hand: what lies between is in no figure, and the proof says so."""
    told = records(lives)
    half = len(told) // 2
    await log.tell(told[:half])
    async with log.folded_by(log.folding()):
        await log.all_folded(half)
        for table in ROWS:
            await log.run(f"CREATE TABLE metrics.backup_{table} AS TABLE metrics.{table}")
        await log.tell(told[half:])
        await log.all_folded(len(told))
    for table in ROWS:
        await log.run(f"TRUNCATE metrics.{table}")
        await log.run(f"INSERT INTO metrics.{table} TABLE metrics.backup_{table}")
        await log.run(f"DROP TABLE metrics.backup_{table}")
    assert not (await log.proof()).kpi_equals_refold
    await rebuild(log.settings, log.stream, log.topic)
    await is_right(log, told, lives)


ROWS = ("facts", "kpi_cell", "kpi_day")
