"""A line over periods, drawn on the server: where its points, grid, target and words stand in a box of 720 by 240."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.metrics.views.language import Words

_WIDE, _HIGH = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 24, 14, 30
_STEPS: Final = (Fraction(1, 100), Fraction(1, 50), Fraction(1, 20), Fraction(1, 10), Fraction(1, 5), Fraction(1, 4))
_MOST_LINES: Final = 5
_MOST_LABELS: Final = 12


@dataclass(frozen=True)
class Mark:
    """A word and the place of what it belongs to."""

    text: str
    x: str
    y: str


@dataclass(frozen=True)
class Plot:
    """`segments`: runs of known points; `points`: each with its value; the newest is `open` while its period runs."""

    segments: tuple[str, ...]
    points: tuple[Mark, ...]
    open: Mark | None
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    target: Mark | None


def plot(
    labels: Sequence[str], shares: Sequence[Fraction | None], target: Fraction | None, words: Words, *, is_open: bool
) -> Plot | None:
    """The line of these shares, oldest first; None with fewer than two known ones."""
    known = [share for share in shares if share is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    low, high, step = _axis([*known, *([target] if target is not None else [])])

    def x(number: int) -> str:
        return f"{_LEFT + number * (_WIDE - _LEFT - _RIGHT) / max(1, len(shares) - 1):.1f}"

    def y(share: Fraction) -> str:
        return f"{float(_HIGH - _BOTTOM - (share - low) / (high - low) * (_HIGH - _TOP - _BOTTOM)):.1f}"

    marks = [
        Mark(f"{label}: {_said(share, words)}", x(number), y(share)) if share is not None else None
        for number, (label, share) in enumerate(zip(labels, shares, strict=True))
    ]
    every = -(-len(labels) // _MOST_LABELS)
    newest = marks[-1] if is_open else None
    return Plot(
        segments=_segments(marks),
        points=tuple(mark for mark in marks if mark is not None and mark is not newest),
        open=newest,
        rows=tuple(
            Mark(words.ratio((share.numerator, share.denominator)), str(_LEFT), y(share))
            for number in range(int((high - low) / step) + 1)
            if (share := low + number * step) <= high
        ),
        columns=tuple(Mark(label, x(number), "") for number, label in enumerate(labels) if number % every == 0),
        target=Mark("", "", y(target)) if target is not None else None,
    )


def _segments(marks: Sequence[Mark | None]) -> tuple[str, ...]:
    runs: list[list[str]] = [[]]
    for mark in marks:
        if mark is None:
            runs.append([])
        else:
            runs[-1].append(f"{mark.x},{mark.y}")
    return tuple(" ".join(run) for run in runs if run)


def _axis(values: Sequence[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """(from, to, step): round shares around the values, at most five lines; never below 0."""
    low, high = max(Fraction(0), min(values)), max(values)
    step = next((each for each in _STEPS if (high - low) / each <= _MOST_LINES - 1), _STEPS[-1])
    bottom = low // step * step
    top = -(-high // step) * step
    return bottom, max(top, bottom + step), step


def _said(share: Fraction, words: Words) -> str:
    return words.share(share.numerator, share.denominator)
