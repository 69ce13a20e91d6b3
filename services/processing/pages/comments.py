"""Notes of colleagues on the dossier page. Intake keeps them: free text may name people."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing import acts
from services.processing.acts import intake_of
from services.processing.pages._door import PREFIX, RESUMES, Console, Notice, Person, The, TheConsole, see_other
from services.processing.pages.dossier import Asking, Code, shown
from services.processing.rules.forms import Wrong
from services.processing.rules.wording import Words
from shared.dossier.permission import Right
from shared.platform.http import Away
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
LONGEST: Final = 2_000
_COMMAND: Final = re.compile(r"desk-[A-Za-z0-9_-]{8,40}/note")
_EMPTY: Final = Words("Viết ghi chú trước khi lưu.", "Write the note before saving it.")
_LONG: Final = Words("Ghi chú dài quá 2.000 chữ cái; hãy viết ngắn hơn.", "A note has at most 2,000 letters.")


@router.post("/{dossier_code}/comments")
@allows(Right.READ_DOSSIER)
async def leave(request: Request, console: TheConsole, person: The, dossier_code: Code) -> Response:
    """Keeps the note; sent twice it is one."""
    await acts.read(console.door, person.member.actor, dossier_code)
    key, words = first(person.typed, "command_id"), first(person.typed, "note")
    if not _COMMAND.fullmatch(key):
        raise Problem(422)
    said = _EMPTY if not words else _LONG if len(words) > LONGEST else None
    if said is not None:
        asking = Asking(None, person.typed, [Wrong("note", said)])
        return await shown(request, console, person, dossier_code, asking=asking, status=422)
    try:
        await intake_of(console.door).note(person.member.actor, dossier_code, key, words)
    except Away:
        sentence = person.say("Chưa biết kết quả. Bấm “Gửi lại” – hệ thống không làm hai lần.")
        asking = Asking(None, person.typed, command_id=key.removesuffix("/note"))
        notices = [Notice("wait", sentence)]
        return await shown(request, console, person, dossier_code, asking=asking, notices=notices, status=503)
    return see_other(f"{PREFIX}/{dossier_code}?tab=notes")


async def _again(request: Request, console: Console, person: Person, path: str) -> Response:
    """The note as it was typed when the session ended."""
    code = path.removeprefix(f"{PREFIX}/").partition("/")[0]
    notices = [Notice("wait", person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi."))]
    return await shown(request, console, person, code, asking=Asking(None, person.typed), notices=notices, tab="notes")


RESUMES.append((re.compile(rf"{PREFIX}/[^/]+/comments"), _again))
