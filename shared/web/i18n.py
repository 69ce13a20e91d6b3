"""The language of pages: Vietnamese is the key of every text, English is looked up, a switch chooses.

A text without English is an error where texts are tested and stays Vietnamese for people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml
from fastapi import Request

type Language = Literal["vi", "en"]
type Say = Callable[..., str]

COOKIE: Final = "lang"
LOCALES: Final = Path(__file__).parent / "locales"


def language_of(request: Request) -> Language:
    """`?lang=` when the switch was just used, else the cookie; Vietnamese first."""
    asked = request.query_params.get("lang") or request.cookies.get(COOKIE)
    return "en" if asked == "en" else "vi"


@cache
def english() -> Mapping[str, str]:
    """Vietnamese → English, of all files in locales/."""
    texts: dict[str, str] = {}
    for path in sorted(LOCALES.glob("*.en.yaml")):
        texts |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return MappingProxyType(texts)


def teller(language: Language) -> Say:
    """`say("Có {n} chỗ cần sửa", n=3)` in this language."""

    def say(text: str, /, **values: Any) -> str:
        found = english().get(text, text) if language == "en" else text
        return found.format(**values) if values else found

    return say
