"""A contender as the harness sees it: how it is started, where it writes, what it promises."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from deploy.bench.peers.environments import PEERS, command
from deploy.bench.peers.tables import NoTables, OurTables, PeerTables, Tables

OURS: Final = {"ours": 1, "ours-2": 2}
"""The fold in one process, and in two that share the partitions as two replicas of the service do."""
NAMES: Final = ("raw", *OURS, *PEERS)
_OURS: Final = (
    "all measures and days; exactly once: offsets, newest facts, cells and days in one SQL transaction, which compares"
    " offsets"
)


class Contender(NamedTuple):
    """One of NAMES, ready to be started."""

    name: str
    version: str
    guarantee: str
    words: Sequence[str]
    again: Sequence[str]
    """How it is started after a kill."""
    tables: Tables
    environment: Mapping[str, str]


def contender(
    name: str, environment: Mapping[str, str], *, topic: str, partitions: int, events: int, group: str, state: Path
) -> Contender:
    """`environment`: settings of the metrics service. Makes a peer's own environment, once, which can take minutes.

    Raises: KeyError for a stranger; StackError when packages cannot be had.
    """
    if name == "raw" or name in OURS:
        fold = [sys.executable, "-m", "deploy.bench.fold_contender"]
        how = ["ours", topic, "--processes", str(OURS[name])] if name in OURS else ["raw", topic, str(events)]
        words = [*fold, *how, "--group", group]
        aiokafka = version("aiokafka")
        if name == "raw":
            return Contender(name, aiokafka, "aiokafka reads, nothing is stored", words, words, NoTables(), environment)
        return Contender(name, aiokafka, _OURS, words, [*words, "--resume"], OurTables(topic), environment)
    bootstrap = environment["KAFKA_BOOTSTRAP_SERVERS"]
    start = command(name, bootstrap=bootstrap, topic=topic, group=group, partitions=partitions, state=state)
    given = {"DATABASE_URL": environment["DATABASE_URL"].replace("+asyncpg", ""), "FAUST_LOOP": "uvloop"}
    return Contender(name, start.version, start.guarantee, start.words, start.words, PeerTables(), given)
