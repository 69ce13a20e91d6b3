"""The log leaves for Parquet and comes back from it: same records, same order, same figures, on a real broker."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer import Typer
from typer.testing import CliRunner

from deploy.province.history import province, written
from deploy.province.history_facts import headers_of
from deploy.province.history_stream import Spec
from deploy.province.history_stream import lives as lived
from deploy.province.history_walker import Told
from services.metrics.acts.refold import refold
from services.metrics.adapters.archive import MANIFEST, Archive, ArchiveError
from services.metrics.adapters.topic import reader
from services.metrics.commands.archive import archive, archived, restore, restored
from shared.platform.bulk import BulkWriter, place_of, spans
from shared.platform.settings import ServiceSettings
from tests.services.metrics.conftest import PARTITIONS, Log, eventually

type Record = tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
"""Timestamp, key, value, headers."""

SPEC = Spec(150, 7, date(2022, 5, 1), date(2022, 6, 30))
OPTIONS = ("--dossiers", "150", "--from", "2022-05-01", "--to", "2022-06-30", "--processes", "1", "--json")

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """Two months of a small province: about 1,500 events."""
    return [event for block in lived(SPEC) for event in block]


async def tell(log: Log, told: Sequence[Told]) -> None:
    """Events at their own time, as a history writes them."""
    async with BulkWriter(log.settings, log.topic, PARTITIONS) as writer:
        for at_ms, code, seq, change, value in told:
            key = code.encode()
            await writer.write(place_of(key, PARTITIONS), at_ms, key, value, headers_of(code, seq, change, value))


async def exists(settings: ServiceSettings, topic: str) -> None:
    """A topic just made is known to the broker a moment later."""

    async def known() -> bool:
        return bool(await spans(settings, topic))

    await eventually(known)


async def records(settings: ServiceSettings, topic: str) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    consumer = reader(settings)
    await consumer.start()
    try:
        for number, span in (await spans(settings, topic)).items():
            part = TopicPartition(topic, number)
            consumer.assign([part])
            consumer.seek(part, 0)
            rows = found.setdefault(number, [])
            while await consumer.position(part) < span.end:
                for record in (await consumer.getmany(part, timeout_ms=1000)).get(part, ()):
                    rows.append((record.timestamp, record.key, record.value, tuple(record.headers)))
    finally:
        await consumer.stop()
    return found


async def made(settings: ServiceSettings, topic: str, partitions: int = PARTITIONS) -> str:
    """A topic that keeps what is older than a week, as the real one does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs={"retention.ms": "-1"})])
    await admin.close()
    await exists(settings, topic)
    return topic


@pytest.fixture
async def log(log: Log) -> Log:
    return replace(log, topic=await made(log.settings, f"{log.topic}-for-ever"))


@pytest.fixture
def another(log: Log) -> Callable[..., Awaitable[str]]:
    """Makes a further empty topic with so many partitions."""

    async def one_more(partitions: int = PARTITIONS) -> str:
        return await made(log.settings, f"{log.topic}-again-{next(_numbers)}", partitions)

    return one_more


async def test_everything_comes_back_as_it_was(
    log: Log, told: list[Told], another: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    await tell(log, told[:1000])
    first = await archived(log.settings, tmp_path, log.topic)
    assert (first["new_records"], first["records"]) == (1000, 1000)
    kept = files(tmp_path)
    again = await archived(log.settings, tmp_path, log.topic)
    assert (again["new_records"], again["new_files"]) == (0, 0)
    assert files(tmp_path) == kept, "a second run changes nothing"
    await tell(log, told[1000:])
    assert (await archived(log.settings, tmp_path, log.topic, dry_run=True))["new_records"] == len(told) - 1000
    await archived(log.settings, tmp_path, log.topic)
    assert kept.items() <= files(tmp_path).items(), "what was archived is never written again"

    topic = await another()
    done = await restored(log.settings, tmp_path, log.topic, topic)
    assert done["records"] == len(told)
    before, after = await records(log.settings, log.topic), await records(log.settings, topic)
    assert before == after
    assert sum(map(len, after.values())) == len(told)
    position = {number: len(rows) for number, rows in after.items()}
    original = await refold(log.settings, log.stream, position, log.topic)
    assert await refold(log.settings, log.stream, position, topic) == original
    assert original.records == len(told)


async def test_files_are_days_and_the_manifest_vouches(log: Log, told: list[Told], tmp_path: Path) -> None:
    await tell(log, told)
    await archived(log.settings, tmp_path, log.topic)
    kept = Archive(tmp_path, log.topic)
    assert len({file.day for file in kept.manifest.files}) > 3
    for file in kept.manifest.files:
        table = pq.read_table(kept.folder / file.path)
        assert table.column_names == ["partition", "offset", "timestamp", "key", "headers", "value"]
        assert (table["offset"][0].as_py(), table.num_rows) == (file.first_offset, file.records)
        assert pq.ParquetFile(kept.folder / file.path).metadata.row_group(0).column(5).compression == "ZSTD"
    ends = {number: span.end for number, span in (await spans(log.settings, log.topic)).items()}
    assert kept.manifest.positions == ends


async def test_a_killed_run_is_made_good_by_the_next(log: Log, told: list[Told], tmp_path: Path) -> None:
    """Files that no manifest names, a half-written one, a manifest of yesterday: nothing is lost or twice."""
    await tell(log, told[:500])
    await archived(log.settings, tmp_path, log.topic)
    manifest = tmp_path / log.topic / MANIFEST
    yesterday = manifest.read_bytes()
    await tell(log, told[500:])
    await archived(log.settings, tmp_path, log.topic)
    manifest.write_bytes(yesterday)
    next((tmp_path / log.topic).glob("partition=*")).joinpath("2026-01-01.000000000001.part").write_bytes(b"half")
    assert (await archived(log.settings, tmp_path, log.topic))["records"] == len(told)
    kept = Archive(tmp_path, log.topic)
    assert sum(len(list(kept.rows(number))) for number in range(PARTITIONS)) == len(told)


async def test_what_was_changed_or_is_not_empty_is_refused(
    log: Log, told: list[Told], another: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    await tell(log, told[:400])
    await archived(log.settings, tmp_path, log.topic)
    with pytest.raises(ArchiveError, match="not empty"):
        await restored(log.settings, tmp_path, log.topic, log.topic)
    with pytest.raises(ArchiveError, match="partitions"):
        await restored(log.settings, tmp_path, log.topic, await another(1))
    with pytest.raises(ArchiveError, match="no archive"):
        await restored(log.settings, tmp_path / "elsewhere", log.topic, await another())
    shutil.copytree(tmp_path / log.topic, tmp_path / (other := await another()))
    with pytest.raises(ArchiveError, match="another log"):
        await archived(log.settings, tmp_path, other)
    file = tmp_path / log.topic / Archive(tmp_path, log.topic).manifest.files[0].path
    file.write_bytes(file.read_bytes()[:-9] + b"tampered!")
    with pytest.raises(ArchiveError, match="not what was archived"):
        await restored(log.settings, tmp_path, log.topic, await another())
    with Archive(tmp_path, log.topic).locked(), pytest.raises(ArchiveError, match="another run"):
        await archived(log.settings, tmp_path, log.topic)


async def test_a_history_on_the_topic_is_the_history_in_the_file(log: Log, tmp_path: Path) -> None:
    """The commands as the terminal has them: publish, archive, unpack, and no second history on top of the first."""
    await asyncio.to_thread(_on_the_terminal, log.topic, tmp_path)


def _on_the_terminal(topic: str, folder: Path) -> None:
    on_topic = run("province", *OPTIONS, "--topic", topic)
    in_file = run("province", *OPTIONS, "--to-file", str(folder / "file.jsonl"))
    assert on_topic["sha256"] == in_file["sha256"]
    assert run("archive", "--to", str(folder), "--topic", topic, "--json")["records"] == on_topic["events"]
    unpacked = run("restore", str(folder), "--topic", topic, "--to-file", str(folder / "back.jsonl"), "--json")
    assert unpacked["records"] == on_topic["events"]
    lines = [(folder / name).read_bytes().splitlines() for name in ("file.jsonl", "back.jsonl")]
    assert sorted(lines[0]) == sorted(lines[1])

    refused = CliRunner().invoke(APP, ["province", *OPTIONS, "--topic", topic])
    assert refused.exit_code == 2
    assert "holds" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


async def test_a_history_keeps_time_of_recording_and_headers(log: Log, told: list[Told]) -> None:
    await written(SPEC, 1, None, log.topic, append=False, quiet=True)
    found = await records(log.settings, log.topic)
    assert sorted((at, value) for rows in found.values() for at, _, value, _ in rows) == sorted(
        (event[0], event[4]) for event in told
    )
    for number, rows in found.items():
        assert [at for at, *_ in rows] == sorted(at for at, *_ in rows)
        for _, key, value, headers in rows:
            assert key is not None
            assert value is not None
            assert place_of(key, PARTITIONS) == number
            event = orjson.loads(value)
            assert dict(headers)["ce_id"] == f"{key.decode()}/{event['facts']['seq']}".encode()


APP = Typer()
for _name, _command in (("province", province), ("archive", archive), ("restore", restore)):
    APP.command(_name)(_command)


def run(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(APP, list(words))
    assert done.exit_code == 0, done.output
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def files(root: Path) -> dict[str, int]:
    """All Parquet files with their time of writing."""
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*.parquet")}
