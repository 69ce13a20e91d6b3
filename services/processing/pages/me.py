"""My account: other devices, absence and delegation, single-key shortcuts; and the list of keys."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.processing.acts.accounts import IDLE
from services.processing.pages._door import PREFIX, Console, Notice, Person, The, TheConsole, page, see_other
from services.processing.rules.forms import parse_day
from services.processing.store import accounts
from shared.dossier.permission import Right
from shared.dossier.refusal import Refused
from shared.web.identity import allows
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)


@router.get("/me")
@allows(Right.READ_WORKLIST)
async def show(request: Request, console: TheConsole, person: The) -> Response:
    return await _shown(request, console, person)


async def _shown(
    request: Request, console: Console, person: Person, notices: tuple[Notice, ...] = (), status: int = 200
) -> Response:
    me, on = person.member.actor, console.staff.today
    async with console.door.reads() as session:
        devices = await accounts.count_sessions(session, me.person_code, console.door.now() - IDLE)
        roles, places = {post.role for post in person.member.posts}, {post.agency_code for post in person.member.posts}
        colleagues = await accounts.holders_of(session, roles, places, on)
        given = await accounts.delegations_of(session, me.person_code, on)
        titles = await accounts.titles(session, {each.to_person_code for each in given})
    return page(
        request, console, person, "me.html",
        status=status,
        notices=notices,
        account=person.member.account,
        devices=devices,
        colleagues=[each for each in colleagues if each[0] != me.person_code],
        delegations=[(each, titles.get(each.to_person_code, each.to_person_code)) for each in given],
        typed=person.typed,
    )  # fmt: skip


@router.post("/me/devices")
@allows(Right.READ_WORKLIST)
async def end_others(console: TheConsole, person: The) -> Response:
    await console.staff.sign_out(person.member, others=True)
    return see_other(f"{PREFIX}/me")


@router.post("/me/keys")
@allows(Right.READ_WORKLIST)
async def keys(console: TheConsole, person: The) -> Response:
    async with console.door.sessions.begin() as session:
        await accounts.change(session, person.member.actor.person_code, single_keys="on" in person.typed)
    return see_other(f"{PREFIX}/me")


@router.post("/me/absence")
@allows(Right.READ_WORKLIST)
async def absence(request: Request, console: TheConsole, person: The) -> Response:
    first_on, last_on = (parse_day(first(person.typed, name)) for name in ("first_on", "last_on"))
    if first_on is None or last_on is None:
        wrong = Notice("bad", person.say("Nhập ngày dạng 09/05/2023."))
        return await _shown(request, console, person, (wrong,), 422)
    try:
        await console.staff.delegate(person.member, first(person.typed, "to"), first_on, last_on)
    except Refused as no:
        return await _shown(request, console, person, (Notice("bad", no.detail),), 422)
    return see_other(f"{PREFIX}/me")


@router.get("/keys")
@allows(Right.READ_WORKLIST)
async def key_list(request: Request, console: TheConsole, person: The) -> Response:
    return page(request, console, person, "keys.html")
