"""Runs one process: its HTTP door and what works beside it, until SIGTERM or until a part dies.

Exit codes: 0 after SIGTERM or Ctrl-C, 1 when a part ended by itself (the supervisor starts the process again),
3 when the address is taken.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import uvicorn
import uvloop

from shared.platform.telemetry import log

GRACE: Final = 10
"""Seconds for requests in flight, and again for each part, before they are cut off."""


class Part(Protocol):
    """Something that works as long as the process lives, as temporalio's Worker does."""

    async def run(self) -> None:
        """Works until shutdown() is asked; raising or returning earlier ends the process."""

    async def shutdown(self) -> None:
        """Finishes what is begun; run() returns."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # serve() below listens to signals: parts must end after the last request, and the exit code is ours


async def serve(app: Any, *, host: str, port: int, alongside: Sequence[Part] = ()) -> int:
    """Serves the ASGI app and runs the parts. Answers the exit code.

    On SIGTERM or SIGINT: no new connections, requests in flight finish, then the parts shut down in reverse order.
    """
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=GRACE, timeout_keep_alive=30, h11_max_incomplete_event_size=32 * 1024,
    )  # fmt: skip
    socket = config.bind_socket()
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    running = [asyncio.create_task(part.run(), name=type(part).__name__) for part in alongside]
    door = asyncio.create_task(server.serve(sockets=[socket]), name="door")
    try:
        await asyncio.wait([door, *running], return_when=asyncio.FIRST_COMPLETED)
        died = [task for task in (door, *running) if task.done()] if not server.should_exit else []
        for task in died:
            log.error("part_ended", reason=task.get_name(), exc_info=task.exception())
        _stop(server)
        await asyncio.wait([door], timeout=2 * GRACE)
        for part, task in reversed(list(zip(alongside, running, strict=True))):
            await _end(part, task)
    finally:
        socket.close()
    return 1 if died else 0


def run(main: Callable[[], Awaitable[int]]) -> None:
    """`__main__`'s last line: runs `main` on uvloop and exits with its code."""

    async def started() -> int:
        return await main()

    calm_collector()
    sys.exit(uvloop.run(started()))


def calm_collector() -> None:
    """What is imported is no garbage and is not looked at again; what lives for a moment is not looked at so often.

    Our objects rarely form circles; a fold spent a fifth of its time on looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


async def _end(part: Part, task: asyncio.Task[None]) -> None:
    """Asks a living part to finish; cuts it off after GRACE. Its errors are logged: nothing else can be done now."""
    if not task.done():
        try:
            async with asyncio.timeout(GRACE):
                await part.shutdown()
                await task
        except Exception:  # noqa: BLE001 - the process is ending, the other parts must still be asked
            log.warning("part_cut_off", reason=task.get_name(), exc_info=True)
            task.cancel()
    await asyncio.gather(task, return_exceptions=True)
