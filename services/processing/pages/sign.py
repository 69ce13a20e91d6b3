"""S8, signing: each result is read before it can be ticked; then one proof of identity and one act per dossier."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.acts.accounts import is_fresh
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
)
from services.processing.pages._drafts import are_seen, look_at, record_look, seen_of, sheet_of_draft
from services.processing.pages._rows import done_view, picked
from services.processing.pages.sign_in import prove
from services.processing.rules.worklist import scope_of
from services.processing.store import Filter
from services.processing.views.worklist import row_views
from shared.dossier import actions
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act, Role, Stage, TaskKind
from shared.dossier.refusal import Unknown
from shared.web.identity import allows

router = APIRouter(prefix=f"{PREFIX}/sign", include_in_schema=False)
NAVIGATION.append((f"{PREFIX}/sign", "Ký số", (Role.SIGNER.value,)))
_WORDS: Final = {Outcome.DONE: "Đã ký", Outcome.REFUSED: "Chưa ký", Outcome.UNKNOWN: "Chưa biết"}


@router.get("")
@allows(Act.SIGN)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    return await _shown(request, console, person)


async def _shown(
    request: Request, console: Console, person: Person, *, notices: tuple[Notice, ...] = (), status: int = 200
) -> Response:
    door, me, now = console.door, person.member.actor, console.door.now()
    scope = {Role.SIGNER: scope_of(door.catalogue, me.grants, console.staff.today).get(Role.SIGNER, frozenset())}
    async with door.reads() as session:
        narrow = Filter(kinds=frozenset({TaskKind.SIGN}))
        rows = await store.tasks(session, scope, narrow=narrow, after=None, limit=MOST)
    seen = await seen_of(console, person, {row.facts.dossier_code: look_at(row.facts.seq) for row in rows})
    named = await console.names(me.person_code, [row.facts.dossier_code for row in rows])
    shown = row_views(
        rows, actor=me, catalogue=door.catalogue, now=now, named=named, titles={}, language=person.language
    )
    return page(
        request, console, person, "sign.html",
        status=status, notices=notices, rows=[(row, row.code in seen) for row in shown], seen=len(seen),
        keys={row.code: new_command() for row in shown},
    )  # fmt: skip


@router.get("/{dossier_code}")
@allows(Act.SIGN)
async def read(
    request: Request, console: TheConsole, person: The, dossier_code: Annotated[DossierCode, Path()]
) -> Response:
    """The result as it will be signed, as a page; having been shown it is what lets the person sign it."""
    door, me = console.door, person.member.actor
    facts = await acts.read(door, me, dossier_code)
    if facts.stage is not Stage.SIGNING or facts.outcome is None:
        raise Unknown
    name = (await console.names(me.person_code, [dossier_code])).of(dossier_code)
    sheet = sheet_of_draft(console, person, facts, name, door.now())
    await record_look(console, person, facts)
    return page(request, console, person, "sign_one.html", sheet=sheet, facts=facts, key=new_command())


@router.post("")
@allows(Act.SIGN)
async def sign(request: Request, console: TheConsole, person: The) -> Response:
    """Signs the ticked ones that were seen; what fails stays unsigned, and nothing is in between."""
    rows = picked(person.typed)
    if not rows:
        sentence = person.say("Chọn ít nhất một văn bản đã xem.")
        return await _shown(request, console, person, notices=(Notice("bad", sentence),), status=422)
    if not await are_seen(console, person, rows):
        sentence = person.say("Có văn bản chưa xem. Mở xem rồi ký.")
        return await _shown(request, console, person, notices=(Notice("bad", sentence),), status=422)
    if not is_fresh(person.member, console.door.now()):
        return prove(request, console, person, person.typed, request.url.path)
    came = await do(console.door, person.member.actor, actions.Sign(), rows)
    done = sum(each.outcome is Outcome.DONE for each in came)
    sentence = person.say("Đã ký {done}, chưa ký {rest}.", done=done, rest=len(came) - done)
    return page(
        request, console, person, "bulk_done.html",
        notices=[Notice("good" if done == len(came) else "wait", sentence)],
        act=Act.SIGN.value, button=person.say("Ký số"), again=[], typed={}, back=f"{PREFIX}/sign",
        **done_view(came, _WORDS, person),
    )  # fmt: skip


async def _again(request: Request, console: Console, person: Person, path: str) -> Response:
    """After the proof of identity: the list with the same ticks."""
    sentence = person.say("Đã xác nhận danh tính. Kiểm tra rồi ký.")
    return await _shown(request, console, person, notices=(Notice("wait", sentence),))


RESUMES.append((re.compile(rf"{PREFIX}/sign"), _again))
