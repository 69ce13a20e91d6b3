"""What becomes of a payment attempt. Pure: told the state, the gateway's word and the time.

The gateway's notice is a hint; its own books decide. States only climb, whatever arrives in which order.
Source: NĐ 61/2018/NĐ-CP Điều 22; the gateway's integration guide 2.1.0 (practice); schedule and expiry are policy.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.facts import Facts
from shared.dossier.actions import FeePaid

EXPIRES_AFTER: Final = timedelta(minutes=15)
"""How long a payer may take at the gateway (policy)."""

_FIRST_QUERIES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30))
_HOURLY: Final = timedelta(hours=1)
_LAST_QUERY: Final = timedelta(days=3)


class Means(StrEnum):
    """How the money comes."""

    GATEWAY = "GATEWAY"
    CASH = "CASH"


class State(StrEnum):
    """Of one attempt. PAID_LATE: money that the dossier could not take; it goes back."""

    PENDING = "PENDING"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    PAID = "PAID"
    PAID_LATE = "PAID_LATE"
    REFUND_ASKED = "REFUND_ASKED"
    REFUNDED = "REFUNDED"


WITH_MONEY: Final = frozenset({State.PAID, State.PAID_LATE, State.REFUND_ASKED, State.REFUNDED})
"""Money was captured; what the gateway says of it afterwards is known already."""


class Word(StrEnum):
    """What the gateway's own books say."""

    PAID = "PAID"
    NOT_PAID = "NOT_PAID"
    GIVEN_BACK = "GIVEN_BACK"
    NOTHING_YET = "NOTHING_YET"


class Step(StrEnum):
    """What to do with an attempt after the gateway was asked."""

    TELL_DOSSIER = "TELL_DOSSIER"
    GIVE_BACK = "GIVE_BACK"
    FAIL = "FAIL"
    EXPIRE = "EXPIRE"
    OPEN_CASE = "OPEN_CASE"
    ASK_LATER = "ASK_LATER"
    LEAVE = "LEAVE"


def next_step(state: State, word: Word, *, is_our_amount: bool, is_expired: bool) -> Step:
    """The one way on. Money for a failed or expired attempt is never lost: it goes back."""
    if state not in (State.PENDING, State.FAILED, State.EXPIRED):
        return Step.LEAVE
    if word is Word.PAID and not is_our_amount:
        return Step.OPEN_CASE
    if word is Word.PAID:
        return Step.TELL_DOSSIER if state is State.PENDING else Step.GIVE_BACK
    if word in (Word.NOT_PAID, Word.GIVEN_BACK):
        return Step.FAIL if state is State.PENDING else Step.LEAVE
    return Step.EXPIRE if state is State.PENDING and is_expired else Step.ASK_LATER


def next_query_at(created_at: datetime, now: datetime) -> datetime | None:
    """When the gateway is asked again: 1, 2, 5, 15, 30 minutes after the order, then hourly to the third day."""
    for after in _FIRST_QUERIES:
        if created_at + after > now:
            return created_at + after
    hours = (now - created_at) // _HOURLY + 1
    at = created_at + hours * _HOURLY
    return at if at <= created_at + _LAST_QUERY else None


class Reply(StrEnum):
    """Answers to a notice, in the order in which they are checked."""

    BAD_SIGNATURE = "97"
    UNKNOWN_ORDER = "01"
    WRONG_AMOUNT = "04"
    ALREADY_CONFIRMED = "02"
    RECORDED = "00"
    UNEXPECTED = "99"


def reply_to(state: State | None, *, is_our_amount: bool, says_paid: bool, is_known: bool) -> Reply:
    """What a signed notice is answered; only RECORDED is stored and starts work. `state` None = no such order."""
    if state is None:
        return Reply.UNKNOWN_ORDER
    if not is_our_amount:
        return Reply.WRONG_AMOUNT
    if is_known or state in WITH_MONEY:
        return Reply.ALREADY_CONFIRMED
    if state in (State.FAILED, State.EXPIRED) and not says_paid:
        return Reply.ALREADY_CONFIRMED
    return Reply.RECORDED


def took_this(facts: Facts, paid: FeePaid) -> bool:
    """Whether the payment that the dossier shows is this one: told before, but the answer was lost."""
    return (facts.paid_vnd, facts.paid_via, facts.paid_at) == (paid.amount_vnd, paid.paid_via, paid.paid_at)


def has_no_room(facts: Facts, amount_vnd: int) -> bool:
    """The dossier will never take this payment: it is over, settled otherwise, or owes another sum."""
    return facts.ended or facts.fee_owed_vnd != amount_vnd
