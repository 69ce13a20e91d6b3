"""S4, the counter: one form from the card to the printed receipt. Whatever was typed stays in the form itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing import acts
from services.processing.acts import counter as desk
from services.processing.adapters.intake_desk import FormRefused
from services.processing.pages._counter import Counter
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
from services.processing.pages._uploads import TheBringer
from services.processing.rules.counter import in_order, read, refused_fields
from services.processing.rules.forms import Option, Wrong
from services.processing.views import counter as views
from services.processing.views import deadline_view
from services.processing.views.dossier import why_lines
from services.processing.views.worklist import procedure_name
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act, Role, Stage
from shared.dossier.permission import Right
from shared.dossier.refusal import Refused
from shared.platform.http import Away
from shared.web.identity import allows
from shared.web.limits import UPLOAD, limited
from shared.web.problem import Problem
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
NAVIGATION.append((f"{PREFIX}/counter", "Tiếp nhận tại quầy", (Role.CLERK.value,)))
_COMMAND: Final = re.compile(r"desk-[A-Za-z0-9_-]{8,40}")
_DROP: Final = "drop."
_NUMBER: Final = re.compile(r"\d{12}")


@router.get("/counter")
@allows(Act.REGISTER_AT_DESK)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    """An empty form."""
    return _shown(request, Counter(console, person, {}))


@router.post("/counter")
@allows(Act.REGISTER_AT_DESK)
@limited(UPLOAD)
async def work(request: Request, console: TheConsole, person: TheBringer) -> Response:
    """What was typed, understood as far as possible; with the main button it becomes a dossier."""
    form = Counter(console, person, person.typed)
    await form.understand()
    if first(person.typed, "do") == "file":
        return await _filed(request, form, person.wrong)
    return _shown(request, form, wrong=person.wrong, status=422 if person.wrong else 200)


@router.get("/{dossier_code}/received")
@allows(Right.READ_DOSSIER)
async def received(
    request: Request, console: TheConsole, person: The, dossier_code: Annotated[DossierCode, Path()]
) -> Response:
    """What to tell and give the applicant: the code, the due date and why, the receipt."""
    door, actor = console.door, person.member.actor
    facts = await acts.read(door, actor, dossier_code)
    derived = deadline_view(facts, door.catalogue)
    return page(
        request, console, person, "counter/received.html",
        facts=facts,
        code=dossier_code,
        procedure=procedure_name(door.catalogue, facts),
        waits=facts.stage is Stage.SUBMITTED,
        command=new_command(),
        why=why_lines(facts, derived, door.catalogue) if derived else [],
    )  # fmt: skip


async def _filed(request: Request, form: Counter, wrong: Sequence[Wrong]) -> Response:
    """Registers and receives; refused: the same form, the reason, and everything that was typed."""
    key = first(form.typed, "command_id")
    if not _COMMAND.fullmatch(key):
        raise Problem(422)
    found = read(form.typed, form.agency, form.needed if form.chosen else None)
    if found.body is None or wrong:
        refused = {each.name for each in wrong}
        every = in_order([*wrong, *(each for each in found.wrong if each.name not in refused)])
        return _shown(request, form, wrong=every, status=422)
    door, person = form.console.door, form.person
    try:
        facts = await desk.register(door, person.member.actor, key, found.body)
    except FormRefused as no:
        return _shown(request, form, wrong=refused_fields(no.pointers), said=no.detail, status=422)
    except Refused as no:
        form.typed["command_id"] = [new_command()]
        return _shown(request, form, said=_sentence(person, no), status=no.status)
    except Away:
        sentence = person.say("Chưa biết kết quả. Bấm “Gửi lại” – hệ thống không làm hai lần.")
        return _shown(request, form, said=sentence, kind="wait", status=503)
    with suppress(Refused, Away):  # it is registered; the next page says what is missing and has the button
        await desk.take_in(door, person.member.actor, facts.dossier_code, key)
    return see_other(f"{PREFIX}/{facts.dossier_code}/received")


def _sentence(person: Person, no: Refused) -> str:
    if no.code == "idempotency_key_reused":
        return person.say("Biểu mẫu này đã dùng để ghi nhận một hồ sơ. Kiểm tra rồi gửi lại nếu là hồ sơ khác.")
    return no.detail


def _shown(
    request: Request,
    form: Counter,
    *,
    wrong: Sequence[Wrong] = (),
    said: str = "",
    kind: str = "bad",
    status: int = 200,
) -> Response:
    """The form with what is known now."""
    console, person, typed, language = form.console, form.person, form.typed, form.person.language
    catalogue, chosen, papers = console.door.catalogue, form.chosen, form.needed
    group = first(typed, "exemption")
    view: dict[str, Any] = {
        "typed": typed,
        "agencies": [Option(each.code, each.name) for each in form.places],
        "agency": form.agency,
        "chosen": chosen,
        "found": [each for each in form.found if chosen is None or each.code != chosen.code],
        "nothing": bool(first(typed, "q")) and not form.found and chosen is None,
        "promise": chosen
        and views.promise(
            catalogue, chosen, form.agency, console.door.now(),
            channel=form.channel, exemption=group, language=language,
        ),
        "exemptions": views.exemptions(chosen, language) if chosen else [],
        "types": [Option(code, words.said(language)) for code, words in views.TYPES.items()],
        "answers": [Option(value, words.said(language)) for value, words in views.ANSWERS.items()],
        "post_return": chosen is None or chosen.post_return,
        "post_intake": chosen is None or chosen.post_intake,
        "papers": views.paper_views(papers, typed, is_away=form.is_away, language=language),
        "missing": sum(each.is_missing for each in papers),
        "remarks": [each.said(language) for each in form.remarks],
        "earlier": [each.partition(" ") for each in typed.get("earlier", ())],
        "command": first(typed, "command_id") or new_command(),
        "carried": form.carried,
        "next": "" if wrong else form.next,
    }  # fmt: skip
    notices = [Notice(kind, said)] if said else []
    told = [{"name": each.name, "words": each.words.said(language)} for each in wrong]
    return page(request, console, person, "counter/form.html", status=status, notices=notices, wrong=told, **view)


async def _again(request: Request, console: Console, person: Person, _path: str) -> Response:
    """The form as it was typed when the session ended."""
    form = Counter(console, person, person.typed)
    await form.understand()
    sentence = person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi.")
    return _shown(request, form, said=sentence, kind="wait")


RESUMES.append((re.compile(rf"{PREFIX}/counter"), _again))
