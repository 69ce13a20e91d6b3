"""One round over everything that is due: the settler's work, and the operator's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from services.payment import store
from services.payment.acts.door import Door
from services.payment.acts.settling import work_on
from services.payment.store import Attempt
from shared.platform.database import AWAY
from shared.platform.http import Away
from shared.platform.telemetry import log, tracing

LEASE: Final = timedelta(seconds=15)
"""A step that failed or whose process died comes back after this."""
_WEATHER: Final[tuple[type[Exception], ...]] = (Away, *AWAY)

AT_ONCE: Final = 16
"""Attempts worked on side by side."""


async def sweep(door: Door) -> int:
    """Works on what is due, at most AT_ONCE attempts; how many were due."""
    async with door.sessions.begin() as session:
        due = await store.claim_due(session, door.now(), lease=LEASE, limit=AT_ONCE)
    await asyncio.gather(*(_one(door, attempt) for attempt in due))
    return len(due)


async def _one(door: Door, attempt: Attempt) -> None:
    with tracing(None):
        try:
            await work_on(door, attempt)
        except _WEATHER as error:
            log.info("settling_postponed", dossier_code=attempt.dossier_code, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one attempt's trouble must not stop the others; the lease brings it back
            log.error("settling_failed", dossier_code=attempt.dossier_code, exc_info=True)
