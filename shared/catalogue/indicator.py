"""What is counted and what is published of it: measures, indicators, colour rules, scorecards; effective-dated.

A measure says which dossiers count; an indicator divides two measures and compares them with a target; a colour rule
says from when which share of the target has which colour; a scorecard adds indicators up to points and a class.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, NonNegativeInt, PositiveInt, Tag, model_validator

from shared.catalogue.formula import SUMS, parse
from shared.catalogue.row import AgencyKind, Dated, Ratio, Row


def _understood(text: str) -> str:
    parse(text)
    return text


def _shape(given: Any) -> str:
    return "condition" if isinstance(given, str) else "any"


class AnyOf(Row):
    """Holds when one of its conditions does."""

    any: Annotated[tuple[Clause, ...], Field(min_length=2)]


Clause = Annotated[
    Annotated[str, AfterValidator(_understood), Tag("condition")] | Annotated[AnyOf, Tag("any")],
    Discriminator(_shape),
]
"""A line of `shared.catalogue.formula`, or a list of which one must hold."""

REPORTED = "reported"
"""Stands for a measure where others do the counting."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]


class Weight(Row):
    """A dossier for which these conditions hold counts `points` times."""

    points: PositiveInt
    where: tuple[Clause, ...]


class Measure(Dated):
    """What is counted: dossiers of measure `of` for which all of `where` holds.

    `sum` adds up that number of each dossier instead of counting it; `weights` gives points instead, the first that
    holds. `complaints` count what is told of feedback instead of dossiers. Dates: the day a dossier belongs to decides.
    """

    name: Name
    of: Name | None = None
    where: tuple[Clause, ...] = ()
    sum: str | None = None
    weights: tuple[Weight, ...] = ()

    @model_validator(mode="after")
    def _counts_one_way(self) -> Self:
        if self.sum is not None and self.sum not in SUMS:
            raise ValueError(f"no number {self.sum} to sum; known: {', '.join(sorted(SUMS))}")
        if self.sum is not None and self.weights:
            raise ValueError("a measure sums a number or gives points, not both")
        return self


class Among(StrEnum):
    """Which procedures of an agency count."""

    ALL = "ALL"
    ONLINE = "ONLINE"
    """Offered at level 3 or 4 of NĐ 43/2011/NĐ-CP."""
    FEE = "FEE"
    """With a fee that is not nothing."""
    ONLINE_FEE = "ONLINE_FEE"


class ServiceMeasure(Row):
    """Counts procedures instead of dossiers: those in the agency's competence, or those with a dossier in `having`."""

    name: Name
    among: Among
    having: Name | None = None


# ── indicators ────────────────────────────────────────────────────────────────────────────────────────────────────


class Comparator(StrEnum):
    """How value and target are compared."""

    AT_LEAST = ">="
    MORE_THAN = ">"
    EQUAL = "="
    AT_MOST = "<="


class Bands(Row):
    """Colour of q = value / target: green from here (and comparator met), yellow, orange; below red; no data grey."""

    green: Ratio
    yellow: Ratio
    orange: Ratio

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        (a, b), (c, d), (e, f) = self.green, self.yellow, self.orange
        if not (a * d > c * b and c * f > e * d):
            raise ValueError("bands must fall: green > yellow > orange")
        return self


class Show(StrEnum):
    """How a value is written: share of a hundred, count, mean in days, mean of points, per thousand."""

    PERCENT = "PERCENT"
    COUNT = "COUNT"
    DAYS = "DAYS"
    POINTS = "POINTS"
    PER_THOUSAND = "PER_THOUSAND"


class Indicator(Dated):
    """One published figure. `numerator`, `denominator` name measures; no denominator = a count.

    `cap` is the share from which a scorecard gives all `points` (none: all points at 100 %). `scope`: kinds of agencies
    it is published for, none = all. `factor` names the indicator whose value multiplies this one (sync rate of 3.3).
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    code: str
    version: PositiveInt = 1
    group: str = ""
    name: str
    name_en: str
    show: Show | None = None
    numerator: str
    denominator: str | None = None
    factor: str | None = None
    comparator: Comparator | None = None
    target: Ratio | None = None
    baseline: Ratio | None = None
    bands: Bands | None = None
    cap: Ratio | None = None
    points: PositiveInt | None = None
    scope: tuple[AgencyKind, ...] = ()
    source: str

    @property
    def shown(self) -> Show:
        """How its value is written; by default a share, without denominator a count."""
        return self.show or (Show.COUNT if self.denominator is None else Show.PERCENT)

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if self.target is not None and self.denominator is None:
            raise ValueError("a plain count has no target: name its denominator")
        if self.target is not None and self.comparator is None:
            raise ValueError("a target needs its comparator")
        return self


class Reported(Row):
    """A share that others counted: of an indicator whose numerator is `reported`, for an agency and a month."""

    indicator: str
    agency_code: str
    period: Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
    numerator: NonNegativeInt
    denominator: PositiveInt
    source: str


class ColourRule(Dated):
    """Other colours from a day on: of one indicator or all, for agencies of these kinds or all. The narrowest wins."""

    indicator: str | None = None
    kinds: tuple[AgencyKind, ...] = ()
    bands: Bands
    decision: str
    """Who decided it, and when."""


# ── scorecards ────────────────────────────────────────────────────────────────────────────────────────────────────


class Part(Row):
    """What a group's points are given for; without `indicator` nobody counts it here yet: no points, and it says so."""

    name: str
    points: PositiveInt
    indicator: str | None = None


class PartGroup(Row):
    """A group of parts, at most `points` together."""

    name: str
    points: PositiveInt
    parts: tuple[Part, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(part.points for part in self.parts) != self.points:
            raise ValueError(f"the parts of “{self.name}” do not add up to {self.points} points")
        return self


class Grade(Row):
    """A class from this many points on."""

    points: Ratio
    name: str


class Scorecard(Dated):
    """A rating by points: groups of shares (QĐ 766) or mean points per dossier (`indices`, TT 01/2018)."""

    id: Name
    name: str
    groups: tuple[PartGroup, ...] = ()
    indices: tuple[str, ...] = ()
    grades: Annotated[tuple[Grade, ...], Field(min_length=1)]
    source: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        rows = [grade.points for grade in self.grades]
        if any(a * d <= c * b for (a, b), (c, d) in pairwise(rows)):
            raise ValueError("grades fall from the best to the worst")
        return self


class Counting(Row):
    """Choices of the province that no article settles."""

    count_intake_requests: bool = False
    """Whether a request to complete a file before acceptance counts as a supplement request in 2.1 (unverified)."""
    campaign_week: Literal["FIRST_SEVEN_DAYS", "FIRST_FULL_WEEK"] = "FIRST_SEVEN_DAYS"
    """Days 1-7 of the month, or Monday to Sunday of its first full week."""
    listed_supplement_days: PositiveInt = 30
    """From when an open supplement request is listed."""
    online_only_months: PositiveInt = 6
    online_only_share: Ratio = (80, 100)
    online_only_refusals: Ratio = (5, 100)
    """A procedure with dossiers in so many months, so many of them online, so few refused, may go online only."""
