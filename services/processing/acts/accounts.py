"""Who works here today: signing in and out, today's post, the lock, delegation. Sessions live on the server (SR-02).

The cookie's value is 256 random bits and is stored hashed; a new one is given at sign-in and whenever rights change.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.adapters.provider import Vouched
from services.processing.store import accounts
from services.processing.store.accounts import Account, DatedGrant, Delegation, Kept
from shared.dossier.codes import AgencyCode, PersonCode
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Grant, Kind
from shared.dossier.refusal import Refused
from shared.dossier.working_time import LOCAL
from shared.platform.database import Sessions, reads

IDLE: Final = timedelta(minutes=15)
"""A clerk's session ends after this much silence (SR-02)."""
WARN: Final = timedelta(minutes=2)
"""So long before its end the page says so."""
ABSOLUTE: Final = timedelta(hours=12)
FRESH: Final = timedelta(minutes=5)
"""How old a proof of identity may be when somebody signs (SR-03)."""
_TOUCH: Final = timedelta(seconds=20)
"""How often at most a session's last use is written."""
_SINCE: Final = date(2022, 1, 1)
"""Seeded grants hold as long as the sample catalogue does."""
TRIES: Final = 5
"""Wrong passwords before an account waits."""
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""argon2id with OWASP's least parameters: the provider does this in production."""
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))
"""Verified for unknown names, so that they take as long as known ones."""


class SignInRefused(Refused):
    """Wrong name or password, never which; or the account waits."""

    status = 401


class Signed(NamedTuple):
    """A new session: the cookie's value and what is stored of it."""

    token: str
    session: Kept


@dataclass(frozen=True)
class Member:
    """Who is signed in: the actor as rights are judged, the session, the account, all posts of today."""

    actor: Actor
    session: Kept
    account: Account
    posts: tuple[Grant, ...]

    @property
    def is_vouched(self) -> bool:
        """Whether the identity provider knows the secret, and no password here."""
        return self.account.password_hash is None


@dataclass(frozen=True)
class Staff:
    """The accounts' door: sessions of the database and a clock."""

    sessions: Sessions
    now: Callable[[], datetime]

    @cached_property
    def reads(self) -> Sessions:
        """Sessions whose statements stand alone."""
        return reads(self.sessions)

    @property
    def today(self) -> date:
        """The day in Viet Nam."""
        return self.now().astimezone(LOCAL).date()

    async def sign_in(self, login: str, password: str) -> Signed:
        """A new session for the right password. Raises SignInRefused; failures make the account wait."""
        return await self.sign_in_known((await self._checked(login, password)).person_code)

    async def sign_in_known(self, person_code: str) -> Signed:
        """A new session for a person who proved who they are. Raises SignInRefused when the account is closed."""
        now = self.now()
        async with self.sessions.begin() as session:
            return await _opened(session, _new(person_code, now))

    async def sign_in_vouched(self, vouched: Vouched, instead_of: Member | None = None) -> Signed:
        """A new session for whom the provider vouches for; what it grants is what holds, nothing included.

        `instead_of`: the session of this browser so far: it ends, and its post stays when it is the same person's.
        Raises SignInRefused for who holds nothing here.
        """
        person_code, before, now = vouched.person_code, instead_of and instead_of.session, self.now()
        if before and before.is_locked and now - vouched.proved_at > FRESH:
            raise SignInRefused("not_anew", "Đăng nhập không thành công. Thử lại từ đầu.")
        held = [DatedGrant(role, agency, self.today) for role, agency in vouched.grants]
        async with self.sessions.begin() as session:
            if held or await accounts.find(session, person_code):
                await accounts.keep(session, Account(person_code, person_code.lower(), vouched.title), held)
        if not held:
            raise SignInRefused("no_post", "Tài khoản công vụ này chưa được cấp vị trí làm việc ở đây.")
        post = before.post if before and before.person_code == person_code else None
        post = post if post and (post.role, post.agency_code) in vouched.grants else None
        async with self.sessions.begin() as session:
            if before:
                await accounts.end_sessions(session, before.person_code, only=before.token_hash)
            return await _opened(session, _new(person_code, now, post, proved_at=min(vouched.proved_at, now)))

    async def member(self, token: str, *, is_use: bool = True) -> Member | None:
        """Who holds this cookie now; None when it is unknown, idle too long or too old.

        `is_use`: somebody did something, so the session lives on; a page that only listens does not count.
        """
        now, token_hash = self.now(), _hashed(token)
        async with self.reads() as session:
            found = await accounts.signed_in(session, token_hash, self.today)
        if found is None:
            return None
        kept, person, posts = found
        if now - kept.seen_at > IDLE or now - kept.made_at > ABSOLUTE or person.disabled_at is not None:
            return None
        if is_use and now - kept.seen_at > _TOUCH:
            async with self.reads() as session:
                await accounts.change_session(session, token_hash, seen_at=now)
        chosen = frozenset(post for post in posts if kept.post in {None, post})
        actor = Actor(person_code=kept.person_code, kind=Kind.STAFF, grants=chosen)
        return Member(actor, kept, person, posts)

    async def choose(self, member: Member, post: Grant | None) -> Signed:
        """The same person at another post, under a new cookie. Raises Refused for a post that is not theirs."""
        if post is not None and post not in member.posts:
            raise Refused("no_such_post", "Không có vị trí này trong quyền được cấp.")
        before = member.session
        signed = _new(before.person_code, self.now(), post, made_at=before.made_at, proved_at=before.proved_at)
        async with self.sessions.begin() as session:
            await accounts.end_sessions(session, member.actor.person_code, only=member.session.token_hash)
            await accounts.open_session(session, signed.session)
        return signed

    async def sign_out(self, member: Member, *, others: bool = False) -> None:
        """Ends this session, or all other ones of the person."""
        mine = member.session.token_hash
        async with self.sessions.begin() as session:
            given = {"but": mine} if others else {"only": mine}
            await accounts.end_sessions(session, member.actor.person_code, **given)

    async def lock(self, member: Member) -> None:
        """Hides everything until the password is typed again."""
        async with self.sessions.begin() as session:
            await accounts.change_session(session, member.session.token_hash, is_locked=True)

    async def prove(self, member: Member, password: str) -> None:
        """Unlocks and renews the proof of identity. Raises SignInRefused; failures count as at sign-in."""
        await self._checked(member.account.login, password)
        async with self.sessions.begin() as session:
            values = {"is_locked": False, "proved_at": self.now()}
            await accounts.change_session(session, member.session.token_hash, **values)

    async def delegate(self, member: Member, to_person_code: str, first_on: date, last_on: date) -> None:
        """While absent, another person has the same posts. Raises Refused for nonsense."""
        if last_on < first_on or last_on < self.today:
            raise Refused("wrong_days", "Ngày kết thúc phải sau ngày bắt đầu và chưa qua.")
        given = Delegation(member.actor.person_code, to_person_code, first_on, last_on)
        async with self.sessions.begin() as session:
            if to_person_code == given.person_code or await accounts.find(session, to_person_code) is None:
                raise Refused("no_such_person", "Chọn một người khác để ủy quyền.")
            await accounts.delegate(session, given, self.now())

    async def _checked(self, login: str, password: str) -> Account:
        """The account whose password this is. Failures are kept although the answer is a refusal."""
        now = self.now()
        async with self.sessions.begin() as session:
            person = await accounts.by_login(session, login.strip().lower())
            waits = person is not None and person.locked_until is not None and now < person.locked_until
            is_right = await asyncio.to_thread(_fits, person, password)
            if person is not None and not waits:
                failures = 0 if is_right else person.failures + 1
                wait = wait_after(failures)
                values = {"failures": failures, "locked_until": now + wait if wait else None}
                await accounts.change(session, person.person_code, **values)
        if person is None or waits or not is_right:
            raise _wait(now, person) if person and waits else _wrong()
        return person


class _Seeded(BaseModel):
    """One embedded account as a local stack's file names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    person_code: PersonCode
    login: Annotated[str, StringConstraints(to_lower=True, min_length=1)]
    title: str
    password: Annotated[str, Field(min_length=8)]
    grants: tuple[tuple[Role, AgencyCode], ...]


async def seed(staff: Staff, text: str) -> int:
    """Creates the embedded accounts of a local stack, or brings them to what the file says; how many."""
    people = TypeAdapter(tuple[_Seeded, ...]).validate_json(text)
    hashes = await asyncio.to_thread(lambda: [_HASHER.hash(person.password) for person in people])
    async with staff.sessions.begin() as session:
        for person, password_hash in zip(people, hashes, strict=True):
            grants = [DatedGrant(role, agency, _SINCE) for role, agency in person.grants]
            known = Account(person.person_code, person.login, person.title, password_hash)
            await accounts.keep(session, known, grants)
    return len(people)


def wait_after(failures: int) -> timedelta | None:
    """How long an account waits after so many wrong passwords: 30 s, doubled each time, at most 15 minutes."""
    if failures < TRIES:
        return None
    doubled = int(2 ** min(failures - TRIES, 10))
    return min(_FIRST_WAIT * doubled, _LONGEST_WAIT)


def csrf_of(token: str) -> str:
    """The form's proof that it was made for this session: a one-way image of the cookie's value."""
    return hashlib.sha256(b"csrf\0" + token.encode()).hexdigest()


def is_fresh(member: Member, now: datetime) -> bool:
    """Whether the last proof of identity is young enough to sign."""
    return now - member.session.proved_at <= FRESH


def _new(
    person_code: str,
    now: datetime,
    post: Grant | None = None,
    *,
    made_at: datetime | None = None,
    proved_at: datetime | None = None,
) -> Signed:
    token = secrets.token_urlsafe(32)
    return Signed(
        token, Kept(_hashed(token), person_code, made_at or now, now, proved_at or now, post, is_locked=False)
    )


async def _opened(session: AsyncSession, signed: Signed) -> Signed:
    """Stores a new session. Raises SignInRefused when there is no account, or it is closed."""
    person = await accounts.find(session, signed.session.person_code)
    if person is None or person.disabled_at is not None:
        raise _wrong()
    await accounts.change(session, person.person_code, signed_in_at=signed.session.made_at)
    await accounts.open_session(session, signed.session)
    return signed


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _fits(person: Account | None, password: str) -> bool:
    usable = person is not None and person.password_hash is not None and person.disabled_at is None
    kept = person.password_hash if person and usable else None
    try:
        return _HASHER.verify(kept or _NOBODY, password) and usable
    except (VerificationError, InvalidHashError):
        return False


def _wrong() -> SignInRefused:
    return SignInRefused("wrong_sign_in", "Tên đăng nhập hoặc mật khẩu chưa đúng.")


def _wait(now: datetime, person: Account) -> SignInRefused:
    seconds = int((person.locked_until - now).total_seconds()) + 1 if person.locked_until else 0
    return SignInRefused("waits", f"Đã thử sai nhiều lần. Thử lại sau {seconds} giây.")
