"""What happens by itself next to a dossier: near due times, limits that pass, results nobody collects.

Pure: the workflow waits for `next_timer` and does its action; the guard `time_has_come` asks the same function, so the
system never says anything too early or twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.catalogue.model import Terms
from shared.dossier import actions
from shared.dossier.actions import About, ReturnWay
from shared.dossier.lifecycle import STAGES, Clock, Stage
from shared.dossier.working_time import LOCAL

if TYPE_CHECKING:
    from shared.dossier.state import Dossier

STRICTLY_AFTER: Final = timedelta(milliseconds=1)
"""Late means after the due instant, never at it (R15)."""


LIMITS: Final = {
    Stage.INTAKE_INCOMPLETE: (About.COMPLETION_OVER, "Hạn hoàn thiện hồ sơ trước tiếp nhận"),
    Stage.SUPPLEMENT: (About.SUPPLEMENT_OVER, "Hạn bổ sung hồ sơ"),
    Stage.FINANCIAL_DUTY: (About.DUTY_OVER, "Hạn thực hiện nghĩa vụ tài chính"),
    Stage.ROUTING: (About.ROUTE, "Hạn xác định cơ quan giải quyết"),
}
"""Stages at which a passed limit is said aloud, so that a person decides."""


class Timer(NamedTuple):
    """What happens by itself next: when, what, and how operators read it in the Temporal UI."""

    at: datetime
    action: actions.AnyAction
    summary: str


def next_timer(dossier: Dossier) -> Timer | None:
    """What rings next, if anything; said already = not said again."""
    waiting = (timer for timer in _timers(dossier) if not _is_said(dossier, timer))
    return min(waiting, key=lambda timer: timer.at, default=None)


def due_timer(dossier: Dossier) -> Timer | None:
    """The due time alone."""
    if dossier.due_at is None or dossier.overdue_at or dossier.ended or Stage.RESULT_READY in dossier.passed:
        return None
    return Timer(dossier.due_at + STRICTLY_AFTER, actions.MarkOverdue(), f"Hạn trả kết quả {_shown(dossier.due_at)}")


def _timers(dossier: Dossier) -> Iterator[Timer]:
    stage, since, until = dossier.stage, dossier.entered_at, dossier.patience_until
    if stage is None or since is None or dossier.terms is None:
        return
    if until and stage in LIMITS:
        yield _reminder(until, *LIMITS[stage])
    if until and stage is Stage.FEE_BEFORE:
        for days in dossier.terms.patience.fee_warning_days:
            yield _reminder(since + timedelta(days=days), About.FEE, "Nhắc nộp phí, lệ phí")
        yield Timer(until, actions.FeeLapse(), f"Hạn nộp phí, lệ phí {_shown(until)}")
    if stage is Stage.CONSULTING:
        yield from _silent_agencies(dossier)
    if stage is Stage.RESULT_READY and (dossier.return_way is ReturnWay.DESK or Stage.ON_THE_WAY in dossier.passed):
        yield from _not_collected(since, dossier.terms)
    if STAGES[stage].clock is Clock.RUNS:
        yield from _due_times(dossier)


def _silent_agencies(dossier: Dossier) -> Iterator[Timer]:
    for asked in dossier.open_consultations:
        if asked.overdue_at is None:
            action = actions.ConsultOverdue(agency_code=asked.agency_code)
            yield Timer(asked.due_at + STRICTLY_AFTER, action, f"Hạn cho ý kiến {_shown(asked.due_at)}")


def _not_collected(since: datetime, terms: Terms) -> Iterator[Timer]:
    for days in terms.patience.collection_days:
        at = since + timedelta(days=days)
        yield Timer(at, actions.NotifyReady(days=days), f"Nhắc nhận kết quả {_shown(at)}")


def _due_times(dossier: Dossier) -> Iterator[Timer]:
    if dossier.near_due_at and dossier.overdue_at is None and dossier.stage is not Stage.WITHDRAW_ASKED:
        yield _reminder(dossier.near_due_at, About.NEAR_DUE, "Sắp đến hạn trả kết quả")
    if timer := due_timer(dossier):
        yield timer


def _is_said(dossier: Dossier, timer: Timer) -> bool:
    said = dossier.reminded.get(key_of(timer.action))
    return said is not None and said >= timer.at


def key_of(action: actions.AnyAction) -> str:
    """Under which name a reminder is remembered."""
    return action.about if isinstance(action, actions.Remind) else str(action.kind)


def _reminder(at: datetime, about: About, what: str) -> Timer:
    return Timer(at, actions.Remind(about=about), f"{what} {_shown(at)}")


def _shown(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}"
