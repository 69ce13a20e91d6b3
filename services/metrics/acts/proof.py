"""The proof that the stored figures are what the log says: refold up to their position, compare bytes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.metrics import store
from services.metrics.acts.refold import Limits, Refold, Task, line, lines, refold
from services.metrics.rules.fold import Cell, Day, Stream
from services.metrics.rules.vector import unpacked
from shared.platform import database
from shared.platform.settings import ServiceSettings


@dataclass(frozen=True)
class Difference:
    """A count that is not what the topic says: of now (`Cell`) or of a day."""

    place: Cell | Day
    measure: str
    live: int
    refolded: int

    def summary(self) -> dict[str, Any]:
        place = {name: str(value) for name, value in self.place._asdict().items()}
        return {**place, "measure": self.measure, "live": self.live, "refold": self.refolded}


@dataclass(frozen=True)
class Live:
    """What the store holds, at one moment."""

    cells: Mapping[Cell, int]
    days: Mapping[Day, int]
    digests: Mapping[int, str]
    broken: tuple[str, ...]
    position: Mapping[int, int]


@dataclass(frozen=True)
class Proof:
    """The answer of `motcua verify`; good when nothing differs and nothing is broken."""

    differences: tuple[Difference, ...]
    partitions: tuple[int, ...]
    """Partitions whose dossiers' rows are not what the topic says."""
    dossiers: tuple[str, ...]
    """Those dossiers, as of a second look: the wrong, the missing and the invented."""
    live: Live
    refold: Refold
    fingerprint: str
    seconds: float

    @property
    def kpi_equals_refold(self) -> bool:
        return not self.differences and not self.partitions

    @property
    def is_continuous(self) -> bool:
        return not self.live.broken and not self.refold.broken

    @property
    def is_good(self) -> bool:
        return self.kpi_equals_refold and self.is_continuous

    def summary(self) -> dict[str, Any]:
        """For `--json` and the demo."""
        return {
            "equal": self.is_good,
            "hash": self.fingerprint,
            "positions": dict(self.live.position),
            "kpi_equals_refold": self.kpi_equals_refold,
            "is_continuous": self.is_continuous,
            "cells": len(self.refold.cells),
            "days": len(self.refold.days),
            "dossiers": self.refold.dossiers,
            "events": self.refold.events,
            "records": self.refold.records,
            "repeated": self.refold.repeated,
            "unreadable": self.refold.unreadable,
            "differences": [each.summary() for each in self.differences],
            "partitions": list(self.partitions),
            "wrong_dossiers": list(self.dossiers),
            "broken": sorted({*self.refold.broken, *self.live.broken}),
            "position": dict(self.live.position),
            "seconds": round(self.seconds, 2),
        }


async def prove(settings: ServiceSettings, stream: Stream, topic: str | None = None) -> Proof:
    """What is stored and its position in one snapshot, then the topic up to that position. Safe while dossiers move.

    Raises: TimeoutError when the topic ends before the position.
    """
    began = time.monotonic()
    engine = database.engine(settings.database_url.get_secret_value(), pool_size=1)
    try:
        sessions, name = database.sessions(engine), topic or stream.topic
        live = await held(sessions, stream, name)
        told = await refold(settings, stream, live.position, name)
        partitions = tuple(
            each for each in sorted({*live.digests, *told.digests}) if live.digests.get(each) != told.digests.get(each)
        )
        wrong = await _wrong(settings, sessions, stream, name, partitions) if partitions else ()
    finally:
        await engine.dispose()
    return Proof(
        differences=(
            *compare(live.cells, told.cells, stream.measures),
            *compare(live.days, told.days, stream.measures),
        ),
        partitions=partitions,
        dossiers=wrong,
        live=live,
        refold=told,
        fingerprint=fingerprint(told, stream),
        seconds=time.monotonic() - began,
    )


async def _wrong(
    settings: ServiceSettings, sessions: database.Sessions, stream: Stream, topic: str, partitions: Collection[int]
) -> tuple[str, ...]:
    """The dossiers of these partitions whose stored rows are not what the topic says up to the stored position."""
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        stored = {row.key: line(row) async for row in store.rows(session, stream) if row.partition in partitions}
        position = await store.offsets(session, topic)
    ends = {each: position.get(each, 0) for each in partitions}
    told = await lines(Task(settings, stream.table, topic, ends, Limits()))
    return tuple(sorted(key for key in {*stored, *told} if stored.get(key) != told.get(key)))


async def held(sessions: database.Sessions, stream: Stream, topic: str) -> Live:
    """What the store holds of a stream."""
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        digests: dict[int, Any] = {}
        async for row in store.rows(session, stream):
            digests.setdefault(row.partition, hashlib.sha256()).update(line(row))
        return Live(
            cells=await store.cells_of(session, stream),
            days=await store.days_of(session, stream),
            digests={partition: found.hexdigest() for partition, found in digests.items()},
            broken=tuple(await store.breaks(session, stream)),
            position=await store.offsets(session, topic),
        )


def compare(live: Mapping[Any, int], refolded: Mapping[Any, int], measures: tuple[str, ...]) -> Iterator[Difference]:
    """The counts that differ; one that is missing counts 0 on its side."""
    for place in sorted({*live, *refolded}):
        pair = live.get(place, 0), refolded.get(place, 0)
        if pair[0] != pair[1]:
            counts = (unpacked(vector, len(measures)) for vector in pair)
            for measure, one, other in zip(measures, *counts, strict=True):
                if one != other:
                    yield Difference(place, measure, one, other)


def fingerprint(told: Refold, stream: Stream) -> str:
    """SHA-256 over all that was folded, as canonical JSON: one line a row, sorted."""
    found = hashlib.sha256()
    length = len(stream.measures)
    tables: tuple[Mapping[Any, int], ...] = (told.cells, told.days)
    for rows in tables:
        for place in sorted(rows):
            found.update(orjson.dumps([*place, *unpacked(rows[place], length)], option=orjson.OPT_UTC_Z) + b"\n")
    for partition in sorted(told.digests):
        found.update(f"{partition} {told.digests[partition]}\n".encode())
    return found.hexdigest()
