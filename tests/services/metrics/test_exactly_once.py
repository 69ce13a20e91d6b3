"""The fold on the real broker and database: whatever happens on the way, live cells equal the refold (I2, I3)."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import text

from tests.services.metrics.conftest import Log, eventually
from tests.services.metrics.lives import Told

type Lives = list[list[Told]]


def records(lives: Lives) -> list[tuple[bytes | None, bytes | None]]:
    """All events, the dossiers' lives side by side, each in its own order."""
    return [told[:2] for step in range(30) for life in lives for told in life[step : step + 1]]


async def test_every_event_counts_once(log: Log, lives: Lives) -> None:
    told = records(lives)
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous
    assert (proof.refold.dossiers, proof.refold.records, proof.refold.repeated) == (150, len(told), 0)
    assert len(proof.refold.cells) > 100


async def test_duplicates_and_reordering_change_nothing(log: Log, lives: Lives) -> None:
    chance = random.Random(3)
    told = records(lives)
    told += chance.sample(told, 400)
    chance.shuffle(told)
    await log.tell(told)
    async with log.folded_by(log.folding(batch_records=70)):
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous
    assert proof.refold.repeated == 400


async def test_a_cut_connection_in_the_middle_of_transactions(log: Log, lives: Lives) -> None:
    told = records(lives)
    await log.tell(told)
    async with log.folded_by(log.folding(batch_records=40)):
        for _ in range(6):
            await asyncio.sleep(0.05)
            await log.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous


async def test_a_consumer_that_is_cut_off_and_one_that_goes_on(log: Log, lives: Lives) -> None:
    told = records(lives)
    await log.tell(told)
    for _ in range(3):
        cut_off: asyncio.Task[None] = asyncio.create_task(log.folding(batch_records=25).run())
        before = sum((await log.position()).values())

        async def has_moved(before: int = before) -> bool:
            return sum((await log.position()).values()) > before

        await eventually(has_moved)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous


async def test_consumers_that_join_and_leave_share_the_work(log: Log, lives: Lives) -> None:
    """A rebalance storm: every join and leave takes all partitions from everybody and deals them out again (X-13)."""
    told = records(lives)
    await log.tell(told[: len(told) // 2])
    async with log.folded_by(log.folding(batch_records=15)):
        for _ in range(3):
            async with log.folded_by(log.folding(batch_records=15)):
                await asyncio.sleep(0.4)
        await log.tell(told[len(told) // 2 :])
        async with log.folded_by(log.folding(batch_records=15)):
            await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous


async def test_two_groups_on_one_store_count_once(log: Log, lives: Lives) -> None:
    """The harshest form of a rebalance: both hold all partitions at the same time."""
    told = records(lives)
    await log.tell(told)
    async with (
        log.folded_by(log.folding(batch_records=30)),
        log.folded_by(log.folding(batch_records=45, group=f"{log.topic}-other")),
    ):
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous


async def test_a_store_that_went_back_in_time_is_caught_up(log: Log, lives: Lives) -> None:
    """A restored database is behind the broker's group offsets: the gap is found and never folded past."""
    told = records(lives)
    half = len(told) // 2
    await log.tell(told[:half])
    async with log.folded_by(log.folding()):
        await log.all_folded(half)
    await log.run("TRUNCATE metrics.facts, metrics.kpi_cell, metrics.kpi_day, metrics.consumer_offset")
    async with log.folded_by(log.folding()):
        await log.tell(told[half:])
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous


async def test_a_backup_restored_under_a_running_consumer_is_caught_up(log: Log, lives: Lives) -> None:
    """Nobody stops the consumer and nothing new comes: it notices that the store is not where it left it."""
    told = records(lives)
    half = len(told) // 2
    tables = ("facts", "kpi_cell", "kpi_day", "consumer_offset")
    await log.tell(told[:half])
    async with log.folded_by(log.folding(batch_records=100)):
        await log.all_folded(half)
        for table in tables:
            await log.run(f"CREATE TABLE metrics.backup_{table} AS TABLE metrics.{table}")
        await log.tell(told[half:])
        await log.all_folded(len(told))
        restore = "; ".join(f"DELETE FROM metrics.{name}; INSERT INTO metrics.{name} TABLE metrics.backup_{name}"  # noqa: S608
                            for name in tables)  # fmt: skip
        await log.run(f"DO $$ BEGIN {restore}; END $$")
        assert sum((await log.position()).values()) < len(told)
        await log.all_folded(len(told))
    for table in tables:
        await log.run(f"DROP TABLE metrics.backup_{table}")
    proof = await log.proof()
    assert proof.is_good
    assert proof.refold.records == len(told)


async def test_what_nobody_can_read_is_put_aside_and_the_fold_goes_on(log: Log, lives: Lives) -> None:
    told = records(lives[:20])
    poison: list[tuple[bytes | None, bytes | None]] = [
        (b"x", b"{"), (None, told[0][1]), (b"x", None), (b"\xff", b"\xff\x00"), (b"x", b'{"change":{},"facts":{}}'),
    ]  # fmt: skip
    await log.tell([*told[:50], *poison, *told[50:]])
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told) + len(poison))
    proof = await log.proof()
    assert proof.kpi_equals_refold
    assert proof.is_continuous
    assert proof.refold.unreadable == len(poison)
    assert set(log.buried.reasons) == {"empty", "malformed", "wrong_key", "wrong_shape"}
    async with log.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM metrics.quarantine")) == len(poison)


async def test_cells_of_another_version_are_counted_anew(log: Log, lives: Lives) -> None:
    told = records(lives[:40])
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    await log.run("UPDATE metrics.kpi_cell SET submitted = submitted + 1")
    await log.run("UPDATE metrics.counted_by SET version = 'an older one'")
    assert not (await log.proof()).kpi_equals_refold
    async with log.folded_by(log.folding()):

        async def is_counted() -> bool:
            return (await log.proof()).kpi_equals_refold

        await eventually(is_counted)


async def test_quiet_figures_stay_fresh(log: Log, lives: Lives) -> None:
    async with log.folded_by(log.folding()):
        await log.tell(records(lives[:2]))

        async def is_fresh() -> bool:
            async with log.sessions() as session:
                return bool(
                    await session.scalar(
                        text(
                            "SELECT count(*) = 4 AND min(folded_at) > now() - interval '3 seconds'"
                            " FROM metrics.consumer_offset WHERE topic = :topic"
                        ),
                        {"topic": log.topic},
                    )
                )

        await eventually(is_fresh)


LOST_EVENT = """
    UPDATE metrics.facts SET missing = '{3,3}' WHERE dossier_code = (SELECT min(dossier_code) FROM metrics.facts)
"""
COUNTED_TWICE = """
    UPDATE metrics.kpi_cell SET submitted = submitted + 1 WHERE ctid = (SELECT min(ctid) FROM metrics.kpi_cell)
"""
MOVED = """
    UPDATE metrics.kpi_cell SET agency_code = '000.00.99.H39' WHERE ctid = (SELECT min(ctid) FROM metrics.kpi_cell)
"""
MISSING = "DELETE FROM metrics.kpi_cell WHERE ctid = (SELECT min(ctid) FROM metrics.kpi_cell)"
EARLIER = """
    UPDATE metrics.kpi_day SET at_day = at_day - 1 WHERE ctid = (SELECT min(ctid) FROM metrics.kpi_day)
"""
OTHER_FACTS = """
    UPDATE metrics.facts SET seq = seq - 1 WHERE ctid = (SELECT min(ctid) FROM metrics.facts)
"""


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (LOST_EVENT, {"is_continuous", "kpi_equals_refold"}),
        (COUNTED_TWICE, {"kpi_equals_refold"}),
        (MOVED, {"kpi_equals_refold"}),
        (MISSING, {"kpi_equals_refold"}),
        (EARLIER, {"kpi_equals_refold"}),
        (OTHER_FACTS, {"kpi_equals_refold"}),
    ],
    ids=["lost event", "counted twice", "moved to another agency", "missing cell", "another day", "other facts"],
)
async def test_the_proof_finds_planted_faults(log: Log, lives: Lives, fault: str, found: set[str]) -> None:
    """P-01 to P-03 of the checker's own faults, and a missing cell."""
    told = records(lives[:10])
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    await log.run(fault)
    summary = (await log.proof()).summary()
    assert {name for name in ("kpi_equals_refold", "is_continuous") if not summary[name]} == found


FORGOTTEN = "DELETE FROM metrics.facts WHERE dossier_code = :code"
ALTERED = "UPDATE metrics.facts SET period = '2020-01' WHERE dossier_code = :code"
INVENTED = """
    INSERT INTO metrics.facts
    SELECT '000.00.01.H39-260101-000099', seq, partition, missing, at_day, known_day, agency_code, period, state
    FROM metrics.facts WHERE dossier_code = :code
"""


async def test_the_proof_names_the_dossiers_that_are_wrong(log: Log, lives: Lives) -> None:
    told = records(lives[:12])
    codes = [life[0].key.decode() for life in lives[:3]]
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    async with log.sessions.begin() as session:
        for fault, code in zip((FORGOTTEN, ALTERED, INVENTED), codes, strict=True):
            await session.execute(text(fault), {"code": code})
    assert (await log.proof()).dossiers == tuple(sorted([*codes[:2], "000.00.01.H39-260101-000099"]))


async def test_a_member_that_sleeps_on_its_locks_holds_nobody_up_for_ever(log: Log, lives: Lives) -> None:
    """X-02: a paused process keeps its rows locked; whoever waits longer than the lock timeout tries again."""
    told = records(lives[:20])
    await log.tell(told)
    async with log.sessions() as asleep:
        await asleep.execute(text("LOCK TABLE metrics.consumer_offset IN EXCLUSIVE MODE"))
        async with log.folded_by(log.folding()) as folding:
            await asyncio.sleep(11)
            await folding.check()
            await asleep.rollback()
            await log.all_folded(len(told))
    assert (await log.proof()).is_good
