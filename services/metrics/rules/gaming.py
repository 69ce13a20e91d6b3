"""Signs that figures were made rather than earned: a list for inspectors, never a verdict (kpi §6).

Each sign is a share per office: dossiers that show it, of those that could. An office is named when its share is far
above that of all others together, and not a matter of a few: a Tết peak raises everybody's share, a trick only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from services.metrics.rules.seen import Seen
from services.metrics.rules.timing import end_of
from shared.dossier.lifecycle import Clock, Stage
from shared.dossier.working_time import ZERO, local

FEWEST: Final = 5
"""Below this many dossiers a share says nothing (and small cells are hidden, rule 13)."""
TIMES: Final = 3
"""How many times the others' share is conspicuous (policy)."""
_LAST_MOMENT: Final = timedelta(hours=8)
_SAME_MINUTE: Final = 10


class Sign(NamedTuple):
    """An office and what is seen there: `shown` of `possible`, and of how many elsewhere."""

    name: str
    agency_code: str
    shown: int
    possible: int
    others_shown: int
    others_possible: int
    dossiers: tuple[str, ...]


class Case(NamedTuple):
    """Whether a dossier could show a sign and does."""

    could: bool
    does: bool


def signs(seens: Iterable[Seen], at: datetime, *, listed_days: int = 30) -> tuple[Sign, ...]:
    """Every sign of every office that stands out among these dossiers, by name and office.

    `listed_days`: from when an open request or a result nobody fetched is listed (`counting.listed_supplement_days`).
    """
    dossiers = [seen for seen in seens if seen.root_code == seen.dossier_code]
    told: list[Sign] = []
    for name, look in _looks(dossiers, at - timedelta(days=listed_days)).items():
        told += _conspicuous(name, look, dossiers)
    return tuple(sorted(told))


def _conspicuous(name: str, look: Callable[[Seen], Case], dossiers: list[Seen]) -> Iterator[Sign]:
    possible: dict[str, int] = {}
    shown: dict[str, list[str]] = {}
    for seen in dossiers:
        case = look(seen)
        possible[seen.agency_competent] = possible.get(seen.agency_competent, 0) + case.could
        if case.could and case.does:
            shown.setdefault(seen.agency_competent, []).append(seen.dossier_code)
    all_possible, all_shown = sum(possible.values()), sum(map(len, shown.values()))
    for agency, codes in shown.items():
        others = all_possible - possible[agency], all_shown - len(codes)
        if len(codes) >= FEWEST and Fraction(len(codes), possible[agency]) > TIMES * _share(others[1], others[0]):
            yield Sign(name, agency, len(codes), possible[agency], others[1], others[0], tuple(sorted(codes)))


def _share(shown: int, possible: int) -> Fraction:
    """With one more on either side: nobody else is no proof of anything."""
    return Fraction(shown + 1, possible + 2)


# --- what one dossier shows -------------------------------------------------------------------------------------------


def _looks(dossiers: list[Seen], listed_before: datetime) -> Mapping[str, Callable[[Seen], Case]]:
    crowded = _crowded_minutes(dossiers)
    return MappingProxyType(
        {
            "asked_in_the_last_hours": _asked_in_the_last_hours,
            "completed_in_bulk_at_month_end": lambda seen: _in_bulk_at_month_end(seen, crowded),
            "paused_without_the_applicant": lambda seen: _paused_without_the_applicant(seen, listed_before),
            "stopped_after_a_request": _stopped_after_a_request,
            "result_never_collected": lambda seen: _never_collected(seen, listed_before),
            "extended_before_the_due_time": lambda seen: Case(seen.received_at is not None, bool(seen.apologised_at)),
            "rule_set_aside": lambda seen: Case(seen.received_at is not None, bool(seen.overrides)),
            "late_at_acceptance": _late_at_acceptance,
        }
    )


def _asked_in_the_last_hours(seen: Seen) -> Case:
    """A supplement request within eight hours before the due time: the clock is stopped, not the work."""
    known = [(pause.start_at, pause.due_at) for pause in seen.pauses if pause.due_at]
    return Case(seen.received_at is not None, any(ZERO <= due - start <= _LAST_MOMENT for start, due in known))


def _in_bulk_at_month_end(seen: Seen, crowded: Mapping[tuple[str, datetime], int]) -> Case:
    """Ended in the last two days of a month together with many others of the office, in the same minute."""
    ended_at = end_of(seen)
    if ended_at is None:
        return Case(could=False, does=False)
    minute = local(ended_at).replace(second=0, microsecond=0)
    is_last = (minute.date() + timedelta(days=2)).month != minute.month
    return Case(could=True, does=is_last and crowded[seen.agency_competent, minute] >= _SAME_MINUTE)


def _crowded_minutes(dossiers: Iterable[Seen]) -> Mapping[tuple[str, datetime], int]:
    minutes: dict[tuple[str, datetime], int] = {}
    for seen in dossiers:
        if ended_at := end_of(seen):
            key = seen.agency_competent, local(ended_at).replace(second=0, microsecond=0)
            minutes[key] = minutes.get(key, 0) + 1
    return minutes


def _paused_without_the_applicant(seen: Seen, listed_before: datetime) -> Case:
    """An open pause that has become old: a stopped clock is never late."""
    old = [p for p in seen.pauses if p.end_at is None and p.start_at < listed_before]
    return Case(bool(seen.received_at), bool(old) and seen.clock is Clock.PAUSED)


def _stopped_after_a_request(seen: Seen) -> Case:
    """Asked for papers and then stopped, not by the applicant's wish: 8 must never stand for 9."""
    return Case(seen.supplements_asked > 0, seen.stage is Stage.STOPPED and not seen.withdrawn)


def _never_collected(seen: Seen, listed_before: datetime) -> Case:
    """A result that has long been ready and nobody came for: was it ever there?"""
    ready_at = seen.portal_times.get(9)
    is_lying = seen.stage is Stage.RESULT_READY and ready_at is not None and ready_at < listed_before
    return Case(ready_at is not None, is_lying)


def _late_at_acceptance(seen: Seen) -> Case:
    """Accepted after the eight working hours in which an online filing is answered."""
    return Case(
        seen.answer_due_at is not None and seen.received_at is not None,
        bool(seen.answer_due_at and seen.received_at and seen.received_at > seen.answer_due_at),
    )
