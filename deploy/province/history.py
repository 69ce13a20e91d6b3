"""`motcua province`: a believable history of a province, from the pure lifecycle straight to the topic or into a file.

Everything is decided by the seed: the same options give the same bytes on any machine, with any number of processes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, Protocol

import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.province.history_facts import headers_of
from deploy.province.history_stream import Spec, WorkerFailed, history
from deploy.province.history_walker import Told
from shared.catalogue.calendar import CalendarMissing
from shared.contracts.facts import TOPIC
from shared.platform.catalogue import load_catalogue
from shared.platform.kafka import COMPRESSION, transport
from shared.platform.settings import ProcessSettings, load

MOST: Final = 5_000_000
"""Dossiers at most: the events of a day's dossiers that lie ahead are kept in memory."""
_BATCH_BYTES: Final = 900_000
"""A batch before compression; the broker takes a megabyte after it."""
_REACH: Final = 180
"""Days of published calendar that lives need after the last filing."""

type Blocks = Iterator[list[Told]]


class Sink(Protocol):
    """Where events go. `write` may wait until there is room."""

    async def write(self, block: list[Told]) -> None: ...
    async def close(self, *, complete: bool) -> None: ...


class _File:
    """JSON lines `{"change":…,"facts":…}`; the file appears under its name when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._file = self._part.open("wb")

    async def write(self, block: list[Told]) -> None:
        self._file.write(b"".join(told[4] + b"\n" for told in block))

    async def close(self, *, complete: bool) -> None:
        self._file.close()
        if complete:
            self._part.replace(self._path)
        else:
            self._part.unlink()


class _Topic:
    """One idempotent producer; each partition has one batch that fills and at most one that travels."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._producer, self._topic = producer, topic
        self._batches = [producer.create_batch() for _ in range(partitions)]
        self._sent: list[asyncio.Future[object] | None] = [None] * partitions
        self._partition_of = lru_cache(maxsize=65_536)(self._partition)

    async def write(self, block: list[Told]) -> None:
        for recorded_ms, code, seq, change, value in block:
            key, place = self._partition_of(code)
            record = {"timestamp": recorded_ms, "key": key, "value": value}
            record["headers"] = headers_of(code, seq, change, value)
            if self._batches[place].append(**record) is None:
                await self._send(place)
                self._batches[place].append(**record)

    async def close(self, *, complete: bool) -> None:
        if complete:
            for place in range(len(self._batches)):
                await self._send(place)
            await asyncio.gather(*filter(None, self._sent))
        await self._producer.stop()

    async def _send(self, place: int) -> None:
        if sent := self._sent[place]:
            await sent
        batch, self._batches[place] = self._batches[place], self._producer.create_batch()
        if batch.record_count():
            self._sent[place] = await self._producer.send_batch(batch, self._topic, partition=place)

    def _partition(self, code: str) -> tuple[bytes, int]:
        """The same place that the workflow's producer would choose."""
        key = code.encode()
        return key, (murmur2(key) & 0x7FFFFFFF) % len(self._batches)


def province(
    *,
    dossiers: Annotated[int, typer.Option(min=1, max=MOST, help="How many filings.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed, the same bytes.")] = 7,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = datetime(2022, 1, 1),  # noqa: B008, DTZ001
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = datetime(2023, 12, 31),  # noqa: B008, DTZ001
    to_file: Annotated[Path | None, typer.Option(help="JSON lines into this file instead of the topic.")] = None,
    append: Annotated[bool, typer.Option("--append", help="Write to a topic that holds records already.")] = False,
    topic: Annotated[str, typer.Option(hidden=True)] = TOPIC,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Default: one for each processor.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="No progress bar; one JSON object on stdout.")] = False,
) -> None:
    """Write years of a province's events to the topic of the running stack, or into a file. Last line: JSON."""
    spec = Spec(dossiers, seed, first.date(), last.date())
    _refuse_days(spec.first, spec.last)
    try:
        summary = asyncio.run(_written(spec, processes, to_file, topic, append=append, quiet=as_json))
    except (WorkerFailed, KafkaError, OSError) as failed:
        _fail(f"the history is not complete: {failed}")
    typer.echo(json.dumps(summary))


async def _written(
    spec: Spec, processes: int, to_file: Path | None, topic: str, *, append: bool, quiet: bool
) -> dict[str, Any]:
    sink = _File(to_file) if to_file else await _open(topic, append=append)
    began, digest, complete = time.monotonic(), hashlib.sha256(), False
    counts = {"dossiers": 0, "corrections": 0, "events": 0, "bytes": 0}
    blocks = history(spec, processes)
    try:
        with _bar(quiet=quiet) as bar:
            task = bar.add_task("dossiers", total=spec.dossiers)
            while block := await asyncio.to_thread(next, blocks, None):
                _count(counts, block)
                lines = b"".join(told[4] + b"\n" for told in block)
                digest.update(lines)
                counts["bytes"] += len(lines)
                await sink.write(block)
                bar.update(task, completed=counts["dossiers"])
        complete = True
    finally:
        await sink.close(complete=complete)
    seconds = time.monotonic() - began
    rates = {"seconds": round(seconds, 1), "events_per_second": round(counts["events"] / seconds)}
    days = {"seed": spec.seed, "from": str(spec.first), "to": str(spec.last)}
    return {**days, **counts, **rates, "sha256": digest.hexdigest()}


def _count(counts: dict[str, int], block: list[Told]) -> None:
    counts["events"] += len(block)
    begun = [told[3] for told in block if told[2] == 1]
    corrected = begun.count("correction_opened")
    counts["corrections"] += corrected
    counts["dossiers"] += len(begun) - corrected


async def _open(topic: str, *, append: bool) -> _Topic:
    """A producer for a topic that is empty, unless it is to be added to."""
    settings = load(ProcessSettings)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, **transport(settings))
    await consumer.start()
    try:
        numbers = consumer.partitions_for_topic(topic) or set()
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in numbers])
        begins = await consumer.beginning_offsets(list(ends))
    finally:
        await consumer.stop()
    held = sum(ends.values()) - sum(begins.values())
    if not numbers:
        _fail(f"there is no topic {topic}.")
    if held and not append:
        _fail(f"{topic} holds {held} records: begin with an empty state (MOTCUA_STATE), or add to them with --append.", 2)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        enable_idempotence=True,
        acks="all",
        compression_type=COMPRESSION,
        max_batch_size=_BATCH_BYTES,
        request_timeout_ms=60_000,
        **transport(settings),
    )
    await producer.start()
    return _Topic(producer, topic, len(numbers))


def _refuse_days(first: date, last: date) -> None:
    """One line for days that the catalogue does not know."""
    catalogue = load_catalogue()
    begins = min(row.valid_from for row in catalogue.procedures)
    ends = date(max(row.year for row in catalogue.calendar_years), 12, 31)
    if not begins <= first <= last:
        _fail(f"--from must lie between {begins} and --to.", 2)
    if (ends - last).days < _REACH:
        _fail(f"--to must be at least {_REACH} days before {ends}, where the published calendars end.", 2)


def _bar(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True, refresh_per_second=2)


def _fail(line: str, code: int = 1) -> NoReturn:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(code)
