"""Days and instants as others write them to us: ISO 8601, within living memory and planning.

pydantic alone takes a number, or a text of digits, for seconds since 1970, and a year 9999 that no time zone can hold.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

YEARS: Final = range(1900, 2200)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].+")


def _day(value: object) -> object:
    return _written(_DAY, value)


def _instant(value: object) -> object:
    return _written(_INSTANT, value)


def _written(shape: re.Pattern[str], value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not shape.fullmatch(value)):
        raise ValueError("written as ISO 8601")
    return value


def _near[T: date](value: T) -> T:
    if value.year not in YEARS:
        raise ValueError("a year between 1900 and 2199")
    return value


Day = Annotated[date, BeforeValidator(_day), AfterValidator(_near)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_near)]
