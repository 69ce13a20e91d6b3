"""Unit heads decide on drafts on one page: each is read before it can be ticked, then one act per dossier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.acts.bulk import MOST, Outcome, do
from services.processing.pages._door import (
    NAVIGATION,
    PREFIX,
    RESUMES,
    Console,
    Notice,
    Person,
    The,
    TheConsole,
    new_command,
    page,
    see_other,
)
from services.processing.pages._drafts import are_seen, look_at, record_look, seen_of, sheet_of_draft
from services.processing.pages._rows import done_view, picked
from services.processing.pages.dossier import form_view
from services.processing.rules.forms import Wrong, form_of, typed_lines
from services.processing.rules.forms import read as read_form
from services.processing.rules.wording import BUTTONS
from services.processing.rules.worklist import allowed, scope_of
from services.processing.store import Filter, accounts
from services.processing.views.approve import outcome_words, waiting_views
from services.processing.views.dossier import line_views
from services.processing.views.worklist import left_of, left_view, row_views
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act, Role, Stage, TaskKind
from shared.dossier.refusal import Unknown
from shared.web.identity import allows
from shared.web.sessions import first

router = APIRouter(prefix=f"{PREFIX}/approve", include_in_schema=False)
NAVIGATION.append((f"{PREFIX}/approve", "Duyệt dự thảo", (Role.UNIT_HEAD.value,)))
_WORDS: Final = {Outcome.DONE: "Được", Outcome.REFUSED: "Không được", Outcome.UNKNOWN: "Chưa biết"}
_BEFORE: Final = 4
"""Lines of the history below a draft: who proposed when, and what a signer said of it."""


@router.get("")
@allows(Act.APPROVE_DRAFT)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    return await _shown(request, console, person)


async def _shown(
    request: Request,
    console: Console,
    person: Person,
    *,
    notices: Sequence[Notice] = (),
    wrong: Sequence[Wrong] = (),
    status: int = 200,
) -> Response:
    """All drafts that wait for this person, with the ticks that were set."""
    door, me, now, language = console.door, person.member.actor, console.door.now(), person.language
    heads = scope_of(door.catalogue, me.grants, console.staff.today).get(Role.UNIT_HEAD, frozenset())
    async with door.reads() as session:
        narrow = Filter(kinds=frozenset({TaskKind.REVIEW}))
        rows = await store.tasks(session, {Role.UNIT_HEAD: heads}, narrow=narrow, after=None, limit=MOST)
        titles = await accounts.titles(session, {row.holder for row in rows if row.holder})
    seen = await seen_of(console, person, {row.facts.dossier_code: look_at(row.facts.seq) for row in rows})
    named = await console.names(me.person_code, [row.facts.dossier_code for row in rows])
    shown = row_views(
        rows, actor=me, catalogue=door.catalogue, now=now, named=named, titles=titles, language=language
    )  # fmt: skip
    ticked = {row.dossier_code for row in picked(person.typed)}
    return page(
        request, console, person, "approve.html",
        status=status,
        notices=notices,
        wrong=[{"name": each.name, "words": each.words.said(language)} for each in wrong],
        rows=waiting_views(rows, shown, seen, titles, language),
        seen=len(seen),
        keys={row.code: new_command() for row in shown},
        ticked=ticked or {row.code for row in shown},
        approve=BUTTONS[Act.APPROVE_DRAFT].said(language),
        form=form_view(form_of(Act.SEND_BACK, language=language), language),
        typed=person.typed,
    )  # fmt: skip


@router.get("/{dossier_code}")
@allows(Act.APPROVE_DRAFT)
async def read(
    request: Request, console: TheConsole, person: The, dossier_code: Annotated[DossierCode, Path()]
) -> Response:
    """One draft as it will go to the signer; having been shown it is what lets the person decide."""
    door, me, language = console.door, person.member.actor, person.language
    facts = await acts.read(door, me, dossier_code)
    if facts.stage is not Stage.REVIEW:
        return see_other(f"{PREFIX}/{dossier_code}")  # decided meanwhile: its own page says by whom
    if Act.APPROVE_DRAFT not in allowed(me, facts, acts.resource(door, facts)):
        raise Unknown
    name = (await console.names(me.person_code, [dossier_code])).of(dossier_code)
    async with door.reads() as session:
        history = await store.history(session, dossier_code)
    await record_look(console, person, facts)
    return page(
        request, console, person, "approve_one.html",
        sheet=sheet_of_draft(console, person, facts, name, door.now()),
        facts=facts,
        key=new_command(),
        outcome=outcome_words(facts, language),
        left=left_view(left_of(facts, door.catalogue, door.now()), door.now(), language, weekday=True),
        lines=line_views(history[-_BEFORE:], door.catalogue, language),
        approve=BUTTONS[Act.APPROVE_DRAFT].said(language),
        form=form_view(form_of(Act.SEND_BACK, language=language), language),
        typed={}, wrong=[],
    )  # fmt: skip


@router.post("")
@allows(Act.APPROVE_DRAFT, Act.SEND_BACK)
async def decide(request: Request, console: TheConsole, person: The) -> Response:
    """Approves or sends back the ticked drafts, or the one whose own button was pressed; each was read before."""
    rows = picked(person.typed, "only") or picked(person.typed)
    if not rows:
        return await _refused(request, console, person, person.say("Chọn ít nhất một dự thảo đã xem."))
    if not await are_seen(console, person, rows):
        return await _refused(request, console, person, person.say("Có dự thảo chưa xem. Mở xem rồi quyết định."))
    sends_back = first(person.typed, "act") == Act.SEND_BACK and not picked(person.typed, "only")
    form = form_of(Act.SEND_BACK if sends_back else Act.APPROVE_DRAFT, language=person.language)
    action, words, wrong = read_form(form, person.typed)
    if action is None:
        return await _shown(request, console, person, wrong=wrong, status=422)
    came = await do(console.door, person.member.actor, action, rows, words if sends_back else "")
    done = sum(each.outcome is Outcome.DONE for each in came)
    sentence = person.say("Được {done}, không được hoặc chưa biết {rest}.", done=done, rest=len(came) - done)
    return page(
        request, console, person, "bulk_done.html",
        notices=[Notice("good" if done == len(came) else "wait", sentence)],
        act=form.act.value, button=form.button.said(person.language), again=[], typed={}, back=f"{PREFIX}/approve",
        kept="\n".join(typed_lines(form, person.typed, person.language)) if done < len(came) else "",
        **done_view(came, _WORDS, person),
    )  # fmt: skip


async def _refused(request: Request, console: Console, person: Person, sentence: str) -> Response:
    return await _shown(request, console, person, notices=(Notice("bad", sentence),), status=422)


async def _again(request: Request, console: Console, person: Person, _path: str) -> Response:
    """After signing in again: the list with the same ticks and words."""
    sentence = person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi.")
    return await _shown(request, console, person, notices=(Notice("wait", sentence),))


RESUMES.append((re.compile(rf"{PREFIX}/approve"), _again))
