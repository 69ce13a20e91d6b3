"""Tells open lists that rows changed: one listener on the database for the whole process, however many look on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg

from services.processing.store import CHANNEL
from shared.platform.telemetry import log

_AGAIN_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 30.0
"""How often the connection is asked whether it still stands."""


class Watch:
    """One open list; it hears of changes in its agencies."""

    def __init__(self, agencies: frozenset[str]) -> None:
        self.agencies = agencies
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Something changed."""
        self._changed.set()

    async def next(self, seconds: float) -> bool:
        """Whether something changed within so many seconds; many changes at once are one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        changed = self._changed.is_set()
        self._changed.clear()
        return changed


class Pulse:
    """A part of the process: listens until shutdown; a cut connection is made anew."""

    def __init__(self, url: str) -> None:
        """`url`: the service's database, as SQLAlchemy writes it."""
        self._url = url.replace("+asyncpg", "")
        self._watches: set[Watch] = set()
        self._end = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether the process is ending."""
        return self._end.is_set()

    @asynccontextmanager
    async def watch(self, agencies: frozenset[str]) -> AsyncIterator[Watch]:
        """A list that is open inside the block."""
        watch = Watch(agencies)
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    async def run(self) -> None:
        """Listens until shutdown."""
        while not self.ended:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("pulse_lost", error=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._end.wait(), _AGAIN_SECONDS)

    async def shutdown(self) -> None:
        """Ends listening and every stream."""
        self._end.set()
        self._wake_all()

    async def _listen(self) -> None:
        connection: Any = await asyncpg.connect(self._url)
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._wake_all()  # what happened while nobody listened
            while not self.ended:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._end.wait(), _LOOK_SECONDS)
                await connection.execute("SELECT 1")
        finally:
            await connection.close(timeout=1)

    def _heard(self, _connection: Any, _process: int, _channel: str, payload: str) -> None:
        agencies = frozenset(payload.split())
        for watch in self._watches:
            if watch.agencies & agencies:
                watch.wake()

    def _wake_all(self) -> None:
        for watch in self._watches:
            watch.wake()
