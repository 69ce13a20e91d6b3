"""Whether a dossier was in time, by QĐ 766/QĐ-TTg 2.1 (kpi §4), and up to when that holds without another event.

A running dossier is in time until its due instant and then silently is not: "open and overdue" needs no event.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.metrics.rules.seen import Seen
from shared.catalogue.model import ProcessingTime, Unit
from shared.dossier.lifecycle import Clock

NONE: Final = "NONE"
EARLY: Final = "EARLY"
ON_TIME: Final = "ON_TIME"
LATE: Final = "LATE"
IN_TIME: Final = "IN_TIME"
ZERO: Final = timedelta()
_SECOND: Final = timedelta(seconds=1)

_LONGEST: Final = {
    Unit.WORKING_DAY: timedelta(days=1),
    Unit.CALENDAR_DAY: timedelta(days=1),
    Unit.MONTH: timedelta(days=30),
    Unit.WORKING_HOUR: timedelta(hours=1),
    Unit.SAME_DAY: timedelta(days=1),
}
"""Where no due time is known, elapsed time is compared with the limit, a day being a day (practice)."""

type Judged = tuple[str, datetime | None]
"""The judgement, and until when it holds before it turns LATE by itself; None = settled."""


def judged(seen: Seen, *, counts_intake_requests: bool = False) -> Judged:
    """EARLY, ON_TIME or LATE; NONE before acceptance.

    `end` = time of status 9, else 10, else 8 or 3; while the clock is paused, and when the dossier ends so, the time at
    which it was stopped. More than one supplement request is late. A completed supplement is taken off the end when it
    has not moved the due time: never twice. Law: QĐ 766/QĐ-TTg 2.1; NĐ 61/2018/NĐ-CP Điều 19.4, 19.9.
    """
    received_at = seen.received_at
    if received_at is None:
        return NONE, None
    requests = seen.supplements_asked + (seen.completions_asked if counts_intake_requests else 0)
    if requests > 1:
        return LATE, None
    due_at = seen.due_at
    if seen.clock is Clock.PAUSED:
        return _stopped(seen), None
    if due_at is None:
        due_at = _longest(seen, received_at)
        if due_at is None:
            return LATE, None
    if seen.pauses:
        due_at += _credit(seen)
    ended_at = end_of(seen)
    if ended_at is None:
        return EARLY, due_at
    return _compared(ended_at, due_at), None


def end_of(seen: Seen) -> datetime | None:
    """When the dossier ended for figures; when its clock stood still then, when that was stopped."""
    times = seen.portal_times
    ended_at = times.get(9) or times.get(10) or times.get(8) or times.get(3)
    if ended_at is not None and seen.pauses and seen.pauses[-1].end_at == ended_at:
        return seen.pauses[-1].start_at
    return ended_at


def supplement_time(seen: Seen) -> timedelta:
    """Time on the wall clock between request and completion of all completed supplements."""
    return sum((pause.end_at - pause.start_at for pause in seen.pauses if pause.completes and pause.end_at), ZERO)


def handling_seconds(seen: Seen) -> int:
    """Whole seconds from reception to result without completed supplements (766-2.2); 0 without a result."""
    ended_at = seen.portal_times.get(9) or seen.portal_times.get(10)
    if ended_at is None or seen.received_at is None:
        return 0
    taken = ended_at - seen.received_at
    if seen.pauses:
        taken -= supplement_time(seen)
    return max(0, taken // _SECOND)


def answered(seen: Seen) -> Judged:
    """IN_TIME or LATE for an online filing that was promised an answer (8 working hours), else NONE."""
    due_at = seen.answer_due_at
    if due_at is None:
        return NONE, None
    if seen.received_at is not None and seen.received_at <= due_at:
        return IN_TIME, None
    answered_at = min((at for status, at in seen.portal_times.items() if status != 1), default=seen.received_at)
    if answered_at is None:
        return IN_TIME, due_at
    return (IN_TIME if answered_at <= due_at else LATE), None


def _stopped(seen: Seen) -> str:
    """Judged at the time the clock was stopped."""
    pause = seen.pauses[-1] if seen.pauses else None
    due_at = (pause and pause.due_at) or seen.due_at
    if pause is not None and due_at is not None:
        return _compared(pause.start_at, due_at + _credit(seen))
    return EARLY if seen.overdue_at is None and seen.remaining_minutes != 0 else LATE


def _compared(ended_at: datetime, due_at: datetime) -> str:
    if ended_at < due_at:
        return EARLY
    return ON_TIME if ended_at == due_at else LATE


def _credit(seen: Seen) -> timedelta:
    """What a completed supplement takes off: nothing when it has moved the due time already."""
    due_at = seen.due_at or (seen.pauses and seen.pauses[-1].due_at)
    return supplement_time(seen) if due_at == seen.due_at_original else ZERO


def _longest(seen: Seen, received_at: datetime) -> datetime | None:
    if not seen.limit:
        return None
    limit = ProcessingTime.parse(seen.limit)
    return received_at + limit.amount * _LONGEST[limit.unit]
