"""What was done to a dossier since a page was made, told apart by who did it."""

from __future__ import annotations

from collections.abc import Sequence

from shared.dossier.lifecycle import Role
from shared.dossier.records import Change

type Changes = Sequence[tuple[int, Change]]
"""(seq, change) in their order."""


def by_people(changes: Changes) -> Changes:
    """The changes that somebody made; timers and records of machines take no decision from anybody."""
    return [line for line in changes if line[1].role is not Role.SYSTEM]
