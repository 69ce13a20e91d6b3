"""The tables filled anew in bulk are, byte for byte, what live folding writes; nobody sees anything in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from services.metrics.acts import refold as refolding
from services.metrics.acts.proof import held
from services.metrics.acts.rebuild import rebuild
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told

type Lives = list[list[Told]]


def records(lives: Lives) -> list[tuple[bytes | None, bytes | None]]:
    return [told[:2] for step in range(30) for life in lives for told in life[step : step + 1]]


@pytest.mark.parametrize("alone", [0, 10**9], ids=["a process for each core", "in this process"])
async def test_a_rebuild_is_byte_equal_to_live_folding(
    log: Log, lives: Lives, alone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refolding, "_ALONE", alone)
    told = [*records(lives[:80]), (b"x", b"{"), *records(lives[:5])]
    await log.tell(told)
    async with log.folded_by(log.folding(batch_records=150)):
        await log.all_folded(len(told))
    live = await held(log.sessions, log.stream, log.topic)
    said = await rebuild(log.settings, log.stream, log.topic)
    assert (said["dossiers"], said["records"], said["unreadable"]) == (80, len(told), 1)
    assert said["repeated"] == len(records(lives[:5]))
    assert await held(log.sessions, log.stream, log.topic) == live
    proof = await log.proof()
    assert proof.is_good
    assert proof.summary()["hash"] == proof.fingerprint


async def test_a_rebuild_repairs_what_was_tampered_with(log: Log, lives: Lives) -> None:
    told = records(lives[:20])
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    await log.run("UPDATE metrics.kpi_cell SET submitted = 7, agency_code = 'x' || agency_code")
    await log.run("DELETE FROM metrics.facts WHERE seq > 3")
    assert not (await log.proof()).kpi_equals_refold
    await rebuild(log.settings, log.stream, log.topic)
    proof = await log.proof()
    assert proof.is_good
    assert proof.refold.dossiers == 20


async def test_live_folding_goes_on_through_a_rebuild(log: Log, lives: Lives) -> None:
    told = records(lives)
    third = len(told) // 3
    await log.tell(told[:third])
    async with log.folded_by(log.folding(batch_records=60)):
        await log.all_folded(third)
        await log.tell(told[third : 2 * third])
        await rebuild(log.settings, log.stream, log.topic)
        await log.tell(told[2 * third :])
        await log.all_folded(len(told))
    proof = await log.proof()
    assert proof.is_good
    assert proof.refold.records == len(told)


async def test_what_an_interrupted_rebuild_left_is_in_nobodys_way(log: Log, lives: Lives) -> None:
    told = records(lives[:10])
    await log.tell(told)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(told))
    await log.run("CREATE TABLE metrics.facts_next (LIKE metrics.facts INCLUDING ALL)")
    assert (await rebuild(log.settings, log.stream, log.topic))["dossiers"] == 10
    assert (await log.proof()).is_good
    async with log.sessions() as session:
        left = await session.scalar(
            text(
                "SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_next' AND relnamespace = 'metrics'::regnamespace"
            )
        )
    assert left == 0


async def test_an_empty_topic_gives_empty_tables(log: Log, tmp_path: Path) -> None:
    said = await rebuild(log.settings, log.stream, log.topic)
    assert said["dossiers"] == 0
    assert (await log.proof()).is_good
