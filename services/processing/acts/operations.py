"""What operators do: look what is stuck, and send a dead letter back to its topic, once and with a reason (S19)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError

from services.processing.adapters.engine_watch import EngineWatch, Trying, Worker
from services.processing.adapters.log_watch import DeadLetter, Lag, LogWatch, Place
from services.processing.store import operations as store
from services.processing.store.operations import Decided, Still
from shared.contracts.facts import TOPIC, Event
from shared.contracts.feedback import TOPIC as FEEDBACK_TOPIC
from shared.contracts.feedback import FeedbackEvent
from shared.dossier.refusal import Refused, Unknown
from shared.platform.database import Sessions
from shared.platform.http import Away
from shared.platform.telemetry import log

MOST_STUCK: Final = 50
SHORTEST_REASON: Final = 10
"""Characters of a reason: shorter ones say nothing to whoever reads the audit."""
_TOO_SHORT: Final = "Nêu lý do, ít nhất 10 ký tự."
"""A text of the catalogue, said in both languages: the number stands in it."""
_ON_ITS_WAY: Final = timedelta(seconds=60)
"""A replay that is younger and has no end may still be under way in another request."""
REPLAYED: Final = "replayed"
DISCARDED: Final = "discarded"
_READERS: Final[Mapping[str, type[BaseModel]]] = {TOPIC: Event, FEEDBACK_TOPIC: FeedbackEvent}


class Stuck(NamedTuple):
    """A dossier without progress and what its workflow is trying; None: the engine did not answer."""

    still: Still
    trying: Sequence[Trying] | None


class Letter(NamedTuple):
    """A dead letter and what was decided about it."""

    letter: DeadLetter
    decided: Decided | None


@dataclass(frozen=True)
class Operations:
    """The machines, as operators see and mend them. Nothing here moves a dossier or shows a payload."""

    sessions: Sessions
    log: LogWatch
    engine: EngineWatch
    now: Callable[[], datetime]

    async def stuck(self) -> list[Stuck]:
        """Dossiers that nobody moves although their clock runs, the most overdue first."""
        async with self.sessions() as session:
            still = await store.still(session, self.now(), MOST_STUCK)
        tries = await asyncio.gather(*(self._trying(each.facts.dossier_code) for each in still))
        return [Stuck(each, trying) for each, trying in zip(still, tries, strict=True)]

    async def letters(self) -> list[Letter]:
        """The newest dead letters with what was decided. Raises Away."""
        found = await self.log.letters()
        async with self.sessions() as session:
            decided = await store.decided(session, [letter.place for letter in found])
        return [Letter(letter, decided.get(letter.place)) for letter in found]

    async def letter(self, place: Place) -> Letter:
        """One of them. Raises Unknown, Away."""
        found = await self.log.letter(place)
        if found is None:
            raise Unknown
        async with self.sessions() as session:
            decided = await store.decided(session, [place])
        return Letter(found, decided.get(place))

    async def lags(self) -> Sequence[Lag]:
        """How far readers are behind. Raises Away."""
        return await self.log.lags()

    async def workers(self) -> tuple[str, Sequence[Worker]]:
        """(the engine's version, who polls which queue). Raises Away."""
        return await self.engine.version(), await self.engine.workers()

    async def settle(self, person_code: str, place: Place, verdict: str, reason: str) -> Decided:
        """Replays or discards a dead letter, once; the decision is written first, so that nobody decides twice.

        The record goes back as it was: readers apply an event once whatever they are sent (guarded by `seq`). When the
        broker did not answer, the outcome is not known and the same decision may be sent again.
        Raises Refused when it was decided before; Unknown; Away.
        """
        if len(reason) < SHORTEST_REASON:
            raise Refused("reason_too_short", _TOO_SHORT)
        letter = await self.letter(place)
        now = self.now()
        wanted = Decided(verdict, reason, person_code, now, now if verdict == DISCARDED else None)
        async with self.sessions.begin() as session:
            stands, is_mine = await store.decide(session, place, wanted)
        if stands.done_at is not None and not is_mine:
            raise Refused("already_decided", "Thư lỗi này đã được xử lý.")
        if stands.done_at is None:
            if not is_mine and now - stands.decided_at < _ON_ITS_WAY:
                raise Refused("still_running", "Đang phát lại thư lỗi này. Xem lại sau một phút.")
            await self.log.replay(letter.letter)
            async with self.sessions.begin() as session:
                await store.done(session, place, self.now())
        log.info("dead_letter_settled", topic=place.topic, offset=place.offset, outcome=verdict)
        return stands

    async def _trying(self, dossier_code: str) -> Sequence[Trying] | None:
        try:
            return await self.engine.trying(dossier_code)
        except Away:
            return None


def is_readable(letter: DeadLetter) -> bool | None:
    """The dry run of a replay: whether today's reader understands the record; None: nobody here can tell."""
    reader = _READERS.get(letter.source.topic)
    if reader is None:
        return None
    try:
        reader.model_validate_json(letter.value)
    except ValidationError:
        return False
    return True
