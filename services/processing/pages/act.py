"""A click on a dossier: form → act → 303; refused: the same page, the reason, and everything that was typed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.acts import Click
from services.processing.acts.accounts import is_fresh
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
from services.processing.rules.wording import ROLES
from services.processing.views.worklist import stage_words
from shared.contracts.facts import Facts
from shared.dossier.actions import Action
from shared.dossier.lifecycle import Act, Role
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.working_time import LOCAL
from shared.platform.http import Away
from shared.platform.once import KeyReused
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import Typed, first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
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
        notices = [Notice("bad", await _sentence(console, person, typed, code, no))]
        again = Asking(form.act, typed, command_id=new_command())
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
        click = Click(command_id, (action,), _seq(person.typed, facts), words)
        await acts.take(console.door, actor, facts.dossier_code, click)


def _seq(typed: Typed, facts: Facts) -> int | None:
    """The state the person saw; when only machines wrote since then (same stage), the present one."""
    seen = first(typed, "seq")
    if not seen.isdecimal():
        return None
    return facts.seq if first(typed, "stage") == facts.stage else int(seen)


async def _sentence(console: Console, person: Person, typed: Typed, code: str, no: Refused) -> str:
    """What to say of a refusal: who was first and where the dossier is now, or the rule's own words."""
    async with console.door.reads() as session:
        row, history = await store.find(session, code), await store.history(session, code)
    if row is None or first(typed, "stage") in {"", row.facts.stage}:
        return no.detail
    last = next((change for _, change in reversed(history) if change.role is not Role.SYSTEM), None)
    stage = stage_words(row.facts, person.language)
    who, at = (ROLES[last.role].said(person.language), _clock(last.at)) if last else ("–", "–")
    return person.say(
        "Hồ sơ vừa chuyển sang bước “{stage}” lúc {at} (người thao tác: {who}). Nội dung đã nhập vẫn còn bên dưới.",
        stage=stage, at=at, who=who,
    )  # fmt: skip


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M}"


async def _again(request: Request, console: Console, person: Person, path: str) -> Response:
    """The form as it was typed when the session ended."""
    code, asked = path.removeprefix(f"{PREFIX}/").partition("/")[0], first(person.typed, "act")
    asking = Asking(
        Act(asked) if asked in set(Act) else None, person.typed, command_id=first(person.typed, "command_id")
    )
    notices = [Notice("wait", person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi."))]
    return await shown(request, console, person, code, asking=asking, notices=notices)


RESUMES.append((re.compile(rf"{PREFIX}/[^/]+/(?:act|papers)"), _again))
