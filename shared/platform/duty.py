"""Background work of a process: what is due is done, woken by new work or after a rest; bad weather is waited out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from shared.platform.database import AWAY
from shared.platform.telemetry import log

PATIENCE: Final = 1.0
"""Seconds at least between two tries while the weather is bad."""


class Duty:
    """A `Part` of a process that repeats `work` until shutdown.

    `work` answers how many things it did: after none it rests until `wake` is set or `rest` seconds are over.
    `weather` are the failures after which the next round simply tries again; anything else ends the process.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[int]],
        wake: asyncio.Event,
        *,
        rest: float,
        weather: tuple[type[Exception], ...] = AWAY,
    ) -> None:
        self._name = name
        self._work = work
        self._wake = wake
        self._rest = rest
        self._weather = weather
        self._is_stopping = False

    async def run(self) -> None:
        """Round after round until shutdown()."""
        while not self._is_stopping:
            self._wake.clear()
            try:
                done = await self._work()
            except self._weather as error:
                log.warning("duty_waits", reason=self._name, error=type(error).__name__)
                await asyncio.sleep(min(self._rest, PATIENCE))  # new work must not hammer what is away
                done = 0
            if not done and not self._is_stopping:
                await self._rested()

    async def shutdown(self) -> None:
        """The round in hand is finished; run() returns."""
        self._is_stopping = True
        self._wake.set()

    async def _rested(self) -> None:
        try:
            async with asyncio.timeout(self._rest):
                await self._wake.wait()
        except TimeoutError:
            return
