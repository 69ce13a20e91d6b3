"""What a carrier's scan means and which one counts. Pure; arrival order never matters.

Source: QĐ 45/2016/QĐ-TTg, TT 17/2017/TT-BTTTT; the carrier's codes are practice, those marked `sample` are invented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.contracts.delivery import ParcelStatus
from shared.dossier.codes import as_reference

EMS_V1: Final[Mapping[str, ParcelStatus]] = MappingProxyType(
    {
        "1": ParcelStatus.CREATED,
        "2": ParcelStatus.ACCEPTED_FOR_PICKUP,
        "3": ParcelStatus.PICKED_UP,  # sample
        "4": ParcelStatus.IN_TRANSIT,
        "11000": ParcelStatus.OUT_FOR_DELIVERY,
        "5": ParcelStatus.DELIVERED,  # sample
        "6": ParcelStatus.ATTEMPT_FAILED,  # sample
        "7": ParcelStatus.RETURNING,  # sample
        "8": ParcelStatus.RETURNED_TO_AGENCY,  # sample
        "9": ParcelStatus.CANCELLED,  # sample
        "10": ParcelStatus.LOST,  # sample
        "11": ParcelStatus.DAMAGED,  # sample
    }
)
"""Status codes of the carrier's interface; a code that is not here is kept, shown raw and changes nothing."""

INCIDENTS: Final = frozenset({ParcelStatus.CANCELLED, ParcelStatus.LOST, ParcelStatus.DAMAGED})
"""Re-issue free of charge when the applicant is not at fault: a case for the desk."""

SILENCE: Final = timedelta(hours=24)
"""After this long without a scan the carrier is asked (policy)."""

_RANK: Final = {status: rank for rank, status in enumerate(ParcelStatus)}
_AHEAD: Final = timedelta(minutes=10)
_BEFORE_CREATION: Final = timedelta(days=1)
_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_S10: Final = re.compile(r"[A-Z]{2}(\d{8})(\d)VN")


class Fault(StrEnum):
    """Why a verified scan is kept aside."""

    NONE = ""
    UNKNOWN_ORDER = "unknown_order"
    OTHER_NUMBER = "other_number"
    CLOCK = "clock"
    UNKNOWN_CODE = "unknown_code"


def order_code(dossier_code: str, attempt: int) -> str:
    """Our order number at the carrier, its idempotency key: `0000006H39-230110-0007-R1` (R = the result's way home)."""
    return f"{as_reference(dossier_code)}-R{attempt}"


def is_tracking_number(text: str) -> bool:
    """UPU S10 with the right check digit: 11 − Σ wᵢdᵢ mod 11, where 10 becomes 0 and 11 becomes 5."""
    found = _S10.fullmatch(text)
    if found is None:
        return False
    serial, check = found.groups()
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, serial, strict=True)) % 11
    return int(check) == {10: 0, 11: 5}.get(rest, rest)


def fault_of(
    status: ParcelStatus | None,
    *,
    is_known: bool,
    is_our_number: bool,
    created_at: datetime | None,
    happened_at: datetime,
    now: datetime,
) -> Fault:
    """The first reason to keep a scan aside: no such order, another number, an impossible time, an unknown code."""
    if not is_known or created_at is None:
        return Fault.UNKNOWN_ORDER
    if not is_our_number:
        return Fault.OTHER_NUMBER
    if not created_at - _BEFORE_CREATION <= happened_at <= now + _AHEAD:
        return Fault.CLOCK
    return Fault.UNKNOWN_CODE if status is None else Fault.NONE


def counts_more(
    status: ParcelStatus, happened_at: datetime, than: ParcelStatus | None, than_at: datetime | None
) -> bool:
    """Whether a scan overrules what is known: delivered above all, then the newer event time, then the higher rank.

    The greatest of a set does not depend on the order in which its members arrive (SR-23).
    """
    if than is None or than_at is None:
        return True
    return _weight(status, happened_at) > _weight(than, than_at)


def _weight(status: ParcelStatus, at: datetime) -> tuple[bool, datetime, int]:
    return status is ParcelStatus.DELIVERED, at, _RANK[status]


def has_effect(status: ParcelStatus) -> bool:
    """Whether a parcel with this status asks something of us now; the others are only waited on."""
    return status in INCIDENTS or status in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED_TO_AGENCY)
