"""Bytewax: one keyed state per dossier with recovery snapshots per epoch; the sink is written when an epoch ends.

After a crash source and state resume at an epoch; what the sink had written beyond it is skipped by offset (sink.py).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final, override

import bytewax.operators as op
from bytewax._bytewax import cli_main
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir

from deploy.bench.peer_programs.job import Moves, Task, moves
from deploy.bench.peer_programs.sink import Sink

EPOCH: Final = timedelta(seconds=1.0)
READ: Final = 5_000
"""Records of one partition taken at a time."""

type Moved = tuple[int, int, Moves | None]


class _Part(StatefulSinkPartition[Moved, None]):  # type: ignore[misc]  # not installed where types are checked
    def __init__(self, dsn: str) -> None:
        self._sink = Sink(dsn)

    @override
    def write_batch(self, values: list[Moved]) -> None:
        for each in values:
            self._sink.batch.add(*each)

    @override
    def snapshot(self) -> None:
        self._sink.write()


class Cells(FixedPartitionedSink[Moved, None]):  # type: ignore[misc]
    """One writer; what records move is summed until the epoch ends."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @override
    def list_parts(self) -> list[str]:
        return ["all"]

    @override
    def part_fn(self, item_key: str) -> int:
        return 0

    @override
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _Part:
        return _Part(self._dsn)


def newest(state: bytes | None, record: Any) -> tuple[bytes, Moved]:
    """Keeps the newest record of the dossier; answers what it moves."""
    moved = moves(state, record.value)
    return (record.value if moved is not None else state or b""), (record.partition, record.offset, moved)


def main() -> None:
    task = Task.given()
    flow = Dataflow("fold")
    source: Any = KafkaSource(
        [task.bootstrap], [task.topic], batch_size=READ, add_config={"queued.min.messages": "20000"}
    )
    records = op.input("facts", flow, source)
    keyed = op.map("key", records, lambda record: (record.key.decode(), record))
    op.output("cells", op.stateful_map("newest", keyed, newest), Cells(task.dsn))
    folder = Path(task.state)
    folder.mkdir(exist_ok=True)
    if not any(folder.iterdir()):  # started again after a kill: the recovery store is there
        init_db_dir(folder, 1)
    cli_main(flow, epoch_interval=EPOCH, recovery_config=RecoveryConfig(folder))


if __name__ == "__main__":
    main()
