"""What operators see of a dossier in the Temporal UI: search attributes, summary, details. Codes only, no person.

Attributes are set at the start for free and changed at acceptance, result and new due times: each is a history event.
They serve operators; nobody builds a worklist on them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from shared.dossier.actions import Opening
from shared.dossier.feedback.acts import FeedbackOpening
from shared.dossier.lifecycle import STAGES
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL

STAGE: Final = SearchAttributeKey.for_keyword("DossierStage")
PROCEDURE: Final = SearchAttributeKey.for_keyword("ProcedureCode")
AGENCY: Final = SearchAttributeKey.for_keyword("AgencyCode")
CHANNEL: Final = SearchAttributeKey.for_keyword("Channel")
DUE: Final = SearchAttributeKey.for_datetime("DueAt")


def at_start(opening: Opening) -> TypedSearchAttributes:
    """What is known when the filing arrives."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(STAGE, "SUBMITTED"),
            SearchAttributePair(PROCEDURE, opening.procedure_code),
            SearchAttributePair(AGENCY, opening.agency_code),
            SearchAttributePair(CHANNEL, opening.channel.name),
        ]
    )


def summary_of(opening: Opening) -> str:
    """One line for the list of workflows (limit of the server: 400 bytes)."""
    return f"{opening.procedure_code} · {opening.agency_code}"


def of_feedback(opening: FeedbackOpening) -> TypedSearchAttributes:
    """What is known of a feedback; the stage of dossiers is not its own."""
    return TypedSearchAttributes([SearchAttributePair(AGENCY, opening.agency_code)])


def summary_of_feedback(opening: FeedbackOpening) -> str:
    """One line for the list of workflows."""
    return f"PAKN · {opening.subject} · {opening.agency_code}"


def at_acceptance(dossier: Dossier) -> list[SearchAttributeUpdate[Any]]:
    """Taken in: the clock runs."""
    updates: list[SearchAttributeUpdate[Any]] = [STAGE.value_set("PROCESSING")]
    if dossier.due_at is not None:
        updates.append(DUE.value_set(dossier.due_at))
    return updates


def at_new_due_time(dossier: Dossier) -> list[SearchAttributeUpdate[Any]]:
    """The clock paused, went on or was given a new date."""
    return [DUE.value_set(dossier.due_at) if dossier.due_at else DUE.value_unset()]


def at_result(dossier: Dossier) -> list[SearchAttributeUpdate[Any]]:
    """Decided: the result waits for its owner."""
    return [STAGE.value_set("RESULT_READY")]


def details_of(dossier: Dossier) -> str:
    """A small table, asked by the UI when somebody looks (limit of the server: 20,000 bytes)."""
    rows = {
        "Bước": STAGES[dossier.stage].label if dossier.stage else "–",
        "Thay đổi": str(dossier.seq),
        "Cơ quan giải quyết": dossier.agency_competent or "–",
        "Tiếp nhận": _shown(dossier.received_at),
        "Hẹn trả": _shown(dossier.due_at) if dossier.remaining_minutes is None else "tạm dừng",
        "Còn phải nộp": f"{dossier.owed_vnd():,} đồng".replace(",", "."),
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _shown(moment: datetime | None) -> str:
    return f"{moment.astimezone(LOCAL):%H:%M %d/%m/%Y}" if moment else "–"
