"""What a program has read and not yet written: sums of moves, and how far each partition was read."""

from __future__ import annotations

import os
from typing import Any

from deploy.bench.peer_programs.job import COUNTS, Cell, Moves


class Batch:
    """What came since the last write; `add` in the order of each partition's offsets."""

    def __init__(self, stored: dict[int, int]) -> None:
        """`stored`: partition → offset of the next record to count, as the database has it."""
        self.stored = stored
        self._cells: dict[tuple[int, Cell], list[int]] = {}
        self._next: dict[int, int] = {}
        self._silent = not any(stored.values())

    def add(self, partition: int, offset: int, moved: Moves | None) -> None:
        """Counts a record, unless it has been written before."""
        if self._silent:
            self._silent = False
            os.write(1, b"first\n")  # past whatever a framework has put in the place of stdout
        if offset < self.stored.get(partition, 0):
            return
        self._next[partition] = max(offset + 1, self._next.get(partition, 0))
        for cell, counts in moved or ():
            at = (partition, cell)
            known = self._cells.get(at)
            self._cells[at] = list(counts) if known is None else [a + b for a, b in zip(known, counts, strict=True)]

    def __bool__(self) -> bool:
        return bool(self._next)

    def written(self) -> None:
        """The transaction is committed."""
        self.stored |= self._next
        self._cells.clear()
        self._next.clear()

    def cells(self) -> list[list[Any]]:
        """The columns of the rows to move."""
        rows = sorted((at, counts) for at, counts in self._cells.items() if any(counts))
        keys: tuple[list[Any], ...] = (
            [partition for (partition, _), _ in rows],
            *([cell[i] for (_, cell), _ in rows] for i in range(4)),
        )
        return [*keys, *([counts[i] for _, counts in rows] for i in range(len(COUNTS)))]

    def progress(self) -> list[list[int]]:
        """Partition, offset thought to be stored, offset to store."""
        return [list(self._next), [self.stored.get(each, 0) for each in self._next], list(self._next.values())]
