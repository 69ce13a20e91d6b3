"""Complaints are counted as their contract tells: in time until nobody answered, satisfied until somebody says no."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson
import pytest

from services.metrics.rules.complaints import (
    ComplaintEvent,
    Complaints,
    ComplaintTraits,
    SeenComplaint,
    _traits_of,
    judged,
    read,
    seen_in,
    state_of,
)
from services.metrics.rules.measures import FOREVER, Measures
from services.metrics.rules.seen import Unreadable
from services.metrics.rules.value import value_of
from shared.catalogue.formula import COMPLAINT_TRAITS
from shared.contracts.feedback import FeedbackEvent, event_of
from shared.contracts.feedback import value_of as bytes_of
from shared.dossier.feedback.acts import (
    Answer,
    AskMore,
    Clarify,
    FeedbackSubject,
    Forward,
    Give,
    MarkOverdue,
    Rate,
    Refuse,
)
from shared.dossier.feedback.state import Feedback
from shared.dossier.lifecycle import Role
from tests.builders import AT, feedback_opening, says
from tests.rules.metrics.january import CATALOGUE

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
COMPLAINTS = Complaints.of(CATALOGUE)
LATER = AT + 200 * DAY


def a_life(*steps: tuple[timedelta, Role, Any], **opening: Any) -> list[bytes]:
    """Given, then each step so long after the reception."""
    feedback = Feedback(opening=feedback_opening(**opening))
    told = []
    for after, role, action in ((timedelta(), Role.APPLICANT, Give()), *steps):
        feedback.take(says(role, action), AT + after)
        told.append(bytes_of(event_of(feedback)))
    return told


HEAD = Role.UNIT_HEAD
ANSWERED = (DAY, HEAD, Answer(upheld=True))
LIVES = [
    a_life(code="PAKN-000.00.03.H39-230110-0001"),
    a_life(ANSWERED, code="PAKN-000.00.03.H39-230110-0002"),
    a_life(ANSWERED, (2 * DAY, Role.APPLICANT, Rate(satisfied=True)), code="PAKN-000.00.03.H39-230110-0003"),
    a_life(ANSWERED, (2 * DAY, Role.APPLICANT, Rate(satisfied=False)), code="PAKN-000.00.03.H39-230110-0004"),
    a_life((60 * DAY, Role.SYSTEM, MarkOverdue()), (61 * DAY, HEAD, Answer(upheld=False)),
           code="PAKN-000.00.03.H39-230110-0005"),
    a_life((DAY, HEAD, Refuse(ground="not_in_scope")), code="PAKN-000.00.03.H39-230110-0006", dossier_code=None,
           procedure_code=None, subject=FeedbackSubject.REGULATION),
    a_life((20 * DAY, HEAD, Refuse(ground="not_in_scope")), code="PAKN-000.00.03.H39-230110-0007"),
    a_life((DAY, HEAD, AskMore()), (3 * DAY, Role.APPLICANT, Clarify()), (4 * DAY, HEAD, Answer(upheld=True)),
           code="PAKN-000.00.03.H39-230110-0008", repeated=True),
    a_life((DAY, HEAD, Forward(agency_code="000.00.09.H39")), code="PAKN-000.00.03.H39-230110-0009"),
]  # fmt: skip


def event(value: bytes) -> ComplaintEvent:
    return read(orjson.loads(value)["facts"]["feedback_code"].encode(), value)


def counts(at: datetime, *, agency: str = "") -> Counter[str]:
    totals: Counter[str] = Counter()
    for life in LIVES:
        told = COMPLAINTS.contribution(event(life[-1]).facts)
        if agency in ("", told.where.agency_code):
            totals.update(dict(zip(COMPLAINTS.names, told.at(at, len(COMPLAINTS.names)), strict=True)))
    return totals


def test_both_readings_of_a_record_are_equal() -> None:
    for value in (value for life in LIVES for value in life):
        seen, contract = event(value).facts, FeedbackEvent.model_validate_json(value).facts
        for name in SeenComplaint.__struct_fields__:
            assert getattr(seen, name) == getattr(contract, name), name
        assert msgspec.structs.astuple(seen_in(state_of(seen))) == msgspec.structs.astuple(seen)


def test_the_judgement_is_the_contracts_at_every_moment() -> None:
    for value in (value for life in LIVES for value in life):
        seen, facts = event(value).facts, FeedbackEvent.model_validate_json(value).facts
        for at in (AT, facts.due_at or AT, (facts.due_at or AT) + SECOND, LATER):
            now, until = judged(seen)
            late = now == "LATE" or (until is not None and at > until)
            assert late is facts.is_late(at), (facts.stage, at)


def test_each_word_of_the_vocabulary_has_a_known_value() -> None:
    assert ComplaintTraits._fields == tuple(COMPLAINT_TRAITS)
    for value in (value for life in LIVES for value in life):
        seen = event(value).facts
        for name, trait in zip(COMPLAINT_TRAITS, _traits_of(seen, judged(seen)[0]), strict=True):
            kind = COMPLAINT_TRAITS[name]
            assert trait in kind if isinstance(kind, frozenset) else type(trait) is kind, (name, trait)


def test_what_nine_complaints_count() -> None:
    """0001 and 0009 are open: in time at first, late after their due times without an event; 0005, 0007 are late."""
    now, later = counts(AT + DAY), counts(LATER)
    assert (now["complaints"], now["complaints_in_time"], later["complaints_in_time"]) == (9, 7, 5)
    assert (now["complaints_first"], now["complaints_repeated"]) == (8, 1)
    assert (now["complaints_open"], now["complaints_upheld"], now["complaints_passed_on"]) == (2, 4, 1)
    assert (now["complaints_of_dossiers"], now["complaints_of_the_directive"]) == (7, 8)
    rows = {row.id: row for row in CATALOGUE.indicators}
    assert value_of(rows["complaints_in_time_share"], later["complaints_in_time"], later["complaints"]) == "55.56"
    assert value_of(rows["complaints_content_share"], later["complaints_content"], later["complaints_first"]) == "37.50"
    assert value_of(rows["complaints_per_thousand"], 7, 2_000) == "3.50"


def test_a_complaint_counts_for_the_agency_that_has_it_now() -> None:
    assert counts(LATER, agency="000.00.09.H39")["complaints"] == 1
    told = COMPLAINTS.contribution(event(LIVES[5][-1]).facts)
    assert told.where == ("000.00.03.H39", "", 0, "2023-01")
    assert told.until == FOREVER


def test_dossiers_and_complaints_never_mix() -> None:
    assert not {*Measures.of(CATALOGUE).names} & {*COMPLAINTS.names}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"feedback_code": "000.00.03.H39-230110-0001"}, "wrong_shape"),
        ({"agency_code": "x"}, "wrong_shape"),
        ({"seq": 0}, "wrong_shape"),
        ({"received_at": "0001-01-01T00:00:00Z"}, "wrong_time"),
        ({"feedback_code": "PAKN-000.00.03.H39-230110-0099"}, "wrong_key"),
    ],
)
def test_wrong_facts_are_refused(change: dict[str, Any], reason: str) -> None:
    value = orjson.loads(LIVES[0][0])
    value["facts"] |= change
    with pytest.raises(Unreadable) as refused:
        read(b"PAKN-000.00.03.H39-230110-0001", orjson.dumps(value))
    assert refused.value.reason == reason


@pytest.mark.parametrize(("value", "reason"), [(None, "empty"), (b"{", "malformed"), (b"{}", "wrong_shape")])
def test_other_bytes_are_refused(value: bytes | None, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"PAKN-000.00.03.H39-230110-0001", value)
    assert refused.value.reason == reason
