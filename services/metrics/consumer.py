"""Folds the topic of facts into the cells, each event exactly once, whatever dies, repeats, moves or comes late.

One SQL transaction per batch: lock the offsets, skip what lies below them, fold, write, advance, commit. The broker's
own group offsets are for display of lag only. aiokafka is used directly, not FastStream, because the fold decides where
to read on: at the stored offset on assignment, and there again when a batch starts above it (a gap is never passed).
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics import store
from services.metrics.rules.fold import Cell, cells_of, fold
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Event, Unreadable, read
from services.metrics.store import Place
from shared.contracts.facts import TOPIC
from shared.platform.database import AWAY, Sessions
from shared.platform.kafka import OLDEST_POLL, PAUSE, ConsumerStopped, Record
from shared.platform.telemetry import counter, gauge, log

GROUP: Final = "metrics"
_POLL_MS: Final = 200
_HEARTBEAT: Final = 1.0
"""Seconds between two notes that nothing new came: the age of the figures on a quiet evening."""
_CHUNK: Final = 5000

_folded = counter("events_folded", "Events written into the event log for the first time or again")
_lag = gauge("projection_lag_records", "Records on the log that are not folded yet", ["group"])


type Poisoned = tuple[Record, str]
"""A record that is no event of ours, and why."""


class DeadLetters(Protocol):
    """Where records go that nobody can read (adapters/topic.py)."""

    async def bury(self, record: Record, reason: str) -> None: ...


class Folding(ConsumerRebalanceListener):  # type: ignore[misc]  # published without types
    """One consumer of the topic, a part of the process (`run`, `shutdown`); several share the partitions."""

    def __init__(
        self,
        consumer: Callable[[], AIOKafkaConsumer],
        dead_letters: DeadLetters,
        sessions: Sessions,
        measures: Measures,
        *,
        batch_records: int = _CHUNK,
        topic: str = TOPIC,
    ) -> None:
        """`consumer` makes an unsubscribed consumer inside the running loop, auto-commit off."""
        self._make_consumer = consumer
        self._dead_letters = dead_letters
        self._sessions = sessions
        self._measures = measures
        self._batch_records = batch_records
        self._topic = topic
        self._sought: dict[int, int] = {}
        self._stopping = asyncio.Event()
        self._polled_at = time.monotonic()
        self._noted_at = 0.0

    async def run(self) -> None:
        """Folds until shutdown. While broker or database are away it waits; any other failure ends the process."""
        await self._recount()
        self._consumer = self._make_consumer()
        await self._connect()
        try:
            self._consumer.subscribe([self._topic], listener=self)
            while not self._stopping.is_set():
                await self._turn()
        finally:
            await self._consumer.stop()

    async def shutdown(self) -> None:
        self._stopping.set()

    async def check(self) -> None:
        """Readiness. Raises ConsumerStopped when no poll has come back for too long."""
        age = time.monotonic() - self._polled_at
        if age > OLDEST_POLL:
            raise ConsumerStopped(f"no poll for {age:.0f} s")

    # --- where to read ------------------------------------------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Reads on where the last transaction ended. A record may come sooner: the guard is the skip in `_fold`."""
        try:
            async with self._sessions() as session:
                stored = await store.offsets(session, self._topic)
        except AWAY:
            return  # the guard holds without the seek
        for partition in assigned:
            self._seek(partition, stored.get(partition.partition, 0))

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        for partition in revoked:
            self._sought.pop(partition.partition, None)

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        self._consumer.seek(partition, offset)
        self._sought[partition.partition] = offset

    # --- folding ------------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        batch: Mapping[TopicPartition, Sequence[Record]] = await self._consumer.getmany(
            timeout_ms=_POLL_MS, max_records=self._batch_records
        )
        self._polled_at = time.monotonic()
        try:
            if batch:
                await self._take(batch)
        except (*AWAY, DBAPIError, KafkaError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, AWAY) and not error.connection_invalidated:
                raise  # a bug; a connection cut in the middle of a statement is weather
            log.warning("fold_awaits", error=type(error).__name__, count=sum(map(len, batch.values())))
            for partition, records in batch.items():
                if partition in self._consumer.assignment():
                    self._consumer.seek(partition, records[0].offset)
            await asyncio.sleep(PAUSE)
        else:
            with suppress(*AWAY, DBAPIError, KafkaError, TimeoutError):  # the next turn tells; figures only look older
                await self._note_fresh()

    async def _take(self, batch: Mapping[TopicPartition, Sequence[Record]]) -> None:
        by_partition = {partition.partition: records for partition, records in batch.items()}
        places, poison = _understood(by_partition)
        for record, reason in poison:
            await self._dead_letters.bury(record, reason)
        behind = await self._fold(by_partition, places, poison)
        done = {tp: rs[-1].offset + 1 for tp, rs in batch.items() if tp.partition not in behind}
        for partition in self._consumer.assignment() & batch.keys() - done.keys():
            log.warning("gap_found", partition=partition.partition, offset=behind[partition.partition])
            self._seek(partition, behind[partition.partition])
        if mine := {each: done[each] for each in self._consumer.assignment() & done.keys()}:
            with suppress(KafkaError):  # a rebalance is under way: the stored offset is what counts
                await self._consumer.commit(mine)

    async def _fold(
        self, batch: Mapping[int, Sequence[Record]], places: Sequence[Place], poison: Sequence[Poisoned]
    ) -> dict[int, int]:
        """Folds the batch in one transaction. Answers the partitions it must not fold yet, with their next offset."""
        async with self._sessions.begin() as session:
            stored = await store.lock_offsets(session, self._topic, list(batch))
            behind = {
                partition: stored[partition]
                for partition, records in batch.items()
                if records[0].offset > stored[partition] and self._sought.get(partition) != stored[partition]
            }
            fresh = [at for at in places if at.partition not in behind and at.offset >= stored[at.partition]]
            if fresh:
                await self._write(session, fresh)
            await store.put_aside(session, self._topic, [bad for bad in poison if bad[0].partition not in behind])
            await store.advance(
                session,
                self._topic,
                {
                    partition: (max(stored[partition], records[-1].offset + 1), self._known_until(partition, records))
                    for partition, records in batch.items()
                    if partition not in behind
                },
            )
        _folded.inc(len(fresh))
        return behind

    async def _write(self, session: AsyncSession, fresh: Sequence[Place]) -> None:
        known = await store.newest(session, {at.event.seen.dossier_code for at in fresh})
        await store.append(session, fresh)
        changed: list[tuple[Event, int]] = []
        deltas: dict[tuple[Cell, int], int] = {}
        for partition in sorted({at.partition for at in fresh}):
            folded = fold(known, (at.event for at in fresh if at.partition == partition), self._measures)
            changed += [(event, partition) for event in folded.changed.values()]
            deltas |= {(cell, partition): moved for cell, moved in folded.deltas.items()}
        await store.put_facts(session, changed)
        await store.move_cells(session, deltas)

    # --- how old the figures are --------------------------------------------------------------------------------------

    def _known_until(self, partition: int, records: Sequence[Record]) -> datetime:
        """Up to when everything on this partition is counted once this batch is."""
        fetched_at = self._end_seen_at(TopicPartition(self._topic, partition), records[-1].offset + 1)
        return fetched_at or datetime.fromtimestamp(records[-1].timestamp / 1000, UTC)

    def _end_seen_at(self, partition: TopicPartition, next_offset: int) -> datetime | None:
        """When the broker last said that the log ends at this offset; None while there is more to read."""
        if partition not in self._consumer.assignment():
            return None
        end, at = self._consumer.highwater(partition), self._consumer.last_poll_timestamp(partition)
        return datetime.fromtimestamp(at / 1000, UTC) if at and end is not None and next_offset >= end else None

    async def _note_fresh(self) -> None:
        if self._polled_at - self._noted_at < _HEARTBEAT:
            return
        self._noted_at = self._polled_at
        async with asyncio.timeout(_HEARTBEAT):
            positions = {each: await self._consumer.position(each) for each in self._consumer.assignment()}
        ends = {each: self._consumer.highwater(each) or 0 for each in self._consumer.assignment() & positions.keys()}
        _lag.labels(GROUP).set(sum(max(0, end - positions[each]) for each, end in ends.items()))
        quiet = {each: self._end_seen_at(each, positions[each]) for each in ends}
        at = {each.partition: (positions[each], seen_at) for each, seen_at in quiet.items() if seen_at}
        if at:
            async with self._sessions.begin() as session:
                await store.lock_offsets(session, self._topic, list(at))
                await store.note_fresh(session, self._topic, at)

    # --- starting -----------------------------------------------------------------------------------------------------

    async def _recount(self) -> None:
        """Fills the cells anew from the newest facts when they were counted by another version of the measures."""
        version = zlib.crc32(self._measures.version.encode()) & 0x7FFF_FFFF
        async with self._sessions.begin() as session:
            if await store.counted_by(session) == version:
                return
            await store.clear_cells(session, version)
            after = ""
            while rows := await store.facts_after(session, after, _CHUNK):
                cells: dict[tuple[Cell, int], int] = {}
                for _, partition, seen in rows:
                    for cell, count in cells_of(self._measures, seen).items():
                        cells[cell, partition] = cells.get((cell, partition), 0) + count
                await store.move_cells(session, cells)
                after = rows[-1][0]

    async def _connect(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._consumer.start()
            except (KafkaError, OSError) as error:
                log.warning("broker_awaited", error=type(error).__name__)
                self._polled_at = time.monotonic()
                await asyncio.sleep(PAUSE)
            else:
                return


def _understood(batch: Mapping[int, Sequence[Record]]) -> tuple[list[Place], list[Poisoned]]:
    """The events of the batch in their order, and what is none."""
    places: list[Place] = []
    poison: list[Poisoned] = []
    for partition, records in batch.items():
        for record in records:
            try:
                event = read(record.key, record.value)
            except Unreadable as wrong:
                poison.append((record, wrong.reason))
            else:
                recorded_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                places.append(Place(event, partition, record.offset, recorded_at))
    return places, poison
