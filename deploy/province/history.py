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
from contextlib import closing
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, NoReturn, Self

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.province.history_facts import headers_of
from deploy.province.history_stream import Spec, WorkerFailed, history
from deploy.province.history_walker import Told
from shared.contracts.facts import TOPIC
from shared.platform.bulk import BulkWriter, place_of, spans
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ProcessSettings, load

MOST: Final = 5_000_000
"""Dossiers at most: the events of a day's dossiers that lie ahead are kept in memory."""
_LINE_EVERY_S: Final = 10.0
_REACH: Final = 180
"""Days of published calendar that lives need after the last filing."""


class _File:
    """JSON lines `{"change":…,"facts":…}`; the file appears under its name when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")

    async def __aenter__(self) -> Self:
        self._file = self._part.open("wb")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()

    async def write(self, block: list[Told]) -> None:
        self._file.write(b"".join(told[4] + b"\n" for told in block))


class _Topic:
    """Records with the time of their recording, in the partitions that the workflow's producer would choose."""

    def __init__(self, settings: ProcessSettings, topic: str, partitions: int) -> None:
        self._writer = BulkWriter(settings, topic, partitions)
        self._place_of = lru_cache(maxsize=65_536)(lambda code: place_of(code.encode(), partitions))

    async def __aenter__(self) -> Self:
        await self._writer.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._writer.__aexit__(kind, error, trace)

    async def write(self, block: list[Told]) -> None:
        for recorded_ms, code, seq, change, value in block:
            headers = headers_of(code, seq, change, value)
            await self._writer.write(self._place_of(code), recorded_ms, code.encode(), value, headers)


def province(
    *,
    dossiers: Annotated[int, typer.Option(min=1, max=MOST, help="How many filings.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed, the same bytes.")] = 7,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = datetime(2022, 1, 1),  # noqa: DTZ001
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = datetime(2023, 12, 31),  # noqa: DTZ001
    to_file: Annotated[Path | None, typer.Option(help="JSON lines into this file instead of the topic.")] = None,
    append: Annotated[bool, typer.Option("--append", help="Write to a topic that holds records already.")] = False,
    topic: Annotated[str, typer.Option(hidden=True)] = TOPIC,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Default: one for each processor.")] = os.cpu_count()
    or 1,
    as_json: Annotated[bool, typer.Option("--json", help="No progress bar; one JSON object on stdout.")] = False,
) -> None:
    """Write years of a province's events to the topic of the running stack, or into a file. Last line: JSON."""
    spec = Spec(dossiers, seed, first.date(), last.date())
    _refuse_days(spec.first, spec.last)
    try:
        summary = asyncio.run(written(spec, processes, to_file, topic, append=append, quiet=as_json))
    except (WorkerFailed, KafkaError, OSError) as failed:
        _fail(f"the history is not complete: {failed}")
    typer.echo(json.dumps(summary))


async def written(
    spec: Spec, processes: int, to_file: Path | None, topic: str, *, append: bool, quiet: bool
) -> dict[str, Any]:
    began, digest = time.monotonic(), hashlib.sha256()
    counts = {"dossiers": 0, "corrections": 0, "events": 0, "bytes": 0}
    async with _File(to_file) if to_file else await _opened(topic, append=append) as sink:
        with closing(history(spec, processes)) as blocks, _Progress(spec.dossiers, quiet=quiet) as progress:
            while block := await _next(blocks):
                _count(counts, block)
                lines = b"".join(told[4] + b"\n" for told in block)
                digest.update(lines)
                counts["bytes"] += len(lines)
                await sink.write(block)
                progress.show(counts["dossiers"], counts["events"])
    seconds = time.monotonic() - began
    rates = {"seconds": round(seconds, 1), "events_per_second": round(counts["events"] / seconds)}
    days = {"seed": spec.seed, "from": str(spec.first), "to": str(spec.last)}
    return {**days, **counts, **rates, "sha256": digest.hexdigest()}


async def _next(blocks: Iterator[list[Told]]) -> list[Told] | None:
    """The next block, read beside the loop; when interrupted it is waited for, so that the reader can be closed."""
    reading = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        raise


def _count(counts: dict[str, int], block: list[Told]) -> None:
    counts["events"] += len(block)
    begun = [told[3] for told in block if told[2] == 1]
    corrected = begun.count("correction_opened")
    counts["corrections"] += corrected
    counts["dossiers"] += len(begun) - corrected


async def _opened(topic: str, *, append: bool) -> _Topic:
    """A topic that is empty, unless it is to be added to."""
    settings = load(ProcessSettings)
    held = await spans(settings, topic)
    if not held:
        _fail(f"there is no topic {topic}.")
    records = sum(span.end - span.begin for span in held.values())
    if records and not append:
        _fail(
            f"{topic} holds {records} records: begin with an empty state (MOTCUA_STATE), or add to them: --append.", 2
        )
    return _Topic(settings, topic, len(held))


def _refuse_days(first: date, last: date) -> None:
    """One line for days that the catalogue does not know."""
    catalogue = load_catalogue()
    begins = min(row.valid_from for row in catalogue.procedures)
    ends = date(max(row.year for row in catalogue.calendar_years), 12, 31)
    if not begins <= first <= last:
        _fail(f"--from must lie between {begins} and --to.", 2)
    if (ends - last).days < _REACH:
        _fail(f"--to must be at least {_REACH} days before {ends}, where the published calendars end.", 2)


class _Progress:
    """How far it is, on stderr: a bar on a terminal, else a line every ten seconds."""

    def __init__(self, dossiers: int, *, quiet: bool) -> None:
        self._console, self._dossiers = Console(stderr=True, quiet=quiet), dossiers
        self._began = self._said = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        is_drawn = self._console.is_terminal and not quiet
        self._bar = Progress(*columns, console=self._console, disable=not is_drawn, transient=True)
        self._task = self._bar.add_task("dossiers", total=dossiers)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, dossiers: int, events: int) -> None:
        self._bar.update(self._task, completed=dossiers)
        now = time.monotonic()
        if self._bar.disable and now - self._said >= _LINE_EVERY_S:
            self._said = now
            rate = events / (now - self._began)
            self._console.print(f"{dossiers} of {self._dossiers} dossiers, {events} events, {rate:.0f} a second")


def _fail(line: str, code: int = 1) -> NoReturn:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(code)
