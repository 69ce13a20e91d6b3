"""The dossier's legal clock: when it pauses, and what its due time then is.

Due times come from `shared.dossier.deadline`; here is only what a dossier's own history adds to them: pauses, the
verification's extension, the new date of an apology. Pure; called by the dossier's state, which is called by the
workflow.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.catalogue.model import CalendarMissing, ProcessingTime, Unit
from shared.dossier import actions
from shared.dossier.deadline import Due, answer_by, due, near_due_at, remaining
from shared.dossier.lifecycle import STAGES, Act, Clock, Stage
from shared.dossier.records import Pause, PauseReason
from shared.dossier.refusal import Refused
from shared.dossier.working_time import closing, utc

if TYPE_CHECKING:
    from shared.catalogue.model import Terms
    from shared.dossier.state import Dossier

REASONS: Final[dict[Stage, PauseReason]] = {Stage.SUPPLEMENT: "SUPPLEMENT", Stage.FINANCIAL_DUTY: "DUTY"}


def is_paused(stage: Stage | None) -> bool:
    """Whether the clock stands still there."""
    return stage is not None and STAGES[stage].clock is Clock.PAUSED


def due_of(dossier: Dossier, terms: Terms, began_at: datetime) -> Due:
    """The due time of an accepted dossier whose clock runs, with its derivation.

    Raises Refused `calendar_missing`, which names the year, when the pinned calendar does not reach that far.
    """
    closed = [(pause, pause.end_at) for pause in dossier.pauses if pause.end_at is not None]
    new_date = None
    if dossier.apologised_at and dossier.new_due_on:
        new_date = (dossier.apologised_at, utc(closing(dossier.new_due_on, terms.calendar)))
    try:
        return due(
            began_at,
            terms.processing_time,
            terms.calendar,
            [(pause.start_at, end) for pause, end in closed if pause.completes],
            terms.supplement_clock,
            duties=[(pause.start_at, end) for pause, end in closed if not pause.completes],
            extension=terms.verification_time if dossier.verification_extends else None,
            new_date=new_date,
        )
    except CalendarMissing as missing:
        raise _not_published(missing) from missing


def warned_at(since: datetime, due_at: datetime, terms: Terms) -> datetime | None:
    """When the handler is told that the due time is near; None when that is no earlier than the due time."""
    numerator, denominator = terms.patience.near_due_share
    at = near_due_at(since, due_at, numerator / denominator, terms.calendar)
    return actions.instant(at) if at < due_at else None


def minutes_left(at: datetime, began_at: datetime | None, due_at: datetime | None, terms: Terms) -> int | None:
    """Working minutes that a pause keeps for later; 0 when the dossier was late already."""
    if due_at is None or began_at is None:
        return None
    return remaining(began_at, due_at, at, terms.processing_time, terms.calendar) // timedelta(minutes=1)


def answer_of(asked_at: datetime, limit: ProcessingTime, terms: Terms) -> datetime:
    """When a consulted agency has to answer. Raises Refused like `due_of`."""
    try:
        return due(asked_at, limit, terms.calendar).due_at
    except CalendarMissing as missing:
        raise _not_published(missing) from missing


def answered_by(submitted_at: datetime, terms: Terms) -> datetime | None:
    """Until when an online filing is answered (R14); None in a year without a calendar: a filing is never refused."""
    try:
        return answer_by(submitted_at, terms.calendar)
    except CalendarMissing:
        return None


def patience_until(stage: Stage, at: datetime, terms: Terms) -> datetime | None:
    """How long somebody is waited for at this stage before a person, or for fees the system, decides."""
    patience = terms.patience
    match stage:
        case Stage.INTAKE_INCOMPLETE:
            return at + timedelta(days=patience.completion_days)
        case Stage.FEE_BEFORE:
            return at + timedelta(days=patience.fee_days)
        case Stage.SUPPLEMENT:
            return at + timedelta(days=patience.supplement_days)
        case Stage.FINANCIAL_DUTY:
            return at + timedelta(days=patience.duty_days)
        case Stage.ROUTING:
            return answer_of(at, ProcessingTime(unit=Unit.WORKING_HOUR, amount=patience.routing_hours), terms)
        case _:
            return None


def count(dossier: Dossier) -> None:
    """Set the due time anew, from everything that happened so far. Raises Refused like `due_of`."""
    began_at = dossier.clock_began_at
    if dossier.terms is None or began_at is None:
        return
    dossier.due_at = due_of(dossier, dossier.terms, began_at).due_at
    runs_since = max((pause.end_at for pause in dossier.pauses if pause.end_at), default=began_at)
    dossier.near_due_at = warned_at(runs_since, dossier.due_at, dossier.terms)


def turn(dossier: Dossier, before: Stage | None, stage: Stage, act: Act, at: datetime) -> None:
    """Pause and go on by the table (R11, R16): while the clock stands still there is no due time."""
    if is_paused(before):
        *earlier, open_pause = dossier.pauses
        closed = open_pause.model_copy(update={"end_at": at, "completes": act is Act.SUPPLEMENT_DELIVERED})
        dossier.pauses = (*earlier, closed)
        dossier.due_at, dossier.remaining_minutes = open_pause.due_at, None
        if not STAGES[stage].is_end and not is_paused(stage):
            count(dossier)
    if is_paused(stage) and dossier.terms:
        dossier.pauses = (*dossier.pauses, Pause(reason=REASONS[stage], start_at=at, due_at=dossier.due_at))
        dossier.remaining_minutes = minutes_left(at, dossier.clock_began_at, dossier.due_at, dossier.terms)
        dossier.due_at = dossier.near_due_at = None


def _not_published(missing: CalendarMissing) -> Refused:
    return Refused("calendar_missing", f"Chưa công bố lịch làm việc năm {missing.year}.")
