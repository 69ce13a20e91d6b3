"""Which dossiers of many are nearest to being right: those least beyond their due time, from their facts alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Final

from services.metrics.rules.seen import Seen
from services.metrics.rules.timing import end_of
from shared.dossier.lifecycle import Clock

_ON_TIME: Final = timedelta()


class Nearest:
    """Keeps the first `most` of all dossiers it is shown; holds twice as many at a time, however many there are."""

    def __init__(self, most: int, at: datetime) -> None:
        self._most, self._at = most, at
        self._held: list[tuple[timedelta, str, Seen]] = []

    def add(self, seen: Seen) -> None:
        """One more dossier."""
        self._held.append((late_by(seen, self._at), seen.dossier_code, seen))
        if len(self._held) >= 2 * self._most:
            self._held = self._first()

    @property
    def found(self) -> Sequence[Seen]:
        """The least late first; equally late ones by code."""
        return tuple(seen for *_, seen in self._first())

    def _first(self) -> list[tuple[timedelta, str, Seen]]:
        return nsmallest(self._most, self._held, key=lambda held: held[:2])


def late_by(seen: Seen, at: datetime) -> timedelta:
    """Time on the wall clock from the due instant to the end, or to `at` while it runs; nothing while it is paused."""
    if seen.due_at is None or seen.clock is Clock.PAUSED:
        return _ON_TIME
    return max(_ON_TIME, (end_of(seen) or at) - seen.due_at)
