"""The harness of `motcua bench fold` on real servers: it measures, finds a wrong result, and says who is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.bench.facts import fill, history, lives
from deploy.bench.fold_runs import Bench, Row
from deploy.bench.peers import environments
from deploy.bench.peers.counted import newest
from deploy.bench.peers.tables import OurTables
from deploy.local.stack import Stack
from shared.catalogue.model import Catalogue
from shared.platform.settings import ServiceSettings

TOPIC = "bench-facts"


@pytest.fixture
def bench(stack: Stack, settings: ServiceSettings, catalogue: Catalogue, request: pytest.FixtureRequest) -> Bench:
    """Sixty dossiers on a topic of their own."""
    topic = f"{TOPIC}-{abs(hash(request.node.name)) % 10**8}"
    broker = settings.kafka_bootstrap_servers
    records = asyncio.run(fill(broker, topic, 4, history(lives(catalogue), 60)))
    known = asyncio.run(newest(broker, topic, 4, records))
    servers = {each.name: each.pid for each in stack.status() if each.name in {"kafka", "postgres"}}
    environment = stack.environment("metrics")
    return Bench(settings, environment, servers, topic, 4, records, known, 90)


@pytest.mark.timeout(300)
def test_reading_and_our_fold_are_measured_from_their_first_record(bench: Bench) -> None:
    raw, ours = Row("raw"), Row("ours")
    bench.run(raw, is_warm=False)
    assert (raw.problem, raw.measures) == ("", [])
    for row in (raw, ours):
        bench.run(row, is_warm=True)
        assert row.problem == ""
        said = row.summary(bench.records)
        assert said["per_second"] > 0
        assert set(said["cpu_us_per_record"]) == {"own", "kafka", "postgres"}
        assert 20 < said["resident_mib"] < 2_000
    assert set(ours.summary(bench.records)["resident_at"]) == {"10%", "50%", "100%"}
    bench.kill(ours)
    assert ours.killed == ""


@pytest.mark.timeout(200)
def test_a_cell_that_is_wrong_is_told(bench: Bench) -> None:
    ours = Row("ours")
    bench.run(ours, is_warm=True)
    assert ours.problem == ""

    async def planted() -> str:
        database = await asyncpg.connect(bench.environment["DATABASE_URL"].replace("+asyncpg", ""))
        try:
            tables = OurTables(bench.topic)
            assert await tables.wrong(database, bench.newest) == ""
            await database.execute(
                "UPDATE metrics.kpi_cell SET submitted = submitted + 1"
                " WHERE ctid = (SELECT min(ctid) FROM metrics.kpi_cell WHERE submitted > 0)"
            )
            return await tables.wrong(database, bench.newest)
        finally:
            await database.close()

    assert "1 of " in (said := asyncio.run(planted()))
    assert said.endswith("by 1 in all")


@pytest.mark.timeout(200)
def test_a_peer_that_cannot_be_had_is_a_row_that_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    environments._python.cache_clear()
    try:
        for name in ("bytewax", "kafka-streams"):
            row = Row(name)
            bench.run(row, is_warm=True)
            assert row.problem.startswith(f"not available: {name}")
            assert "per_second" not in row.summary(bench.records)
    finally:
        environments._python.cache_clear()
