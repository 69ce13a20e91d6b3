"""Quix Streams: exactly once from topic to state (one Kafka transaction per checkpoint), the sink written before it.

What was written although its checkpoint was not is met again with the same state and skipped by offset (sink.py).
"""

from __future__ import annotations

from typing import Any, Final, override

from quixstreams import Application, State
from quixstreams.sinks import BaseSink

from deploy.bench.peer_programs.job import Moves, Task, moves
from deploy.bench.peer_programs.sink import Sink

CHECKPOINT_EVERY: Final = 20_000
CHECKPOINT_S: Final = 1.0
_NEWEST: Final = "newest"


class Cells(BaseSink):  # type: ignore[misc]  # not installed where types are checked
    """Sums what the records of a checkpoint move, and writes it once."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn

    @override
    def setup(self) -> None:
        self._sink = Sink(self._dsn)

    @override
    def add(
        self, value: Moves, key: Any, timestamp: int, headers: Any, topic: str, partition: int, offset: int
    ) -> None:
        self._sink.batch.add(partition, offset, value)

    @override
    def flush(self) -> None:
        self._sink.write()


def newest(value: bytes, state: State) -> Moves:
    """Keeps the newest record of the dossier; answers what it moves."""
    moved = moves(state.get_bytes(_NEWEST), value)
    if moved is not None:
        state.set_bytes(_NEWEST, value)
    return moved or ()


def main() -> None:
    task = Task.given()
    app = Application(
        broker_address=task.bootstrap,
        consumer_group=task.group,
        processing_guarantee="exactly-once",
        auto_offset_reset="earliest",
        commit_every=CHECKPOINT_EVERY,
        commit_interval=CHECKPOINT_S,
        state_dir=task.state,
        loglevel="WARNING",
        consumer_extra_config={
            "fetch.min.bytes": 65_536,
            "fetch.wait.max.ms": 150,
            "queued.min.messages": 100_000,
            "session.timeout.ms": 10_000,
        },
        producer_extra_config={"compression.type": "lz4", "linger.ms": 20},
    )
    facts = app.topic(task.topic, key_deserializer="bytes", value_deserializer="bytes")
    app.dataframe(facts).apply(newest, stateful=True).sink(Cells(task.dsn))
    app.run()


if __name__ == "__main__":
    main()
