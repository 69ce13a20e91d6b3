"""Whose hours some dossiers took: their events from one pass over the log, charged as soon as a life is complete.

Held in memory: the codes, the events of dossiers whose last one has not been read yet, and the answers of the few
that are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError

from services.metrics.adapters.topic import whole
from services.metrics.rules.attribution import Charged, Holder, Known, charged
from shared.catalogue.calendar import CalendarMissing
from shared.catalogue.model import WorkingCalendar
from shared.contracts.facts import Event, Facts
from shared.dossier.working_time import MICROSECOND
from shared.platform.kafka import Record
from shared.platform.settings import ServiceSettings

_MILLISECOND: Final = timedelta(milliseconds=1)
_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)

type CalendarOf = Callable[[Facts], WorkingCalendar]
"""Working calendar of the agency that decides, as it was when the dossier came."""


@dataclass
class Attribution:
    """Sums over `dossiers`, in microseconds of working time; each sum is that of the holders' parts."""

    dossiers: int = 0
    uncharged: int = 0
    """Dossiers of which the log has not every event, or with a day of which no calendar is published."""
    elapsed_us: Counter[Holder] = field(default_factory=Counter)
    late_us: Counter[Holder] = field(default_factory=Counter)
    each: dict[str, Charged] = field(default_factory=dict)
    """By dossier code, of those that were asked for."""

    def add(self, code: str, told: Charged, *, is_listed: bool) -> None:
        self.dossiers += 1
        self.elapsed_us.update({holder: time // MICROSECOND for holder, time in told.elapsed.items()})
        self.late_us.update({holder: time // MICROSECOND for holder, time in told.late.items()})
        if is_listed:
            self.each[code] = told


async def attributed(  # noqa: PLR0917 - what is read, of whom, and by what it is judged
    settings: ServiceSettings,
    topic: str,
    position: Mapping[int, int],
    wanted: Mapping[str, int],
    listed: Collection[str],
    calendar_of: CalendarOf,
    at: datetime,
) -> Attribution:
    """Reads the topic up to the position. `wanted`: dossier code → number of its newest event there (`seq`).

    Raises: TimeoutError when the topic does not give what the position promises.
    """
    found = Attribution()
    left = {code.encode(): seq for code, seq in wanted.items()}
    told: dict[bytes, dict[int, Known]] = {}
    if not left:
        return found
    async for _, records in whole(settings, topic, position):
        for record in records:
            if record.key not in left or (known := _known(record)) is None:
                continue
            life = told.setdefault(record.key, {})
            life.setdefault(known.event.facts.seq, known)  # a repetition was not news
            if len(life) == left[record.key]:
                del left[record.key], told[record.key]
                _charge(found, life, listed, calendar_of, at)
    found.uncharged += len(left)
    return found


def _known(record: Record) -> Known | None:
    """None for what is no event of a dossier: the fold has put it aside."""
    try:
        event = Event.model_validate_json(record.value or b"")
    except ValidationError:
        return None
    return Known(event, _BEGIN + record.timestamp * _MILLISECOND)


def _charge(
    found: Attribution, life: Mapping[int, Known], listed: Collection[str], calendar_of: CalendarOf, at: datetime
) -> None:
    facts = life[max(life)].event.facts
    try:
        told = charged(life.values(), calendar_of(facts), at)
    except CalendarMissing:
        found.uncharged += 1
        return
    found.add(facts.dossier_code, told, is_listed=facts.dossier_code in listed)
