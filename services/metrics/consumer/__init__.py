"""Folds a topic into the cells, each event exactly once, whatever dies, repeats, moves or comes late.

Three things go on at the same time: the broker sends, Python reads and folds the next batch, the database writes the
one before. A batch is one transaction that begins by advancing the offsets from where this consumer believes them to
be (store/writing.py). When they are not there, or anything fails, all that was folded ahead is forgotten and the
consumer reads on from the stored offset. The broker's own group offsets are for display of lag only.

aiokafka is used directly, not FastStream, because the fold decides where to read on: at the stored offset on
assignment, and there again when a batch starts above it (a gap is never passed).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from services.metrics import store
from services.metrics.rules.fold import Fold, Moved, Stream
from services.metrics.rules.seen import Unreadable
from services.metrics.store import Behind, Progress
from shared.platform.database import AWAY, Sessions
from shared.platform.kafka import OLDEST_POLL, PAUSE, ConsumerStopped, Record
from shared.platform.telemetry import counter, gauge, log

GROUP: Final = "metrics"
_POLL_MS: Final = 200
_MORE_MS: Final = 5
"""How long a batch that is not full waits for what may be on its way."""
_HEARTBEAT: Final = 1.0
"""Seconds between two notes that nothing new came: the age of the figures on a quiet evening."""
_SLICE: Final = 500
"""Events folded between two looks at the doors: some milliseconds."""
_MEMORY: Final = 100_000
"""Dossiers remembered, some 60 MiB; the others are asked for when they move."""

_BUSY: Final = frozenset({"55P03", "57014", "40P01", "40001"})
"""PostgreSQL: no lock in time, statement too slow, deadlock, no serial order: the same again may go well."""

_folded = counter("events_folded", "Records folded, repeated ones too")
_lag = gauge("projection_lag_records", "Records on the log that are not folded yet", ["group"])

type Poisoned = tuple[Record, str]
"""A record that is no event of ours, and why."""


class DeadLetters(Protocol):
    """Where records go that nobody can read (adapters/topic.py)."""

    async def bury(self, record: Record, reason: str) -> None: ...


@dataclass
class Batch:
    """What was read and folded, not written yet. `to`: each partition's step on the log."""

    poison: list[Poisoned] = field(default_factory=list)
    to: dict[int, Progress] = field(default_factory=dict)
    records: int = 0


class Work(NamedTuple):
    """One transaction to be."""

    moved: Moved
    poison: list[Poisoned]
    to: dict[int, Progress]
    records: int


class Folding(ConsumerRebalanceListener):  # type: ignore[misc]  # published without types
    """One consumer of the topic, a part of the process (`run`, `shutdown`); several share the partitions."""

    def __init__(
        self,
        consumer: Callable[[], AIOKafkaConsumer],
        dead_letters: DeadLetters,
        sessions: Sessions,
        stream: Stream,
        *,
        batch_records: int = 20_000,
        topic: str | None = None,
        memory: int = _MEMORY,
        catch_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`consumer` makes an unsubscribed consumer inside the running loop, auto-commit off.

        `catch_up`: what brings the store near the end of the log when it is far behind, before the first poll.
        """
        self._catch_up = catch_up
        self._make_consumer = consumer
        self._dead_letters = dead_letters
        self._sessions = sessions
        self._batch_records = batch_records
        self._stream = stream
        self._topic = topic or stream.topic
        self._memory = memory
        self._fold = Fold(stream, memory=memory)
        self._next: dict[int, int] = {}
        """Partition → the offset this consumer folds next, and believes stored once what is in flight is."""
        self._sought: dict[int, int] = {}
        self._is_lost = False
        self._writing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._is_ready = False
        self._polled_at = time.monotonic()
        self._noted_at = 0.0

    async def run(self) -> None:
        """Folds until shutdown. While broker or database are away it waits; any other failure ends the process."""
        await self._fit()
        self._polled_at, self._is_ready = time.monotonic(), True
        self._consumer = self._make_consumer()
        await self._connect()
        try:
            self._consumer.subscribe([self._topic], listener=self)
            while not self._stopping.is_set():
                await self._turn()
        finally:
            with suppress(Behind, *AWAY, DBAPIError):
                await self._written()
            await self._consumer.stop()

    async def shutdown(self) -> None:
        self._stopping.set()

    async def check(self) -> None:
        """Readiness. Raises ConsumerStopped when no poll has come back for too long."""
        age = time.monotonic() - self._polled_at
        if self._is_ready and age > OLDEST_POLL:
            raise ConsumerStopped(f"no poll for {age:.0f} s")

    # --- where to read ------------------------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """Whoever gets them reads what is written: so nothing stays in flight."""
        with suppress(Behind, *AWAY, DBAPIError):
            await self._written()
        self._forget()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:  # noqa: ARG002
        """The next turn reads on where the last transaction ended; what comes sooner is not folded."""
        self._forget()

    def _forget(self) -> None:
        self._fold = Fold(self._stream, memory=self._memory)
        self._next, self._sought = {}, {}
        self._is_lost = True

    async def _find(self) -> None:
        """Goes where the store says, with an empty memory."""
        fold = self._fold
        async with self._sessions.begin() as session:
            stored = await store.reserve(session, self._topic, [each.partition for each in self._consumer.assignment()])
        if fold is not self._fold:
            return  # a rebalance came in between: the next turn tries again
        for partition in self._consumer.assignment():
            self._seek(partition, stored.get(partition.partition, 0))
        self._is_lost = False

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        self._consumer.seek(partition, offset)
        self._next[partition.partition] = self._sought[partition.partition] = offset

    # --- folding ------------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        try:
            if self._is_lost:
                await self._find()
            fold = self._fold
            batch = await self._read(fold)
            if batch.to:
                await self._hand_over(fold, batch)
            else:
                await self._written()
            await self._note_fresh()
        except Behind:
            log.warning("fold_behind", topic=self._topic)
            await self._start_over()
        except (*AWAY, DBAPIError, KafkaError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, AWAY) and not _will_pass(error):
                raise  # a bug
            log.warning("fold_awaits", error=type(error).__name__)
            await self._start_over()
            await asyncio.sleep(PAUSE)

    async def _start_over(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await asyncio.gather(writing, return_exceptions=True)
        self._forget()

    async def _read(self, fold: Fold) -> Batch:
        """What the broker has, up to a full batch, folded."""
        batch = Batch()
        wait_ms = _POLL_MS if self._writing is None else _MORE_MS
        left = self._batch_records
        while left > 0:
            found: Mapping[TopicPartition, Sequence[Record]] = await self._consumer.getmany(
                timeout_ms=wait_ms, max_records=left
            )
            self._polled_at = time.monotonic()
            if not found:
                break
            await self._learn(fold, found)
            for partition, records in found.items():
                left -= len(records)
                await self._take(fold, partition, records, batch)
            wait_ms = _MORE_MS
        return batch

    async def _take(self, fold: Fold, at: TopicPartition, records: Sequence[Record], batch: Batch) -> None:
        """Folds what comes after what was folded. `fold` is not ours any more after a rebalance in between."""
        partition = at.partition
        if (stored := self._next.get(partition)) is None:
            return  # a rebalance took it
        if records[0].offset > stored and self._sought.get(partition) != stored:
            log.warning("gap_found", partition=partition, offset=stored)
            self._seek(at, stored)
            return
        read, take = self._stream.read, fold.take
        for number, record in enumerate(records):
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            if record.offset < stored:
                continue
            try:
                take(read(record.key, record.value), partition, record.timestamp)
            except Unreadable as wrong:
                batch.poison.append((record, wrong.reason))
        batch.records += len(records)
        if self._next.get(partition) != stored or records[-1].offset < stored:
            return
        self._next[partition] = records[-1].offset + 1
        begun = batch.to[partition].stored if partition in batch.to else stored
        batch.to[partition] = Progress(begun, self._next[partition], self._known_until(at, records[-1]))

    async def _hand_over(self, fold: Fold, batch: Batch) -> None:
        """Gives what was folded to the database, once the batch before is written; after a rebalance in between
        these records will be read again.
        """
        for record, reason in batch.poison:
            await self._dead_letters.bury(record, reason)
        if fold is not self._fold:
            return
        work = Work(fold.drain(), batch.poison, batch.to, batch.records)
        await self._written()
        if fold is self._fold:
            self._writing = asyncio.create_task(self._write(work))

    async def _learn(self, fold: Fold, found: Mapping[TopicPartition, Sequence[Record]]) -> None:
        """What the store has of the dossiers that are not remembered; a record's key names its dossier."""
        keys = {record.key for records in found.values() for record in records}
        unknown = {text for key in keys if (text := _text(key)) is not None and not fold.knows(text)}
        if unknown:
            async with self._sessions() as session:
                rows = await store.known(session, self._stream, unknown)
            for row in rows:
                fold.learn(row)

    async def _write(self, work: Work) -> None:
        shard = min(work.to)
        async with self._sessions.begin() as session:
            await store.write(session, self._stream, work.moved, work.to, topic=self._topic, shard=shard)
            await store.put_aside(session, self._topic, work.poison)
        _folded.inc(work.records)

    async def _written(self) -> None:
        """Waits for the transaction in flight. Raises what it raised."""
        if (writing := self._writing) is not None:
            try:
                await writing
            finally:
                if self._writing is writing:
                    self._writing = None

    # --- how old the figures are --------------------------------------------------------------------------------------

    def _known_until(self, partition: TopicPartition, last: Record) -> datetime:
        """Up to when everything on this partition is counted once this batch is."""
        seen_at = self._end_seen_at(partition, last.offset + 1)
        return seen_at or datetime.fromtimestamp(last.timestamp / 1000, UTC)

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
        assigned = self._consumer.assignment()
        mine = {each: self._next[each.partition] for each in assigned if each.partition in self._next}
        if not mine:
            return
        _lag.labels(GROUP).set(sum(max(0, (self._consumer.highwater(each) or 0) - at) for each, at in mine.items()))
        quiet = {each.partition: (at, seen_at) for each, at in mine.items() if (seen_at := self._end_seen_at(each, at))}
        if quiet:
            async with self._sessions.begin() as session:
                stored = await store.offsets(session, self._topic)
                if self._writing is None and any(stored.get(number) != at for number, (at, _) in quiet.items()):
                    raise Behind  # a backup was restored: nothing new has to come for us to notice
                await store.note_fresh(session, self._topic, quiet)
        with suppress(KafkaError):  # a rebalance is under way; the stored offset is what counts
            await self._consumer.commit(mine)

    async def _fit(self) -> None:
        """Begins anew when the rows were counted by another version of the fold or of the measures."""
        while not self._stopping.is_set():
            try:
                async with self._sessions.begin() as session:
                    if await store.counted_by(session) != self._stream.version:
                        await store.fit(session, self._stream.measures)
                        await store.forget(session, self._topic, self._stream)
                if self._catch_up is not None:
                    await self._catch_up()
            except (*AWAY, KafkaError, TimeoutError) as error:
                log.warning("start_awaited", error=type(error).__name__)
                self._polled_at = time.monotonic()
                await asyncio.sleep(PAUSE)
            else:
                return

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


def _will_pass(error: DBAPIError) -> bool:
    """A connection cut in the middle of a statement, or rows that another member holds: one that was paused keeps them
    until the server ends its transaction.
    """
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _BUSY


def _text(key: bytes | None) -> str | None:
    """A key that may be a dossier's; another belongs to a record that nobody can read."""
    return key.decode("ascii") if key and key.isascii() and 0 not in key else None
