"""What may be asked of a feedback: one model per act, the order that carries it, the limits it is opened with.

Law: NĐ 20/2008/NĐ-CP (amended by NĐ 92/2017/NĐ-CP) and QĐ 766/QĐ-TTg 5.2; articles unverified.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StrictBool

from shared.catalogue.model import ProcessingTime, Unit, WorkingCalendar
from shared.dossier.actions import By, Value
from shared.dossier.codes import AgencyCode, CommandId, DossierCode, FeedbackCode, PersonCode, ProcedureCode, Word


class FeedbackStage(StrEnum):
    """Where a feedback is: six places, the last two are ends."""

    RECEIVED = "RECEIVED"
    FORWARDED = "FORWARDED"
    ASSIGNED = "ASSIGNED"
    CLARIFYING = "CLARIFYING"
    ANSWERED = "ANSWERED"
    REFUSED = "REFUSED"


class FeedbackAct(StrEnum):
    """The kinds of action, in the imperative."""

    GIVE = "give"
    ASSIGN = "assign"
    ASK_MORE = "ask_more"
    CLARIFY = "clarify"
    GO_ON = "go_on"
    FORWARD = "forward"
    ANSWER = "answer"
    REFUSE = "refuse"
    MARK_OVERDUE = "mark_overdue"
    RATE = "rate"


class FeedbackSubject(StrEnum):
    """What it is about. The first three are those the directive names (1559/CT-UBND)."""

    LATE_RETURN = "LATE_RETURN"
    REPEATED_SUPPLEMENT = "REPEATED_SUPPLEMENT"
    ATTITUDE = "ATTITUDE"
    EXTRA_FEE = "EXTRA_FEE"
    EXTRA_PAPERS = "EXTRA_PAPERS"
    REGULATION = "REGULATION"
    """A proposal (kiến nghị): the rule itself should change."""
    OTHER = "OTHER"


def _working_days(amount: int) -> ProcessingTime:
    return ProcessingTime(unit=Unit.WORKING_DAY, amount=amount)


class FeedbackLimits(Value):
    """How long everybody has; counted by the deadline engine, pinned when the feedback is opened."""

    answer: ProcessingTime = _working_days(15)
    """From reception to answer, the citizen's own time left out (QĐ 766/QĐ-TTg 5.2)."""
    refuse: ProcessingTime = _working_days(2)
    ask_more: ProcessingTime = _working_days(5)
    forward: ProcessingTime = _working_days(5)
    """To the competent agency (NĐ 20/2008/NĐ-CP)."""
    clarify: ProcessingTime = _working_days(10)
    """How long the citizen is waited for (policy)."""
    rate_days: PositiveInt = 30
    """Calendar days in which the answer may be rated (policy)."""


class FeedbackOpening(Value):
    """What a feedback begins with. `agency_code` is the agency it is about; `procedure_code` the dossier's."""

    feedback_code: FeedbackCode
    agency_code: AgencyCode
    subject: FeedbackSubject
    dossier_code: DossierCode | None = None
    procedure_code: ProcedureCode | None = None
    repeated: bool = False
    """The same owner complained of the same dossier and subject before."""
    calendar: WorkingCalendar
    limits: FeedbackLimits = FeedbackLimits()


class Give(Value):
    """The citizen's feedback arrives."""

    kind: Literal[FeedbackAct.GIVE] = FeedbackAct.GIVE


class Assign(Value):
    """The head names who handles it."""

    kind: Literal[FeedbackAct.ASSIGN] = FeedbackAct.ASSIGN
    assignee: Annotated[PersonCode, Field(min_length=1)]


class AskMore(Value):
    """The citizen is asked to say more; the clock stands still meanwhile. Once."""

    kind: Literal[FeedbackAct.ASK_MORE] = FeedbackAct.ASK_MORE


class Clarify(Value):
    """The citizen says more."""

    kind: Literal[FeedbackAct.CLARIFY] = FeedbackAct.CLARIFY


class GoOn(Value):
    """The citizen was waited for in vain: the clock runs again."""

    kind: Literal[FeedbackAct.GO_ON] = FeedbackAct.GO_ON


class Forward(Value):
    """Passed on to the agency that is competent; it stays open there, under the same due time."""

    kind: Literal[FeedbackAct.FORWARD] = FeedbackAct.FORWARD
    agency_code: AgencyCode


class Answer(Value):
    """The agency answers; `upheld` = the citizen was right."""

    kind: Literal[FeedbackAct.ANSWER] = FeedbackAct.ANSWER
    upheld: StrictBool


class Refuse(Value):
    """Not taken up, with the ground of the refusal."""

    kind: Literal[FeedbackAct.REFUSE] = FeedbackAct.REFUSE
    ground: Word


class MarkOverdue(Value):
    """The due time passed without an answer."""

    kind: Literal[FeedbackAct.MARK_OVERDUE] = FeedbackAct.MARK_OVERDUE


class Rate(Value):
    """The citizen says once whether the answer satisfies."""

    kind: Literal[FeedbackAct.RATE] = FeedbackAct.RATE
    satisfied: StrictBool


FeedbackAction = Annotated[
    Give | Assign | AskMore | Clarify | GoOn | Forward | Answer | Refuse | MarkOverdue | Rate,
    Field(discriminator="kind"),
]
AgencyAction = Annotated[Assign | AskMore | Forward | Answer | Refuse, Field(discriminator="kind")]
"""What staff may ask."""
CitizenAction = Annotated[Clarify | Rate, Field(discriminator="kind")]
"""What whoever gave the feedback may ask later."""


class FeedbackOrder(Value):
    """One action under its command id: the same id again is the same act."""

    command_id: CommandId
    by: By
    action: FeedbackAction
    traceparent: Annotated[str, Field(pattern=r"^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$")] = ""
