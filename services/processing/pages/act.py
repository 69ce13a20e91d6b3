"""A click on a dossier: form → act → 303; refused: the same page, the reason, and everything that was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.acts import Click
from services.processing.acts.accounts import is_fresh
from services.processing.acts.meanwhile import since
from services.processing.pages._door import (
    PREFIX,
    RESUMES,
    Console,
    Notice,
    Person,
    The,
    TheConsole,
    new_command,
    see_other,
)
from services.processing.pages.dossier import Asking, Code, form_for, shown
from services.processing.pages.sign_in import prove
from services.processing.rules.asked import ACTS, ELSEWHERE, Elsewhere
from services.processing.rules.forms import PRESSED, Form, read
from services.processing.rules.meanwhile import decisive
from services.processing.views.dossier import LineView, line_views
from services.processing.views.meanwhile import who_was_first
from shared.contracts.facts import Facts
from shared.dossier.actions import Action
from shared.dossier.lifecycle import Act
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.working_time import LOCAL
from shared.platform.http import Away
from shared.platform.once import KeyReused
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import Typed, first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_COMMAND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{5,119}")
FRESH_PROOF: Final = frozenset({Act.SIGN})
"""Acts that want a proof of identity of the last five minutes (SR-03)."""


@router.post("/{dossier_code}/act")
@allows(*ACTS, *ELSEWHERE)
async def act(request: Request, console: TheConsole, person: The, dossier_code: Code) -> Response:
    typed = person.typed
    asked = first(typed, "act")
    wanted = Act(asked) if asked in set(Act) else None
    if wanted is None or wanted not in PRESSED or not _COMMAND.fullmatch(first(typed, "command_id")):
        raise Problem(422)
    facts = await acts.read(console.door, person.member.actor, dossier_code)
    if wanted in FRESH_PROOF and not is_fresh(person.member, console.door.now()):
        return prove(request, console, person, typed, request.url.path)
    form = await form_for(console, person, facts, wanted)
    return await _done(request, console, person, facts, form)


async def _done(request: Request, console: Console, person: Person, facts: Facts, form: Form) -> Response:
    typed, code = person.typed, facts.dossier_code
    asking = Asking(form.act, typed, command_id=first(typed, "command_id"))
    action, words, wrong = read(form, typed)
    if action is None:
        again = Asking(form.act, typed, wrong, asking.command_id)
        return await shown(request, console, person, code, asking=again, status=422)
    try:
        await _take(console, person, facts, action, words)
    except Unknown:
        raise
    except Refused as no:
        sentence, changed = await _told(console, person, typed, code, no)
        notices = [Notice("bad", sentence)]
        again = Asking(form.act, typed, command_id=new_command(), changed=changed)
        return await shown(request, console, person, code, asking=again, notices=notices, status=no.status)
    except KeyReused:
        sentence = person.say("Biểu mẫu này đã dùng cho việc khác. Kiểm tra rồi gửi lại.")
        again = Asking(form.act, typed, command_id=new_command())
        return await shown(request, console, person, code, asking=again, notices=[Notice("bad", sentence)], status=409)
    except Away:
        sentence = person.say("Chưa biết kết quả. Bấm “Gửi lại” – hệ thống không làm hai lần.")
        return await shown(
            request, console, person, code, asking=asking, notices=[Notice("wait", sentence)], status=503
        )
    at = console.door.now().astimezone(LOCAL)
    return see_other(f"{PREFIX}/{code}?done={form.act}@{at:%H:%M:%S}")


async def _take(console: Console, person: Person, facts: Facts, action: Action, words: str) -> None:
    """By the desk, or by the sibling that owns the act."""
    command_id, actor = first(person.typed, "command_id"), person.member.actor
    if isinstance(action, Elsewhere):
        await acts.ask_sibling(console.door, actor, facts.dossier_code, command_id, action)
    else:
        click = Click(command_id, (action,), _seq(person.typed), words, past_machines=True)
        await acts.take(console.door, actor, facts.dossier_code, click)


def _seq(typed: Typed) -> int | None:
    """The state the person saw."""
    seen = first(typed, "seq")
    return int(seen) if _NUMBER.fullmatch(seen) else None


async def _told(
    console: Console, person: Person, typed: Typed, code: str, no: Refused
) -> tuple[str, Sequence[LineView]]:
    """What to say of a refusal: who was first and what changed since the page was made, or the rule's own words."""
    seen = _seq(typed)
    async with console.door.reads() as session:
        row = await store.find(session, code)
        changes = await since(session, code, seen) if seen is not None else ()
    if row is None or not decisive(changes):
        return no.detail, ()
    sentence = who_was_first(row.facts, changes, person.language)
    kept = person.say("Nội dung đã nhập vẫn còn bên dưới.")
    return f"{sentence} {kept}", line_views(changes, console.door.catalogue, person.language)


async def _again(request: Request, console: Console, person: Person, path: str) -> Response:
    """The form as it was typed when the session ended."""
    code, asked = path.removeprefix(f"{PREFIX}/").partition("/")[0], first(person.typed, "act")
    asking = Asking(
        Act(asked) if asked in set(Act) else None, person.typed, command_id=first(person.typed, "command_id")
    )
    notices = [Notice("wait", person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi."))]
    return await shown(request, console, person, code, asking=asking, notices=notices)


RESUMES.append((re.compile(rf"{PREFIX}/[^/]+/(?:act|papers)"), _again))
