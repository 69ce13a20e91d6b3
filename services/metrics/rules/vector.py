"""A vector of counts as one whole number, 64 bits a count: adding vectors is adding numbers, at the speed of one.

Counts may be negative. A sum is exact while each count stays within ±2**63.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

_BITS: Final = 64
_HALF: Final = 1 << (_BITS - 1)


def packed(counts: Sequence[int | None]) -> int:
    """The vector of these counts; None is 0."""
    return sum(shifted(count, place) for place, count in enumerate(counts) if count)


def shifted(count: int, place: int) -> int:
    """The vector that has only this count."""
    return count << (_BITS * place)


def mask(places: Iterable[int]) -> int:
    """What `vector & mask` keeps: the counts at these places, of a vector that has no negative ones."""
    return sum(shifted((1 << _BITS) - 1, place) for place in places)


def unpacked(vector: int, length: int) -> tuple[int, ...]:
    """The counts again, negative ones too."""
    raw = (vector + _halves(length)).to_bytes(length * _BITS // 8, "little")
    return tuple(count - _HALF for count in struct.unpack(f"<{length}Q", raw))


@cache
def _halves(length: int) -> int:
    return sum(_HALF << (_BITS * place) for place in range(length))
