"""Ticked rows: a preview that says what can be done, then one act per row and a table of what became of each."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing.acts.bulk import MOST, Outcome, do, foresee
from services.processing.pages._door import PREFIX, Console, Notice, Person, The, TheConsole, new_command, page, within
from services.processing.pages.dossier import form_view
from services.processing.rules.forms import Choices, Form, form_of, read
from services.processing.rules.wording import BUTTONS
from services.processing.rules.worklist import scope_of
from services.processing.store import accounts
from services.processing.views.worklist import BULK
from shared.catalogue import lookup
from shared.dossier.codes import is_dossier_code
from shared.dossier.lifecycle import Act, Role
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_WORDS: Final = {Outcome.DONE: "Được", Outcome.REFUSED: "Không được", Outcome.UNKNOWN: "Chưa biết"}


@router.post("/bulk")
@allows(*BULK)
async def preview(request: Request, console: TheConsole, person: The) -> Response:
    """Without JavaScript too: this page stands between the ticks and the acts."""
    act, codes = _act(person), [code for code in person.typed.get("code", []) if is_dossier_code(code)][:MOST]
    return await _preview(request, console, person, act, list(dict.fromkeys(codes)))


async def _preview(
    request: Request,
    console: Console,
    person: Person,
    act: Act,
    codes: list[str],
    *,
    wrong: Any = (),
    status: int = 200,
) -> Response:
    seen = await foresee(console.door, person.member.actor, act, codes)
    good = [each.dossier_code for each in seen if not each.why_not]
    form = await _form(console, person, act)
    sentence = person.say("{good} làm được, {bad} không.", good=len(good), bad=len(seen) - len(good))
    return page(
        request, console, person, "bulk.html",
        status=status,
        wrong=[{"name": each.name, "words": each.words.said(person.language)} for each in wrong],
        act=act.value,
        button=BUTTONS[act].said(person.language),
        sentence=sentence,
        rows=[(each.dossier_code, person.say(each.why_not) if each.why_not else "") for each in seen],
        good=[(code, f"{new_command()}") for code in good],
        form=form_view(form, person.language),
        typed=person.typed,
        back=within(first(person.typed, "back")),
    )  # fmt: skip


@router.post("/bulk/do")
@allows(*BULK)
async def perform(request: Request, console: TheConsole, person: The) -> Response:
    act = _act(person)
    rows = [(code, key) for code, _, key in (text.partition(" ") for text in person.typed.get("row", []))]
    rows = [(code, key) for code, key in rows if is_dossier_code(code) and key.startswith("desk-")]
    form = await _form(console, person, act)
    action, _, wrong = read(form, person.typed)
    if action is None:
        return await _preview(request, console, person, act, [code for code, _ in rows], wrong=wrong, status=422)
    came = await do(console.door, person.member.actor, action, rows)
    done = sum(each.outcome is Outcome.DONE for each in came)
    kind = "good" if done == len(came) else "wait"
    sentence = person.say("Được {done}, không được hoặc chưa biết {rest}.", done=done, rest=len(came) - done)
    return page(
        request, console, person, "bulk_done.html",
        notices=[Notice(kind, sentence)],
        act=act.value,
        button=BUTTONS[act].said(person.language),
        rows=[(each.dossier_code, person.say(_WORDS[each.outcome]), each.why) for each in came],
        again=[(each.dossier_code, each.command_id) for each in came if each.outcome is not Outcome.DONE],
        typed={name: texts for name, texts in person.typed.items() if name in {field.name for field in form.fields}},
        back=within(first(person.typed, "back")),
    )  # fmt: skip


async def _form(console: Console, person: Person, act: Act) -> Form:
    """The act's questions, asked once for all rows; a transfer goes to each dossier's own agency by default."""
    on, people, agencies = console.staff.today, [], []
    if act in {Act.ASSIGN, Act.REASSIGN}:
        scope = scope_of(console.door.catalogue, person.member.actor.grants, on).get(Role.UNIT_HEAD, frozenset())
        async with console.door.reads() as session:
            people = list(await accounts.holders_of(session, [Role.SPECIALIST], scope, on))
    if act is Act.TRANSFER:
        agencies = [(each.code, each.name) for each in lookup.agencies_on(console.door.catalogue, on)]
    return form_of(act, Choices(agencies=agencies, people=people), person.language)


def _act(person: Person) -> Act:
    asked = first(person.typed, "act")
    if asked not in {act.value for act in BULK}:
        raise Problem(422)
    return Act(asked)
