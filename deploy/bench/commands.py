"""`motcua bench dossiers`: dossiers per second with everything on, against the floor, in one run."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from deploy.bench import floor
from deploy.bench.board import board_bench
from deploy.bench.catalogue import catalogue_bench
from deploy.bench.due import due_times
from deploy.bench.floor import offices
from deploy.bench.fold import fold_bench
from deploy.bench.lives import FloorDriver, PublicDriver, Sample, rate, sample
from deploy.bench.worklist import worklist_bench
from deploy.local import tokens
from deploy.local.stack import Stack
from deploy.proof import history_lengths
from shared.platform.catalogue import load_catalogue
from workflows.desk import TASK_QUEUE, DossierDesk

app = typer.Typer(help="Figures as ratios, side by side in one run.", no_args_is_help=True)
err = Console(stderr=True)

SERVICES: Final = ("intake", "processing", "payment", "delivery", "metrics")
PROVINCE: Final = "000.00.00.H39"
IDLE_LIVES: Final = 15
"""Lives made one after another to measure a click on an idle machine."""


app.command("board")(board_bench)
app.command("due")(due_times)
app.command("catalogue")(catalogue_bench)
app.command("fold")(fold_bench)
app.command("worklist")(worklist_bench)


@app.callback()
def bench() -> None:
    """Figures as ratios, side by side in one run."""


@app.command()
def dossiers(
    *,
    count: Annotated[int, typer.Option(min=4, help="Lives of each row.")] = 120,
    at_once: Annotated[int, typer.Option(min=1, help="Lives under way at the same time.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Dossiers per second: the floor, the floor with facts published, and everything through the public APIs."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
        report = asyncio.run(_dossiers(stack, count, at_once))
    table = Table(box=None, title=f"{report['machine']}; temporalio {version('temporalio')}; {count} lives")
    for title in ("", "dossiers/s", "of the floor"):
        table.add_column(title, justify="right")
    for name in ("floor", "published", "everything"):
        figure = report["dossiers_per_second" if name == "everything" else f"{name}_per_second"]
        table.add_row(name, f"{figure:.1f}", f"{figure / report['floor_per_second']:.2f}")
    err.print(table)
    err.print(
        f"one life: {report['history_events']} history events; a click on an idle machine: "
        f"p50 {report['click_p50_ms']} ms, p99 {report['click_p99_ms']} ms; {report['resident_mib']} MiB resident"
    )
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")


async def _dossiers(stack: Stack, count: int, at_once: int) -> dict[str, Any]:
    of = sample(load_catalogue(), date.today())  # noqa: DTZ011 - the desks' own day
    address = stack.address("temporal")
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    for name in (*SERVICES, "workflows"):
        await asyncio.to_thread(stack.stop, name)
    with offices(address):
        driver = FloorDriver(DossierDesk(client, task_queue=floor.QUEUE), of)
        await rate(driver.live, range(9000, 9000 + at_once), at_once)
        floor_rate = await rate(driver.live, range(1, count + 1), at_once)
    await asyncio.to_thread(stack.start, "workflows")
    with offices(address, "--offices-only"):
        driver = FloorDriver(DossierDesk(client, task_queue=TASK_QUEUE), of)
        await rate(driver.live, range(8000, 8000 + at_once), at_once)
        published = await rate(driver.live, range(2001, 2001 + count), at_once)
    for name in SERVICES:
        await asyncio.to_thread(stack.start, name)
    everything = await _everything(stack, of, count, at_once)
    return everything | {
        "floor_per_second": round(floor_rate, 2),
        "published_per_second": round(published, 2),
        "ratio_to_floor": round(everything["dossiers_per_second"] / floor_rate, 2),
        "published_ratio_to_floor": round(published / floor_rate, 2),
    }


async def _everything(stack: Stack, of: Sample, count: int, at_once: int) -> dict[str, Any]:
    names = ("intake", "processing", "payment", "payment_gateway")
    public = PublicDriver({name: stack.url(name) for name in names}, _mint(stack), of)
    try:
        await rate(public.live, range(at_once), at_once)
        full = await rate(public.live, range(100, 100 + count), at_once)
        codes = public.codes[-count:]
        public.clicks.seconds.clear()
        await rate(public.live, range(5000, 5000 + IDLE_LIVES), 1)
    finally:
        await public.close()
    clicks = sorted(1000 * each for each in public.clicks.seconds)
    return {
        "dossiers_per_second": round(full, 2),
        "history_events": round(statistics.median(await history_lengths(stack.address("temporal"), codes))),
        "click_p50_ms": round(statistics.median(clicks), 1),
        "click_p99_ms": round(clicks[int(0.99 * (len(clicks) - 1))], 1),
        "resident_mib": sum(status.resident_mib for status in await asyncio.to_thread(stack.status)),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def _mint(stack: Stack) -> Any:
    @cache
    def mint(kind: Any, person: str, role: str) -> str:
        grants = [(role, PROVINCE)] if role else []
        return tokens.mint(stack.root, person, grants, minutes=600, kind=kind)

    return mint
