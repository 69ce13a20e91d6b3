"""What the fold reads of a record: the part of the public facts that figures need, parsed at a million a second.

`shared.contracts.facts` is the authority; a property test holds both readings of one record equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
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

MOST: Final = 10**12
"""The largest number: a million of them still fit a count of 64 bits."""
MOST_PAUSES: Final = 30
"""Their times add up to no more than a date can hold."""
LONGEST_AGENCY: Final = 35
LONGEST_WORD: Final = 60

_Instant = Annotated[datetime, Meta(tz=True)]
_DOSSIER: Final = re.compile(DOSSIER_PATTERN)
_AGENCY: Final = re.compile(AGENCY_PATTERN)
_PROCEDURE: Final = re.compile(PROCEDURE_PATTERN)
_WORD: Final = re.compile(WORD_PATTERN)


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
    """A dossier as figures see it; names and meanings as in `Facts`, in the order in which records have them (that of
    the alphabet), because then the next field is found at once.
    """

    agency_competent: str
    answer_due_at: _Instant | None = None
    apologised_at: _Instant | None = None
    applicant_type: ApplicantType
    assisted: bool = False
    channel: Channel
    clock: Clock
    clock_from: _Instant | None = None
    completions_asked: Annotated[int, Meta(ge=0, le=MOST)] = 0
    components: tuple[Paper, ...] = ()
    digitization_required: bool = False
    dossier_code: str
    due_at: _Instant | None = None
    due_at_original: _Instant | None = None
    duty_notice: str | None = None
    e25: bool = False
    ended_at: _Instant | None = None
    fee_total_vnd: Annotated[int, Meta(ge=0, le=MOST)] = 0
    guided: bool = False
    integrated_national: bool = False
    is_correction: bool = False
    late_supplement: bool = False
    limit: str = ""
    new_due_on: date | None = None
    online_level: str = "PARTIAL"
    outcome: Outcome | None = None
    overdue_at: _Instant | None = None
    overdue_fault: Fault | None = None
    overrides: tuple[str, ...] = ()
    paid_via: PaidVia = PaidVia.NONE
    paper_result: bool = False
    parcel_booked: bool = False
    pauses: Annotated[tuple[Pause, ...], Meta(max_length=MOST_PAUSES)] = ()
    population_check: bool = False
    portal_times: dict[Annotated[int, Meta(ge=0, le=99)], _Instant] = {}
    procedure_code: str
    received_at: _Instant | None = None
    remaining_minutes: Annotated[int, Meta(ge=-MOST, le=MOST)] | None = None
    result_code: str | None = None
    result_signed_at: _Instant | None = None
    return_way: ReturnWay
    returned_at: _Instant | None = None
    root_code: str
    seq: Annotated[int, Meta(ge=1, le=1_000_000)]
    stage: Stage
    submitted_at: _Instant
    supplement_clock: str = "PAUSE"
    supplements_asked: Annotated[int, Meta(ge=0, le=MOST)] = 0
    verification_extends: bool = False
    verification_limit: str = ""
    withdrawn: bool = False


class Kept(Seen, frozen=True, gc=False, array_like=True):
    """The same as it is stored: fields by their place, so a new one raises `fold.VERSION`."""


class Change(Struct, frozen=True, gc=False):
    """What happened, and when (business time)."""

    change: str
    at: _Instant


class Event(Struct, frozen=True, gc=False):
    """One readable record: the change and the facts after it."""

    change: Change
    seen: Seen = msgspec.field(name="facts")

    @property
    def key(self) -> str:
        """What the event is about: the key of its record."""
        return self.seen.dossier_code


_RECORD: Final = msgspec.json.Decoder(Event)
_STATE: Final = msgspec.msgpack.Encoder()
_KEPT: Final = msgspec.msgpack.Decoder(Kept)


def read(key: bytes | None, value: bytes | None) -> Event:
    """The event in a record.

    Raises Unreadable: `empty`, `not_text`, `malformed`, `wrong_shape`, `wrong_time`, `wrong_key`.
    """
    if not value:
        raise Unreadable("empty")
    try:
        event = _RECORD.decode(value)
    except msgspec.ValidationError as wrong:
        raise Unreadable("wrong_shape") from wrong
    except UnicodeDecodeError as wrong:
        raise Unreadable("not_text") from wrong
    except msgspec.DecodeError as wrong:
        raise Unreadable("malformed") from wrong
    seen, code = event.seen, event.seen.dossier_code
    if not (
        _is_dossier(code)
        and (seen.root_code == code or _is_dossier(seen.root_code))
        and _is_agency(seen.agency_competent)
        and _is_procedure(seen.procedure_code)
        and _is_word(event.change.change)
    ):
        raise Unreadable("wrong_shape")
    for at in (event.change.at, seen.submitted_at, seen.received_at, seen.due_at):
        if at is not None and not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise Unreadable("wrong_time")
    if seen.pauses and not all(FIRST_YEAR <= at.year <= LAST_YEAR for at in _times(seen.pauses)):
        raise Unreadable("wrong_time")
    if key != code.encode():
        raise Unreadable("wrong_key")
    return event


def _times(pauses: Iterable[Pause]) -> Iterator[datetime]:
    return (at for pause in pauses for at in (pause.start_at, pause.end_at, pause.due_at) if at is not None)


@lru_cache(maxsize=1 << 17)
def _is_dossier(code: str) -> bool:
    """The same words come again and again: what was checked once is not checked a million times a minute."""
    return len(code) <= LONGEST and _DOSSIER.fullmatch(code) is not None


@lru_cache(maxsize=4096)
def _is_agency(code: str) -> bool:
    return len(code) <= LONGEST_AGENCY and _AGENCY.fullmatch(code) is not None


@lru_cache(maxsize=4096)
def _is_procedure(code: str) -> bool:
    return _PROCEDURE.fullmatch(code) is not None


@lru_cache(maxsize=4096)
def _is_word(text: str) -> bool:
    return len(text) <= LONGEST_WORD and _WORD.fullmatch(text) is not None


def state_of(seen: Seen) -> bytes:
    """What is stored of the facts: equal facts are equal bytes."""
    return _STATE.encode(msgspec.structs.astuple(seen))


def seen_in(state: bytes) -> Seen:
    """The facts that were stored before. Raises msgspec.DecodeError when they are none of ours."""
    return _KEPT.decode(state)


def seen_of(facts: Facts) -> Seen:
    """The same reading from the contract's own type: for tests and for callers that hold Facts."""
    return msgspec.convert(facts.model_dump(mode="json"), Seen, strict=False)
