"""S3, the dossier page: its way, papers, due date, money, parcel and history, and the form of the next act."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.pages._aside import looks_of, notes_of
from services.processing.pages._door import (
    PREFIX,
    Console,
    Link,
    Notice,
    Person,
    The,
    TheConsole,
    agency_name,
    new_command,
    page,
)
from services.processing.pages._papers import kind_name, listed
from services.processing.rules.asked import BRINGS
from services.processing.rules.forms import PRESSED, Choices, Form, Wrong, form_of, typed_lines
from services.processing.rules.wording import BUTTONS, CHANNELS, RETURN_WAYS
from services.processing.rules.worklist import offered
from services.processing.store import Row, accounts
from services.processing.views import deadline_view
from services.processing.views.dossier import LineView, line_views, ordered, share_views, step_views, why_lines
from services.processing.views.worklist import holder_words, left_of, left_view, procedure_name, stage_words
from shared.catalogue import lookup
from shared.contracts.facts import Facts
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act, Role
from shared.dossier.permission import Right
from shared.dossier.working_time import LOCAL
from shared.web.html import number
from shared.web.identity import allows
from shared.web.sessions import Typed

router = APIRouter(prefix=PREFIX, include_in_schema=False)
Code = Annotated[DossierCode, Path()]
TABS: Final = {
    "way": "Tiến trình", "papers": "Giấy tờ", "due": "Hạn trả", "payment": "Thanh toán", "parcel": "Bưu chính",
    "history": "Lịch sử", "notes": "Ghi chú", "looks": "Nhật ký xem",
}  # fmt: skip
_DONE: Final = re.compile(r"([a-z_]{2,30})@(\d{2}:\d{2}:\d{2})")


@dataclass(frozen=True)
class Asking:
    """The form on the page: which act, what was typed, what is wrong, and the id of the act it will become.

    `changed`: what others did since the page was made that this form was sent from.
    """

    act: Act | None
    typed: Typed
    wrong: Sequence[Wrong] = ()
    command_id: str = ""
    changed: Sequence[LineView] = ()


NOTHING_ASKED: Final = Asking(None, {})


@router.get("/{dossier_code}")
@allows(Right.READ_DOSSIER)
async def show(request: Request, console: TheConsole, person: The, dossier_code: Code) -> Response:
    notices = _just_done(person, request.query_params.get("done", ""))
    return await shown(request, console, person, dossier_code, notices=notices)


def _just_done(person: Person, said: str) -> list[Notice]:
    """The green words after an act: `accept@14:00:02` of the address it was answered with."""
    done = _DONE.fullmatch(said)
    act = next((each for each in BUTTONS if done and each.value == done[1]), None)
    if done is None or act is None:
        return []
    words = BUTTONS[act].said(person.language)
    sentence = person.say("Đã {act} lúc {at}.", act=words[0].lower() + words[1:], at=done[2])
    return [Notice("good", sentence, PREFIX, person.say("Về danh sách việc"))]


@router.get("/{dossier_code}/act/{act}")
@allows(Right.READ_DOSSIER)
async def ask(request: Request, console: TheConsole, person: The, dossier_code: Code, act: Act) -> Response:
    """The same page with another act's form in the place of the most likely one."""
    return await shown(request, console, person, dossier_code, asking=Asking(act, {}))


async def shown(
    request: Request,
    console: Console,
    person: Person,
    dossier_code: str,
    *,
    asking: Asking = NOTHING_ASKED,
    notices: Sequence[Notice] = (),
    tab: str = "",
    status: int = 200,
) -> Response:
    """The page. Every showing of a name is recorded with the person's code (SR-42)."""
    door, now, actor, language = console.door, console.door.now(), person.member.actor, person.language
    facts = await acts.read(door, actor, dossier_code)
    named = await console.names(actor.person_code, [dossier_code])
    async with door.reads() as session:
        history = await store.history(session, dossier_code)
        row = await store.find(session, dossier_code) or Row(facts, "")
        titles = await accounts.titles(session, {row.holder} - {""})
    tab = tab or request.query_params.get("tab", "way")
    tab = tab if tab in TABS else "way"
    resource = acts.resource(door, facts)
    likely, others = ordered(offered(actor, facts, resource), facts)
    open_now = [act for act in (likely, *others) if act in PRESSED]
    first = likely if likely in PRESSED else None
    wanted = asking.act if asking.act in open_now else first if asking.act is None else None
    form = await form_for(console, person, facts, wanted) if wanted else None
    kept = ""
    if form is None and asking.act in PRESSED and asking.typed:
        kept = "\n".join(typed_lines(await form_for(console, person, facts, asking.act), asking.typed, language))
    typed = asking.typed or {"amount_vnd": [number(facts.fee_owed_vnd)]}
    left = left_view(left_of(facts, door.catalogue, now), now, language, weekday=True)
    base = f"{PREFIX}/{dossier_code}"
    links = [
        Link(f"{base}/act/{act}", BUTTONS[act].said(language)) for act in open_now if act is not (form and form.act)
    ]
    return page(
        request, console, person, "dossier.html",
        status=status,
        notices=notices,
        wrong=[{"name": each.name, "words": each.words.said(language)} for each in asking.wrong],
        facts=facts,
        name=named.of(dossier_code),
        procedure=procedure_name(door.catalogue, facts),
        channel=CHANNELS[facts.channel].said(language),
        way=RETURN_WAYS[facts.return_way].said(language),
        stage=stage_words(facts, language),
        holder=holder_words(row, actor.person_code, titles, language),
        agency=agency_name(console, facts.agency_competent),
        left=left,
        tab=tab,
        tabs=[Link(f"{base}?tab={key}", person.say(words), key == tab) for key, words in TABS.items()],
        form=form and form_view(form, language),
        typed=typed,
        kept=kept,
        changed=asking.changed,
        command=asking.command_id or new_command(),
        others=links,
        last_act=line_views(history[-1:], door.catalogue, language),
        code=dossier_code,
        engine=f"{console.temporal_ui}/{dossier_code}" if console.temporal_ui else "",
        **await _tab(console, person, facts, history, tab, request),
    )  # fmt: skip


async def _tab(  # noqa: PLR0917 - what every tab may need
    console: Console, person: Person, facts: Facts, history: Sequence[Any], tab: str, request: Request
) -> dict[str, Any]:
    """What the chosen tab shows beyond the head of the page."""
    door, language = console.door, person.language
    view: dict[str, Any] = {"steps": step_views(facts, history, language)}
    if tab == "history":
        view["lines"] = line_views(history, door.catalogue, language)
    elif tab == "due":
        view |= _why(console, facts, history, person, is_checked="check" in request.query_params)
    elif tab == "looks":
        view |= await looks_of(console, person, facts.dossier_code)
    elif tab == "notes":
        view |= await notes_of(console, person, facts.dossier_code)
    elif tab == "papers":
        view |= await listed(console, person, facts)
    return view


def _why(console: Console, facts: Facts, history: Sequence[Any], person: Person, *, is_checked: bool) -> dict[str, Any]:
    derived = deadline_view(facts, console.door.catalogue)
    shares = share_views(history, console.door.now(), _calendar(console, facts), person.language)
    if derived is None:
        return {"why": [], "derived": None, "check": "", "shares": shares}
    check = ""
    if is_checked:
        again = derived.recomputed_at
        same = facts.due_at is None or again == facts.due_at
        check = (
            person.say("Tính lại ra đúng hạn đang ghi.")
            if same
            else person.say(
                "Tính lại ra {at}: khác hạn đang ghi. Xem dòng tính ngày.",
                at=f"{again.astimezone(LOCAL):%H:%M %d/%m/%Y}",
            )
        )
    return {
        "why": why_lines(facts, derived, console.door.catalogue), "derived": derived, "check": check, "shares": shares,
    }  # fmt: skip


def _calendar(console: Console, facts: Facts) -> Any:
    on = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
    try:
        return lookup.calendar_for(console.door.catalogue, facts.agency_competent, on)
    except lookup.NotInCatalogue:
        return lookup.calendar_for(console.door.catalogue, None, on)


async def form_for(console: Console, person: Person, facts: Facts, act: Act) -> Form:
    """The act's form with this dossier's lists."""
    door, on = console.door, console.staff.today
    kinds = door.catalogue.document_kinds_by_code
    papers = [
        (each.kind, kinds[each.kind].name if each.kind in kinds else each.kind)
        for each in facts.components
        if not each.reused
    ]
    asked = [(kind, kind_name(console, kind)) for kind in facts.asked]
    people: Sequence[tuple[str, str]] = ()
    if act in {Act.ASSIGN, Act.REASSIGN}:
        async with door.reads() as session:
            above = acts.resource(door, facts).agency_path
            people = await accounts.holders_of(session, [Role.SPECIALIST], above, on)
    agencies = [
        (each.code, each.name) for each in lookup.agencies_on(door.catalogue, on) if each.code != facts.agency_competent
    ]
    return form_of(act, Choices(papers, asked, agencies, people), person.language)


def form_view(form: Form, language: str) -> dict[str, Any]:
    """The form in finished words."""
    return {
        "act": form.act.value,
        "button": form.button.said(language),
        "danger": form.is_dangerous,
        "files": form.act in BRINGS,
        "fields": [
            {
                "name": each.name, "widget": each.widget, "label": each.label.said(language), "options": each.options,
                "required": each.required, "hint": each.hint.said(language) if each.hint else "",
            }
            for each in form.fields
        ],
    }  # fmt: skip
