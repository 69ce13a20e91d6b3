"""What was done to a dossier since a page was made, told apart by who did it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.dossier.lifecycle import Role
from shared.dossier.records import Change

type Changes = Sequence[tuple[int, Change]]
"""(seq, change) in their order."""

MACHINES: Final = frozenset({Role.SYSTEM, Role.PARTNER})


def decisive(changes: Changes) -> Changes:
    """The changes that somebody must be told of before deciding: people's acts, and whatever moved the dossier on.

    What machines note down where it stands (scans read, parcel booked, payment arrived) takes no decision from anybody.
    """
    return [line for line in changes if line[1].role not in MACHINES or line[1].from_stage is not line[1].to_stage]
