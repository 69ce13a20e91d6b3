"""Server-sent events: that something changed in the agencies of the person's list. Never what, never rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from services.processing.pages._door import LIVE, The, TheConsole
from services.processing.rules.worklist import scope_of
from services.processing.store.pulse import Pulse
from shared.dossier.permission import Right
from shared.web.identity import allows

router = APIRouter(include_in_schema=False)
_BEAT_SECONDS: Final = 15.0
"""A comment line now and then shows both ends that the other still lives."""


@router.get(LIVE)
@allows(Right.READ_WORKLIST)
async def live(console: TheConsole, person: The) -> Response:
    if console.pulse is None:
        return Response(status_code=204)  # tells the browser not to come back
    scope = scope_of(console.door.catalogue, person.member.actor.grants, console.staff.today)
    agencies = frozenset[str]().union(*scope.values())
    return StreamingResponse(_changes(console.pulse, agencies), media_type="text/event-stream")


async def _changes(pulse: Pulse, agencies: frozenset[str]) -> AsyncIterator[str]:
    """One event per wave of changes; the first line asks the browser to wait a little before it comes back."""
    yield "retry: 5000\n\n"
    async with pulse.watch(agencies) as watch:
        while not pulse.ended:
            changed = await watch.next(_BEAT_SECONDS)
            yield "event: changed\ndata: 1\n\n" if changed else ": beat\n\n"
