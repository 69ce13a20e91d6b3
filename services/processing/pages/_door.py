"""What the console's screens share: who is signed in, the frame around a page, forms, and the page that says a no."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.processing.acts import Door
from services.processing.acts.accounts import IDLE, WARN, Member, Staff, csrf_of
from services.processing.acts.naming import names_for
from services.processing.acts.operations import Operations
from services.processing.adapters.provider import Provider
from services.processing.rules.wording import ROLES
from services.processing.store.pulse import Pulse
from services.processing.views.names import Named
from shared.catalogue import lookup
from shared.dossier.permission import Kind
from shared.web.html import Pages, frame_of
from shared.web.i18n import Language, Say, language_of, teller
from shared.web.identity import Caller, counted
from shared.web.problem import Problem
from shared.web.sessions import Cookie, Typed, demand_same_site, demand_token, typed_of

PREFIX: Final = "/desk"
BOARD: Final = "/board"
LIVE: Final = f"{PREFIX}/live"
"""A stream that is open does not keep its session alive."""
_SAFE: Final = frozenset({"GET", "HEAD"})
_WITHIN: Final = re.compile(r"/(?:desk|board)(?:[/?][^\s\\]*)?")


@dataclass(frozen=True)
class Console:
    """What the pages hold for the life of the process."""

    door: Door
    staff: Staff
    pages: Pages
    cookie: Cookie
    help_phone: str
    board_url: str = ""
    """The board's origin as browsers know it; empty: the console's own."""
    temporal_ui: str = ""
    """Address of the execution engine's own pages with its namespace; empty: no links."""
    operations: Operations | None = None
    """What operators look after; none: nobody does here."""
    pulse: Pulse | None = None
    """Tells open lists that something changed; none: they are loaded again by hand."""
    provider: Provider | None = None
    """The identity provider's client; none: embedded accounts only."""
    has_accounts: bool = True
    """Whether there are embedded accounts; not in production."""

    def onward(self, path: str) -> str:
        """The address of a path that `within` let pass: the board may be at another origin."""
        return self.board_url.rstrip("/") + path if path.startswith(BOARD) else path

    async def names(self, person_code: str, codes: Sequence[str]) -> Named:
        """Names of the owners of these dossiers, for this person."""
        return Named(await names_for(self.door, person_code, codes))


@dataclass(frozen=True)
class Person:
    """Who looks at a page: the member of staff, the form token of the session, the language, and what was typed."""

    member: Member
    csrf: str
    language: Language
    typed: Typed

    @property
    def say(self) -> Say:
        """Texts in this person's language."""
        return teller(self.language)


class Notice(NamedTuple):
    """Words at the top of a page: `kind` good, bad or wait."""

    kind: str
    words: str
    href: str = ""
    link: str = ""


class Link(NamedTuple):
    """One item of the navigation."""

    href: str
    words: str
    is_current: bool = False


class SignInNeeded(Exception):
    """Nobody is signed in (any more); what was typed comes along."""

    def __init__(self, typed: Typed) -> None:
        super().__init__("sign in")
        self.typed = typed


class Locked(SignInNeeded):
    """The screen is locked: the password opens it."""


class SignedIn(Caller):
    """A dependency of pages: the person of the session's cookie. Unsafe methods prove that our own form sent them."""

    async def __call__(self, request: Request) -> Person:
        """Raises SignInNeeded, Locked; Problem 403 for a form of somebody else's."""
        console: Console = request.app.state.console
        typed: Typed = {}
        if request.method not in _SAFE:
            demand_same_site(request)
            typed = await typed_of(request)
        token = console.cookie.of(request)
        listens = request.url.path == LIVE
        member = await console.staff.member(token, is_use=not listens) if token else None
        if member is None:
            raise SignInNeeded(typed)
        if request.method not in _SAFE:
            demand_token(typed, csrf_of(token))
        if member.session.is_locked and request.url.path not in OPEN_WHILE_LOCKED:
            raise Locked(typed)
        await counted(request, member.actor)
        return Person(member, csrf_of(token), language_of(request), typed)


OPEN_WHILE_LOCKED: Final = frozenset({f"{PREFIX}/unlock", f"{PREFIX}/sign-out"})
The = Annotated[Person, Depends(SignedIn(frozenset({Kind.STAFF})))]
"""`person: The` in a page's signature."""


def console_of(request: Request) -> Console:
    """What this process' pages share."""
    console: Console = request.app.state.console
    return console


TheConsole = Annotated[Console, Depends(console_of)]

type Resume = Callable[[Request, Console, Person, str], Awaitable[Response]]
RESUMES: Final[list[tuple[re.Pattern[str], Resume]]] = []
"""Which forms can be shown again as they were typed, after a session ended in between: pattern of the path → page."""


def frame(console: Console, person: Person | None, request: Request, notices: Sequence[Notice] = ()) -> dict[str, Any]:
    """What the frame shows around a page."""
    if person is None:
        return frame_of(teller(language_of(request))("Cổng dành cho cán bộ"), notices=notices)
    post = person.member.session.post
    return frame_of(
        agency_name(console, post.agency_code) if post else person.member.account.title,
        role=ROLES[post.role].said(person.language) if post else person.say("tất cả vai trò"),
        navigation=[*navigation(person, request), Link(console.onward(BOARD), person.say("Bảng điều hành"))],
        csrf=person.csrf,
        signed_in=True,
        idle=int(IDLE.total_seconds()),
        warn=int(WARN.total_seconds()),
        single_keys=person.member.account.single_keys,
        notices=notices,
    )


def navigation(person: Person, request: Request) -> Sequence[Link]:
    """The service navigation: each screen adds its line in NAVIGATION."""
    path = request.url.path
    roles = {grant.role.value for grant in person.member.actor.grants}
    return [
        Link(href, person.say(words), path == href)
        for href, words, wanted in NAVIGATION
        if not wanted or roles & set(wanted)
    ]


NAVIGATION: Final[list[tuple[str, str, tuple[str, ...]]]] = [(PREFIX, "Việc của tôi", ())]
"""(address, Vietnamese words, roles that see it; none = everybody), in the order of the page."""


def page(  # the frame, the template, its view
    request: Request,
    console: Console,
    person: Person | None,
    template: str,
    *,
    status: int = 200,
    notices: Sequence[Notice] = (),
    **view: Any,
) -> Response:
    """A whole page in its frame."""
    around = frame(console, person, request, notices)
    return console.pages.render(request, template, status=status, frame=around, **view)


def see_other(path: str) -> RedirectResponse:
    """303: the answer of every act that was done."""
    return RedirectResponse(path, 303)


def within(path: str) -> str:
    """The path, when it is the console's or the board's; else the front page: nobody is sent elsewhere."""
    return path if _WITHIN.fullmatch(path) and "//" not in path else PREFIX


def agency_name(console: Console, code: str) -> str:
    """The agency's name today; its code when the catalogue does not know it."""
    try:
        return lookup.agency(console.door.catalogue, code, console.staff.today).name
    except lookup.NotInCatalogue:
        return code


def new_command() -> str:
    """The id of an act that may follow from this page; the same form sent twice is one act."""
    return f"desk-{secrets.token_urlsafe(12)}"


def error_page(request: Request, problem: Problem) -> Response:
    """A no as a page. What is out of sight and what does not exist look alike."""
    console: Console = request.app.state.console
    say = teller(language_of(request))
    status = 404 if problem.status_code == 422 and request.method in _SAFE else problem.status_code  # noqa: PLR2004
    title, sentence = _SAID.get(status, _SAID[500])
    detail = problem.words[1]
    if status not in {404, 500} and detail:
        sentence = detail if isinstance(detail, str) else detail[language_of(request) == "en"]
    return page(request, console, None, "error.html", status=status, heading=say(title), sentence=say(sentence))


_SAID: Final = {
    403: ("Không thực hiện được", "Việc này không thuộc quyền được cấp."),
    404: ("Không tìm thấy", "Không tìm thấy hồ sơ này trong phạm vi của ông/bà."),
    405: ("Không tìm thấy", "Không tìm thấy trang này."),
    409: ("Hồ sơ đã thay đổi", "Hồ sơ đã thay đổi. Mở lại hồ sơ để xem bước hiện tại."),
    429: ("Tạm dừng nhận yêu cầu", "Thử lại sau ít phút."),
    500: ("Hệ thống gặp lỗi", "Dữ liệu đã gửi không mất. Thử lại sau ít phút."),
    503: ("Tạm thời chưa phục vụ được", "Chưa biết kết quả. Gửi lại, hệ thống không làm hai lần."),
}


def to_sign_in(request: Request) -> Response:
    """Where a person without a session goes from a page that was only looked at."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return see_other(f"{PREFIX}/sign-in?next={quote(path, safe='')}")
