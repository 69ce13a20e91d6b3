"""The real process on its own port: killed in the middle of the fold it comes back and counts nothing twice."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer import Typer
from typer.testing import CliRunner

from deploy.local.stack import Stack
from services.metrics import commands
from shared.contracts.facts import DEAD_LETTERS, TOPIC
from shared.platform import database
from tests.services.metrics.conftest import empty, eventually
from tests.services.metrics.lives import Told


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
