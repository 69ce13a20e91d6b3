"""S1: signing in and out, today's post, the lock. What was typed when a session ended comes back."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.processing.acts.accounts import Member, Signed, SignInRefused, csrf_of
from services.processing.pages._door import (
    PREFIX,
    RESUMES,
    Console,
    Notice,
    Person,
    SignInNeeded,
    The,
    TheConsole,
    agency_name,
    page,
    see_other,
    within,
)
from services.processing.rules.wording import ROLES
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Grant, Right
from shared.platform.http import Away
from shared.web.counting import after_sign_in, before_sign_in
from shared.web.i18n import language_of, teller
from shared.web.identity import allows, public
from shared.web.limits import SIGN_IN, limited, unlimited
from shared.web.sessions import Typed, demand_same_site, first, typed_of

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_ALL: Final = "all"
_KEPT: Final = "kept."
_OWN: Final = frozenset({"csrf", "login", "password", "next"})


@router.get("/sign-in")
@public("everybody may try to sign in")
@unlimited("shows an empty form")
async def show(request: Request, console: TheConsole, next: Annotated[str, Query(max_length=400)] = "") -> Response:  # noqa: A002 - the address says `next`
    return form(request, console, {}, within(next))


@router.post("/sign-in")
@public("everybody may try to sign in; the account waits after wrong passwords")
@limited(SIGN_IN)
async def enter(request: Request, console: TheConsole) -> Response:
    demand_same_site(request)
    typed = await typed_of(request)
    back, kept = within(first(typed, "next")), kept_of(typed)
    login = first(typed, "login").lower()
    await before_sign_in(request, login)
    try:
        signed = await console.staff.sign_in(login, "".join(typed.get("password", [])[:1]))
    except SignInRefused as no:
        say = teller(language_of(request))
        sentence = say("Tên đăng nhập hoặc mật khẩu chưa đúng.") if no.code == "wrong_sign_in" else no.detail
        return form(request, console, kept, back, login=first(typed, "login"), said=sentence, status=401)
    await after_sign_in(request, login)
    return await entered(request, console, signed, kept, back)


async def entered(request: Request, console: Console, signed: Signed, kept: Typed, back: str) -> Response:
    """Whoever just signed in: to the post's choice, or back to the form that was interrupted, filled as it was."""
    member = await console.staff.member(signed.token)
    if member is None:
        raise SignInNeeded({})
    response: Response
    resume = next(((found, make) for pattern, make in RESUMES if (found := pattern.fullmatch(back))), None)
    if kept and resume:
        person = Person(member, csrf_of(signed.token), language_of(request), kept)
        response = await resume[1](request, console, person, back)
    elif len(member.posts) > 1 and member.session.post is None and back == PREFIX:
        response = see_other(f"{PREFIX}/post")
    else:
        response = see_other(console.onward(back))
    console.cookie.give(response, signed.token)
    return response


@router.get("/post")
@allows(Right.READ_WORKLIST)
async def posts(request: Request, console: TheConsole, person: The) -> Response:
    member = person.member
    options = [(_ALL, person.say("Tất cả vị trí của tôi"))] + [
        (
            f"{post.role}:{post.agency_code}",
            f"{ROLES[post.role].said(person.language)} – {agency_name(console, post.agency_code)}",
        )
        for post in member.posts
    ]
    now = member.session.post
    chosen = f"{now.role}:{now.agency_code}" if now else _ALL
    return page(request, console, person, "post.html", options=options, chosen=chosen)


@router.post("/post")
@allows(Right.READ_WORKLIST)
async def choose(console: TheConsole, person: The) -> Response:
    role, _, agency_code = first(person.typed, "post").partition(":")
    post = (
        None if role in {"", _ALL} else Grant(role=Role(role), agency_code=agency_code) if role in set(Role) else None
    )
    signed = await console.staff.choose(person.member, post)
    response = see_other(PREFIX)
    console.cookie.give(response, signed.token)
    return response


@router.post("/sign-out")
@allows(Right.READ_WORKLIST)
async def leave(console: TheConsole, person: The) -> Response:
    await console.staff.sign_out(person.member)
    response = see_other(await _out(console, person.member))
    console.cookie.take(response)
    return response


async def _out(console: Console, member: Member) -> str:
    """Whoever came from the identity provider leaves there too, so that nobody comes in after them."""
    try:
        there = await console.provider.sign_out_address() if console.provider and member.is_vouched else ""
    except Away:
        there = ""
    return there or f"{PREFIX}/sign-in"


@router.post("/lock")
@allows(Right.READ_WORKLIST)
async def lock(console: TheConsole, person: The) -> Response:
    await console.staff.lock(person.member)
    return see_other(PREFIX)


@router.post("/unlock")
@allows(Right.READ_WORKLIST)
@limited(SIGN_IN)
async def unlock(request: Request, console: TheConsole, person: The) -> Response:
    back, kept = within(first(person.typed, "next")), kept_of(person.typed)
    try:
        await console.staff.prove(person.member, "".join(person.typed.get("password", [])[:1]))
    except SignInRefused as no:
        return locked(request, console, person, kept, back, said=no.detail, status=401)
    resume = next((make for pattern, make in RESUMES if pattern.fullmatch(back)), None)
    if kept and resume:
        return await resume(request, console, Person(person.member, person.csrf, person.language, kept), back)
    return see_other(console.onward(back))


@router.get("/stay")
@allows(Right.READ_WORKLIST)
async def stay(person: The) -> Response:
    """Keeps the session alive: looking at any page does."""
    return Response(status_code=204)


def form(
    request: Request,
    console: Console,
    kept: Typed,
    back: str,
    *,
    login: str = "",
    said: str = "",
    status: int = 200,
    anew: bool = False,
) -> Response:
    """The sign-in page; `kept` travels along unseen, so that nothing typed is lost. `anew`: the provider asks who."""
    say = teller(language_of(request))
    notices = [Notice("bad", said)] if said else []
    if kept and not said:
        notices = [Notice("wait", say("Đã hết thời gian đăng nhập. Đăng nhập lại, nội dung đã nhập vẫn còn."))]
    return page(
        request, console, None, "sign_in.html", status=status, notices=notices,
        hidden=_hidden(kept, back), login=login, has_provider=console.provider is not None,
        has_accounts=console.has_accounts, anew=anew, phone=console.help_phone,
    )  # fmt: skip


def locked(
    request: Request, console: Console, person: Person, kept: Typed, back: str, *, said: str = "", status: int = 200
) -> Response:
    """The locked screen: no name, no dossier, one field."""
    notices = [Notice("bad", said)] if said else []
    hidden = _hidden(kept, back) | {"csrf": [person.csrf]}
    say = person.say
    heading, button = say("Màn hình đã khóa"), say("Mở khóa")
    if not person.member.session.is_locked:
        heading, button = say("Xác nhận lại danh tính"), say("Xác nhận")
    return page(
        request, console, None, "locked.html",
        status=status, notices=notices, hidden=hidden, heading=heading, button=button,
        by_provider=console.provider is not None and person.member.is_vouched,
    )  # fmt: skip


def prove(request: Request, console: Console, person: Person, kept: Typed, back: str) -> Response:
    """Before a signature the password is asked again when the last proof is older than five minutes (SR-03)."""
    return locked(request, console, person, kept, back, status=401)


def kept_of(typed: Typed) -> Typed:
    """What a sign-in page carries of the form that was interrupted."""
    return {name.removeprefix(_KEPT): texts for name, texts in typed.items() if name.startswith(_KEPT)}


def _hidden(kept: Typed, back: str) -> Typed:
    carried = {f"{_KEPT}{name}": texts for name, texts in kept.items() if name not in _OWN}
    return carried | {"next": [back]}
