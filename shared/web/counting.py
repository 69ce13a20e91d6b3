"""Counts what is limited (SR-18), in the service's own schema; says 429 and raises the alarm when a limit is reached.

`watch.Watch` makes a `Call` of each request to a limited route; whoever finds out who calls charges it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from fastapi import Request
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform import rate
from shared.platform.addresses import Network
from shared.platform.budget import Budget, seconds
from shared.platform.database import AWAY, Sessions, reads
from shared.platform.duty import Duty
from shared.platform.settings import ServiceSettings
from shared.platform.telemetry import counter, log
from shared.web.i18n import Language, Say, teller
from shared.web.limits import HERE, Limit
from shared.web.problem import Problem

type _Ask = Callable[[AsyncSession, Table, str, Budget, datetime], Awaitable[timedelta | None]]

SCOPE: Final = "motcua.call"
"""Where a request carries its call."""
TELL: Final = timedelta(minutes=1)
"""At most one alarm a minute, of each kind, in the log."""
_SWEEP_SECONDS: Final = 600.0
_MINUTES_FROM: Final = 120
_LANGUAGES: Final[tuple[Language, Language]] = ("vi", "en")
_refusals = counter("limit_refusals", "Calls refused because a limit was reached (SR-18)", ["limit", "by"])


class Limits:
    """The counting of one process; the application holds it as `app.state.limits`.

    While the database is away nothing is counted and the call goes on: every limited route needs the same database
    and says so itself, each in the words that its callers know (a gateway gets its code, a person a page).
    """

    def __init__(
        self,
        sessions: Sessions,
        table: Table,
        *,
        key: bytes,
        now: Callable[[], datetime],
        proxies: tuple[Network, ...] = (),
    ) -> None:
        """`key`: of the hashes that stand in the table; `proxies`: whose X-Forwarded-For is believed."""
        self.sessions = reads(sessions)
        self._table = table
        self._key = key
        self.now = now
        self._alarms: dict[tuple[str, str], _Alarm] = {}
        self.proxies = proxies

    @classmethod
    def of(cls, settings: ServiceSettings, sessions: Sessions, table: Table, now: Callable[[], datetime]) -> Self:
        """As every service's `__main__` makes it. The hashes' key comes from the service's own; a new one only
        forgives what was used.
        """
        key = hashlib.sha256(b"limits\0" + settings.token_key.get_secret_value().encode()).digest()
        return cls(sessions, table, key=key, now=now, proxies=settings.proxies)

    async def take(self, limit: Limit, budget: Budget | None, by: str, who: str) -> None:
        """Uses one call. Raises Problem 429 when there is none."""
        if budget and (wait := await self._asked(rate.take, limit, budget, by, who)):
            raise self._refusal(limit, by, wait)

    async def demand(self, limit: Limit, budget: Budget | None, by: str, who: str) -> None:
        """Uses nothing. Raises Problem 429 when no call is left."""
        if budget and (wait := await self._asked(rate.wait, limit, budget, by, who)):
            raise self._refusal(limit, by, wait)

    async def is_known_here(self, limit: Limit, account: str, address: str) -> bool:
        """Whether this account was let in at this address lately."""
        return bool(await self._asked(rate.wait, limit, HERE, "here", f"{account}\0{address}"))

    async def know_here(self, limit: Limit, account: str, address: str) -> None:
        """From now on it is."""
        await self._asked(rate.take, limit, HERE, "here", f"{account}\0{address}")

    async def sweep(self) -> int:
        """Deletes rows that say nothing any more; how many."""
        async with self.sessions() as session:
            return await rate.sweep(session, self._table, self.now())

    def duty(self) -> Duty:
        """The sweeping as a part of the process."""
        return Duty("limits", self.sweep, asyncio.Event(), rest=_SWEEP_SECONDS)

    async def _asked(self, ask: _Ask, limit: Limit, budget: Budget, by: str, who: str) -> timedelta | None:
        """How long to wait; nothing when the database is away."""
        try:
            async with self.sessions() as session:
                return await ask(session, self._table, self.row(limit, by, who), budget, self.now())
        except AWAY:
            log.warning("limit_not_counted", reason=limit.name)
            return None

    def row(self, limit: Limit, by: str, who: str) -> str:
        return hmac.new(self._key, f"{limit.name}\0{by}\0{who}".encode(), "sha256").hexdigest()[:32]

    def _refusal(self, limit: Limit, by: str, wait: timedelta) -> Problem:
        """The alarm, without a word about who it is, and the answer."""
        _refusals.labels(limit.name, by).inc()
        alarm = self._alarms.setdefault((limit.name, by), _Alarm())
        alarm.count += 1
        now = self.now()
        if alarm.told_at is None or now - alarm.told_at >= TELL:
            log.warning("limit_reached", reason=limit.name, code=by, count=alarm.count)
            alarm.told_at, alarm.count = now, 0
        return too_many(seconds(wait))


@dataclass
class _Alarm:
    """When the log was told last, and how many refusals it does not know of."""

    told_at: datetime | None = None
    count: int = 0


@dataclass
class Call:
    """One request to a limited route, on its way through `watch.Watch` to whoever finds out who calls."""

    limits: Limits
    limit: Limit
    address: str
    """Prefix; never stored or told as it is."""
    is_known: bool = False
    """By account or as a sibling: then misses are no guesses of strangers."""
    is_miss: bool = False
    """Set by a door that answers a guess with 200, as a gateway prescribes."""


def call_of(request: Request) -> Call | None:
    """The call, where limits are counted at all and the route has one that counts this request."""
    call: Call | None = request.scope.get(SCOPE)
    return call


async def charge(request: Request, account: str) -> None:
    """Counts a call by its account, or by address when it is nobody's (empty). Raises Problem 429."""
    call = call_of(request)
    if call is None:
        return
    call.is_known = bool(account)
    if account:
        await call.limits.take(call.limit, call.limit.account, "account", account)
    else:
        await call.limits.take(call.limit, call.limit.stranger, "address", call.address)


async def before_sign_in(request: Request, login: str) -> None:
    """Raises Problem 429 when the account signed in too often, or too many wrong passwords came from the address.

    Whoever was let in at this address lately is not stopped by others there: the account's own lock does that.
    """
    call = call_of(request)
    if call is None:
        return
    await call.limits.demand(call.limit, call.limit.account, "account", login)
    if not await call.limits.is_known_here(call.limit, login, call.address):
        await call.limits.demand(call.limit, call.limit.misses, "misses", call.address)


async def after_sign_in(request: Request, login: str) -> None:
    """Counts a right password by account, never by address. Raises Problem 429."""
    call = call_of(request)
    if call is not None:
        await call.limits.take(call.limit, call.limit.account, "account", login)
        await call.limits.know_here(call.limit, login, call.address)


def missed(request: Request) -> None:
    """Says that this call was a guess although its answer does not say so."""
    call = call_of(request)
    if call is not None:
        call.is_miss = True


def too_many(wait_seconds: int) -> Problem:
    """429 with the time to try again, for programs and for people."""
    vietnamese, english = (_again(teller(language), wait_seconds) for language in _LANGUAGES)
    return Problem(429, detail=(vietnamese, english), headers={"Retry-After": str(wait_seconds)})


def _again(say: Say, wait_seconds: int) -> str:
    if wait_seconds >= _MINUTES_FROM:
        return say("Đã thử quá nhiều lần. Thử lại sau {n} phút.", n=-(-wait_seconds // 60))
    return say("Đã thử quá nhiều lần. Thử lại sau {n} giây.", n=wait_seconds)
