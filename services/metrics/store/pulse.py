"""Tells pages that the fold has moved: one listener on the database for the whole process, however many look on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import asyncpg

from shared.platform.database import AWAY
from shared.platform.telemetry import log

CHANNEL: Final = "metrics_folded"
"""Notified by a trigger on `consumer_offset`, once a statement (migrations)."""

_PAUSE: Final = 1.0
_SECONDS: Final = 5


class Pulse:
    """A part of the process (`run`, `shutdown`). `after(tick)` waits until something moved since that tick."""

    def __init__(self, url: str) -> None:
        """`url`: as SQLAlchemy takes it."""
        self._url = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._is_stopping = False
        self._woken = asyncio.Event()
        self._moved = asyncio.Condition()
        self._tick = 1

    async def after(self, tick: int) -> int:
        """The tick now, as soon as it is a later one. Ticks start at 1, so `after(0)` answers at once."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._tick > tick)
            return self._tick

    async def run(self) -> None:
        """Listens until shutdown; a cut connection is made anew, and whoever waits looks once after it."""
        while not self._is_stopping:
            try:
                await self._listen()
            except (*AWAY, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("pulse_lost", error=type(error).__name__)
                await asyncio.sleep(_PAUSE)

    async def shutdown(self) -> None:
        self._is_stopping = True
        self._woken.set()

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=_SECONDS)
        try:
            connection.add_termination_listener(self._wake)
            await connection.add_listener(CHANNEL, self._wake)
            await self._beat()
            while not self._is_stopping:
                await self._woken.wait()
                self._woken.clear()
                if connection.is_closed():
                    raise ConnectionError("the listener was cut")
                await self._beat()
        finally:
            with suppress(*AWAY, asyncpg.PostgresError, TimeoutError):
                await connection.close(timeout=_SECONDS)

    def _wake(self, *_: Any) -> None:
        self._woken.set()

    async def _beat(self) -> None:
        async with self._moved:
            self._tick += 1
            self._moved.notify_all()
