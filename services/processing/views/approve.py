"""View model of the leaders' approval page: what each draft says, who proposed it, and whether it was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from services.processing.rules.signing import ground_of
from services.processing.rules.wording import OUTCOMES, ROLES
from services.processing.store import Row
from services.processing.views.worklist import RowView
from shared.contracts.facts import Facts
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import Role
from shared.web.i18n import Language


class WaitingView(NamedTuple):
    """One draft that waits for a decision."""

    row: RowView
    outcome: str
    ground: str
    proposer: str
    is_seen: bool


def waiting_views(
    rows: Sequence[Row],
    shown: Sequence[RowView],
    seen: Collection[str],
    titles: Mapping[str, str],
    language: Language,
) -> list[WaitingView]:
    """The rows as the unit head decides on them; who proposed is the specialist who holds the dossier."""
    specialist = ROLES[Role.SPECIALIST].said(language)
    return [
        WaitingView(
            view,
            outcome_words(row.facts, language),
            ground_of(row.facts.cause) if row.facts.outcome is Outcome.REFUSED else "",
            titles.get(row.holder, specialist),
            view.code in seen,
        )
        for row, view in zip(rows, shown, strict=True)
    ]


def outcome_words(facts: Facts, language: Language) -> str:
    """What is proposed."""
    return OUTCOMES[facts.outcome].said(language) if facts.outcome else "–"
