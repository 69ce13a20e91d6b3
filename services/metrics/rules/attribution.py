"""Whose working hours a dossier took, and whose made it late: from its events alone, every hour charged exactly once.

Between two events the dossier lies with somebody; which stage lies with whom stands in `_HELD_BY`. Some hours belong
to nobody at work: until an event was known nobody could act on it, and what a provider confirmed later than it happened
was the provider's. Shares sum to the elapsed working time, to the microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from shared.catalogue.lookup import calendar_for
from shared.catalogue.model import Catalogue, WorkingCalendar
from shared.contracts.facts import Event, Facts
from shared.dossier.actions import ReturnWay
from shared.dossier.deadline import working_time_between
from shared.dossier.lifecycle import Clock, Stage
from shared.dossier.state import first_of
from shared.dossier.working_time import LOCAL, MICROSECOND, ZERO


class Holder(StrEnum):
    """With whom time was spent."""

    OFFICER = "OFFICER"
    """The agency that decides, whoever of its people."""
    CITIZEN = "CITIZEN"
    OTHER_AGENCY = "OTHER_AGENCY"
    CARRIER = "CARRIER"
    GATEWAY = "GATEWAY"
    """A connected system: the payment gateway, the signature service."""
    LATE_DATA = "LATE_DATA"
    """It had happened, but nobody was told."""


class Known(NamedTuple):
    """An event and when it reached the log; its own time when nobody noted that."""

    event: Event
    known_at: datetime


class Span(NamedTuple):
    """A stretch of a dossier's life with one holder. `overran`: beyond a limit that the holder itself had."""

    start_at: datetime
    end_at: datetime
    holder: Holder
    agency_code: str | None = None
    overran: bool = False


class Charged(NamedTuple):
    """Working time by holder; `elapsed` sums to `total`, `late` to `lateness`. Holders without time are absent."""

    total: timedelta
    elapsed: Mapping[Holder, timedelta]
    lateness: timedelta
    late: Mapping[Holder, timedelta]
    agencies: Mapping[str, timedelta]
    """Time that lay with consulted agencies, by their codes; with several asked, with the last to answer."""


_HELD_BY: Final[Mapping[Stage, Holder]] = {
    Stage.INTAKE_INCOMPLETE: Holder.CITIZEN,
    Stage.FEE_BEFORE: Holder.CITIZEN,
    Stage.SUPPLEMENT: Holder.CITIZEN,
    Stage.FINANCIAL_DUTY: Holder.CITIZEN,
    Stage.ON_THE_WAY: Holder.CARRIER,
}

_ANSWER_FOR_ALL: Final = frozenset({Holder.GATEWAY, Holder.CARRIER, Holder.LATE_DATA})
"""They had no limit of their own: all their time on the running clock is what they kept the dossier waiting."""


def calendars(catalogue: Catalogue) -> Callable[[Facts], WorkingCalendar]:
    """Whose hours are working hours: the calendar of the agency that decides, as it was when the dossier came."""

    def calendar_of(facts: Facts) -> WorkingCalendar:
        on = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
        return calendar_for(catalogue, facts.agency_competent, on)

    return calendar_of


def charged(events: Iterable[Known], calendar: WorkingCalendar, at: datetime) -> Charged:
    """Whose time the dossier took until it ended, or until `at`. Raises ValueError without an event.

    Raises CalendarMissing for a day nobody published.

    Late hours: those that lay with the citizen after the due time are the citizen's. Of the rest, others answer first
    for what they overran while the clock ran: a consulted agency beyond its own limit; gateway, carrier and late data
    for all their time. What remains is the officer's (policy).
    """
    told = _in_order(events)
    spans = list(_spans(told, at))
    elapsed = _summed((span.holder, _worked(span, calendar)) for span in spans)
    agencies = _summed((span.agency_code, _worked(span, calendar)) for span in spans if span.agency_code)
    late = _late(spans, told, at, calendar)
    return Charged(sum(elapsed.values(), ZERO), elapsed, sum(late.values(), ZERO), late, agencies)


def _in_order(events: Iterable[Known]) -> list[Known]:
    """By `seq`, each once: the log may repeat and shuffle."""
    told = {known.event.facts.seq: known for known in events}
    if not told:
        raise ValueError("a dossier has events from its filing on")
    return [told[seq] for seq in sorted(told)]


# --- with whom it lay -------------------------------------------------------------------------------------------------


def _spans(told: Sequence[Known], at: datetime) -> Iterator[Span]:
    first = told[0].event
    filed_at = first.facts.submitted_at
    if first.facts.clock_from is not None and first.facts.clock_from < filed_at:  # the waybill's date (R9)
        yield from _cut(Span(first.facts.clock_from, filed_at, Holder.CARRIER), at)
    yield from _cut(Span(filed_at, first.change.at, Holder.LATE_DATA), at)
    for known, then in pairwise(told):
        yield from _between(known, then.event, at)
    if not told[-1].event.facts.ended:
        yield from _between(told[-1], None, at)


def _between(known: Known, then: Event | None, at: datetime) -> Iterator[Span]:
    """The stretch after an event up to the next one, or up to `at`."""
    start_at, end_at = known.event.change.at, then.change.at if then else at
    unknown_until = min(max(known.known_at, start_at), end_at)
    yield from _cut(Span(start_at, unknown_until, Holder.LATE_DATA), at)
    happened_at, teller = _late_word(known.event.facts, then) or (end_at, Holder.LATE_DATA)
    happened_at = min(max(happened_at, unknown_until), end_at)
    for span in _held(known.event.facts, unknown_until, happened_at):
        yield from _cut(span, at)
    yield from _cut(Span(happened_at, end_at, teller), at)


def _held(facts: Facts, start_at: datetime, end_at: datetime) -> Iterator[Span]:
    waited_for = [one for one in facts.consultations if one.closed_at is None]
    if facts.stage is Stage.CONSULTING and waited_for:
        slowest = max(waited_for, key=lambda one: one.due_at)
        turn = min(max(slowest.due_at, start_at), end_at)
        yield Span(start_at, turn, Holder.OTHER_AGENCY, slowest.agency_code)
        yield Span(turn, end_at, Holder.OTHER_AGENCY, slowest.agency_code, overran=True)
        return
    yield Span(start_at, end_at, _holder(facts))


def _holder(facts: Facts) -> Holder:
    if facts.stage is Stage.RESULT_READY:
        return Holder.CITIZEN if facts.return_way is ReturnWay.DESK else Holder.OFFICER
    if facts.stage is Stage.NUMBERING and facts.result_signed_at is None:
        return Holder.GATEWAY  # the signer has decided, the signature service has not answered
    return _HELD_BY.get(facts.stage, Holder.OFFICER)


def _late_word(facts: Facts, then: Event | None) -> tuple[datetime, Holder] | None:
    """When that happened which the next event tells of, and who told it late; None when it tells of itself."""
    if then is None:
        return None
    if then.change.change == "fee_paid" and facts.stage is Stage.FEE_BEFORE and then.facts.paid_at:
        return then.facts.paid_at, Holder.GATEWAY
    if then.change.change == "delivered" and then.facts.returned_at:
        return then.facts.returned_at, Holder.LATE_DATA
    return None


def _cut(span: Span, at: datetime) -> Iterator[Span]:
    if span.start_at < min(span.end_at, at):
        yield span._replace(end_at=min(span.end_at, at))


def _worked(span: Span, calendar: WorkingCalendar) -> timedelta:
    return working_time_between(span.start_at, span.end_at, calendar)


def _summed[K](parts: Iterable[tuple[K, timedelta]]) -> dict[K, timedelta]:
    sums: dict[K, timedelta] = {}
    for key, time in parts:
        if time:
            sums[key] = sums.get(key, ZERO) + time
    return sums


# --- whose hours were late --------------------------------------------------------------------------------------------


def _late(
    spans: Sequence[Span], told: Sequence[Known], at: datetime, calendar: WorkingCalendar
) -> dict[Holder, timedelta]:
    facts = told[-1].event.facts
    due_at, began_at = _due(facts), facts.clock_from or facts.received_at
    if due_at is None or began_at is None:
        return {}
    ended_at = min(_judged_at(facts) or at, at)
    rest = working_time_between(due_at, ended_at, calendar)
    after = [span for span in _within(spans, due_at, ended_at) if span.holder is Holder.CITIZEN]
    charges = _summed((Holder.CITIZEN, _worked(span, calendar)) for span in after)
    rest -= sum(charges.values(), ZERO)
    claims = _summed(
        (span.holder, _worked(span, calendar))
        for span in _within(spans, began_at, ended_at)
        if span.overran or span.holder in _ANSWER_FOR_ALL
    )
    charges |= _shared(min(rest, sum(claims.values(), ZERO)), claims)
    officers = rest - sum((time for holder, time in charges.items() if holder is not Holder.CITIZEN), ZERO)
    return charges | ({Holder.OFFICER: officers} if officers else {})


def _due(facts: Facts) -> datetime | None:
    """What is due, or was due when the clock was stopped."""
    return facts.due_at or (facts.pauses[-1].due_at if facts.pauses else None)


def _judged_at(facts: Facts) -> datetime | None:
    """When it ended for figures (766-2.1); while the clock stands still, when it was stopped."""
    ended_at = first_of(facts.portal_times, 9, 10, 8, 3)
    if facts.pauses and (facts.clock is Clock.PAUSED or facts.pauses[-1].end_at == ended_at):
        return facts.pauses[-1].start_at
    return ended_at


def _within(spans: Iterable[Span], start_at: datetime, end_at: datetime) -> Iterator[Span]:
    for span in spans:
        if (begins := max(span.start_at, start_at)) < (ends := min(span.end_at, end_at)):
            yield span._replace(start_at=begins, end_at=ends)


def _shared(total: timedelta, claims: Mapping[Holder, timedelta]) -> dict[Holder, timedelta]:
    """The total in proportion to the claims, to the microsecond: what division leaves goes to the largest claims."""
    claimed = sum(claims.values(), ZERO)
    if not total:
        return {}
    shares = {holder: MICROSECOND * (total // MICROSECOND * (time // MICROSECOND) // (claimed // MICROSECOND))
              for holder, time in claims.items()}  # fmt: skip
    left = total - sum(shares.values(), ZERO)
    largest = max(claims, key=lambda holder: (claims[holder], holder))
    shares[largest] += left
    return {holder: time for holder, time in shares.items() if time}
