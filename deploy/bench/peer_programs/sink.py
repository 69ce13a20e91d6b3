"""Where every Python peer writes: cells and progress of a batch in one SQL transaction, each record at most once.

A program may see records again that it has written before it died: their offsets lie below the stored ones, so they are
skipped. Two writers of one partition cannot both be right: the later one finds other offsets than it knows and fails.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from deploy.bench.peer_programs.batch import Batch
from deploy.bench.peer_programs.job import COUNTS

_KEY: Final = "partition, agency_code, procedure_code, channel, month"
_MOVE: Final = f"""
    INSERT INTO peer_cell AS c ({_KEY}, {", ".join(COUNTS)})
    SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::int[], %s::text[]{", %s::int[]" * len(COUNTS)})
    ON CONFLICT ({_KEY}) DO UPDATE SET {", ".join(f"{name} = c.{name} + excluded.{name}" for name in COUNTS)}
"""  # noqa: S608 - names of this file
_ADVANCE: Final = """
    UPDATE peer_progress AS p SET next_offset = n.next FROM unnest(%s::int[], %s::bigint[], %s::bigint[])
        AS n(partition, known, next)
    WHERE p.partition = n.partition AND p.next_offset = n.known
"""


class Overtaken(Exception):
    """Somebody else has written a partition that was thought ours."""


_STORED: Final = "SELECT partition, next_offset FROM peer_progress"


class Sink:
    """Writes batches over one connection."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn)
        with self._connection.transaction():
            self.batch = Batch(dict(self._connection.execute(_STORED).fetchall()))

    def write(self) -> None:
        """Commits the batch. Raises Overtaken; psycopg.Error."""
        if self.batch:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute(_ADVANCE, self.batch.progress())
                if cursor.rowcount != len(self.batch.progress()[0]):
                    raise Overtaken
                cursor.execute(_MOVE, self.batch.cells())
            self.batch.written()


class AsyncSink:
    """The same for a program with an event loop."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], stored: dict[int, int]) -> None:
        self._connection = connection
        self.batch = Batch(stored)

    @classmethod
    async def open(cls, dsn: str) -> AsyncSink:
        connection = await psycopg.AsyncConnection.connect(dsn)
        async with connection.transaction():
            rows = await (await connection.execute(_STORED)).fetchall()
        return cls(connection, dict(rows))

    async def write(self) -> None:
        """Commits the batch. Raises Overtaken; psycopg.Error."""
        if self.batch:
            async with self._connection.transaction(), self._connection.cursor() as cursor:
                await cursor.execute(_ADVANCE, self.batch.progress())
                if cursor.rowcount != len(self.batch.progress()[0]):
                    raise Overtaken
                await cursor.execute(_MOVE, self.batch.cells())
            self.batch.written()
