"""May an existing paper stand in for one that was not brought (identity_and_documents §5)? Honest when it may not."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.catalogue.model import DocumentKind

GROUND: Final = "NĐ 47/2020/NĐ-CP Đ9.3"
"""State agencies do not ask again for what they hold; the look-up serves this dossier only."""


class Verdict(StrEnum):
    """What a search ended with."""

    REUSED = "REUSED"
    NOT_FOUND = "NOT_FOUND"
    EXPIRED = "EXPIRED"
    NOT_REUSABLE = "NOT_REUSABLE"
    OWNER_DIFFERS = "OWNER_DIFFERS"


class Store(StrEnum):
    """Where it was found or sought."""

    EARLIER_RESULT = "EARLIER_RESULT"
    POPULATION_DATABASE = "POPULATION_DATABASE"
    NONE = "NONE"


@dataclass(frozen=True)
class Candidate:
    """A paper of the same owner and kind; `reference` is its number, or the dossier that made it."""

    store: Store
    reference: str
    issued_on: date
    valid_to: date | None
    is_active: bool = True


@dataclass(frozen=True)
class Finding:
    """The verdict on one component."""

    verdict: Verdict
    store: Store = Store.NONE
    reference: str | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Held:
    """One verdict per kind. `is_match`: number and name belong together; None: no register was asked."""

    findings: Mapping[str, Finding]
    asked: Sequence[str] = ()
    is_match: bool | None = None
    is_away: bool = False
    request_no: str = ""
    source_version: str = ""


def judge(kind: DocumentKind, candidates: Iterable[Candidate], on: date) -> Finding:
    """The first candidate that is active and valid on that day, the last day included; else why there is none."""
    if not kind.reusable:
        return Finding(Verdict.NOT_REUSABLE)
    ran_out: Finding | None = None
    for candidate in candidates:
        valid_to = _earlier(candidate.valid_to, _end(candidate.issued_on, kind.valid_months))
        finding = Finding(Verdict.REUSED, candidate.store, candidate.reference, valid_to)
        if candidate.is_active and candidate.issued_on <= on and (valid_to is None or on <= valid_to):
            return finding
        ran_out = ran_out or Finding(Verdict.EXPIRED, candidate.store, candidate.reference, valid_to)
    return ran_out or Finding(Verdict.NOT_FOUND)


def _end(issued_on: date, months: int | None) -> date | None:
    """The last day of a validity counted in months; a day that the month lacks becomes its last."""
    if months is None:
        return None
    year, month = divmod(issued_on.year * 12 + issued_on.month - 1 + months, 12)
    return date(year, month + 1, min(issued_on.day, calendar.monthrange(year, month + 1)[1]))


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)
