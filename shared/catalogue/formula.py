"""The small language that measures are declared in: which dossiers count, by traits of one dossier.

A condition is one line: `accepted`, `not guided`, `channel = ONLINE`, `fate in FINISHED REFUSED`, `supplements >= 2`. A
list of conditions holds when all do; `{any: [...]}` inside it when one does. `TRAITS` is everything that may be asked;
what each trait means in a dossier's facts is said once, in `services.metrics.rules.traits`. Read at load, never run as
code: an unknown trait, code or comparison is refused with its file and line.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

type Value = bool | int | str
type Kind = type[bool | int] | frozenset[str]
"""A trait is yes or no, a whole number, or one of its codes."""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRAITS: Final[Mapping[str, Kind]] = {
    # which dossier
    "is_root": bool,
    "is_correction": bool,
    "channel": _codes("IN_PERSON ONLINE POST"),
    "applicant": _codes("CITIZEN ENTERPRISE STATE_AGENCY OTHER"),
    "assisted": bool,
    "guided": bool,
    "integrated_national": bool,
    "essential": bool,
    "paper_result": bool,
    "digitization_required": bool,
    "fully_online": bool,
    # what became of it
    "accepted": bool,
    "fate": _codes("OPEN FINISHED REFUSED WITHDRAWN STOPPED"),
    "has_result": bool,
    "returned": bool,
    "paused": bool,
    # when
    "timing": _codes("NONE EARLY ON_TIME LATE"),
    "answer": _codes("NONE IN_TIME LATE"),
    "extended": bool,
    "marked_overdue": bool,
    "fault": _codes("NONE SUBJECTIVE OBJECTIVE"),
    # what people were asked for
    "contacts": int,
    "supplements": int,
    "late_supplement": bool,
    "overrides": int,
    "duty_asked": bool,
    # papers and result
    "papers_digitized": int,
    "papers_reused": int,
    "papers_missing": int,
    "population_checked": bool,
    "result_linked": bool,
    "result_coded": bool,
    "return_way": _codes("DESK POST ELECTRONIC"),
    "parcel_booked": bool,
    # money
    "fee_charged": bool,
    "paid_via": _codes("NONE NATIONAL_PLATFORM PROVINCE_GATEWAY OTHER"),
}
"""Traits of a dossier by name, in the order in which the rules give their values."""

SUMS: Final[frozenset[str]] = frozenset({"handling_seconds", *(name for name, kind in TRAITS.items() if kind is int)})
"""Numbers of a dossier that a measure may sum instead of counting dossiers."""

_COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


class Condition(NamedTuple):
    """One line understood: `values` has one element but for `in`."""

    trait: str
    comparison: str
    values: tuple[Value, ...]

    def holds(self, value: Value) -> bool:
        """Whether a dossier whose trait has this value meets it."""
        if self.comparison == "in":
            return value in self.values
        if isinstance(value, str) or isinstance(self.values[0], str):
            return (value == self.values[0]) is (self.comparison == "=")
        return _COMPARISONS[self.comparison](value, self.values[0])


def parse(text: str) -> Condition:
    """The condition that the line writes. Raises ValueError that says what is wrong with it."""
    words = text.split()
    if len(words) == 2 and words[0] == "not":  # noqa: PLR2004 - `not` and a name
        return _yes_or_no(words[1], is_wanted=False)
    if len(words) == 1:
        return _yes_or_no(words[0], is_wanted=True)
    if len(words) < 3:  # noqa: PLR2004 - name, comparison, value
        raise ValueError(f"“{text}” is no condition; write: trait, not trait, trait = CODE, trait in A B, trait >= 2")
    trait, comparison, *given = words
    kind = _kind(trait)
    if kind is bool:
        raise ValueError(f"{trait} is yes or no: write “{trait}” or “not {trait}”")
    if kind is int:
        return Condition(trait, comparison, _number(trait, comparison, given))
    return Condition(trait, comparison, _coded(trait, kind, comparison, given))


def _kind(trait: str) -> Kind:
    if trait not in TRAITS:
        raise ValueError(f"unknown trait {trait}; known: {', '.join(TRAITS)}")
    return TRAITS[trait]


def _yes_or_no(trait: str, *, is_wanted: bool) -> Condition:
    if _kind(trait) is not bool:
        raise ValueError(f"{trait} is not yes or no: compare it with a value")
    return Condition(trait, "=", (is_wanted,))


def _number(trait: str, comparison: str, given: list[str]) -> tuple[int, ...]:
    if comparison not in _COMPARISONS or len(given) != 1 or not given[0].isdecimal():
        raise ValueError(f"{trait} is a number: compare it by {' '.join(_COMPARISONS)} with one whole number")
    return (int(given[0]),)


def _coded(trait: str, kind: Kind, comparison: str, given: list[str]) -> tuple[str, ...]:
    codes = kind if isinstance(kind, frozenset) else frozenset()
    if comparison not in ("=", "!=", "in") or (comparison != "in" and len(given) != 1):
        raise ValueError(f"{trait} is a code: write {trait} = CODE, {trait} != CODE or {trait} in CODE CODE")
    if unknown := sorted({*given} - codes):
        raise ValueError(f"{trait} is never {', '.join(unknown)}; it is one of {', '.join(sorted(codes))}")
    return tuple(given)
