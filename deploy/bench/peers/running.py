"""One run of one peer: from its first record until the database says that all are counted, then whether rightly."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import uuid
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient

from deploy.bench.peer_programs.job import COUNTS
from deploy.bench.peers.counted import Cells, counted
from deploy.bench.peers.environments import Command, command
from deploy.local import children
from deploy.local.cache import REPOSITORY

_LOOK_S: Final = 0.02
_GRACE_S: Final = 5.0
_SAID: Final = 600
"""Letters of a dead program's last words."""
_TABLES: Final = (
    "DROP TABLE IF EXISTS peer_cell, peer_progress",
    f"""CREATE TABLE peer_cell (
        partition integer, agency_code text, procedure_code text, channel integer, month text,
        {", ".join(f"{name} integer NOT NULL" for name in COUNTS)},
        PRIMARY KEY (partition, agency_code, procedure_code, channel, month))""",
    "CREATE TABLE peer_progress (partition integer PRIMARY KEY, next_offset bigint NOT NULL)",
)
_CELLS: Final = f"""
    SELECT agency_code, procedure_code, channel, month, {", ".join(f"sum({name})::integer" for name in COUNTS)}
    FROM peer_cell GROUP BY agency_code, procedure_code, channel, month
"""  # noqa: S608 - names of the job
_DONE: Final = "SELECT sum(next_offset)::bigint FROM peer_progress"


class Run(NamedTuple):
    """What came of a run. `seconds` is None when there is no speed to tell: `problem` says why."""

    name: str
    version: str
    seconds: float | None
    events: int
    guarantee: str
    problem: str = ""
    cpu_seconds: float = 0.0
    """What the program itself used meanwhile, without broker and database: comparable on a machine that is not idle."""


class _Measure(NamedTuple):
    seconds: float | None
    problem: str = ""
    cpu_seconds: float = 0.0


class _Failed(Exception):
    """The program died, was too slow, or counted wrongly."""


async def run(name: str, *, bootstrap: str, topic: str, dsn: str, events: int, partitions: int, limit_s: float) -> Run:
    """Lets a peer fold a topic that holds `events` records, from its first offset, into tables made for it at `dsn`.

    `limit_s` bounds the start and the fold together; making the environment, once, is not counted. Raises: KeyError for
    a name that is no peer; StackError when its environment cannot be made; ValueError when the topic holds another
    number of records.
    """
    expected = await counted(bootstrap, topic, partitions, events)
    group = f"peer-{uuid.uuid4().hex[:12]}"
    dsn = dsn.replace("+asyncpg", "")
    with tempfile.TemporaryDirectory(prefix="motcua-peer-") as place:
        state = Path(place) / "state"
        start = await asyncio.to_thread(
            command, name, bootstrap=bootstrap, topic=topic, group=group, partitions=partitions, state=state
        )
        database = await asyncpg.connect(dsn)
        try:
            await _prepare(database, partitions)
            measure = await _Measuring(start, Path(place), database, dsn, events).within(limit_s)
            if measure.seconds is not None and (wrong := _wrong(await database.fetch(_CELLS), expected)):
                measure = _Measure(None, f"wrong result: {wrong} cells differ, {len(expected)} were expected")
        finally:
            await database.execute(_TABLES[0])
            await database.close()
            await _sweep(bootstrap, group)
    seconds, problem, used = measure
    return Run(name, start.version, seconds, events, start.guarantee, problem, used)


async def _prepare(database: Any, partitions: int) -> None:
    for statement in _TABLES:
        await database.execute(statement)
    await database.execute("INSERT INTO peer_progress SELECT n, 0 FROM generate_series(0, $1 - 1) AS n", partitions)


class _Measuring(NamedTuple):
    start: Command
    place: Path
    database: Any
    dsn: str
    events: int

    async def within(self, limit_s: float) -> _Measure:
        """Lets the program fold everything."""
        try:
            async with asyncio.timeout(limit_s), _program(self.start, self.place, self.dsn) as program:
                await _first_record(program)
                began, used = time.perf_counter(), _used(program)
                await _until_all(self.database, self.events, program)
                return _Measure(time.perf_counter() - began, cpu_seconds=_used(program) - used)
        except TimeoutError:
            done = await self.database.fetchval(_DONE)
            return _Measure(None, f"{done} of {self.events} events after {limit_s:.0f} s{_last_words(self.place)}")
        except _Failed as failed:
            return _Measure(None, f"{failed}{_last_words(self.place)}")


def _wrong(rows: Sequence[Any], expected: Cells) -> int:
    """How many cells are not as they must be; one that all dossiers have left may stand there with zeros."""
    found = {tuple(row)[:4]: tuple(row)[4:] for row in rows if any(tuple(row)[4:])}
    return sum(found.get(cell) != expected.get(cell) for cell in found.keys() | expected.keys())


def _used(program: Process) -> float:
    """Processor seconds of the program and all it has started."""
    members = children.family(psutil.Process(program.pid))
    return sum(each.cpu_times().user + each.cpu_times().system for each in members)


@asynccontextmanager
async def _program(start: Command, place: Path, dsn: str) -> AsyncIterator[Process]:
    """The peer's process, ended with all it has started when the block is left."""
    given = os.environ | {"DATABASE_URL": dsn, "PYTHONPATH": str(REPOSITORY), "FAUST_LOOP": "uvloop"}
    with (place / "said").open("wb") as said:
        program = await asyncio.create_subprocess_exec(*start.words, cwd=place, env=given, stdout=PIPE, stderr=said)
    try:
        yield program
    finally:
        await _end(program)


async def _end(program: Process) -> None:
    """Asks the program to stop, and kills it with all it has started when it does not."""
    if program.returncode is None:
        members = children.family(psutil.Process(program.pid))
        program.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(program.wait(), _GRACE_S)
        children.kill(members)
    await program.wait()


async def _first_record(program: Process) -> None:
    """Waits until the program says that its first record has come."""
    if program.stdout is None:
        raise ValueError("the program's stdout is not ours")
    async for line in program.stdout:
        if line.strip() == b"first":
            return
    raise _Failed("ended before its first record")


async def _until_all(database: Any, events: int, program: Process) -> None:
    while await database.fetchval(_DONE) < events:
        if program.returncode is not None:
            raise _Failed(f"ended with code {program.returncode} before all was counted")
        await asyncio.sleep(_LOOK_S)


def _last_words(place: Path) -> str:
    said = (place / "said").read_text(errors="replace").strip()
    return f": … {said[-_SAID:]}" if said else ""


async def _sweep(bootstrap: str, group: str) -> None:
    """Takes away the topics that the framework made for itself."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if own := [topic for topic in await admin.list_topics() if group in topic]:
            await admin.delete_topics(own)
    finally:
        await admin.close()
