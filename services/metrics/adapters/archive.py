"""The log as Parquet: a folder for a topic, files for days of its partitions, and a manifest that vouches for them.

A file is written aside and renamed; only then the manifest names it, by the same rename. So whatever is named is whole,
and what a killed run left behind is written anew. Offsets are kept to find the place to go on, not to be restored.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from shared.platform.bulk import Headers

MANIFEST: Final = "manifest.json"
_HEADER: Final = pa.struct([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.binary())])
SCHEMA: Final = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("headers", pa.list_(_HEADER), nullable=False),
        pa.field("value", pa.binary()),
    ]
)


class ArchiveError(Exception):
    """One line: what is wrong with the archive."""


class Row(NamedTuple):
    """One record of the log, in the order of the columns; `timestamp` in milliseconds since 1970."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    headers: Headers
    value: bytes | None


@dataclass(frozen=True)
class File:
    """One Parquet file: records [first_offset, next_offset) of a partition, while the log stood at that local day."""

    path: str
    partition: int
    day: str
    first_offset: int
    next_offset: int
    records: int
    sha256: str


@dataclass
class Manifest:
    """What the archive of one topic holds. `positions`: the next offset to archive of each partition."""

    topic: str
    positions: dict[int, int] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)

    @property
    def records(self) -> int:
        return sum(file.records for file in self.files)


class Archive:
    """A folder `<root>/<topic>`."""

    def __init__(self, root: Path, topic: str) -> None:
        self.folder = root / topic
        self.manifest = Manifest(topic)
        if (self.folder / MANIFEST).exists():
            self.manifest = self._read()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time. Raises ArchiveError while there is another."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                flock(lock, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                raise ArchiveError(f"another run is writing to {self.folder}") from None
            yield

    def add(self, rows: Sequence[Row], day: date) -> None:
        """Write one file of consecutive records of one partition; `save` makes it count."""
        first, last = rows[0], rows[-1]
        path = self.folder / f"partition={first.partition:03d}" / f"{day}.{first.offset:012d}.parquet"
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        pq.write_table(_table(rows), part, compression="zstd", use_dictionary=["partition"], row_group_size=len(rows))
        _sync(part)
        digest = _digest(part)
        part.replace(path)
        name = str(path.relative_to(self.folder))
        span = (first.offset, last.offset + 1, len(rows))
        self.manifest.files.append(File(name, first.partition, str(day), *span, digest))
        self.manifest.positions[first.partition] = last.offset + 1

    def save(self) -> None:
        """Make what was added part of the archive."""
        part = (self.folder / MANIFEST).with_suffix(".part")
        part.write_text(json.dumps({"version": 1, **asdict(self.manifest)}, indent=1))
        _sync(part)
        part.replace(self.folder / MANIFEST)

    def rows(self, partition: int) -> Iterator[Row]:
        """The records of a partition in their order. Raises ArchiveError for a file that is not what was written."""
        expected = 0
        for file in sorted(self._of(partition), key=lambda file: file.first_offset):
            path = self.folder / file.path
            if not path.is_file() or _digest(path) != file.sha256:
                raise ArchiveError(f"{path} is missing or not what was archived")
            if file.first_offset < expected:
                raise ArchiveError(f"{path} overlaps the file before it")
            expected = file.next_offset
            yield from _rows(pq.ParquetFile(path).read())

    def _of(self, partition: int) -> Iterator[File]:
        return (file for file in self.manifest.files if file.partition == partition)

    def _read(self) -> Manifest:
        try:
            given = json.loads((self.folder / MANIFEST).read_bytes())
            positions = {int(number): int(offset) for number, offset in given["positions"].items()}
            return Manifest(given["topic"], positions, [File(**file) for file in given["files"]])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as broken:
            raise ArchiveError(f"{self.folder / MANIFEST} cannot be read ({type(broken).__name__})") from broken


def _table(rows: Sequence[Row]) -> Any:
    columns: list[Any] = list(zip(*rows, strict=True))
    columns[4] = [[{"name": name, "value": value} for name, value in headers] for headers in columns[4]]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _rows(table: Any) -> Iterator[Row]:
    times = table.column("timestamp").cast(pa.int64())
    columns = [table.column(name) if name != "timestamp" else times for name in SCHEMA.names]
    for partition, offset, at, key, headers, value in zip(*(column.to_pylist() for column in columns), strict=True):
        yield Row(partition, offset, at, key, [(header["name"], header["value"]) for header in headers], value)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
