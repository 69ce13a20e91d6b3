"""One figure in words: level, value with its counts, target, baseline, change since the former period, a small line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.metrics.views.figures import Figure
from services.metrics.views.language import Words
from shared.catalogue.indicator import Show
from shared.catalogue.model import Comparator

FIRST: Final[Sequence[str]] = (
    "online_services_used", "online_share", "online_payment_share",
    "on_time_share", "digitized_share", "reused_share", "returned_by_post_share", "guided_share",
)  # fmt: skip
"""What a leader reads first: the directive's three rates, then on time, digitized, reused, post, guided."""

_WIDE: Final = 120
_HIGH: Final = 28
_LEAST_SPAN: Final = Fraction(1, 5)


@dataclass(frozen=True)
class Spark:
    """A small line in a box of 120 by 28: `segments` are points of unbroken runs, `last` its newest end."""

    segments: tuple[str, ...]
    last: tuple[str, str] | None
    target_y: str


@dataclass(frozen=True)
class Tile:
    """A figure in finished words. `level` names colour and shape; `note` stands where there is no value."""

    id: str
    title: str
    href: str
    level: str
    word: str
    value: str
    counts: str
    target: str
    baseline: str
    note: str
    change: str
    way: str
    """`better`, `worse`, `same`; empty without a former value."""
    is_up: bool | None
    """Which way the value went; None = not at all."""
    spark: Spark | None


def tile(figure: Figure, words: Words, href: str, history: Sequence[Figure] = ()) -> Tile:
    """`history`: the same figure of the periods before and of this one, oldest first."""
    indicator = figure.indicator
    share = figure.denominator is not None
    former = history[-2] if len(history) > 1 else None
    return Tile(
        id=indicator.id,
        title=words.name(indicator),
        href=href,
        level=figure.colour,
        word=words.level(figure.colour),
        value=value_of(figure, words),
        counts=counts_of(figure, words) if share else "",
        target=words.target(indicator),
        baseline=words.ratio(indicator.baseline) if indicator.baseline else "",
        note=_note(figure, words),
        change=_change(figure, former, words),
        way=_way(figure, former),
        is_up=moved > 0 if (moved := _moved(figure, former)) else None,
        spark=_spark(history) if share else None,
    )


_UNITS: Final[Mapping[Show, str]] = {
    Show.PERCENT: "{value}%",
    Show.COUNT: "{value}",
    Show.DAYS: "{value} ngày",
    Show.POINTS: "{value} điểm",
    Show.PER_THOUSAND: "{value}‰",
}


def value_of(figure: Figure, words: Words) -> str:
    """`41,00%`, `22,99 ngày`, `1.260`; empty without data."""
    if figure.value is None:
        return ""
    value = words.number(figure.numerator) if figure.denominator is None else words.decimal(figure.value)
    return words(_UNITS[figure.indicator.shown], value=value)


def counts_of(figure: Figure, words: Words) -> str:
    """`1.260/6.000`; empty without data."""
    if figure.value is None or figure.denominator is None or figure.indicator.shown is Show.DAYS:
        return ""
    return f"{words.number(figure.numerator)}/{words.number(figure.denominator)}"


def _note(figure: Figure, words: Words) -> str:
    if figure.is_withheld:
        return words("không công bố: số đếm không khớp")
    if figure.is_hidden:
        return words("Ít hồ sơ, không công bố")
    return words("Không phát sinh") if figure.denominator == 0 else ""


# --- change -----------------------------------------------------------------------------------------------------------


def share_of(figure: Figure) -> Fraction | None:
    """The exact share; None without data, when hidden, or for what is no share of a hundred."""
    if figure.value is None or not figure.denominator or figure.indicator.shown is not Show.PERCENT:
        return None
    return Fraction(figure.numerator, figure.denominator)


def _moved(figure: Figure, former: Figure | None) -> Fraction | None:
    then, now = share_of(former) if former else None, share_of(figure)
    return now - then if now is not None and then is not None else None


def _change(figure: Figure, former: Figure | None, words: Words) -> str:
    moved = _moved(figure, former)
    if moved is None:
        return ""
    hundredths = (abs(moved) * 20_000 + 1) // 2
    if hundredths == 0:
        return words("không đổi")
    points = words.decimal(f"{hundredths // 100}.{hundredths % 100:02d}")
    return words("tăng {points} điểm" if moved > 0 else "giảm {points} điểm", points=points)


def _way(figure: Figure, former: Figure | None) -> str:
    moved = _moved(figure, former)
    if moved is None:
        return ""
    if figure.indicator.comparator is Comparator.AT_MOST:
        moved = -moved
    return "better" if moved > 0 else "worse" if moved < 0 else "same"


# --- the small line ---------------------------------------------------------------------------------------------------


def _spark(history: Sequence[Figure]) -> Spark | None:
    shares = [share_of(figure) for figure in history]
    known = [share for share in shares if share is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    low, span = _scale(known)
    target = history[-1].indicator.target
    goal = Fraction(*target) if target else None

    def y(share: Fraction) -> str:
        return f"{float(_HIGH - 4 - (share - low) / span * (_HIGH - 8)):.1f}"

    def x(number: int) -> str:
        return f"{4 + number * (_WIDE - 8) / max(1, len(shares) - 1):.1f}"

    segments: list[list[str]] = [[]]
    for number, share in enumerate(shares):
        if share is None:
            segments.append([])
        else:
            segments[-1].append(f"{x(number)},{y(share)}")
    newest = next(number for number in reversed(range(len(shares))) if shares[number] is not None)
    return Spark(
        segments=tuple(" ".join(points) for points in segments if points),
        last=(x(newest), y(known[-1])),
        target_y=y(goal) if goal is not None and low <= goal <= low + span else "",
    )


def _scale(known: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """(lowest share drawn, span): never less than a fifth of the whole, so that noise does not look like news."""
    low, high = min(known), max(known)
    span = max(high - low, _LEAST_SPAN)
    middle = (low + high) / 2
    low = max(Fraction(0), min(middle - span / 2, 1 - span))
    return low, span
