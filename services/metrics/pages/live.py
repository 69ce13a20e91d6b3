"""The board as it moves, by server-sent events: the whole board when figures changed, else only how fresh they are.

Each `board` is complete, so a reader who was cut off needs no past.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, NamedTuple

from fastapi.responses import StreamingResponse

from services.metrics.views.figures import Door

_QUIET: Final = 15.0
"""Seconds after which a comment shows both ends that the line still stands."""
_SHARE: Final = 4
"""At most one part in so many of the time is spent on drawing."""
_LEAST_PAUSE: Final = 0.2
_LONGEST_S: Final = 600.0
"""A stream ends after this; browsers come back by themselves."""


class Drawn(NamedTuple):
    """A board as HTML, and its stamp alone as it stands in it."""

    board: str
    stamp: str


type Draw = Callable[[], Coroutine[Any, Any, Drawn]]


class Shared:
    """One drawing per question and tick, however many look at it."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._drawn: dict[object, tuple[int, asyncio.Task[Drawn]]] = {}

    async def events(self, question: object, draw: Draw) -> AsyncIterator[str]:
        """`event: board` whenever figures changed, `event: stamp` when the fold only looked."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _LONGEST_S
        tick, sent = 0, ""
        while loop.time() < ends_at:
            try:
                tick = await asyncio.wait_for(self._door.after(tick), _QUIET)
            except TimeoutError:
                yield ":\n\n"
                continue
            began = loop.time()
            drawn = await self._draw(question, tick, draw)
            figures = drawn.board.replace(drawn.stamp, "")
            yield event("stamp", drawn.stamp) if figures == sent else event("board", drawn.board)
            sent = figures
            await asyncio.sleep(max(_LEAST_PAUSE, _SHARE * (loop.time() - began)))

    async def _draw(self, question: object, tick: int, draw: Draw) -> Drawn:
        drawn = self._drawn.get(question)
        if drawn is None or drawn[0] < tick:
            self._forget(tick)
            drawn = self._drawn[question] = (tick, asyncio.create_task(draw()))
        return await asyncio.shield(drawn[1])

    def _forget(self, tick: int) -> None:
        for question, (drawn_at, task) in list(self._drawn.items()):
            if task.done() and drawn_at < tick:
                del self._drawn[question]


def event(name: str, data: str) -> str:
    """One event of the stream; each line of the data is a line of its own."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    """The answer that stays open."""
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
