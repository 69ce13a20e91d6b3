"""Faust: the newest record of each dossier in a RocksDB table with its changelog, cells written per batch by hand.

Events are acknowledged when their batch is in the database.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, Final

import faust
from faust.transport.producer import ProducerBuffer

from deploy.bench.peer_programs.job import Task, moves
from deploy.bench.peer_programs.sink import AsyncSink

BATCH: Final = 10_000
BATCH_S: Final = 1.0
AHEAD: Final = 10_000
"""Changes of the table that may wait for the broker; Faust's own 100 make it stop and go."""


def app_of(task: Task) -> faust.App:
    ProducerBuffer.max_messages = AHEAD
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap}",
        store="rocksdb://",
        datadir=task.state,
        processing_guarantee="at_least_once",
        topic_partitions=task.partitions,
        topic_disable_leader=True,
        topic_allow_declare=True,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=False,
        stream_buffer_maxsize=16_384,
        broker_max_poll_records=5_000,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=1.0,
        consumer_auto_offset_reset="earliest",
        producer_compression_type="lz4",
        producer_linger=0.02,
        producer_max_batch_size=262_144,
    )
    facts = app.topic(task.topic, key_type=bytes, value_type=bytes, partitions=task.partitions)
    newest = app.Table("newest", key_type=bytes, value_type=bytes, partitions=task.partitions)
    writing = asyncio.Lock()
    waiting: list[Any] = []
    opened: dict[str, Any] = {}

    async def write() -> None:
        async with writing:
            taken = waiting.copy()
            await opened["sink"].write()
            del waiting[: len(taken)]
            for event in taken:
                await opened["stream"].ack(event)

    @app.timer(BATCH_S)  # type: ignore[untyped-decorator]  # not installed where types are checked
    async def write_the_rest() -> None:
        if waiting and not writing.locked():
            await write()

    @app.agent(facts)  # type: ignore[untyped-decorator]
    async def fold(stream: Any) -> None:
        opened["stream"], opened["sink"] = stream.noack(), await AsyncSink.open(task.dsn)
        async for event in opened["stream"].events():
            moved = moves(newest.get(event.key), event.value)
            if moved is not None:
                newest[event.key] = event.value
            async with writing:
                opened["sink"].batch.add(event.message.partition, event.message.offset, moved)
                waiting.append(event)
            if len(waiting) >= BATCH:
                await write()

    return app


def main() -> None:
    logging.disable(logging.INFO)  # its loggers write a line of debugging for each record, heard or not
    app = app_of(Task.given())
    sys.argv = [sys.argv[0], "worker", "--loglevel=warn"]
    app.main()


if __name__ == "__main__":
    main()
