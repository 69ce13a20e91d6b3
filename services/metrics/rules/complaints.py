"""Complaints and proposals (phản ánh, kiến nghị): a topic, traits and measures of their own (QĐ 766/QĐ-TTg 5.2, 5.3).

`shared.contracts.feedback` is the authority for the facts; a test holds both readings of one record equal. The
same fold takes them: everything it asks of a stream is here.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from services.metrics.rules.formula import Counts, version_of
from services.metrics.rules.measures import FOREVER, Contribution, Where
from services.metrics.rules.period import month_of
from services.metrics.rules.seen import FIRST_YEAR, LAST_YEAR, Unreadable
from services.metrics.rules.traits import Plain
from shared.catalogue.model import Catalogue, Measure
from shared.dossier.codes import AGENCY_PATTERN, FEEDBACK_PATTERN, PROCEDURE_PATTERN, WORD_PATTERN

CODE_VERSION: Final = 1
"""Raise it when a trait or a judgement of complaints changes."""

_Instant = Annotated[datetime, Meta(tz=True)]
_CODE: Final = re.compile(FEEDBACK_PATTERN)
_AGENCY: Final = re.compile(AGENCY_PATTERN)
_PROCEDURE: Final = re.compile(PROCEDURE_PATTERN)
_WORD: Final = re.compile(WORD_PATTERN)


class SeenComplaint(Struct, frozen=True, gc=False, kw_only=True):
    """A complaint as figures see it; names and meanings as in `FeedbackFacts`."""

    feedback_code: Annotated[str, Meta(max_length=60)]
    seq: Annotated[int, Meta(ge=1, le=1_000_000)]
    stage: str
    subject: str
    agency_code: Annotated[str, Meta(max_length=35)]
    received_at: _Instant
    dossier_code: str | None = None
    procedure_code: str | None = None
    repeated: bool = False
    due_at: _Instant | None = None
    overdue_at: _Instant | None = None
    forwarded_at: _Instant | None = None
    answered_at: _Instant | None = None
    upheld: bool | None = None
    refused_at: _Instant | None = None
    late_acts: tuple[str, ...] = ()
    satisfied: bool | None = None


class KeptComplaint(SeenComplaint, frozen=True, gc=False, array_like=True):
    """The same as it is stored: fields by their place, so new ones go to the end, with a default."""


class ComplaintChange(Struct, frozen=True, gc=False):
    """What happened, and when."""

    change: Annotated[str, Meta(max_length=60)]
    at: _Instant


class ComplaintEvent(Struct, frozen=True, gc=False):
    """One readable record."""

    change: ComplaintChange
    facts: SeenComplaint

    @property
    def key(self) -> str:
        """What the event is about: the key of its record."""
        return self.facts.feedback_code


_RECORD: Final = msgspec.json.Decoder(ComplaintEvent)
_STATE: Final = msgspec.msgpack.Encoder()
_KEPT: Final = msgspec.msgpack.Decoder(KeptComplaint)


def read(key: bytes | None, value: bytes | None) -> ComplaintEvent:
    """The event in a record. Raises Unreadable with the same reasons as for dossiers."""
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
    facts = event.facts
    if not (
        _CODE.fullmatch(facts.feedback_code)
        and _AGENCY.fullmatch(facts.agency_code)
        and _WORD.fullmatch(event.change.change)
        and (facts.procedure_code is None or _PROCEDURE.fullmatch(facts.procedure_code))
    ):
        raise Unreadable("wrong_shape")
    for at in (event.change.at, facts.received_at, facts.due_at):
        if at is not None and not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise Unreadable("wrong_time")
    if key != facts.feedback_code.encode():
        raise Unreadable("wrong_key")
    return event


def state_of(seen: SeenComplaint) -> bytes:
    """What is stored of the facts: equal facts are equal bytes."""
    return _STATE.encode(msgspec.structs.astuple(seen))


def seen_in(state: bytes) -> SeenComplaint:
    """The facts that were stored before. Raises msgspec.DecodeError when they are none of ours."""
    return _KEPT.decode(state)


# --- what it counts ---------------------------------------------------------------------------------------------------


class ComplaintTraits(NamedTuple):
    """A complaint as measures ask about it."""

    about_dossier: bool
    subject: str
    repeated: bool
    """The same owner complained of the same before."""
    passed_on: bool
    closing: str
    handling: str
    """IN_TIME until its due time while it is open; refusing, asking more or passing on too late makes it LATE."""
    upheld: str
    satisfaction: str
    """What the citizen says of the answer; NONE = nothing, which is no dissatisfaction."""


_HANDLING: Final = ComplaintTraits._fields.index("handling")
_SAID: Final = {None: "NONE", True: "YES", False: "NO"}


class Complaints:
    """All measures of complaints of a catalogue, ready to count."""

    def __init__(self, rows: tuple[Measure, ...]) -> None:
        self._counts = Counts(rows, ComplaintTraits._fields)
        self.names = self._counts.names
        """The order of counts."""
        self.version = version_of(CODE_VERSION, *rows)
        self.services: tuple[str, ...] = ()

    @staticmethod
    def of(catalogue: Catalogue) -> Complaints:
        """The measures of complaints that this catalogue declares."""
        return _made(tuple(row for row in catalogue.measures if row.topic == "COMPLAINT"))

    def contribution(self, seen: SeenComplaint) -> Contribution:
        """What this complaint adds: month of reception, the agency that has it now; procedure perhaps empty, channel 0.

        Law: QĐ 766/QĐ-TTg 5.2: done in time, or open inside its limit; NĐ 20/2008/NĐ-CP (unverified).
        """
        where = Where(seen.agency_code, seen.procedure_code or "", 0, month_of(seen.received_at))
        era = self._counts.era(seen.received_at.date())
        handling, until = judged(seen)
        traits = _traits_of(seen, handling)
        if until is None:
            return Contribution(where, self._counts.of(era, traits).counts, FOREVER, 0)
        counted = self._counts.turning(era, traits, _HANDLING, "LATE")
        return Contribution(where, counted.counts, until, counted.timed)


@lru_cache(maxsize=8)
def _made(rows: tuple[Measure, ...]) -> Complaints:
    return Complaints(rows)


def judged(seen: SeenComplaint) -> tuple[str, datetime | None]:
    """IN_TIME or LATE, and until when it stays so by itself; None = settled, also while the citizen is asked."""
    if seen.overdue_at is not None or seen.late_acts:
        return "LATE", None
    done_at = seen.answered_at or seen.refused_at
    if done_at is None or seen.due_at is None:
        return "IN_TIME", seen.due_at
    return ("IN_TIME" if done_at <= seen.due_at else "LATE"), None


def _traits_of(seen: SeenComplaint, handling: str) -> Plain:
    return (
        seen.dossier_code is not None,
        seen.subject,
        seen.repeated,
        seen.forwarded_at is not None,
        seen.stage if seen.stage in ("ANSWERED", "REFUSED") else "OPEN",
        handling,
        _SAID[seen.upheld],
        _SAID[seen.satisfied],
    )
