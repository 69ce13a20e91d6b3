"""Ticked rows: a preview that says what can be done, then one act per row and a table of what became of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing.acts.bulk import MOST, Foreseen, Outcome, Picked, do, foresee
from services.processing.pages._door import (
    PREFIX,
    RESUMES,
    Console,
    Notice,
    Person,
    The,
    TheConsole,
    new_command,
    page,
    within,
)
from services.processing.pages._rows import NOTE, again, done_view, picked, written
from services.processing.pages.dossier import form_view
from services.processing.rules.csv_list import Line
from services.processing.rules.forms import Choices, Form, Wrong, form_of, read, typed_lines
from services.processing.rules.wording import BUTTONS
from services.processing.rules.worklist import scope_of
from services.processing.store import accounts
from services.processing.views.meanwhile import last_words
from services.processing.views.worklist import BULK
from shared.catalogue import lookup
from shared.dossier.codes import is_dossier_code
from shared.dossier.lifecycle import Act, Role
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_WORDS: Final = {Outcome.DONE: "Được", Outcome.REFUSED: "Không được", Outcome.UNKNOWN: "Chưa biết"}


class Row(NamedTuple):
    """One row of the preview; `line` of the file it came from, 0 of none."""

    line: int
    code: str
    why_not: str
    note: str = ""


@router.post("/bulk")
@allows(*BULK)
async def preview(request: Request, console: TheConsole, person: The) -> Response:
    """Without JavaScript too: this page stands between the ticks and the acts."""
    return await previewed(request, console, person, act_of(person), _ticked(person))


def _ticked(person: Person) -> list[Line]:
    """The rows that were ticked in the list, each once."""
    codes = [code for code in dict.fromkeys(person.typed.get("code", [])) if is_dossier_code(code)]
    return [Line(0, code) for code in codes[:MOST]]


async def previewed(
    request: Request,
    console: Console,
    person: Person,
    act: Act,
    lines: Sequence[Line],
    *,
    wrong: Sequence[Wrong] = (),
    notices: Sequence[Notice] = (),
    status: int = 200,
) -> Response:
    """What would become of each line; nothing is done yet."""
    whole = [line.code for line in lines if line.why_not is None]
    seen = {each.dossier_code: each for each in await foresee(console.door, person.member.actor, act, whole)}
    rows = [Row(line.number, line.code, _why_not(person, line, seen), line.note) for line in lines]
    good = [row for row in rows if not row.why_not]
    form = await _form(console, person, act)
    return page(
        request, console, person, "bulk.html",
        status=status,
        notices=notices,
        wrong=[{"name": each.name, "words": each.words.said(person.language)} for each in wrong],
        act=act.value,
        button=BUTTONS[act].said(person.language),
        sentence=person.say("{good} làm được, {bad} không.", good=len(good), bad=len(rows) - len(good)),
        rows=rows,
        has_lines=any(row.line for row in rows),
        has_notes=any(row.note for row in rows),
        good=[(written(Picked(row.code, new_command(), seen[row.code].seq)), row.code, row.note) for row in good],
        form=form_view(form, person.language),
        typed=person.typed,
        back=within(first(person.typed, "back")),
    )  # fmt: skip


def _why_not(person: Person, line: Line, seen: Mapping[str, Foreseen]) -> str:
    """Why a line cannot be done, with what people did last; empty when it can."""
    if line.why_not is not None:
        return line.why_not.said(person.language)
    each = seen[line.code]
    last = f" ({last_words(each.last, person.language)})" if each.last else ""
    return person.say(each.why_not) + last if each.why_not else ""


@router.post("/bulk/do")
@allows(*BULK)
async def perform(request: Request, console: TheConsole, person: The) -> Response:
    act, rows = act_of(person), picked(person.typed)
    form = await _form(console, person, act)
    action, words, wrong = read(form, person.typed)
    if action is None:
        lines = [Line(0, row.dossier_code, row.note) for row in rows]
        return await previewed(request, console, person, act, lines, wrong=wrong, status=422)
    came = await do(console.door, person.member.actor, action, rows, words)
    done = sum(each.outcome is Outcome.DONE for each in came)
    sentence = person.say("Được {done}, không được hoặc chưa biết {rest}.", done=done, rest=len(came) - done)
    names = {field.name for field in form.fields} | {NOTE + row.dossier_code for row in rows}
    return page(
        request, console, person, "bulk_done.html",
        notices=[Notice("good" if done == len(came) else "wait", sentence)],
        act=act.value,
        button=BUTTONS[act].said(person.language),
        again=[written(row) for row in again(came)],
        typed={name: texts for name, texts in person.typed.items() if name in names},
        back=within(first(person.typed, "back")),
        kept="\n".join(typed_lines(form, person.typed, person.language)) if done < len(came) else "",
        **done_view(came, _WORDS, person),
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


def act_of(person: Person) -> Act:
    """The act that was chosen for all rows. Raises Problem 422 for one that is not done in bulk."""
    asked = first(person.typed, "act")
    if asked not in {act.value for act in BULK}:
        raise Problem(422)
    return Act(asked)


async def _again(request: Request, console: Console, person: Person, _path: str) -> Response:
    """The preview as it was when the session ended: the same rows as they are now, and everything typed."""
    lines = [Line(0, row.dossier_code, row.note) for row in picked(person.typed)]
    notices = [Notice("wait", person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi."))]
    return await previewed(request, console, person, act_of(person), lines or _ticked(person), notices=notices)


RESUMES.append((re.compile(rf"{PREFIX}/bulk(?:/do)?"), _again))
