"""`motcua bench board`: a province of a million dossiers filled anew from the log, proved, and looked at as pages.

A broker, a database and the metrics service of its own: the topic is filled, folded live (with --live), rebuilt in
bulk, refolded and compared byte for byte; then the service's pages are asked over HTTP, one and four at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import asyncpg
import httpx
import typer
from rich.console import Console
from rich.table import Table

from deploy.bench.facts import A_DAY, history, lives, tell
from deploy.bench.fold import settings_of
from deploy.bench.peers.contenders import contender
from deploy.bench.peers.running import Place, measured
from deploy.bench.peers.tables import emptied
from deploy.local.stack import Stack
from deploy.local.topics import TOPICS
from services.metrics.acts.proof import held, prove
from services.metrics.acts.rebuild import rebuild
from services.metrics.rules.stream import dossiers as dossiers_stream
from shared.contracts.facts import TOPIC
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings

TARGETS: Final = {"rebuild_seconds": 180, "page_p95_ms": 100}
"""For a million dossiers on two cores."""
LATEST: Final = "2026-07"
"""The last whole month of the history, which ends sixty days before the lives were walked."""
_ENDS_BEFORE: Final = 60
_A_MONTH: Final = 31
_BYTES: Final = 15_000
"""Of disk for a dossier, at most: log, tables, their successors, journal."""
_AT_ONCE: Final = (1, 4)
_ANSWER_S: Final = 60
err = Console(stderr=True)


class Look(NamedTuple):
    """Milliseconds of the requests of one kind of page."""

    page: str
    at_once: int
    requests: int
    first: float
    p50: float
    p95: float
    most: float


def board_bench(
    *,
    dossiers: Annotated[int, typer.Option(min=1_000, help="Dossiers of the province; about twelve events each.")] = (
        1_000_000
    ),
    requests: Annotated[int, typer.Option(min=20, help="Of each page, at each concurrency.")] = 200,
    live: Annotated[bool, typer.Option("--live", help="Fold everything live first, before the rebuild.")] = False,
    limit_s: Annotated[float, typer.Option("--limit-seconds", min=60, help="Each of the steps may take.")] = 1_800,
    folder: Annotated[Path | None, typer.Option(help="Where the servers keep their data, for this run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """A rebuild of the whole province in seconds, its proof, and p95 of the board's pages at that size."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        _has_room(Path(place), dossiers)
        with Stack(Path(place), processes={"metrics"}) as stack:
            stack.stop("metrics")
            servers = {name: _of(stack, name).pid for name in ("kafka", "postgres")} if live else None
            report = asyncio.run(_figures({"PORT": "1"} | stack.environment("metrics"), dossiers, limit_s, servers))
            began = time.monotonic()
            stack.start("metrics", limit_s)
            report["service_ready_seconds"] = round(time.monotonic() - began, 1)
            looks = asyncio.run(_looks(stack.url("metrics"), report, requests))
            report["pages"] = [look._asdict() for look in looks]
            report["service_mib"] = _of(stack, "metrics").resident_mib
            report["disk_mib"] = sum(each.stat().st_size for each in Path(place).rglob("*") if each.is_file()) >> 20
    _show(report)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")
    if not (report["equal"] and report["is_byte_equal"]):
        raise typer.Exit(1)


def _has_room(place: Path, dossiers: int) -> None:
    """Raises typer.BadParameter when the disk is too full."""
    free, wanted = shutil.disk_usage(place).free, dossiers * _BYTES
    if free < wanted:
        raise typer.BadParameter(f"{wanted >> 30} GiB of disk are needed in {place.parent}, {free >> 30} are free")


async def _figures(
    environment: dict[str, str], dossiers: int, limit_s: float, servers: Mapping[str, int] | None
) -> dict[str, Any]:
    """Fills, folds live when pids of `servers` are given, rebuilds and proves, each within the limit."""
    settings = settings_of(environment)
    catalogue = load_catalogue()
    [partitions] = [topic.partitions for topic in TOPICS if topic.name == TOPIC]
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 2),
        "targets": TARGETS,
        "dossiers": dossiers,
        "partitions": partitions,
    }
    err.print(f"telling {dossiers} dossiers …")
    began = time.monotonic()
    days = history(lives(catalogue), dossiers, first_day=-(dossiers // A_DAY) - _ENDS_BEFORE)
    async with asyncio.timeout(limit_s):
        report["records"] = await tell(settings.kafka_bootstrap_servers, TOPIC, partitions, days)
    report["fill_seconds"] = round(time.monotonic() - began, 1)
    await emptied(settings.database_url.get_secret_value())
    if servers is not None:
        err.print(f"folding {report['records']} records live …")
        report["live"] = await _live(servers, environment, partitions, report["records"], limit_s)
    err.print(f"rebuilding from {report['records']} records …")
    async with asyncio.timeout(2 * limit_s):
        return report | await _rebuilt(settings, is_folded=servers is not None)


async def _live(
    servers: Mapping[str, int], environment: dict[str, str], partitions: int, records: int, limit_s: float
) -> dict[str, Any]:
    """Everything through the live fold, with what it cost and held."""
    with tempfile.TemporaryDirectory() as folder:
        given = contender(
            "ours", environment, topic=TOPIC, partitions=partitions, events=records, group="bench-live",
            state=Path(folder),
        )  # fmt: skip
        connection = await asyncpg.connect(environment["DATABASE_URL"].replace("+asyncpg", ""))
        place = Place(Path(folder), given.environment, connection, records, servers, limit_s)
        try:
            measure = await measured(given.words, given.tables, place)
        finally:
            await connection.close()
    if measure.seconds is None:
        return {"problem": measure.problem}
    return {
        "seconds": round(measure.seconds, 1),
        "per_second": round(records / measure.seconds),
        "cpu_us_per_record": {name: round(used / records * 1e6, 2) for name, used in measure.cpu_seconds.items()},
        "resident_mib": measure.resident_mib,
        "resident_at": measure.resident_at,
    }


async def _rebuilt(settings: ServiceSettings, *, is_folded: bool) -> dict[str, Any]:
    """The bulk rebuild, whether it is what the live fold had written, and whether a refold says the same."""
    stream = dossiers_stream(load_catalogue())
    engine = database.engine(settings.database_url.get_secret_value())
    sessions = database.sessions(engine)
    before = await held(sessions, stream, TOPIC) if is_folded else None
    said = await rebuild(settings, stream, TOPIC)
    err.print(f"rebuilt in {said['seconds']} s; proving …")
    is_byte_equal = before is None or await held(sessions, stream, TOPIC) == before
    proof = await prove(settings, stream, TOPIC)
    await engine.dispose()
    summary = proof.summary()
    return {
        "rebuild_seconds": said["seconds"],
        "rebuild_per_second": round(said["records"] / max(said["seconds"], 0.01)),
        "is_byte_equal": is_byte_equal,
        "verify_seconds": summary["seconds"],
        **{name: summary[name] for name in ("equal", "hash", "cells", "days")},
        "agencies": [each for each, _ in sorted(_sizes(proof.live.cells).items(), key=lambda size: -size[1])],
    }


def _sizes(cells: Any) -> dict[str, int]:
    """Agency → how many cells it has."""
    found: dict[str, int] = {}
    for cell in cells:
        found[cell.agency_code] = found.get(cell.agency_code, 0) + 1
    return found


async def _looks(url: str, report: dict[str, Any], requests: int) -> list[Look]:
    """Asks the province's page and an agency's: the same again and again, and each time another month or agency."""
    agencies = report.pop("agencies")
    months = months_of(report["dossiers"])
    pages = {
        "province, this month": [f"/board?period={LATEST}"],
        "province, another month each time": [f"/board?period={month}" for month in months],
        "agency, this month": [f"/board/{agencies[0]}?period={LATEST}"],
        "another agency and month each time": [
            f"/board/{agency}?period={month}" for agency, month in zip(agencies * len(months), cycle(months))
        ],
    }
    async with httpx.AsyncClient(base_url=url, timeout=_ANSWER_S) as client:
        return [
            await _look(client, name, paths, requests, at_once) for name, paths in pages.items() for at_once in _AT_ONCE
        ]


async def _look(client: httpx.AsyncClient, name: str, paths: Sequence[str], requests: int, at_once: int) -> Look:
    """That many answers, all of them 200. Raises httpx.HTTPStatusError."""
    waiting = iter(list(islice(cycle(paths), requests)))
    took: list[float] = []

    async def one_after_another() -> None:
        for path in waiting:
            began = time.perf_counter()
            (await client.get(path)).raise_for_status()
            took.append(1000 * (time.perf_counter() - began))

    first = time.perf_counter()
    (await client.get(paths[0])).raise_for_status()
    first = 1000 * (time.perf_counter() - first)
    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    in_order = sorted(took)
    p95 = in_order[int(0.95 * (len(in_order) - 1))]
    rounded = (round(each, 1) for each in (first, statistics.median(took), p95, in_order[-1]))
    look = Look(name, at_once, len(took), *rounded)
    err.print(f"{name}, {at_once} at once: p50 {look.p50} ms, p95 {look.p95} ms", highlight=False)
    return look


def months_of(dossiers: int) -> list[str]:
    """The latest month and those before it in which anything was filed, two years at most."""
    year, month = map(int, LATEST.split("-"))
    number = 12 * year + month - 1
    count = max(1, min(24, dossiers // A_DAY // _A_MONTH))
    return [f"{each // 12}-{each % 12 + 1:02d}" for each in range(number, number - count, -1)]


def _of(stack: Stack, name: str) -> Any:
    [found] = [each for each in stack.status() if each.name == name]
    return found


def _show(report: dict[str, Any]) -> None:
    err.print(
        f"{report['machine']}; {report['dossiers']:,} dossiers, {report['records']:,} records in "
        f"{report['partitions']} partitions; load {report['load_average']:.1f}; {report['disk_mib']:,} MiB of disk",
        highlight=False,
    )
    if "live" in report:
        err.print(f"live fold: {report['live']}", highlight=False)
    err.print(
        f"rebuild {report['rebuild_seconds']} s ({report['rebuild_per_second']:,} records/s), "
        f"{'byte-equal' if report['is_byte_equal'] else 'NOT byte-equal'}; verify {report['verify_seconds']} s, "
        f"{'equal' if report['equal'] else 'NOT EQUAL'}; service {report['service_mib']} MiB",
        highlight=False,
    )
    table = Table(box=None)
    for name in ("page", "at once", "first ms", "p50", "p95", "most"):
        table.add_column(name, justify="left" if name == "page" else "right")
    for look in report["pages"]:
        table.add_row(look["page"], *(str(look[name]) for name in ("at_once", "first", "p50", "p95", "most")))
    err.print(table)
