"""The worklist's CSV comes back: its rows are previewed like ticked ones; that page's button does them, nothing else.

The file is read and forgotten. Notes of its optional column go with the rows and are kept by intake after each act.
"""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing.acts.bulk import MOST
from services.processing.pages._door import PREFIX, RESUMES, Console, Person, The, TheConsole, page, within
from services.processing.pages._uploads import TheLister
from services.processing.pages.bulk import act_of, previewed
from services.processing.rules.csv_list import NotAList, read_list
from services.processing.rules.forms import Option
from services.processing.rules.wording import BUTTONS, Words
from services.processing.views.worklist import BULK
from shared.dossier.lifecycle import MOVES
from shared.web.identity import allows
from shared.web.limits import UPLOAD, limited
from shared.web.sessions import first

router = APIRouter(prefix=f"{PREFIX}/bulk/file", include_in_schema=False)
LARGEST: Final = 1024 * 1024
"""Bytes of a list: five thousand exported rows are half of it."""
_MISSING: Final = Words("Chọn tệp CSV trước khi bấm.", "Choose the CSV file first.")
_LARGE: Final = Words(
    "Tệp lớn hơn 1 MB. Chỉ giữ các dòng cần làm, tối đa 100 hồ sơ.",
    "The file is larger than 1 MB. Keep the rows to be done, 100 dossiers at most.",
)
_ACT: Final = Words("Chọn việc cần làm.", "Choose what to do.")


@router.get("")
@allows(*BULK)
async def ask(request: Request, console: TheConsole, person: The) -> Response:
    """The form: which act, which file."""
    return _asked(request, console, person)


@router.post("")
@allows(*BULK)
@limited(UPLOAD)
async def bring(request: Request, console: TheConsole, person: TheLister) -> Response:
    """The preview of the file's rows, or the form again with what is wrong with the file."""
    sent = next((each for each in person.lists if each.field == "list"), None)
    if first(person.typed, "act") not in {act.value for act in BULK}:
        return _asked(request, console, person, wrong=("act", _ACT), status=422)
    if sent is None:
        return _asked(request, console, person, wrong=("list", _MISSING), status=422)
    if sent.data is None or len(sent.data) > LARGEST:
        return _asked(request, console, person, wrong=("list", _LARGE), status=422)
    try:
        lines = read_list(sent.data, MOST)
    except NotAList as no:
        return _asked(request, console, person, wrong=("list", no.words), status=422)
    return await previewed(request, console, person, act_of(person), lines)


def _asked(
    request: Request, console: Console, person: Person, *, wrong: tuple[str, Words] | None = None, status: int = 200
) -> Response:
    roles = {grant.role for grant in person.member.actor.grants}
    mine = [act for act in BULK if any(roles & set(move.by) for (_, each), move in MOVES.items() if each is act)]
    return page(
        request, console, person, "bulk_file.html",
        status=status,
        wrong=[{"name": wrong[0], "words": wrong[1].said(person.language)}] if wrong else [],
        options=[Option(act.value, BUTTONS[act].said(person.language)) for act in mine],
        typed=person.typed,
        most=MOST,
        back=within(first(person.typed, "back")),
    )  # fmt: skip


async def _again(request: Request, console: Console, person: Person, _path: str) -> Response:
    """The form after the session ended: the act is still chosen, the file is chosen again."""
    return _asked(request, console, person)


RESUMES.append((re.compile(rf"{PREFIX}/bulk/file"), _again))
