"""Many dossiers at once: first what would happen, then one command per row, each with its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from services.processing import acts, store
from services.processing.acts import Click, Door
from services.processing.acts.meanwhile import since
from services.processing.rules.meanwhile import Changes, decisive
from services.processing.rules.worklist import allowed
from shared.contracts.facts import Facts
from shared.dossier.actions import Action
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor
from shared.dossier.records import Change
from shared.dossier.refusal import Refused, Unknown
from shared.platform.http import Away
from shared.platform.once import KeyReused

MOST = 100
"""Rows of one bulk act."""


class Outcome(StrEnum):
    """What became of one row."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Picked(NamedTuple):
    """One row that somebody wants done: the id of its command, the state that was seen (none: any), a note to keep."""

    dossier_code: str
    command_id: str
    seq: int | None = None
    note: str = ""


class Foreseen(NamedTuple):
    """One row of the preview: `why_not` is empty when it can be done. `last`: what moved it last, when it is not."""

    dossier_code: str
    why_not: str
    seq: int | None = None
    last: Change | None = None


class Came(NamedTuple):
    """One row of the result; the same `command_id` again is the same act.

    `facts` and `changes` of a refused one: where it is now, and what was done since the state that was seen.
    """

    row: Picked
    outcome: Outcome
    why: str = ""
    facts: Facts | None = None
    changes: Changes = ()


async def foresee(door: Door, actor: Actor, act: Act, codes: Sequence[str]) -> list[Foreseen]:
    """What the table would say to each row now. Nothing is done."""
    return [await _foreseen(door, actor, act, code) for code in codes[:MOST]]


async def _foreseen(door: Door, actor: Actor, act: Act, code: str) -> Foreseen:
    try:
        facts = await acts.read(door, actor, code)
    except Unknown as no:
        return Foreseen(code, no.detail)
    except Away:
        return Foreseen(code, "chưa hỏi được, thử lại sau ít phút")
    why_not = ""
    if act not in allowed(actor, facts, acts.resource(door, facts)):
        why_not = "đã chuyển bước"
    elif act in {Act.CLAIM, Act.ASSIGN} and facts.is_claimed:
        why_not = "đã có người nhận"
    if not why_not:
        return Foreseen(code, "", facts.seq)
    async with door.reads() as session:
        changes = decisive(await store.history(session, code))
    return Foreseen(code, why_not, facts.seq, changes[-1][1] if changes else None)


async def do(door: Door, actor: Actor, action: Action, rows: Sequence[Picked], words: str = "") -> list[Came]:
    """One command per row, in their order; a refusal stops nobody else. `words`: the explanation of each of them."""
    return [await _one(door, actor, action, row, words) for row in rows[:MOST]]


async def _one(door: Door, actor: Actor, action: Action, row: Picked, words: str) -> Came:
    click = Click(row.command_id, (action,), row.seq, words, past_machines=True)
    try:
        await acts.take(door, actor, row.dossier_code, click)
    except Unknown as no:
        return Came(row, Outcome.REFUSED, no.detail)
    except Refused as no:
        return await _refused(door, row, no)
    except KeyReused:
        return Came(row, Outcome.REFUSED, "Biểu mẫu này đã dùng cho việc khác. Kiểm tra rồi gửi lại.")
    except Away:
        return Came(row, Outcome.UNKNOWN)
    return await _noted(door, actor, row)


async def _noted(door: Door, actor: Actor, row: Picked) -> Came:
    """The note after the act: one that was refused leaves none, and a row that is sent again keeps it once."""
    if not row.note:
        return Came(row, Outcome.DONE)
    try:
        await acts.intake_of(door).note(actor, row.dossier_code, f"{row.command_id}/note", row.note)
    except Away:
        return Came(row, Outcome.UNKNOWN)
    except Refused as no:
        return Came(row, Outcome.DONE, no.detail)
    return Came(row, Outcome.DONE)


async def _refused(door: Door, row: Picked, no: Refused) -> Came:
    """A refusal within sight, with what others did since then."""
    async with door.reads() as session:
        known = await store.find(session, row.dossier_code)
        changes = await since(session, row.dossier_code, row.seq) if row.seq is not None else ()
    return Came(row, Outcome.REFUSED, no.detail, known.facts if known else None, changes)
