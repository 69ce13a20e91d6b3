"""The carrier's place ids: postal, not administrative. Only two are known from its interface; the rest is policy."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

_KNOWN: Final[Mapping[str, str]] = {"ha noi": "10", "ho chi minh": "70"}
_STYLES: Final = ("thanh pho ", "tp. ", "tp.", "tp ", "tinh ")


def province_id(address: str, *, home: str) -> str:
    """The postal province named last in an address; the home province when none of the known ones is."""
    last = _plain(address.rpartition(",")[2])
    for style in _STYLES:
        last = last.removeprefix(style)
    return _KNOWN.get(last.strip(), home)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.strip().lower().replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
