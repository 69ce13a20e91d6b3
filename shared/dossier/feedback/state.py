"""One feedback in memory: the only code that moves it, always through the table.

One due time for the citizen: 15 working days from reception, wherever it is passed on to; only the citizen's own time
is left out. Shorter limits (refuse, ask more, pass on) are counted from when the agency got it or heard more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.catalogue.model import ProcessingTime
from shared.dossier import deadline
from shared.dossier.actions import instant
from shared.dossier.codes import AgencyCode, CommandId, PersonCode, Word
from shared.dossier.feedback.acts import (
    Answer,
    AskMore,
    Assign,
    Clarify,
    FeedbackAct,
    FeedbackAction,
    FeedbackOpening,
    FeedbackOrder,
    FeedbackStage,
    Forward,
    Give,
    GoOn,
    MarkOverdue,
    Rate,
    Refuse,
)
from shared.dossier.feedback.table import CHANGES, MOVES, STAGES, FeedbackLanding, acts_at
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Forbidden, Refused
from shared.dossier.timers import STRICTLY_AFTER
from shared.dossier.working_time import LOCAL

REMEMBERED: Final = 100
"""Command ids kept: more than a feedback sees."""


class FeedbackChange(BaseModel):
    """What happened, in the past tense: one per event."""

    model_config = ConfigDict(frozen=True)

    change: Word
    role: Role
    agency_code: AgencyCode | None
    from_stage: FeedbackStage | None
    to_stage: FeedbackStage
    at: AwareDatetime
    ground: Word | None = None
    command_id: CommandId
    """The order that caused it; what people wrote to it is kept by intake under this id."""


class FeedbackTimer(NamedTuple):
    """What happens by itself next, and how operators read it in the Temporal UI."""

    at: datetime
    action: GoOn | MarkOverdue
    summary: str


class Feedback(BaseModel):
    """Everything the workflow knows of a feedback. Values are replaced, never changed inside: a copy is a snapshot."""

    model_config = ConfigDict(extra="forbid")

    opening: FeedbackOpening
    stage: FeedbackStage | None = None
    stage_before: FeedbackStage | None = None
    seq: int = 0
    last_change: FeedbackChange | None = None

    agencies: tuple[AgencyCode, ...] = ()
    """Everybody who had it, in order; the last one has it now."""
    assignee: PersonCode = ""
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    """None while the citizen is asked: the clock stands still."""
    since: AwareDatetime | None = None
    """From when the agency's short limits count."""
    assigned_at: AwareDatetime | None = None
    forwarded_at: AwareDatetime | None = None
    asked_more_at: AwareDatetime | None = None
    asked_until: AwareDatetime | None = None
    resumed_at: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None
    upheld: bool | None = None
    refused_at: AwareDatetime | None = None
    ground: Word | None = None
    late_acts: tuple[FeedbackAct, ...] = ()
    """Steps that were made after their own limit."""
    satisfied: bool | None = None
    rated_at: AwareDatetime | None = None

    answered: tuple[CommandId, ...] = ()
    now: AwareDatetime | None = None
    acting_role: Role | None = None
    acting_person: PersonCode = ""

    @property
    def agency_code(self) -> AgencyCode:
        """Who has it now."""
        return self.agencies[-1] if self.agencies else self.opening.agency_code

    @property
    def ended(self) -> bool:
        """Answered or refused."""
        return self.stage is not None and STAGES[self.stage].is_end

    @property
    def is_overdue(self) -> bool:
        """The due time passed before the act that is looked at."""
        return self.overdue_at is not None or bool(self.due_at and self.now and self.now > self.due_at)

    @property
    def rate_until(self) -> datetime | None:
        """How long the answer may be rated."""
        return self.answered_at and self.answered_at + timedelta(days=self.opening.limits.rate_days)

    @property
    def next_timer(self) -> FeedbackTimer | None:
        """What happens by itself next, if anything."""
        if self.stage is FeedbackStage.CLARIFYING and self.asked_until:
            summary = f"Hạn người gửi làm rõ {_shown(self.asked_until)}"
            return FeedbackTimer(self.asked_until + STRICTLY_AFTER, GoOn(), summary)
        if self.due_at and self.overdue_at is None and not self.ended:
            summary = f"Hạn trả lời phản ánh, kiến nghị {_shown(self.due_at)}"
            return FeedbackTimer(self.due_at + STRICTLY_AFTER, MarkOverdue(), summary)
        return None

    def acts_open_to(self, role: Role) -> tuple[FeedbackAct, ...]:
        """The acts a role may ask now, by stage; a guard may still say no."""
        return acts_at(self.stage, role)

    def check(self, order: FeedbackOrder, at: datetime) -> None:
        """Raise Refused when the order may not be taken at this instant; changes nothing."""
        self.model_copy().take(order, at)

    def take(self, order: FeedbackOrder, at: datetime) -> bool:
        """Move by the order; False when this very order was taken before.

        Raises Refused (409) when the table or a guard forbids it, Forbidden (403) for the wrong role.
        """
        if order.command_id in self.answered:
            return False
        action, by, at = order.action, order.by, instant(at)
        act = FeedbackAct(action.kind)
        move = MOVES.get((self.stage, act))
        if move is None:
            raise self._not_now(act, by.role)
        if by.role not in move.by:
            roles = ", ".join(sorted(move.by))
            raise Forbidden("not_your_role", f"Việc này thuộc thẩm quyền của: {roles}.", self._allowed(by.role))
        self.now, self.acting_role, self.acting_person = at, by.role, by.person_code
        try:
            move.guard(self, action)
        except Refused as no:
            no.allowed, no.law = no.allowed or self._allowed(by.role), no.law or move.law
            raise
        before = self.stage
        self._apply(action, at)
        self.stage = self._where(move.to)
        self.stage_before = before
        self.seq += 1
        self.answered = (*self.answered, order.command_id)[-REMEMBERED:]
        self.last_change = FeedbackChange(
            change=CHANGES[act],
            role=by.role,
            agency_code=by.agency_code,
            from_stage=before,
            to_stage=self.stage,
            at=at,
            ground=getattr(action, "ground", None),
            command_id=order.command_id,
        )
        return True

    def by_when(self, limit: ProcessingTime) -> datetime | None:
        """Until when the agency that has it may do this in time."""
        return self.since and deadline.due(self.since, limit, self.opening.calendar).due_at

    def _apply(self, action: FeedbackAction, at: datetime) -> None:
        limits = self.opening.limits
        match action:
            case Give():
                self.received_at = self.since = at
                self.agencies = (self.opening.agency_code,)
                self.due_at = self._due()
            case Assign():
                self.assignee, self.assigned_at = action.assignee, at
            case AskMore():
                self._judge(FeedbackAct.ASK_MORE, limits.ask_more, at)
                self.asked_more_at, self.due_at = at, None
                self.asked_until = deadline.due(at, limits.clarify, self.opening.calendar).due_at
            case Clarify() | GoOn():
                self.resumed_at = self.since = at
                self.asked_until = None
                self.due_at = self._due()
            case Forward():
                self._judge(FeedbackAct.FORWARD, limits.forward, at)
                self.agencies = (*self.agencies, action.agency_code)
                self.forwarded_at = self.since = at
                self.assignee, self.assigned_at = "", None
            case Answer():
                self.answered_at, self.upheld = at, action.upheld
            case Refuse():
                self._judge(FeedbackAct.REFUSE, limits.refuse, at)
                self.refused_at, self.ground = at, action.ground
            case MarkOverdue():
                self.overdue_at = at
            case Rate():
                self.satisfied, self.rated_at = action.satisfied, at

    def _judge(self, act: FeedbackAct, limit: ProcessingTime, at: datetime) -> None:
        by = self.by_when(limit)
        if by is not None and at > by:
            self.late_acts = (*self.late_acts, act)

    def _due(self) -> datetime | None:
        """15 working days from reception; the time in which the citizen was asked is added."""
        if self.received_at is None:
            return None
        asked = [(self.asked_more_at, self.resumed_at)] if self.asked_more_at and self.resumed_at else []
        return deadline.due(self.received_at, self.opening.limits.answer, self.opening.calendar, asked).due_at

    def _where(self, to: FeedbackStage | FeedbackLanding) -> FeedbackStage:
        match to:
            case FeedbackStage():
                stage: FeedbackStage | None = to
            case FeedbackLanding.SAME:
                stage = self.stage
            case FeedbackLanding.BEFORE:
                stage = self.stage_before
        assert stage is not None  # noqa: S101 - the table has no such row from nothing; tested
        return stage

    def _allowed(self, role: Role) -> tuple[str, ...]:
        return self.acts_open_to(role) or acts_at(self.stage)

    def _not_now(self, act: FeedbackAct, role: Role) -> Refused:
        here = f"“{STAGES[self.stage].label}”" if self.stage else "chưa gửi"
        law = next(move.law for (_, other), move in MOVES.items() if other is act)
        detail = f"Phản ánh, kiến nghị đang ở bước {here}; không thực hiện được “{act}”."
        return Refused("not_allowed_now", detail, self._allowed(role), law=law)


def _shown(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}"
