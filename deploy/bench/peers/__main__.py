"""`python -m deploy.bench.peers`: every peer over facts made for it, on a broker and a database of their own."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from deploy.bench.peers import PEERS, Run, missing, run
from deploy.bench.peers.facts import records
from deploy.local.progress import working
from deploy.local.stack import Stack
from shared.platform.catalogue import load_catalogue

TOPIC: Final = "dossier.facts.peers.v1"
_AT_A_TIME: Final = 20_000
err = Console(stderr=True)


def main(
    *,
    events: Annotated[int, typer.Option(min=100, help="Records to fold.")] = 50_000,
    partitions: Annotated[int, typer.Option(min=1)] = 12,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median is told.")] = 1,
    limit_s: Annotated[float, typer.Option(min=1, help="Seconds a run may take.")] = 180.0,
    only: Annotated[list[str] | None, typer.Option(help="Only this peer; may be repeated.")] = None,
) -> None:
    """Events per second of each peer, from its first record to the last cell in the database."""
    if unknown := set(only or ()) - set(PEERS):
        err.print(f"no peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), processes={"metrics"}) as stack:
        stack.stop("metrics")
        told = asyncio.run(_all(stack, (only or list(PEERS)) * runs, events, partitions, limit_s))
    _tell(told, events)
    if any(each.seconds is None for each in told):
        raise typer.Exit(1)


async def _all(stack: Stack, names: list[str], events: int, partitions: int, limit_s: float) -> list[Run]:
    bootstrap, dsn = stack.address("kafka"), stack.environment("metrics")["DATABASE_URL"]
    await _produce(bootstrap, events, partitions)
    told = []
    for name in names:
        if reason := missing(name):
            err.print(f"left out: {reason}")
            continue
        place = {"bootstrap": bootstrap, "topic": TOPIC, "dsn": dsn}
        done = await run(name, **place, events=events, partitions=partitions, limit_s=limit_s)
        err.print(
            f"{name}: {_speed(done)}; load {os.getloadavg()[0]:.1f}", highlight=False, soft_wrap=True, markup=False
        )
        told.append(done)
    return told


async def _produce(bootstrap: str, events: int, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, partitions, 1)])
    await admin.close()
    with working("Producing facts") as tell:
        async with AIOKafkaProducer(
            bootstrap_servers=bootstrap, compression_type="lz4", linger_ms=20, max_batch_size=262_144
        ) as producer:
            sent = []
            for number, (key, value) in enumerate(records(load_catalogue(), events)):
                sent.append(await producer.send(TOPIC, value, key))
                if len(sent) == _AT_A_TIME:
                    await asyncio.gather(*sent)
                    sent.clear()
                    tell(f"{number} of {events}")
            await asyncio.gather(*sent)


def _speed(done: Run) -> str:
    if done.seconds is None:
        return done.problem
    return f"{done.events / done.seconds:,.0f} events/s, {done.events / done.cpu_seconds:,.0f} per processor second"


def _tell(told: list[Run], events: int) -> None:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    table = Table(box=None, title=f"{events} events, {os.cpu_count()} cores, load {load}")
    for title in ("", "version", "events/s", "from", "to", "per CPU s", "guarantee"):
        table.add_column(title, overflow="fold")
    for name in dict.fromkeys(each.name for each in told):
        runs = [each for each in told if each.name == name]
        speeds = sorted(each.events / each.seconds for each in runs if each.seconds is not None)
        of = [f"{each:,.0f}" for each in (statistics.median(speeds), speeds[0], speeds[-1])] if speeds else ["–"] * 3
        used = [each.events / each.cpu_seconds for each in runs if each.seconds is not None]
        of.append(f"{statistics.median(used):,.0f}" if used else "–")
        table.add_row(name, runs[0].version, *of, runs[0].guarantee)
    Console(file=sys.stdout, width=160).print(table)


if __name__ == "__main__":
    typer.run(main)
