"""Numbers that leave this service: order numbers for partners, symbols and numbers of fee receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from shared.dossier.codes import as_reference
from shared.dossier.working_time import LOCAL

LONGEST_NUMBER: Final = 9_999_999
"""Seven digits (TT 303/2016/TT-BTC): a full series is followed by a new symbol, never by a wrap."""


def stem_of(dossier_code: str) -> str:
    """What all order numbers of a dossier begin with: letters and digits only, as the gateway wants them."""
    return as_reference(dossier_code).replace("-", "") + "A"


def order_number(dossier_code: str, attempt: int) -> str:
    """Unique for ever: dossier and attempt (`0000006H392301100007A1`)."""
    return f"{stem_of(dossier_code)}{attempt}"


def purpose_of(dossier_code: str) -> str:
    """What the payer's bank shows: no accents (the wire's rule), no person."""
    return f"Le phi ho so {dossier_code}"


def receipt_symbol(series: str, at: datetime) -> str:
    """Series and the last two digits of the local year (TT 303/2016/TT-BTC): `AA-26E`, E = electronic."""
    return f"{series}-{at.astimezone(LOCAL):%y}E"


def receipt_number(number: int) -> str:
    """`0000001`. Raises ValueError when the series is full."""
    if not 1 <= number <= LONGEST_NUMBER:
        raise ValueError(f"receipt number {number} is outside 1..{LONGEST_NUMBER}")
    return f"{number:07d}"
