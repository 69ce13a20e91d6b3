"""How many calls within how long, as a pure rule: the generic cell rate algorithm (GCRA, ITU-T I.371).

A caller's whole past is one instant, `used_until`: when all that was used will be free again. None or past = all free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Budget:
    """So many calls at once at most; each is free again after its share of `within`, so that many per `within` too."""

    calls: int
    within: timedelta

    def __post_init__(self) -> None:
        if self.calls < 1 or self.step <= timedelta():
            raise ValueError("a budget has at least one call, and at least a microsecond for each")

    @property
    def step(self) -> timedelta:
        """How long one call is not free."""
        return self.within // self.calls

    def taken(self, used_until: datetime | None, now: datetime) -> datetime | None:
        """What `used_until` becomes when one more call is let pass now; None when it is not."""
        until = max(used_until or now, now) + self.step
        return until if until - now <= self.within else None

    def wait(self, used_until: datetime | None, now: datetime) -> timedelta:
        """How long until a call may pass; nothing when one may pass now."""
        return max((used_until or now) + self.step - self.within - now, timedelta())


def seconds(wait: timedelta) -> int:
    """Whole seconds for Retry-After, at least one: never too early."""
    return max(1, math.ceil(wait / _SECOND))
