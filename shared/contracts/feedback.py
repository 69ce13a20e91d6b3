"""The event of a feedback: one change and the complete public facts after it. No person, no word of what was written.

Topic `feedback.facts.v1`, key = feedback code, CloudEvents 1.0 in Kafka binary mode. Newest `seq` per feedback wins;
readers ignore unknown fields; an old event must always parse.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.dossier.codes import AgencyCode, DossierCode, FeedbackCode, ProcedureCode, Word
from shared.dossier.feedback.acts import FeedbackAct, FeedbackStage, FeedbackSubject
from shared.dossier.feedback.state import Feedback, FeedbackChange
from shared.dossier.feedback.table import STAGES

TOPIC: Final = "feedback.facts.v1"
DEAD_LETTERS: Final = f"{TOPIC}.dlq.v1"
EVENT_TYPE: Final = "vn.motcua.feedback.{change}.v1"
SOURCE: Final = "/motcua/workflows"
SCHEMA: Final = "https://motcua.vn/schemas/feedback-facts.v1.json"


class _Public(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FeedbackFacts(_Public):
    """All that may leave the workflow about a feedback. Times UTC."""

    feedback_code: FeedbackCode
    seq: int = Field(ge=1)
    stage: FeedbackStage
    subject: FeedbackSubject
    dossier_code: DossierCode | None = None
    """None = a general feedback."""
    procedure_code: ProcedureCode | None = None
    repeated: bool = False
    """The same owner complained of the same dossier and subject before."""
    agency_about: AgencyCode
    """Which agency the citizen complains of."""
    agency_code: AgencyCode
    """Which agency has it now and owes the answer."""
    agencies: tuple[AgencyCode, ...]
    """Everybody who had it, in order."""
    calendar_version: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")

    received_at: AwareDatetime
    due_at: AwareDatetime | None = None
    """Until when it is answered in time; None while the citizen is asked and the clock stands still."""
    overdue_at: AwareDatetime | None = None
    assigned_at: AwareDatetime | None = None
    forwarded_at: AwareDatetime | None = None
    asked_more_at: AwareDatetime | None = None
    asked_until: AwareDatetime | None = None
    resumed_at: AwareDatetime | None = None
    answered_at: AwareDatetime | None = None
    upheld: bool | None = None
    """Whether the agency says that the citizen was right."""
    refused_at: AwareDatetime | None = None
    ground: Word | None = None
    late_acts: tuple[FeedbackAct, ...] = ()
    """Refusing, asking more, passing on after their own limits."""
    satisfied: bool | None = None
    """What the citizen says of the answer; None = nothing (yet)."""
    rated_at: AwareDatetime | None = None
    rate_until: AwareDatetime | None = None

    @property
    def ended(self) -> bool:
        """Answered or refused."""
        return STAGES[self.stage].is_end

    def is_late(self, at: datetime) -> bool:
        """Judged at that instant: a limit passed, of the answer or of a step (QĐ 766/QĐ-TTg 5.2)."""
        done = self.answered_at or self.refused_at or at
        return self.overdue_at is not None or bool(self.due_at and done > self.due_at) or bool(self.late_acts)


class FeedbackEvent(_Public):
    """The value of one record."""

    change: FeedbackChange
    facts: FeedbackFacts


class FeedbackEnvelope(_Public):
    """What the workflow hands to publication: the event and the trace it belongs to."""

    event: FeedbackEvent
    traceparent: str = ""


def facts_of(feedback: Feedback) -> FeedbackFacts:
    """The public snapshot. Raises ValueError before the feedback was received."""
    if feedback.stage is None or feedback.received_at is None:
        raise ValueError("a feedback has facts from its reception on")
    opening = feedback.opening
    same = FeedbackFacts.model_fields.keys() & Feedback.model_fields.keys()
    return FeedbackFacts(
        feedback_code=opening.feedback_code,
        subject=opening.subject,
        dossier_code=opening.dossier_code,
        procedure_code=opening.procedure_code,
        repeated=opening.repeated,
        agency_about=opening.agency_code,
        agency_code=feedback.agency_code,
        calendar_version=opening.calendar.version,
        rate_until=feedback.rate_until,
        **{name: getattr(feedback, name) for name in same},
    )


def event_of(feedback: Feedback) -> FeedbackEvent:
    """The event of the last change. Raises ValueError when nothing has changed yet."""
    if feedback.last_change is None:
        raise ValueError("nothing has changed yet")
    return FeedbackEvent(change=feedback.last_change, facts=facts_of(feedback))


def value_of(event: FeedbackEvent) -> bytes:
    """The record's value: JSON with sorted keys, so that equal events are equal bytes."""
    return orjson.dumps(event.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def headers_of(event: FeedbackEvent, traceparent: str = "") -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in the Kafka protocol binding's binary mode."""
    facts, change = event.facts, event.change
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{facts.feedback_code}/{facts.seq}",
        "ce_source": SOURCE,
        "ce_type": EVENT_TYPE.format(change=change.change),
        "ce_subject": facts.feedback_code,
        "ce_time": change.at.isoformat(),
        "ce_dataschema": SCHEMA,
        "content-type": "application/json",
    }
    if traceparent:
        headers["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in headers.items()]
