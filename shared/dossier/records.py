"""What a dossier remembers of single happenings: changes, pauses, consultations, halves of decisions of two persons."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.dossier.actions import Fault, Subject
from shared.dossier.codes import AgencyCode, CommandId, PersonCode, Word
from shared.dossier.lifecycle import Role, Stage

PauseReason = Literal["SUPPLEMENT", "DUTY"]
PaperState = Literal["FILED", "SOUGHT", "DIGITIZED", "REUSED", "MISSING"]


class Change(BaseModel):
    """What happened, in the past tense: one per event."""

    model_config = ConfigDict(frozen=True)

    change: Word
    role: Role
    agency_code: AgencyCode | None
    from_stage: Stage | None
    to_stage: Stage
    at: AwareDatetime
    cause: Word | None = None
    command_id: CommandId | None = None
    """The order that caused it; what people wrote to it is kept by intake under this id."""


class AskedOverride(BaseModel):
    """The first person's half of an override."""

    model_config = ConfigDict(frozen=True)

    subject: Subject
    ground: Word
    person_code: PersonCode


class Extension(BaseModel):
    """What the unit asked for: the new day, why, whose fault."""

    model_config = ConfigDict(frozen=True)

    asked_at: AwareDatetime
    new_due_on: date
    cause: Word
    fault: Fault


class Pause(BaseModel):
    """A time in which the clock stood still; `completes` = it ended by the supplement, which may restart the limit."""

    model_config = ConfigDict(frozen=True)

    reason: PauseReason
    start_at: AwareDatetime
    end_at: AwareDatetime | None = None
    completes: bool = False
    due_at: AwareDatetime | None = None
    """What was due when the clock stopped."""


class Consultation(BaseModel):
    """One agency's opinion, with a clock of its own."""

    model_config = ConfigDict(frozen=True)

    agency_code: AgencyCode
    asked_at: AwareDatetime
    due_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    """When nobody waits for it any more: answered, or the specialist went on."""
