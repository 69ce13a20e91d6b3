"""A vector of counts as one whole number, 64 bits a count: adding vectors is adding numbers, at the speed of one.

Counts may be negative. A sum is exact while each count stays within ±2**63.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

_BITS: Final = 64
_HALF: Final = 1 << (_BITS - 1)


@lru_cache(maxsize=1 << 16)
def packed(counts: tuple[int | None, ...]) -> int:
    """The vector of these counts; None is 0. Few different ones come again and again."""
    return sum((count or 0) << (_BITS * place) for place, count in enumerate(counts))


@lru_cache(maxsize=1 << 16)
def kept(counts: tuple[int, ...], places: frozenset[int]) -> int:
    """The vector of the counts at these places only."""
    return packed(tuple(count if place in places else 0 for place, count in enumerate(counts)))


def unpacked(vector: int, length: int) -> tuple[int, ...]:
    """The counts again, negative ones too."""
    raw = (vector + _halves(length)).to_bytes(length * _BITS // 8, "little")
    return tuple(count - _HALF for count in struct.unpack(f"<{length}Q", raw))


def columns(vectors: Sequence[int], length: int) -> list[list[int | None]]:
    """One list per count, as the database takes them; 0 is None: most counts of most cells are."""
    rows = [unpacked(vector, length) for vector in vectors]
    return [[count or None for count in column] for column in zip(*rows, strict=True)] if rows else [[]] * length


@cache
def _halves(length: int) -> int:
    return sum(_HALF << (_BITS * place) for place in range(length))
