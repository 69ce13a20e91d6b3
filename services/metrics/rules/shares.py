"""A whole in parts that are written: rounded parts that add up to the rounded whole, as a reader's sum must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ALL: Final = 10_000
"""The whole in hundredths of a per cent."""


def parted[K](parts: Mapping[K, int], units: int) -> dict[K, int]:
    """`units` given to the parts in proportion; what division leaves goes to the largest rests. {} when all are 0.

    Raises ValueError for a part below 0. Equal rests: the part named first.
    """
    if any(part < 0 for part in parts.values()):
        raise ValueError("a part of a whole is not below 0")
    whole = sum(parts.values())
    if not whole:
        return {}
    given = {key: part * units // whole for key, part in parts.items()}
    by_rest = sorted(parts, key=lambda key: parts[key] * units % whole, reverse=True)
    for key in by_rest[: units - sum(given.values())]:
        given[key] += 1
    return given
