"""The job of every peer: what a record says, what a dossier contributes, and by how much a change moves the cells.

A record's value is `{"change": …, "facts": …}`; the newest `seq` of a dossier wins. A cell is (competent agency,
procedure, channel, month in UTC of reception, before it of filing) and holds the seven counts of COUNTS.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Final, NamedTuple

import msgspec

COUNTS: Final = ("submitted", "received", "received_online", "finished", "refused", "withdrawn", "on_time")
SECOND: Final = 19
"""Letters of a time up to its seconds: all are UTC, so that their order is the order of the text."""
_ONLINE: Final = 2

type Cell = tuple[str, str, int, str]
type Counts = tuple[int, ...]
type Moves = tuple[tuple[Cell, Counts], ...]


class Facts(msgspec.Struct, frozen=True, gc=False):
    """The part of the public facts that these counts need."""

    seq: int
    stage: str
    procedure_code: str
    agency_competent: str
    channel: int
    submitted_at: str
    received_at: str | None = None
    due_at: str | None = None
    ended_at: str | None = None
    outcome: str | None = None
    withdrawn: bool = False


class _Record(msgspec.Struct, frozen=True, gc=False):
    facts: Facts


_DECODER: Final = msgspec.json.Decoder(_Record)


def facts_in(value: bytes) -> Facts:
    """The facts of a record. Raises msgspec.DecodeError."""
    return _DECODER.decode(value).facts


def contribution(facts: Facts) -> tuple[Cell, Counts]:
    """The cell the dossier counts in, and what it adds there."""
    received, ended = facts.received_at, facts.ended_at
    cell = (facts.agency_competent, facts.procedure_code, facts.channel, (received or facts.submitted_at)[:7])
    return cell, (
        1,
        int(received is not None),
        int(received is not None and facts.channel == _ONLINE),
        int(facts.outcome == "GRANTED" and ended is not None),
        int(facts.stage == "NOT_ACCEPTED" or (facts.outcome == "REFUSED" and ended is not None)),
        int(facts.stage == "STOPPED" and facts.withdrawn),
        int(facts.due_at is not None and ended is not None and ended[:SECOND] <= facts.due_at[:SECOND]),
    )


def moves(old: bytes | None, new: bytes) -> Moves | None:
    """By how much which cells move from the newest record so far to this one; None when it is not newer."""
    now = facts_in(new)
    if old is None:
        return (contribution(now),)
    before = facts_in(old)
    if now.seq <= before.seq:
        return None
    (cell, counts), (was_cell, was) = contribution(now), contribution(before)
    if cell == was_cell:
        return ((cell, tuple(a - b for a, b in zip(counts, was, strict=True))),) if counts != was else ()
    return ((cell, counts), (was_cell, tuple(-each for each in was)))


class Task(NamedTuple):
    """What the runner asks of a program."""

    bootstrap: str
    topic: str
    partitions: int
    group: str
    """Consumer group, and the prefix of all topics that the framework makes for itself."""
    state: str
    """A folder of the program's own, empty at the start."""
    dsn: str

    @classmethod
    def given(cls) -> Task:
        """From the only argument, JSON; the address of the database, a secret, from DATABASE_URL."""
        return cls(**json.loads(sys.argv[1]), dsn=os.environ["DATABASE_URL"])
