"""What the console's API shows: a dossier with the acts open to the caller, and a row of the worklist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.processing.rules.worklist import allowed, resource_of, task_of
from services.processing.store import Row
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.dossier.actions import Channel
from shared.dossier.codes import AgencyCode, DossierCode, ProcedureCode
from shared.dossier.lifecycle import Act, Role, Stage, TaskKind
from shared.dossier.permission import Actor, Resource


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
    facts, task = row.facts, task_of(row.facts)
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
        is_claimed=facts.is_claimed,
        is_mine=facts.is_claimed and row.holder == actor.person_code,
        allowed=allowed(actor, facts, resource),
    )
