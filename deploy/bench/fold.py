"""`motcua bench fold`: the fold end to end, exactly once, beside what the client can read at all, in one run.

A broker and a database of its own; the same records for everybody, each contender a process of its own, turn by turn.
Peers are measured by `python -m deploy.bench.peers`, each in an environment of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from deploy.bench.facts import fill, history, lives
from deploy.bench.fold_contender import Nobody, emptied
from deploy.local.errors import StackError
from deploy.local.stack import Stack
from services.metrics.acts.rebuild import rebuild
from services.metrics.adapters.topic import reader
from services.metrics.consumer import Folding
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load

CONTENDERS: Final = ("raw", "ours")
TARGETS: Final = {"per_second": 60_000, "of_raw": 0.25}
_LIMIT_S: Final = 900
_LOOK_S: Final = 0.005
err = Console(stderr=True)


def fold_bench(
    *,
    count: Annotated[int, typer.Option(min=100, help="Dossiers told; about twelve events each.")] = 25_000,
    partitions: Annotated[int, typer.Option(min=1)] = 12,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each contender.")] = 5,
    fresh_s: Annotated[float, typer.Option("--fresh-seconds", min=0, help="At each rate; 0 = leave out.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Events per second into PostgreSQL against raw reading; a bulk rebuild; seconds from event to visible figure."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), processes={"postgres", "kafka"}) as stack:
        report = _measured(stack, count, partitions, runs, fresh_s)
    _show(report)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")


def _measured(stack: Stack, count: int, partitions: int, runs: int, fresh_s: float) -> dict[str, Any]:
    environment = {"PORT": "1"} | stack.environment("metrics")
    settings = _settings(environment)
    catalogue = load_catalogue()
    err.print(f"telling {count} dossiers …")
    records = asyncio.run(fill(settings.kafka_bootstrap_servers, "facts", partitions, history(lives(catalogue), count)))
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for number in range(1, runs + 1):
        for name in CONTENDERS:
            told[name].append(_contend(name, records, environment))
            err.print(f"run {number}: {name} {records / told[name][-1]['seconds']:,.0f} records/s")
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("aiokafka", "asyncpg", "msgspec", "sqlalchemy")},
        "load_average": os.getloadavg()[0],
        "records": records,
        "partitions": partitions,
        "contenders": {name: _spread(records, rows) for name, rows in told.items()},
        "rebuild": _rebuilt(settings),
    }
    report["of_raw"] = round(report["contenders"]["ours"]["per_second"] / report["contenders"]["raw"]["per_second"], 3)
    if fresh_s:
        report["fresh_ms"] = {str(rate): asyncio.run(_freshness(settings, rate, fresh_s)) for rate in (200, 5000)}
    return report


def _settings(environment: dict[str, str]) -> ServiceSettings:
    before = dict(os.environ)
    os.environ |= environment
    try:
        return load(ServiceSettings)
    finally:
        os.environ.clear()
        os.environ |= before


def _contend(name: str, records: int, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "deploy.bench.fold_contender", name, "facts", str(records)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=_LIMIT_S
    )
    if done.returncode:
        raise StackError(f"{name} failed: {done.stderr.strip().splitlines()[-1:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _spread(records: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    rates = [records / row["seconds"] for row in rows]
    return {
        "per_second": round(statistics.median(rates)),
        "least": round(min(rates)),
        "most": round(max(rates)),
        "cpu_us_per_record": round(statistics.median(row["cpu_seconds"] for row in rows) / records * 1e6, 1),
        "resident_mib": max(row["resident_mib"] for row in rows),
    }


def _rebuilt(settings: ServiceSettings) -> dict[str, Any]:
    said = asyncio.run(rebuild(settings, dossiers(load_catalogue()), "facts"))
    return {
        "records": said["records"],
        "seconds": said["seconds"],
        "per_second": round(said["records"] / said["seconds"]),
    }


async def _freshness(settings: ServiceSettings, rate: int, seconds: float) -> dict[str, float]:
    """Milliseconds from sending an event to its commit, while so many a second are sent: p50, p99, most."""
    catalogue, topic = load_catalogue(), f"fresh-{rate}"
    url = settings.database_url.get_secret_value()
    await emptied(url)
    engine = database.engine(url)
    sessions = database.sessions(engine)
    await fill(settings.kafka_bootstrap_servers, topic, 12, iter(()))
    folding = Folding(lambda: reader(settings, group=topic), Nobody(), sessions, dossiers(catalogue), topic=topic)
    running = asyncio.create_task(folding.run())
    wanted = int(rate * seconds)
    told = [each for day in history(lives(catalogue), wanted // 10) for each in day][:wanted]
    sent: dict[int, list[tuple[int, float]]] = {}
    watching = asyncio.create_task(_watched(sessions, topic, sent, len(told)))
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, acks="all", linger_ms=2
    ) as producer:
        began = time.perf_counter()
        for number, each in enumerate(told):
            if (ahead := number / rate - (time.perf_counter() - began)) > 0:
                await asyncio.sleep(ahead)
            at = time.perf_counter()
            future = await producer.send(topic, each.value, key=each.key)

            def noted(done: asyncio.Future[Any], at: float = at) -> None:
                sent.setdefault(done.result().partition, []).append((done.result().offset, at))

            future.add_done_callback(noted)
        await producer.flush()
    found = sorted(await watching)
    await folding.shutdown()
    await running
    await engine.dispose()
    return {
        "p50": round(1000 * statistics.median(found), 1),
        "p99": round(1000 * found[int(0.99 * (len(found) - 1))], 1),
        "most": round(1000 * found[-1], 1),
    }


async def _watched(
    sessions: database.Sessions, topic: str, sent: dict[int, list[tuple[int, float]]], wanted: int
) -> list[float]:
    """Seconds of each event from its sending to the first look at which its offset is behind the stored one."""
    statement = text("SELECT partition, next_offset FROM metrics.consumer_offset WHERE topic = :topic")
    found: list[float] = []
    async with asyncio.timeout(_LIMIT_S), sessions() as session:
        while len(found) < wanted:
            rows = (await session.execute(statement, {"topic": topic})).all()
            await session.rollback()
            now = time.perf_counter()
            for partition, stored in rows:
                waiting = sent.get(partition, [])
                found += [now - at for offset, at in waiting if offset < stored]
                sent[partition] = [each for each in waiting if each[0] >= stored]
            await asyncio.sleep(_LOOK_S)
    return found


def _show(report: dict[str, Any]) -> None:
    size = f"{report['records']:,} records in {report['partitions']} partitions"
    title = f"{report['machine']}; {size}; load {report['load_average']:.1f}"
    table = Table(box=None, title=title)
    for name in ("", "records/s", "from", "to", "of raw", "CPU µs/record", "MiB"):
        table.add_column(name, justify="right")
    raw = report["contenders"]["raw"]["per_second"]
    for name, row in report["contenders"].items():
        rates = [f"{row[key]:,}" for key in ("per_second", "least", "most")]
        table.add_row(
            name, *rates, f"{row['per_second'] / raw:.2f}", f"{row['cpu_us_per_record']}", f"{row['resident_mib']}"
        )
    rebuilt = report["rebuild"]
    table.add_row("rebuild", f"{rebuilt['per_second']:,}", "", "", f"{rebuilt['per_second'] / raw:.2f}", "", "")
    err.print(table)
    for rate, found in report.get("fresh_ms", {}).items():
        err.print(f"event → visible at {rate}/s: p50 {found['p50']} ms, p99 {found['p99']} ms, most {found['most']} ms")
