"""A published report as bytes: what it says, what it stands on, and a hash over both.

Canonical JSON: keys sorted, no spaces, UTF-8; so equal reports are equal bytes. No signature: whoever doubts it folds
the log again up to the same position (`motcua verify FILE`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import orjson

FORM: Final = 1
"""Version of the certificate's form."""


class Figured(Protocol):
    """A figure as the views make it."""

    @property
    def indicator(self) -> Any: ...
    @property
    def agency_code(self) -> str: ...
    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int | None: ...
    @property
    def value(self) -> str | None: ...
    @property
    def colour(self) -> str: ...
    @property
    def is_hidden(self) -> bool: ...


def row(figure: Figured, period: str) -> dict[str, Any]:
    """One figure for programs; a hidden one carries no numbers."""
    return {
        "indicator": figure.indicator.id,
        "agency_code": figure.agency_code,
        "period": period,
        "numerator": None if figure.is_hidden else figure.numerator,
        "denominator": None if figure.is_hidden else figure.denominator,
        "value": figure.value,
        "colour": str(figure.colour),
        "is_hidden": figure.is_hidden,
    }


def canonical(content: Any) -> bytes:
    """The bytes that are hashed."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def sealed(stands_on: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The certificate: what it stands on (position, versions, times, scope), its rows and its `hash`."""
    content = {"certificate": FORM, **stands_on, "rows": list(rows)}
    plain: dict[str, Any] = orjson.loads(canonical(content))
    return plain | {"hash": hash_of(plain)}


def hash_of(certificate: Mapping[str, Any]) -> str:
    """SHA-256 over everything but the hash itself."""
    return hashlib.sha256(canonical({name: part for name, part in certificate.items() if name != "hash"})).hexdigest()
