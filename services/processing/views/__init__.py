"""What the console's API shows: a dossier with the acts open to the caller, and a row of the worklist."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.processing.rules.worklist import allowed, resource_of, task_of
from services.processing.store import Row
from shared.catalogue import lookup
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.dossier.actions import Channel
from shared.dossier.codes import AgencyCode, DossierCode, ProcedureCode
from shared.dossier.deadline import WORDS, Reason, apology_by, due, supplement_by
from shared.dossier.lifecycle import Act, Clock, Role, Stage, TaskKind
from shared.dossier.permission import Actor, Resource
from shared.dossier.working_time import LOCAL, closing, utc


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DossierView(_View):
    """The present facts and the acts that the table opens to the caller."""

    facts: Facts
    allowed: tuple[Act, ...]


class WorklistRow(_View):
    """One open task. `is_mine`: the caller holds the dossier."""

    dossier_code: DossierCode
    seq: int
    stage: Stage
    task: TaskKind
    role: Role
    agency_code: AgencyCode
    procedure_code: ProcedureCode
    channel: Channel
    due_at: AwareDatetime | None
    asked_until: AwareDatetime | None
    remaining_minutes: int | None
    is_claimed: bool
    is_mine: bool
    allowed: tuple[Act, ...]


class WorklistPage(_View):
    """Rows by due time (none first) and code; `next_cursor` asks for the following page."""

    rows: tuple[WorklistRow, ...]
    next_cursor: str | None = None


def dossier_view(actor: Actor, facts: Facts, resource: Resource) -> DossierView:
    """One dossier as this caller sees it."""
    return DossierView(facts=facts, allowed=allowed(actor, facts, resource))


def worklist_rows(actor: Actor, rows: Sequence[Row], catalogue: Catalogue, on: date) -> tuple[WorklistRow, ...]:
    """The rows as this caller sees them."""
    return tuple(row for each in rows if (row := _row(actor, each, resource_of(catalogue, each.facts, on))))


def _row(actor: Actor, row: Row, resource: Resource) -> WorklistRow | None:
    facts, task = row.facts, row.task or task_of(row.facts)
    return task and WorklistRow(
        dossier_code=facts.dossier_code,
        seq=facts.seq,
        stage=facts.stage,
        task=task.kind,
        role=task.role,
        agency_code=task.agency_code,
        procedure_code=facts.procedure_code,
        channel=facts.channel,
        due_at=facts.due_at,
        asked_until=facts.asked_until,
        remaining_minutes=facts.remaining_minutes,
        is_claimed=facts.is_claimed,
        is_mine=facts.is_claimed and row.holder == actor.person_code,
        allowed=allowed(actor, facts, resource),
    )


class StepView(_View):
    """One interval of the derivation; `words` say the reason, `law` the article."""

    from_at: AwareDatetime = Field(alias="from")
    to_at: AwareDatetime = Field(alias="to")
    counts: float
    reason: Reason
    words: str
    law: str


class DeadlineView(_View):
    """Why a dossier is due when it is; while paused there is no due time but what is left."""

    due_at: AwareDatetime | None
    due_at_original: AwareDatetime | None
    base_due_at: AwareDatetime
    recomputed_at: AwareDatetime
    """What the derivation gives now; equal to `due_at` unless a calendar was changed since."""
    is_paused: bool
    remaining_minutes: int | None
    near_due_at: AwareDatetime | None
    apology_by: AwareDatetime | None
    supplement_by: AwareDatetime
    calendar_version: str
    steps: tuple[StepView, ...]


def deadline_view(facts: Facts, catalogue: Catalogue) -> DeadlineView | None:
    """Derived again from the facts and the promises of the reception day; None before acceptance."""
    if facts.received_at is None:
        return None
    on = facts.received_at.astimezone(LOCAL).date()
    offered = lookup.procedure(catalogue, facts.procedure_code, on)
    calendar = lookup.calendar_for(catalogue, None, on)
    with suppress(lookup.NotInCatalogue):
        calendar = lookup.calendar_for(catalogue, facts.agency_competent, on)
    closed = [(pause.start_at, pause.end_at, pause.completes) for pause in facts.pauses if pause.end_at]
    new_date = None
    if facts.apologised_at and facts.new_due_on:
        new_date = (facts.apologised_at, utc(closing(facts.new_due_on, calendar)))
    found = due(
        facts.clock_from or facts.received_at,
        offered.processing_time,
        calendar,
        [(start, end) for start, end, completes in closed if completes],
        offered.supplement_clock,
        duties=[(start, end) for start, end, completes in closed if not completes],
        extension=offered.verification_time if facts.verification_extends else None,
        new_date=new_date,
    )
    return DeadlineView(
        due_at=facts.due_at,
        due_at_original=facts.due_at_original,
        base_due_at=found.base_due_at,
        recomputed_at=found.due_at,
        is_paused=facts.clock is Clock.PAUSED,
        remaining_minutes=facts.remaining_minutes,
        near_due_at=facts.near_due_at,
        apology_by=apology_by(facts.due_at, calendar) if facts.due_at else None,
        supplement_by=supplement_by(facts.received_at, calendar),
        calendar_version=facts.calendar_version,
        steps=tuple(
            StepView.model_validate(
                {
                    "from": step.from_at,
                    "to": step.to_at,
                    "counts": step.counts,
                    "reason": step.reason,
                    "words": WORDS[step.reason],
                    "law": step.law,
                }
            )
            for step in found.steps
        ),
    )
