"""S4, the counter: one form from the card to the printed receipt. Whatever was typed stays in the form itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing import acts
from services.processing.acts import counter as desk
from services.processing.adapters.intake_desk import FormRefused
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
from services.processing.rules import card as cards
from services.processing.rules.counter import HELD, Needed, in_order, read, refused_fields, search
from services.processing.rules.forms import DOCUMENT, Option, Wrong
from services.processing.rules.wording import Words
from services.processing.rules.worklist import scope_of
from services.processing.views import counter as views
from services.processing.views import deadline_view
from services.processing.views.dossier import why_lines
from services.processing.views.worklist import procedure_name
from shared.catalogue import lookup
from shared.catalogue.model import OnlineLevel, Procedure
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act, Role, Stage
from shared.dossier.permission import Right
from shared.dossier.refusal import Refused
from shared.dossier.working_time import LOCAL
from shared.platform.http import Away
from shared.web.identity import allows
from shared.web.problem import Problem
from shared.web.sessions import Typed, first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
NAVIGATION.append((f"{PREFIX}/counter", "Tiếp nhận tại quầy", (Role.CLERK.value,)))
_COMMAND: Final = re.compile(r"desk-[A-Za-z0-9_-]{8,40}")
_DROP: Final = "drop."
_NUMBER: Final = re.compile(r"\d{12}")


@router.get("/counter")
@allows(Act.REGISTER_AT_DESK)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    """An empty form."""
    return await _shown(request, console, person, {})


@router.post("/counter")
@allows(Act.REGISTER_AT_DESK)
async def work(request: Request, console: TheConsole, person: TheBringer) -> Response:
    """What was typed, understood as far as possible; with the main button it becomes a dossier."""
    typed = person.typed
    if first(typed, "do") != "file":
        return await _shown(request, console, person, typed, wrong=person.wrong, status=422 if person.wrong else 200)
    return await _filed(request, console, person, typed, person.wrong)


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


async def _filed(request: Request, console: Console, person: Person, typed: Typed, wrong: Sequence[Wrong]) -> Response:
    """Registers and receives; refused: the same form, the reason, and everything that was typed."""
    key = first(typed, "command_id")
    if not _COMMAND.fullmatch(key):
        raise Problem(422)
    agency, _ = _agencies(console, person, typed)
    await _understood(console, person, typed, agency)
    chosen = _chosen(console, typed, agency)
    found = read(typed, agency, _needed(console, typed, chosen) if chosen else None)
    if found.body is None or wrong:
        every = in_order([*wrong, *(each for each in found.wrong if each.name not in {sent.name for sent in wrong})])
        return await _shown(request, console, person, typed, wrong=every, status=422)
    door, actor = console.door, person.member.actor
    try:
        facts = await desk.register(door, actor, key, found.body)
    except FormRefused as no:
        fields = refused_fields(no.pointers)
        return await _shown(request, console, person, typed, wrong=fields, said=no.detail, status=422)
    except Refused as no:
        typed["command_id"] = [new_command()]
        return await _shown(request, console, person, typed, said=_sentence(person, no), status=no.status)
    except Away:
        sentence = person.say("Chưa biết kết quả. Bấm “Gửi lại” – hệ thống không làm hai lần.")
        return await _shown(request, console, person, typed, said=sentence, kind="wait", status=503)
    with suppress(Refused, Away):  # it is registered; the next page says what is missing and has the button
        await desk.take_in(door, actor, facts.dossier_code, key)
    return see_other(f"{PREFIX}/{facts.dossier_code}/received")


def _sentence(person: Person, no: Refused) -> str:
    if no.code == "idempotency_key_reused":
        return person.say("Biểu mẫu này đã dùng để ghi nhận một hồ sơ. Kiểm tra rồi gửi lại nếu là hồ sơ khác.")
    return no.detail


async def _shown(
    request: Request,
    console: Console,
    person: Person,
    typed: Typed,
    *,
    wrong: Sequence[Wrong] = (),
    said: str = "",
    kind: str = "bad",
    status: int = 200,
) -> Response:
    """The form with what is known now."""
    agency, agencies = _agencies(console, person, typed)
    remarks = await _understood(console, person, typed, agency)
    language, now = person.language, console.door.now()
    chosen = _chosen(console, typed, agency)
    papers = _needed(console, typed, chosen) if chosen else []
    is_away = first(typed, "register") == "away"
    offered = views.offered(console.door.catalogue, agency, console.staff.today)
    found = search(offered, first(typed, "q"))
    view: dict[str, Any] = {
        "typed": typed,
        "agencies": [Option(each.code, each.name) for each in agencies],
        "agency": agency,
        "chosen": chosen,
        "found": [each for each in found if chosen is None or each.code != chosen.code],
        "nothing": bool(first(typed, "q")) and not found and chosen is None,
        "promise": chosen
        and views.promise(
            console.door.catalogue, chosen, agency, now, exemption=first(typed, "exemption"), language=language
        ),
        "exemptions": views.exemptions(chosen, language) if chosen else [],
        "types": [Option(code, words.said(language)) for code, words in views.TYPES.items()],
        "answers": [Option(value, words.said(language)) for value, words in views.ANSWERS.items()],
        "post_return": chosen is None or chosen.post_return,
        "papers": views.paper_views(papers, typed, is_away=is_away, language=language),
        "missing": sum(each.is_missing for each in papers),
        "remarks": [each.said(language) for each in (*remarks, *_of_register(typed), *_of_state_bodies(typed, chosen))],
        "earlier": [each.partition(" ") for each in typed.get("earlier", ())],
        "command": first(typed, "command_id") or new_command(),
        "carried": {
            name: texts
            for name, texts in typed.items()
            if name.startswith((HELD, DOCUMENT, "pages.")) or name in {"held_for", "earlier", "register"}
        },
        "next": _next(typed, chosen, papers) if not wrong else "",
    }
    notices = [Notice(kind, said)] if said else []
    told = [{"name": each.name, "words": each.words.said(language)} for each in wrong]
    return page(request, console, person, "counter/form.html", status=status, notices=notices, wrong=told, **view)


async def _understood(console: Console, person: Person, typed: Typed, agency: str) -> Sequence[Words]:
    """Card, procedure and register, as far as they were given; the form's fields are filled. What to tell the clerk."""
    remarks = _read_card(typed)
    for name in typed.get("do", ()):
        if name.startswith(_DROP):
            kind = name.removeprefix(_DROP)
            typed.pop(DOCUMENT + kind, None)
            typed.pop(f"pages.{kind}", None)
    chosen = _chosen(console, typed, agency)
    if chosen is None:
        return remarks
    typed["procedure"] = [chosen.code]
    person_id, name = first(typed, "personal_id"), first(typed, "full_name")
    asked_for = hashlib.sha256(f"{chosen.code} {person_id} {name}".encode()).hexdigest()[:16]
    if not _NUMBER.fullmatch(person_id) or not name or first(typed, "held_for") == asked_for:
        return remarks
    for old in [each for each in typed if each.startswith(HELD) or each in {"earlier", "register"}]:
        del typed[old]
    await _asked_register(console, person, typed, agency, chosen, asked_for)
    return remarks


async def _asked_register(  # noqa: PLR0917 - who asks for whom, where, for what
    console: Console, person: Person, typed: Typed, agency: str, chosen: Procedure, asked_for: str
) -> None:
    person_id, name = first(typed, "personal_id"), first(typed, "full_name")
    asked = {
        "procedure_code": chosen.code, "agency_code": agency, "personal_id": person_id, "full_name": name,
        "reference": first(typed, "command_id"),
    }  # fmt: skip
    held = await desk.held(console.door, person.member.actor, asked)
    if held is None:
        typed["register"] = ["away"]
        return
    typed["held_for"] = [asked_for]
    typed |= views.carried(held.papers)
    before = await desk.earlier(console.door, person_id, chosen.code, [agency])
    if before:
        typed["earlier"] = [
            f"{each.dossier_code} {each.submitted_at.astimezone(LOCAL):%H:%M %d/%m/%Y}" for each in before
        ]
    typed["register"] = ["away" if held.is_away else "" if held.is_match is None else "yes" if held.is_match else "no"]


_REGISTER: Final = {
    "away": Words(
        "CSDL dân cư chưa trả lời. Có thể làm tiếp, hệ thống đối chiếu sau.",
        "The register does not answer. Go on; the system compares later.",
    ),
    "no": Words(
        "CSDL dân cư: số và họ tên không khớp. Kiểm tra lại theo thẻ.",
        "The register says that number and name do not belong together. Check the card.",
    ),
    "yes": Words("CSDL dân cư: số và họ tên khớp.", "The register confirms number and name."),
}
"""What the register said of the person, told as long as the form shows that person."""


def _of_register(typed: Typed) -> Sequence[Words]:
    said = first(typed, "register")
    return [_REGISTER[said]] if said in _REGISTER else []


def _of_state_bodies(typed: Typed, chosen: Procedure | None) -> Sequence[Words]:
    """State agencies file at the highest level that is offered (1559/CT-UBND); a desk may take it all the same."""
    is_full = chosen is not None and chosen.online_level is OnlineLevel.FULL
    return [_HIGHEST] if is_full and first(typed, "applicant_type") == "STATE_AGENCY" else []


_HIGHEST: Final = Words(
    "Thủ tục này có mức toàn trình; cơ quan nhà nước phải nộp trực tuyến.",
    "This procedure can be filed wholly online; state agencies have to.",
)


def _read_card(typed: Typed) -> Sequence[Words]:
    """The card's fields into the form's; the raw text goes no further than here."""
    raw = first(typed, "card")
    typed.pop("card", None)
    if not raw:
        return []
    try:
        card = cards.parse(raw)
    except cards.NotACard:
        return [cards.NO_CARD]
    typed["personal_id"], typed["full_name"] = [card.personal_id], [card.full_name]
    typed["birth_on"] = [f"{card.birth_on:%d/%m/%Y}"] if card.birth_on else [""]
    if card.address:
        typed["address"] = [card.address]
    return card.remarks


def _chosen(console: Console, typed: Typed, agency: str) -> Procedure | None:
    """The procedure: the one that was chosen, unless other words are looked for; else the only one found."""
    offered = views.offered(console.door.catalogue, agency, console.staff.today)
    found = search(offered, first(typed, "q"))
    wanted = first(typed, "procedure")
    chosen = next((each for each in offered if each.code == wanted), None)
    if chosen is not None and (not found or chosen in found):
        return chosen
    return found[0] if len(found) == 1 else None


def _needed(console: Console, typed: Typed, chosen: Procedure) -> list[Needed]:
    is_away = first(typed, "register") == "away"
    return views.needed(console.door.catalogue, chosen, typed, is_away=is_away)


def _agencies(console: Console, person: Person, typed: Typed) -> tuple[str, list[Any]]:
    """The counter's agency and those that may be chosen. Raises Problem 403 for somebody who sits at none."""
    on, catalogue = console.staff.today, console.door.catalogue
    mine = scope_of(catalogue, person.member.actor.grants, on).get(Role.CLERK, frozenset())
    places = [each for each in lookup.agencies_on(catalogue, on) if each.code in mine]
    if not places:
        raise Problem(403)
    held = [grant.agency_code for grant in person.member.actor.grants if grant.role is Role.CLERK]
    wanted = first(typed, "agency") or min(held)
    return (wanted if wanted in mine else places[0].code), places


def _next(typed: Typed, chosen: Procedure | None, papers: Sequence[Needed]) -> str:
    """The field where the hands go on."""
    if not first(typed, "personal_id"):
        return "card"
    for name in ("full_name", "phone"):
        if not first(typed, name):
            return name
    if chosen is None:
        return "procedure" if first(typed, "q") else "q"
    missing = next((each.kind for each in papers if each.is_missing), "")
    return f"file.{missing}" if missing else "told_online" if not first(typed, "told_online") else "main"


async def _again(request: Request, console: Console, person: Person, _path: str) -> Response:
    """The form as it was typed when the session ended."""
    sentence = person.say("Đã đăng nhập lại. Nội dung đã nhập vẫn còn; kiểm tra rồi gửi.")
    return await _shown(request, console, person, person.typed, said=sentence, kind="wait")


RESUMES.append((re.compile(rf"{PREFIX}/counter"), _again))
