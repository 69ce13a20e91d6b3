"""Operators' door: reconcile now what the settler would do by itself. Idempotent."""

from __future__ import annotations

from collections.abc import Sequence

from services.payment import store
from services.payment.acts.door import Door
from services.payment.acts.sweeping import AT_ONCE
from services.payment.acts.sweeping import sweep as sweep_once
from services.payment.store import Attempt


async def reconcile(door: Door, *, dry_run: bool) -> Sequence[Attempt]:
    """Asks the gateway about everything that is due, once; answers what was due. `dry_run` only lists it."""
    async with door.sessions.begin() as session:
        due = await store.due(session, door.now())
    if not dry_run:
        for _ in range(0, len(due), AT_ONCE):
            await sweep_once(door)
    return due
