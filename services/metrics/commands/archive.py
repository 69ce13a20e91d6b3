"""`motcua archive` keeps the log as Parquet, `motcua restore` writes it back: everything else is rebuilt from it.

Nightly, by cron or a CronJob with the settings of the metrics service; a run that has nothing new changes nothing:

    15 1 * * *  motcua archive --to /srv/archive
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console

from services.metrics.adapters.archive import MANIFEST, Archive, ArchiveError, Row
from services.metrics.adapters.topic import reader
from shared.contracts.facts import TOPIC
from shared.dossier.working_time import LOCAL
from shared.platform.bulk import BulkWriter, Span, spans
from shared.platform.settings import ProcessSettings, ServiceSettings, load

_MOST_ROWS: Final = 20_000
"""Records of one file at most: about 50 MB in memory."""
_QUIET_S: Final = 30.0

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Topic = Annotated[str, typer.Option(help="The topic.")]


def archive(
    *,
    to: Annotated[Path, typer.Option(envvar="ARCHIVE_DIR", help="Folder of the archive.")] = Path("var/archive"),
    topic: Topic = TOPIC,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is new.")] = False,
    as_json: AsJson = False,
) -> None:
    """Append all records up to now to the Parquet archive; again is harmless, only what is new is added."""
    _tell(_run(archived(load(ServiceSettings), to, topic, dry_run=dry_run)), as_json=as_json)


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder of the archive, as given to `motcua archive --to`.")],
    *,
    topic: Topic = TOPIC,
    into: Annotated[str | None, typer.Option(help="Another, empty topic to write to.")] = None,
    to_file: Annotated[Path | None, typer.Option(help="JSON lines into this file, in order of time.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the archive.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write every archived record back, with key, headers, time and order, to an empty topic or into a file."""
    if to_file or dry_run:
        _tell(_run(_unpacked(folder, topic, to_file)), as_json=as_json)
    else:
        _tell(_run(restored(load(ServiceSettings), folder, topic, into or topic)), as_json=as_json)


# --- archive ----------------------------------------------------------------------------------------------------------


async def archived(settings: ProcessSettings, root: Path, topic: str, *, dry_run: bool = False) -> dict[str, Any]:
    """What was added and what the archive now holds. Raises ArchiveError, KafkaError."""
    held = await spans(settings, topic)
    if not held:
        raise ArchiveError(f"there is no topic {topic}")
    if dry_run:
        positions = Archive(root, topic).manifest.positions
        return {"new_records": sum(span.end - max(span.begin, positions.get(n, 0)) for n, span in held.items())}
    with (kept := Archive(root, topic)).locked():
        kept = Archive(root, topic)  # as the run before us left it
        before, files = kept.manifest.records, len(kept.manifest.files)
        _refuse_another_log(kept, held)
        for partition, span in held.items():
            begin = kept.manifest.positions.setdefault(partition, span.begin)
            if begin < span.end:
                await _keep(settings, kept, topic, partition, Span(begin, span.end))
                kept.save()
        if not (kept.folder / MANIFEST).exists():
            kept.save()
        records = kept.manifest.records
    added = {"new_records": records - before, "new_files": len(kept.manifest.files) - files}
    return {"topic": topic, **added, "records": records, "positions": kept.manifest.positions}


def _refuse_another_log(kept: Archive, held: dict[int, Span]) -> None:
    for partition, position in kept.manifest.positions.items():
        span = held.get(partition, Span(0, 0))
        if position > span.end:
            raise ArchiveError(f"partition {partition} ends at {span.end}, the archive at {position}: another log")
        if position < span.begin:
            raise ArchiveError(f"partition {partition} begins at {span.begin}, the archive ends at {position}: a gap")


async def _keep(settings: ProcessSettings, kept: Archive, topic: str, partition: int, span: Span) -> None:
    """One partition: a new file for each local day that the log reaches, and when a file is full."""
    rows: list[Row] = []
    day = date.min
    async for row in _read(settings, TopicPartition(topic, partition), span):
        on = datetime.fromtimestamp(row.timestamp / 1000, UTC).astimezone(LOCAL).date()
        if rows and (on > day or len(rows) >= _MOST_ROWS):
            await asyncio.to_thread(kept.add, rows, day)
            rows = []
        day = max(day, on)
        rows.append(row)
    if rows:
        await asyncio.to_thread(kept.add, rows, day)


async def _read(settings: ProcessSettings, part: TopicPartition, span: Span) -> AsyncIterator[Row]:
    consumer: AIOKafkaConsumer = reader(settings)
    await consumer.start()
    try:
        consumer.assign([part])
        consumer.seek(part, span.begin)
        while await consumer.position(part) < span.end:
            async with asyncio.timeout(_QUIET_S):
                batch = await consumer.getmany(part, timeout_ms=1000, max_records=2000)
            for record in batch.get(part, ()):
                if record.offset < span.end:
                    yield Row(part.partition, record.offset, record.timestamp, record.key, record.headers, record.value)
    finally:
        await consumer.stop()


# --- restore ----------------------------------------------------------------------------------------------------------


async def restored(settings: ProcessSettings, root: Path, topic: str, into: str) -> dict[str, Any]:
    """Every record in its partition and order. Raises ArchiveError: no archive, another shape, not empty, damaged."""
    kept = _existing(root, topic)
    held = await spans(settings, into)
    if held.keys() != kept.manifest.positions.keys():
        raise ArchiveError(f"{into} has {len(held)} partitions, the archive {len(kept.manifest.positions)}")
    if any(span.end for span in held.values()):
        raise ArchiveError(f"{into} is not empty: restore into a new topic")
    counted = 0
    async with BulkWriter(settings, into, len(held)) as writer:
        for partition in held:
            for row in kept.rows(partition):
                await writer.write(partition, row.timestamp, row.key, row.value, row.headers)
                counted += 1
    return {"topic": into, "records": counted}


async def _unpacked(root: Path, topic: str, to_file: Path | None) -> dict[str, Any]:
    """Values in order of time, one a line; without a file only checked."""
    kept, counted = _existing(root, topic), 0
    rows = heapq.merge(*(kept.rows(number) for number in kept.manifest.positions), key=lambda row: row.timestamp)
    if to_file is None:
        counted = sum(1 for _ in rows)
    else:
        part = to_file.with_name(to_file.name + ".part")
        with part.open("wb") as lines:
            for row in rows:
                lines.write((row.value or b"") + b"\n")
                counted += 1
        part.replace(to_file)
    return {"topic": topic, "records": counted}


def _existing(root: Path, topic: str) -> Archive:
    kept = Archive(root, topic)
    if not (kept.folder / MANIFEST).exists():
        raise ArchiveError(f"there is no archive of {topic} in {root}")
    return kept


# --- what the terminal sees -------------------------------------------------------------------------------------------


def _run(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    try:
        return asyncio.run(work)
    except (ArchiveError, KafkaError, OSError, TimeoutError) as failed:
        _fail(str(failed) or type(failed).__name__)


def _tell(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for name, value in summary.items():
        typer.echo(f"{name:>12}  {value}")


def _fail(line: str) -> NoReturn:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(1)
