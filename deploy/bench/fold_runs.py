"""The runs of `motcua bench fold`: each contender against the same filled topic, its result compared each time."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from deploy.bench.peer_programs.job import Facts
from deploy.bench.peers import PEERS, Contender, contender, missing
from deploy.bench.peers.running import Measure, Place, killed, measured
from deploy.local.errors import StackError
from shared.platform.settings import ServiceSettings

_CHANCE: Final = Random(20)


@dataclass
class Row:
    """What is known of one contender so far."""

    name: str
    version: str = ""
    guarantee: str = ""
    problem: str = ""
    """Why it is asked no more: not available, died, too slow, counted wrongly."""
    killed: str | None = None
    """By how much its end state differed after kills; "" = not at all, None = it was not killed."""
    measures: list[Measure] = field(default_factory=list)

    def last(self, records: int) -> str:
        if self.problem or not self.measures or (seconds := self.measures[-1].seconds) is None:
            return f"{self.name}: {self.problem or 'done'}"
        return f"{self.name}: {records / seconds:,.0f} records/s"

    def summary(self, records: int) -> dict[str, Any]:
        """For `--json`: medians of the runs, their spread, and the cost of a record."""
        said: dict[str, Any] = {"version": self.version, "guarantee": self.guarantee, "problem": self.problem}
        if self.killed is not None:
            said |= {"killed": self.killed}
        rates = [records / each.seconds for each in self.measures if each.seconds]
        if self.problem or not rates:
            return said
        last = self.measures[-1]
        used = {name: statistics.median(each.cpu_seconds[name] for each in self.measures) for name in last.cpu_seconds}
        return said | {
            "per_second": round(statistics.median(rates)),
            "least": round(min(rates)),
            "most": round(max(rates)),
            "runs": len(rates),
            "cpu_us_per_record": {name: round(seconds / records * 1e6, 2) for name, seconds in used.items()},
            "resident_mib": max(each.resident_mib for each in self.measures),
            "resident_at": dict(last.resident_at),
        }


@dataclass
class Bench:
    """A filled topic on a running broker, beside a database."""

    settings: ServiceSettings
    environment: Mapping[str, str]
    servers: Mapping[str, int]
    topic: str
    partitions: int
    records: int
    newest: Mapping[bytes, Facts]
    """The newest facts of each dossier, by a plain reading of the topic."""
    limit_s: float

    def run(self, row: Row, *, is_warm: bool) -> None:
        """One run; an `is_warm` one is kept."""

        async def run(given: Contender, place: Place) -> str:
            measure = await measured(given.words, given.tables, place)
            if is_warm and not measure.problem:
                row.measures.append(measure)
            if measure.problem:
                return measure.problem
            wrong = await given.tables.wrong(place.database, self.newest)
            return f"wrong result: {wrong}" if wrong else ""

        row.problem = asyncio.run(self._with(row, run))

    def kill(self, row: Row) -> None:
        """One run with kills in the middle."""

        async def run(given: Contender, place: Place) -> str:
            problem = await killed(given.words, given.again, given.tables, place, _CHANCE)
            return problem or await given.tables.wrong(place.database, self.newest)

        row.killed = asyncio.run(self._with(row, run))

    async def _with(self, row: Row, run: Any) -> str:
        if row.name in PEERS and (reason := missing(row.name)):
            return f"not available: {reason}"
        group = f"bench-{uuid.uuid4().hex[:12]}"
        with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
            try:
                given = await asyncio.to_thread(self._contender, row.name, group, Path(folder) / "state")
            except StackError as error:
                return f"not available: {error}"
            row.version, row.guarantee = given.version, given.guarantee
            url = self.environment["DATABASE_URL"]
            database = await asyncpg.connect(url.replace("+asyncpg", ""))
            place = Place(Path(folder), given.environment, database, self.records, self.servers, self.limit_s)
            try:
                await given.tables.empty(database, url, self.partitions)
                said: str = await run(given, place)
            finally:
                await database.close()
                await _sweep(self.settings.kafka_bootstrap_servers, group)
            return said

    def _contender(self, name: str, group: str, state: Path) -> Contender:
        place = {"topic": self.topic, "partitions": self.partitions, "events": self.records}
        return contender(name, self.environment, **place, group=group, state=state)  # type: ignore[arg-type]


async def _sweep(bootstrap: str, group: str) -> None:
    """Takes away the topics that a framework made for itself."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if own := [topic for topic in await admin.list_topics() if group in topic]:
            await admin.delete_topics(own)
    finally:
        await admin.close()
