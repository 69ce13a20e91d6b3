"""Rows of a form that is about several dossiers: read from what was typed, and said again in what comes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from services.processing.acts.bulk import MOST, Came, Outcome, Picked
from services.processing.pages._door import Person
from services.processing.rules.meanwhile import decisive
from services.processing.views.meanwhile import who_was_first
from shared.dossier.codes import is_dossier_code
from shared.web.sessions import Typed, first

_ROW: Final = re.compile(r"(\S{1,60}) (desk-[A-Za-z0-9_-]{6,40})(?: ([0-9]{1,9}))?")
NOTE: Final = "note."
"""A note for one row: this before the dossier's code."""


def picked(typed: Typed, name: str = "row") -> list[Picked]:
    """The rows `<code> <command id> <seq>` of a form, each dossier once; what is no row of ours is left out."""
    found = [_ROW.fullmatch(text) for text in typed.get(name, ())]
    rows = [
        Picked(row[1], row[2], int(row[3]) if row[3] else None, first(typed, NOTE + row[1]))
        for row in found
        if row is not None and is_dossier_code(row[1])
    ]
    return list({row.dossier_code: row for row in rows}.values())[:MOST]


def written(row: Picked) -> str:
    """The row as a form carries it."""
    return " ".join([row.dossier_code, row.command_id, *([str(row.seq)] if row.seq is not None else [])])


def why_of(came: Came, person: Person) -> str:
    """Why a row was not done: who was first, or the rule's own words."""
    if came.facts is not None and decisive(came.changes):
        return who_was_first(came.facts, came.changes, person.language)
    return person.say(came.why) if came.why else ""


def again(came: Sequence[Came]) -> list[Picked]:
    """What may be sent once more: the outcome that is not known as it was, a refused one upon what is known now."""
    return [
        each.row._replace(seq=each.facts.seq) if each.facts is not None and each.row.seq is not None else each.row
        for each in came
        if each.outcome is not Outcome.DONE
    ]


def status_of(came: Sequence[Came]) -> int:
    """409 when others were first everywhere; else the table on the page says it row by row."""
    was_late = any(decisive(each.changes) for each in came)
    return 409 if was_late and not any(each.outcome is Outcome.DONE for each in came) else 200


def done_view(came: Sequence[Came], words: dict[Outcome, str], person: Person) -> dict[str, Any]:
    """The rows of the result's page."""
    return {
        "status": status_of(came),
        "rows": [
            (each.row.dossier_code, person.say(words[each.outcome]), why_of(each, person)) for each in came
        ],
    }  # fmt: skip
