"""`motcua bench fold`: the fold end to end, exactly once, beside raw reading and other stream processors, in one run.

A broker and a database of its own; the same records for everybody; each contender a process of its own, one after
another, turn by turn. Whoever cannot be had on this machine is a row that says why.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from deploy.bench.facts import fill, history, lives
from deploy.bench.fold_fresh import RATES, freshness
from deploy.bench.fold_runs import Bench, Row
from deploy.bench.fold_show import show
from deploy.bench.peers import NAMES, OURS
from deploy.bench.peers.counted import newest
from deploy.local.stack import Stack
from services.metrics.acts.proof import held, prove
from services.metrics.acts.rebuild import rebuild
from services.metrics.rules.stream import dossiers
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load

TOPIC: Final = "facts"
TARGETS: Final = {"per_second": 60_000, "of_raw": 0.25}
err = Console(stderr=True)


def fold_bench(
    *,
    count: Annotated[int, typer.Option(min=100, help="Dossiers told; about twelve events each.")] = 25_000,
    partitions: Annotated[int, typer.Option(min=1)] = 12,
    runs: Annotated[int, typer.Option(min=1, help="Measured runs of each contender.")] = 5,
    warm: Annotated[int, typer.Option(min=0, help="Runs before these that are not told.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Only this contender; may be repeated.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="Not this contender; may be repeated.")] = None,
    kill: Annotated[bool, typer.Option("--kill", help="Kill each twice in the middle, compare what it ends with.")] = (
        False
    ),
    limit_s: Annotated[float, typer.Option("--limit-seconds", min=5, help="A run may take.")] = 300,
    fresh_s: Annotated[float, typer.Option("--fresh-seconds", min=0, help="At each rate; 0 = leave out.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Events per second into PostgreSQL against raw reading and peers; a bulk rebuild; seconds from event to figure."""
    names = chosen(only or (), without or ())
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), processes={"postgres", "kafka"}) as stack:
        bench = _filled(stack, count, partitions, limit_s)
        report = _about(bench.records, partitions, runs) | {
            "contenders": _contended(bench, names, warm, runs, kill=kill)
        }
        if OURS.keys() & set(names):
            report |= asyncio.run(_proved(bench.settings))
            if fresh_s:
                report["fresh_ms"] = {
                    str(rate): asyncio.run(freshness(bench.settings, rate, fresh_s)) for rate in RATES
                }
    show(report, err)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    own = [row for name, row in report["contenders"].items() if name == "raw" or name in OURS]
    if any(row["problem"] or row.get("killed") for row in own) or not report.get("proof", {"equal": True})["equal"]:
        raise typer.Exit(1)


def chosen(only: Collection[str], without: Collection[str]) -> list[str]:
    """Contenders in their order. Raises typer.BadParameter for a stranger."""
    if strangers := {*only, *without} - set(NAMES):
        raise typer.BadParameter(f"no contender: {', '.join(sorted(strangers))}; there are {', '.join(NAMES)}")
    names = [name for name in NAMES if (not only or name in only) and name not in without]
    if not names:
        raise typer.BadParameter("nobody is left to measure")
    return names


def _filled(stack: Stack, count: int, partitions: int, limit_s: float) -> Bench:
    environment = {"PORT": "1"} | stack.environment("metrics")
    settings = settings_of(environment)
    err.print(f"telling {count} dossiers …")
    told = history(lives(load_catalogue()), count)
    broker = settings.kafka_bootstrap_servers
    records = asyncio.run(fill(broker, TOPIC, partitions, told))
    known = asyncio.run(newest(broker, TOPIC, partitions, records))
    servers = {each.name: each.pid for each in stack.status() if each.name in {"kafka", "postgres"}}
    return Bench(settings, environment, servers, TOPIC, partitions, records, known, limit_s)


def _contended(bench: Bench, names: Sequence[str], warm: int, runs: int, *, kill: bool) -> dict[str, Any]:
    """Turn by turn; whoever failed or cannot be had is asked no more."""
    rows = {name: Row(name) for name in names}
    for number in range(-warm, runs):
        for row in _able(rows.values()):
            bench.run(row, is_warm=number >= 0)
            err.print(f"{'warm-up' if number < 0 else f'run {number + 1}'}: {row.last(bench.records)}", highlight=False)
    if kill:
        for row in _able(rows.values()):
            if row.name != "raw":
                bench.kill(row)
                err.print(f"killed: {row.name}: {row.killed or 'equal'}", highlight=False)
    return {name: row.summary(bench.records) for name, row in rows.items()}


def _able(rows: Collection[Row]) -> Iterator[Row]:
    return (row for row in rows if not row.problem)


def settings_of(environment: dict[str, str]) -> ServiceSettings:
    """Settings as a service started with this environment would have them."""
    before = dict(os.environ)
    os.environ |= environment
    try:
        return load(ServiceSettings)
    finally:
        os.environ.clear()
        os.environ |= before


def _about(records: int, partitions: int, runs: int) -> dict[str, Any]:
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("aiokafka", "asyncpg", "msgspec", "sqlalchemy")},
        "load_average": round(os.getloadavg()[0], 2),
        "records": records,
        "partitions": partitions,
        "runs": runs,
        "targets": TARGETS,
    }


async def _proved(settings: ServiceSettings) -> dict[str, Any]:
    """What stands in the tables against a refold of the topic; the tables filled anew in bulk, and against before."""
    stream = dossiers(load_catalogue())
    engine = database.engine(settings.database_url.get_secret_value())
    proof = (await prove(settings, stream, TOPIC)).summary()
    live = await held(database.sessions(engine), stream, TOPIC)
    said = await rebuild(settings, stream, TOPIC)
    again = await held(database.sessions(engine), stream, TOPIC)
    await engine.dispose()
    return {
        "proof": {name: proof[name] for name in ("equal", "hash", "cells", "days", "dossiers", "seconds")},
        "rebuild": {
            "records": said["records"],
            "seconds": said["seconds"],
            "per_second": round(said["records"] / max(said["seconds"], 0.01)),
            "is_byte_equal": again == live,
        },
    }
