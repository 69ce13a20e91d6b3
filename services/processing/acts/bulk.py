"""Many dossiers at once: first what would happen, then one command per row, each with its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from services.processing import acts
from services.processing.acts import Click, Door
from services.processing.rules.worklist import allowed
from shared.dossier.actions import Action
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor
from shared.dossier.refusal import Refused, Unknown
from shared.platform.http import Away

MOST = 100
"""Rows of one bulk act."""


class Outcome(StrEnum):
    """What became of one row."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Foreseen(NamedTuple):
    """One row of the preview: `why_not` is empty when it can be done."""

    dossier_code: str
    why_not: str


class Came(NamedTuple):
    """One row of the result; the same `command_id` again is the same act."""

    dossier_code: str
    command_id: str
    outcome: Outcome
    why: str = ""


async def foresee(door: Door, actor: Actor, act: Act, codes: Sequence[str]) -> list[Foreseen]:
    """What the table would say to each row now. Nothing is done."""
    return [Foreseen(code, await _why_not(door, actor, act, code)) for code in codes[:MOST]]


async def _why_not(door: Door, actor: Actor, act: Act, code: str) -> str:
    try:
        facts = await acts.read(door, actor, code)
    except Unknown as no:
        return no.detail
    if act not in allowed(actor, facts, acts.resource(door, facts)):
        return "đã chuyển bước"
    return "đã có người nhận" if act in {Act.CLAIM, Act.ASSIGN} and facts.is_claimed else ""


async def do(door: Door, actor: Actor, action: Action, rows: Sequence[tuple[str, str]]) -> list[Came]:
    """One command per (dossier code, command id), in their order; a refusal stops nobody else."""
    return [await _one(door, actor, action, code, command_id) for code, command_id in rows[:MOST]]


async def _one(door: Door, actor: Actor, action: Action, code: str, command_id: str) -> Came:
    try:
        await acts.take(door, actor, code, Click(command_id, (action,)))
    except Refused as no:
        return Came(code, command_id, Outcome.REFUSED, no.detail)
    except Away:
        return Came(code, command_id, Outcome.UNKNOWN)
    return Came(code, command_id, Outcome.DONE)
