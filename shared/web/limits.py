"""How often somebody may do what can be guessed or is dear (SR-18): the numbers, and what routes declare.

By account each call counts; by address only misses of people nobody knows (wrong passwords, guessed codes, forged
signatures), and calls of strangers where a stranger may call at all. So a whole office behind one address works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from shared.platform.budget import Budget

_TEN_MINUTES: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Limit:
    """What a route allows; None = not counted that way. Routes with the same name share one budget."""

    name: str
    account: Budget | None = None
    """Each call of somebody who is known."""
    stranger: Budget | None = None
    """Each call of somebody who is not, by address."""
    misses: Budget | None = None
    """Calls of strangers that were refused (400, 401, 403, 404), by address."""
    shuts: bool = False
    """Whether right calls are refused too while misses are used up: else a guesser would simply go on."""
    asked: str = ""
    """Only calls with this query parameter count; empty = all."""


SIGN_IN: Final = Limit("sign_in", account=Budget(60, _TEN_MINUTES), misses=Budget(100, _TEN_MINUTES))
"""A clerk signs in a few times a day, a test-run of the pages some dozens of times. 200 clerks who each mistype now and
then stay far below 100 misses; a sprayer tries 600 passwords an hour at most, and each account waits after five."""
BEGIN: Final = Limit("begin", stranger=Budget(600, _TEN_MINUTES))
"""Leaves something of a stranger's in the database for minutes: an office of 200 begins its day thrice over."""
TRACKING: Final = Limit("tracking", misses=Budget(100, _TEN_MINUTES), shuts=True)
"""A secret has 50 bits: 14,400 guesses a day hit one dossier in 200 million years. Mobile carriers put thousands of
people behind one address, and some mistype. Not by dossier: a stranger could shut its owner out."""
UPLOAD: Final = Limit("upload", account=Budget(1_200, _TEN_MINUTES), misses=Budget(300, _TEN_MINUTES))
"""Two papers a second for ten minutes are a script; a clerk with a sheet feeder scans an archive box in less. Each of
the bot clerks of `motcua demo` stays below."""
CALLBACK: Final = Limit("callback", misses=Budget(300, _TEN_MINUTES))
"""Forged or broken ones only: a partner that catches up after its outage sends thousands that are right, and what is
right passes even from where forged ones come."""
EXPORT: Final = Limit("export", account=Budget(120, _TEN_MINUTES), stranger=Budget(300, _TEN_MINUTES))
"""A file of thousands of rows, by hand; a meeting of 200 people behind one address each takes the board's table."""
SEARCH: Final = Limit("search", account=Budget(600, _TEN_MINUTES))
"""One a second for ten minutes is no person; staff only, so never by address."""
LIST_SEARCH: Final = Limit("search", account=SEARCH.account, asked="q")
"""The same for a page that also lists without being asked for anything."""
HERE: Final = Budget(1, timedelta(days=30))
"""How long somebody who signed in at an address is not stopped by others' wrong passwords there."""

_MARK: Final = "__limit__"


def limited[F: Callable[..., Any]](limit: Limit) -> Callable[[F], F]:
    """Declares the limit of a route, beside who may call it."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, limit)
        return endpoint

    return mark


def unlimited[F: Callable[..., Any]](reason: str) -> Callable[[F], F]:
    """Declares why a route that would need a limit has none."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, f"unlimited: {reason}")
        return endpoint

    return mark


def limit_of(endpoint: object) -> Limit | str | None:
    """What the endpoint declares: its limit, `unlimited: <reason>`, or None."""
    found: Limit | str | None = getattr(endpoint, _MARK, None)
    return found
