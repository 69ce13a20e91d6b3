"""The internal rating of TT 01/2018/TT-VPCP Điều 13-15: nine indices of 0 to 2 points, by quarter (kpi §8).

Indices 1 to 4 and 7 are means of points per dossier, one decimal, halves up; 5, 6, 8 and 9 judge the agency. An index
without data is left out and said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from services.metrics.rules.value import Parts

_FIFTH: Final = Fraction(20, 100)
_THIRTY: Final = Fraction(30, 100)
_FIFTEEN: Final = Fraction(15, 100)
_NINETY: Final = Fraction(90, 100)


class Online(NamedTuple):
    """What index 9 looks at: procedures offered at level 3 or 4, dossiers filed online, and those left lying."""

    procedures: Parts
    dossiers: Parts
    overdue: int
    unanswered: int


def index(parts: Parts) -> Fraction | None:
    """Σ points / dossiers with one decimal, halves up: 5/4 → 13/10. None without dossiers."""
    total, dossiers = parts
    if dossiers == 0:
        return None
    return Fraction((20 * total + dossiers) // (2 * dossiers), 10)


def publicity(*, on_board: bool, online: bool) -> Fraction:
    """Index 6: board and online 2, one of them 1, none 0."""
    return Fraction(on_board + online)


def answers(parts: Parts) -> Fraction | None:
    """Index 8: all complaints answered in time 2, at least 90 % 1, else 0; None without complaints."""
    in_time, all_ = parts
    if all_ == 0:
        return None
    share = Fraction(in_time, all_)
    return Fraction(2 if share == 1 else 1 if share >= _NINETY else 0)


def online(seen: Online) -> Fraction | None:
    """Index 9: ≥ 20 % of procedures, ≥ 30 % of dossiers online, none overdue or unanswered 2; 15 to < 30 % 1; else 0.

    The middle step repeats the condition on procedures; what is overdue costs only the second point (policy).
    """
    if seen.procedures[1] == 0 or seen.dossiers[1] == 0:
        return None
    if Fraction(*seen.procedures) < _FIFTH or Fraction(*seen.dossiers) < _FIFTEEN:
        return Fraction(0)
    is_clean = not seen.overdue and not seen.unanswered
    return Fraction(2 if Fraction(*seen.dossiers) >= _THIRTY and is_clean else 1)


def total(indices: Mapping[str, Fraction | None]) -> tuple[Fraction, tuple[str, ...]]:
    """The sum of what has data, and the names of what was left out."""
    return (
        sum((value for value in indices.values() if value is not None), Fraction()),
        tuple(name for name, value in indices.items() if value is None),
    )


def share_of_task(officer_points: Fraction) -> str:
    """An officer's indices 1, 2, 3, 4, 7: ≥ 5 → all of the task, 3.5 to < 5 → 70 to < 100 %, less → below 70 %."""
    if officer_points >= 5:  # noqa: PLR2004 - Điều 15
        return "100%"
    return "70-<100%" if officer_points >= Fraction(7, 2) else "<70%"
