"""The real process on its own port: killed in the middle of the fold it comes back and counts nothing twice."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer import Typer
from typer.testing import CliRunner, Result

from deploy.local.stack import Stack
from services.metrics import commands
from shared.contracts.facts import DEAD_LETTERS, TOPIC
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from tests.services.metrics.conftest import empty, eventually
from tests.services.metrics.lives import Told
from tests.services.metrics.test_doors import PROVINCE


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[Stack]:
    """The process over empty tables, with small batches, so that a kill finds it in the middle of something."""
    asyncio.run(empty(stack.environment("metrics")["DATABASE_URL"]))
    stack.start("metrics")
    yield stack
    stack.start("metrics")  # a killed process may be on its way back
    stack.stop("metrics")


async def test_kills_in_the_middle_lose_and_repeat_nothing(
    service: Stack, lives: list[list[Told]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [record[:2] for step in range(30) for life in lives for record in life[step : step + 1]]
    told.insert(100, (b"\xfe", b"\xff not an event"))
    broker = service.address("kafka")
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all") as producer:
        await asyncio.gather(*[await producer.send(TOPIC, value, key=key) for key, value in told])
    log = database.engine(service.environment("metrics")["DATABASE_URL"])
    killed_at = 0
    for _ in range(2):

        async def has_moved(before: int = killed_at) -> bool:
            return await folded(log) > before

        await eventually(has_moved, 30)
        await asyncio.to_thread(service.send, "metrics", signal.SIGKILL)
        killed_at = await folded(log)
    await log.dispose()
    assert killed_at < len(told), "the kills came too late to be in the middle"

    async def is_caught_up() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"{service.url('metrics')}/api/kpi")
            except httpx.HTTPError:
                return False
        body = answer.json()
        return answer.is_success and sum(body["position"].values()) == len(told) and not body["is_stale"]

    await eventually(is_caught_up, 60)
    for name, setting in service.environment("metrics").items():
        monkeypatch.setenv(name, setting)
    result = await asyncio.to_thread(CliRunner().invoke, mounted(), ["verify", "--json"])
    summary = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (summary["kpi_equals_refold"], summary["is_continuous"]) == (True, True)
    assert (summary["dossiers"], summary["records"], summary["unreadable"]) == (len(lives), len(told), 1)
    async with AIOKafkaConsumer(DEAD_LETTERS, bootstrap_servers=broker, auto_offset_reset="earliest") as letters:
        letter = await asyncio.wait_for(letters.getone(), 20)
    assert letter.value == b"\xff not an event"
    assert dict(letter.headers)["reason"] == b"malformed"


async def test_the_terminal_shows_the_provinces_figures(service: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_URL", service.url("metrics"))
    shown = await asyncio.to_thread(CliRunner().invoke, mounted(), ["kpi", "--period", "2026"])
    assert shown.exit_code == 0, shown.output
    assert "Giải quyết" in shown.output
    assert "Số liệu đến" in shown.output
    asked = ["kpi", "--indicator", "received", "--period", "2026", "--json"]
    told = await asyncio.to_thread(CliRunner().invoke, mounted(), asked)
    assert {row["indicator"] for row in json.loads(told.stdout)["rows"]} == {"received"}


@pytest.mark.parametrize(
    ("arguments", "address", "code"),
    [
        (["kpi"], "", 1),
        (["kpi"], "http://127.0.0.1:9", 1),
        (["kpi", "--period", "soon"], "running", 2),
        (["kpi", "--indicator", "happiness"], "running", 2),
    ],
)
async def test_failures_are_one_line(
    service: Stack, monkeypatch: pytest.MonkeyPatch, arguments: list[str], address: str, code: int
) -> None:
    monkeypatch.setenv("METRICS_URL", service.url("metrics") if address == "running" else address)
    result = await asyncio.to_thread(CliRunner().invoke, mounted(), arguments)
    assert result.exit_code == code
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


async def folded(engine: AsyncEngine) -> int:
    """How many records are behind the stored offsets."""
    async with engine.connect() as connection:
        return int(await connection.scalar(text("SELECT sum(next_offset) FROM metrics.consumer_offset")) or 0)


def mounted() -> Typer:
    """The commands as the command line mounts them."""
    app = Typer()
    app.add_typer(commands.kpi, name="kpi")
    app.command("verify")(commands.verify)
    return app


TWO_CELLS = """
    SELECT DISTINCT ON (agency_code) agency_code, period, ctid::text FROM metrics.kpi_cell
    WHERE submitted > 0 AND finished > 0 ORDER BY agency_code LIMIT 2
"""
PLANTED = {
    "a request counted twice": [(0, "submitted", 1)],
    "two requests merged into one": [(0, "submitted", -1)],
    "a request split between two agencies": [(0, "finished", -1), (1, "finished", 1)],
}
"""Which of the two cells, which count, by how much."""


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
async def test_figures_that_do_not_add_up_are_withheld_everywhere_until_they_do(
    service: Stack, lives: list[list[Told]], monkeypatch: pytest.MonkeyPatch, planted: list[tuple[int, str, int]]
) -> None:
    """The fair count on real cells: page, certificate, API, terminal and proof, and all of them again after repair."""
    monkeypatch.setenv("METRICS_URL", service.url("metrics"))
    for name, setting in service.environment("metrics").items():
        monkeypatch.setenv(name, setting)
    engine = database.engine(service.environment("metrics")["DATABASE_URL"])
    await counted(service, engine, lives)
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE metrics.kept AS TABLE metrics.kpi_cell"))
        cells = (await connection.execute(text(TWO_CELLS))).all()
        for which, name, by in planted:
            statement = f"UPDATE metrics.kpi_cell SET {name} = {name} + {by} WHERE ctid = '{cells[which].ctid}'"  # noqa: S608
            await connection.execute(text(statement))
        await connection.commit()
    agency, period, _ = cells[0]
    try:
        await is_withheld(service, agency, period, yes=True)
        verified = await invoked("verify", "--json")
        assert (verified.exit_code, json.loads(verified.stdout)["equal"]) == (1, False)
        assert agency in {row["agency_code"] for row in json.loads(verified.stdout)["differences"]}
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("TRUNCATE metrics.kpi_cell"))
            await connection.execute(text("INSERT INTO metrics.kpi_cell TABLE metrics.kept"))
            await connection.execute(text("DROP TABLE metrics.kept"))
        await engine.dispose()
    await is_withheld(service, agency, period, yes=False)
    assert (await invoked("verify", "--json")).exit_code == 0


async def is_withheld(service: Stack, agency: str, period: str, *, yes: bool) -> None:
    """Whether nobody publishes the agency's figures of the month, nor those of whoever is above it."""
    async with httpx.AsyncClient(base_url=service.url("metrics")) as client:
        for place in (agency, PROVINCE):
            page = await client.get(f"/board/{place}?period={period}")
            assert page.status_code == 200
            assert ("Không công bố" in page.text) is yes, place
            assert (name_of(agency) in page.text) or not yes
        certificate = await client.get(f"/api/certificate?period={period}")
        assert certificate.status_code == (409 if yes else 200)
        assert (agency in certificate.text) or not yes
        if not yes:
            assert {row["agency_code"] for row in certificate.json()["rows"]} >= {agency, PROVINCE}
    told = await invoked("kpi", "--indicator", "received", "--agency", PROVINCE, "--period", period, "--json")
    [row] = json.loads(told.stdout)["rows"]
    assert (row["numerator"] is None) is yes
    assert json.loads(told.stdout)["fair"] is not yes
    shown = await invoked("kpi", "--indicator", "received", "--agency", PROVINCE, "--period", period)
    assert ("không công bố" in shown.stdout) is yes


async def counted(service: Stack, engine: AsyncEngine, lives: list[list[Told]]) -> None:
    """These lives are in the figures, once, however often they were told."""
    told = [record for life in lives for record in life]
    broker = service.address("kafka")
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all") as producer:
        await asyncio.gather(*[await producer.send(TOPIC, each.value, key=each.key) for each in told])
        partitions = [TopicPartition(TOPIC, each) for each in await producer.partitions_for(TOPIC)]
    async with AIOKafkaConsumer(bootstrap_servers=broker) as consumer:
        ends = await consumer.end_offsets(partitions)

    async def is_done() -> bool:
        return await folded(engine) >= int(sum(ends.values()))

    await eventually(is_done, 60)


async def invoked(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, mounted(), arguments)


def name_of(agency: str) -> str:
    return load_catalogue().agencies_by_code[agency][-1].name
