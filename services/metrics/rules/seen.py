"""What the fold reads of a record: the part of the public facts that figures need, parsed at a million a second.

`shared.contracts.facts` is the authority; a property test holds both readings of one record equal.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from shared.contracts.facts import Facts
from shared.dossier.actions import ApplicantType, Channel, Fault, Outcome, PaidVia, ReturnWay
from shared.dossier.codes import AGENCY_PATTERN, DOSSIER_PATTERN, LONGEST, PROCEDURE_PATTERN, WORD_PATTERN
from shared.dossier.lifecycle import Clock, Stage

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199
"""Years a dossier's times may lie in; local time and the database can hold all of them."""


def _whole(pattern: str) -> str:
    """`$` of the parser's regular expressions would let a line break pass."""
    return pattern.removesuffix("$") + r"\Z"


_Instant = Annotated[datetime, Meta(tz=True)]
_Agency = Annotated[str, Meta(pattern=_whole(AGENCY_PATTERN), max_length=35)]


class Unreadable(ValueError):
    """A record that is no event of ours; `reason` is a stable code, never a value of the record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Paper(Struct, frozen=True, gc=False):
    """A component: scanned here, reused from shared data, or neither."""

    digitized: bool
    reused: bool


class Pause(Struct, frozen=True, gc=False):
    """A time in which the clock stood still."""

    start_at: _Instant
    end_at: _Instant | None = None
    completes: bool = False
    due_at: _Instant | None = None


class Seen(Struct, frozen=True, gc=False, kw_only=True):
    """A dossier as figures see it; names and meanings as in `Facts`."""

    dossier_code: Annotated[str, Meta(pattern=_whole(DOSSIER_PATTERN), max_length=LONGEST)]
    root_code: Annotated[str, Meta(pattern=_whole(DOSSIER_PATTERN), max_length=LONGEST)]
    seq: Annotated[int, Meta(ge=1, le=1_000_000)]
    stage: Stage
    clock: Clock
    procedure_code: Annotated[str, Meta(pattern=_whole(PROCEDURE_PATTERN))]
    agency_competent: _Agency
    channel: Channel
    return_way: ReturnWay
    submitted_at: _Instant
    applicant_type: ApplicantType
    assisted: bool = False
    guided: bool = False
    e25: bool = False
    digitization_required: bool = False
    online_level: str = "PARTIAL"
    limit: str = ""
    verification_limit: str = ""
    supplement_clock: str = "PAUSE"
    answer_due_at: _Instant | None = None
    clock_from: _Instant | None = None
    due_at_original: _Instant | None = None
    verification_extends: bool = False
    new_due_on: date | None = None
    completions_asked: Annotated[int, Meta(ge=0)] = 0
    duty_notice: str | None = None
    population_check: bool = False
    result_code: str | None = None
    received_at: _Instant | None = None
    due_at: _Instant | None = None
    remaining_minutes: int | None = None
    pauses: tuple[Pause, ...] = ()
    apologised_at: _Instant | None = None
    overdue_at: _Instant | None = None
    overdue_fault: Fault | None = None
    supplements_asked: Annotated[int, Meta(ge=0)] = 0
    late_supplement: bool = False
    overrides: tuple[str, ...] = ()
    is_correction: bool = False
    withdrawn: bool = False
    portal_times: dict[int, _Instant] = {}
    components: tuple[Paper, ...] = ()
    outcome: Outcome | None = None
    result_signed_at: _Instant | None = None
    returned_at: _Instant | None = None
    ended_at: _Instant | None = None
    integrated_national: bool = False
    paper_result: bool = False
    parcel_booked: bool = False
    fee_total_vnd: Annotated[int, Meta(ge=0)] = 0
    paid_via: PaidVia = PaidVia.NONE


class Change(Struct, frozen=True, gc=False):
    """What happened, and when (business time)."""

    change: Annotated[str, Meta(pattern=_whole(WORD_PATTERN), max_length=60)]
    at: _Instant


class Event(Struct, frozen=True, gc=False):
    """One readable record: the change, the facts after it, and these facts as they were written."""

    change: Change
    seen: Seen
    facts_json: bytes


class _Record(Struct, frozen=True, gc=False):
    change: Change
    facts: msgspec.Raw


_RECORD: Final = msgspec.json.Decoder(_Record)
_SEEN: Final = msgspec.json.Decoder(Seen)


def read(key: bytes | None, value: bytes | None) -> Event:
    """The event in a record.

    Raises Unreadable: `empty`, `not_text`, `malformed`, `wrong_shape`, `wrong_time`, `wrong_key`.
    """
    if not value:
        raise Unreadable("empty")
    try:
        record = _RECORD.decode(value)
        facts_json = bytes(record.facts)
        if "\0" in facts_json.decode():  # the database takes no NUL
            raise Unreadable("not_text")
        seen = _SEEN.decode(facts_json)
    except msgspec.ValidationError as wrong:
        raise Unreadable("wrong_shape") from wrong
    except UnicodeDecodeError as wrong:
        raise Unreadable("not_text") from wrong
    except msgspec.DecodeError as wrong:
        raise Unreadable("malformed") from wrong
    times = (record.change.at, seen.submitted_at, seen.received_at, seen.due_at)
    if any(at is not None and not FIRST_YEAR <= at.year <= LAST_YEAR for at in times):
        raise Unreadable("wrong_time")
    if key != seen.dossier_code.encode():
        raise Unreadable("wrong_key")
    return Event(record.change, seen, facts_json)


def seen_in(facts_json: str | bytes) -> Seen:
    """The facts that were stored before. Raises msgspec.DecodeError when they are none of ours."""
    return _SEEN.decode(facts_json)


def seen_of(facts: Facts) -> Seen:
    """The same reading from the contract's own type: for tests and for callers that hold Facts."""
    return msgspec.convert(facts.model_dump(mode="json"), Seen, strict=False)
