"""A feedback's table, every cell in every role, and its due times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from shared.contracts.feedback import FeedbackEvent, event_of, facts_of, value_of
from shared.dossier.codes import feedback_code
from shared.dossier.feedback.acts import (
    Answer,
    AskMore,
    Assign,
    Clarify,
    FeedbackAct,
    FeedbackStage,
    Forward,
    Give,
    GoOn,
    MarkOverdue,
    Rate,
    Refuse,
)
from shared.dossier.feedback.state import Feedback
from shared.dossier.feedback.table import CHANGES, MOVES, STAGES
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Grant, Kind, Resource, Right, as_whom, can
from shared.dossier.refusal import Forbidden, Refused
from tests.builders import AGENCY, AT, feedback_opening, says

OTHER: Final = "000.00.05.H39"
THIRD: Final = "000.00.09.H39"
DAY: Final = timedelta(days=1)
LONG: Final = 60 * DAY
S, A = FeedbackStage, FeedbackAct

SAMPLES: Final[dict[FeedbackAct, Any]] = {
    A.GIVE: Give(),
    A.ASSIGN: Assign(assignee="another"),
    A.ASK_MORE: AskMore(),
    A.CLARIFY: Clarify(),
    A.GO_ON: GoOn(),
    A.FORWARD: Forward(agency_code=OTHER),
    A.ANSWER: Answer(upheld=True),
    A.REFUSE: Refuse(ground="not_in_scope"),
    A.MARK_OVERDUE: MarkOverdue(),
    A.RATE: Rate(satisfied=True),
}
REACH: Final[dict[FeedbackStage, list[tuple[Role, Any]]]] = {
    S.RECEIVED: [],
    S.FORWARDED: [(Role.UNIT_HEAD, Forward(agency_code=THIRD))],
    S.ASSIGNED: [(Role.UNIT_HEAD, Assign(assignee="specialist"))],
    S.CLARIFYING: [(Role.UNIT_HEAD, AskMore())],
    S.ANSWERED: [(Role.UNIT_HEAD, Answer(upheld=False))],
    S.REFUSED: [(Role.UNIT_HEAD, Refuse(ground="not_in_scope"))],
}


def a_feedback(stage: FeedbackStage | None = S.RECEIVED, **opening: Any) -> Feedback:
    feedback = Feedback(opening=feedback_opening(**opening))
    if stage is not None:
        feedback.take(says(Role.APPLICANT, Give()), AT)
        for role, action in REACH[stage]:
            feedback.take(says(role, action), AT)
    assert feedback.stage is stage
    return feedback


def at(text: str) -> datetime:
    """A local moment."""
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", FeedbackAct)
@pytest.mark.parametrize("stage", [None, *FeedbackStage])
def test_every_cell_does_what_the_table_says(stage: FeedbackStage | None, act: FeedbackAct, role: Role) -> None:
    feedback, move = a_feedback(stage), MOVES.get((stage, act))
    before, order = feedback.model_copy(), says(role, SAMPLES[act])
    moment = AT + (LONG if act in (A.GO_ON, A.MARK_OVERDUE) else timedelta(hours=1))
    if move is None or role not in move.by:
        with pytest.raises(Refused) as no:
            feedback.take(order, moment)
        assert no.value.code == ("not_allowed_now" if move is None else "not_your_role")
        assert feedback == before, "a refused order changes nothing"
        return
    if role is Role.SPECIALIST and stage is not S.ASSIGNED:
        with pytest.raises(Forbidden, match="giao cho người khác"):
            feedback.take(order, moment)
        return
    feedback.check(order, moment)
    assert feedback == before, "a check changes nothing"
    assert feedback.take(order, moment)
    assert feedback.seq == before.seq + 1
    assert feedback.last_change is not None
    assert feedback.last_change.change == CHANGES[act]
    assert feedback.stage is (move.to if isinstance(move.to, S) else S.RECEIVED if stage is S.CLARIFYING else stage)
    assert FeedbackEvent.model_validate_json(value_of(event_of(feedback))) == event_of(feedback)


def test_each_stage_is_reached_left_or_an_end_and_each_move_has_a_law() -> None:
    assert {move.to for move in MOVES.values() if isinstance(move.to, S)} == set(S)
    assert {stage for stage, _ in MOVES} | {stage for stage in S if STAGES[stage].is_end} == {None, *S}
    assert all(move.law for move in MOVES.values())
    assert CHANGES.keys() == set(FeedbackAct)


def test_the_same_order_twice_is_one_act() -> None:
    feedback, order = a_feedback(), says(Role.UNIT_HEAD, Assign(assignee="specialist"))
    assert feedback.take(order, AT)
    assert not feedback.take(order, AT + DAY)
    assert feedback.seq == 2


def test_only_the_assigned_specialist_answers() -> None:
    feedback = a_feedback(S.ASSIGNED)
    with pytest.raises(Forbidden):
        feedback.check(says(Role.SPECIALIST, Answer(upheld=True), person="somebody"), AT)
    feedback.take(says(Role.SPECIALIST, Answer(upheld=True)), AT)
    assert (feedback.stage, feedback.upheld) == (S.ANSWERED, True)


def test_it_is_due_fifteen_working_days_after_reception_over_tet() -> None:
    """Received on 10/01/2023; five days off for Tết between 20/01 and 26/01: 07/02 instead of 31/01."""
    assert a_feedback().due_at == at("2023-02-07T17:00")


def test_the_citizen_s_own_time_is_left_out() -> None:
    feedback = a_feedback()
    feedback.take(says(Role.UNIT_HEAD, AskMore()), at("2023-01-11T08:00"))
    assert feedback.due_at is None
    assert feedback.asked_until == at("2023-02-01T17:00"), "ten working days, over Tết"
    feedback.take(says(Role.APPLICANT, Clarify()), at("2023-01-13T08:00"))
    facts = facts_of(feedback)
    assert (facts.stage, facts.due_at) == (S.RECEIVED, at("2023-02-09T17:00")), "two working days more"
    with pytest.raises(Refused, match="một lần"):
        feedback.check(says(Role.UNIT_HEAD, AskMore()), at("2023-01-13T09:00"))


def test_whoever_says_no_more_is_waited_for_only_so_long() -> None:
    feedback = a_feedback(S.CLARIFYING)
    timer = feedback.next_timer
    assert timer is not None
    assert isinstance(timer.action, GoOn)
    with pytest.raises(Refused):
        feedback.check(says(Role.SYSTEM, GoOn()), timer.at - timedelta(milliseconds=1))
    feedback.take(says(Role.SYSTEM, GoOn()), timer.at)
    assert feedback.stage is S.RECEIVED


def test_overdue_is_said_strictly_after_the_due_time_and_once() -> None:
    feedback = a_feedback()
    timer = feedback.next_timer
    assert timer is not None
    assert feedback.due_at is not None
    with pytest.raises(Refused):
        feedback.check(says(Role.SYSTEM, MarkOverdue()), feedback.due_at)
    feedback.take(says(Role.SYSTEM, MarkOverdue()), timer.at)
    assert feedback.next_timer is None
    with pytest.raises(Refused):
        feedback.check(says(Role.SYSTEM, MarkOverdue()), timer.at + DAY)


@pytest.mark.parametrize(
    ("action", "in_time", "late"),
    [
        (Refuse(ground="not_in_scope"), "2023-01-12T17:00", "2023-01-13T07:00"),
        (AskMore(), "2023-01-17T17:00", "2023-01-18T07:00"),
        (Forward(agency_code=OTHER), "2023-01-17T17:00", "2023-01-18T07:00"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.kind),
)
def test_short_limits_are_judged_where_they_are_made(action: Any, in_time: str, late: str) -> None:
    for moment, is_late in ((in_time, False), (late, True)):
        feedback = a_feedback()
        feedback.take(says(Role.UNIT_HEAD, action), at(moment))
        assert feedback.late_acts == ((action.kind,) if is_late else ())
        assert facts_of(feedback).is_late(at(moment)) is is_late


def test_short_limits_begin_anew_where_it_was_passed_on_to_but_not_the_citizen_s() -> None:
    feedback = a_feedback()
    due_at = feedback.due_at
    feedback.take(says(Role.UNIT_HEAD, Assign(assignee="specialist")), at("2023-01-11T08:00"))
    feedback.take(says(Role.UNIT_HEAD, Forward(agency_code=OTHER)), at("2023-01-16T08:00"))
    assert (feedback.agency_code, feedback.agencies, feedback.assignee) == (OTHER, (AGENCY, OTHER), "")
    assert feedback.due_at == due_at
    feedback.take(says(Role.UNIT_HEAD, Refuse(ground="not_in_scope")), at("2023-01-18T17:00"))
    assert feedback.late_acts == ()


def test_nobody_passes_on_in_circles_or_what_is_overdue() -> None:
    feedback = a_feedback()
    feedback.take(says(Role.UNIT_HEAD, Forward(agency_code=OTHER)), AT)
    with pytest.raises(Refused) as no:
        feedback.check(says(Role.UNIT_HEAD, Forward(agency_code=AGENCY)), AT)
    assert no.value.code == "agency_had_it"
    with pytest.raises(Refused) as no:
        feedback.check(says(Role.UNIT_HEAD, Forward(agency_code=THIRD)), AT + LONG)
    assert no.value.code == "overdue"


def test_an_answer_after_the_due_time_is_late_though_nobody_marked_it() -> None:
    feedback = a_feedback()
    feedback.take(says(Role.UNIT_HEAD, Answer(upheld=True)), at("2023-02-07T17:00"))
    assert not facts_of(feedback).is_late(AT + LONG)
    feedback = a_feedback()
    feedback.take(says(Role.UNIT_HEAD, Answer(upheld=True)), at("2023-02-07T17:01"))
    assert facts_of(feedback).is_late(AT + LONG)


def test_an_open_feedback_is_judged_at_the_moment_that_is_asked_about() -> None:
    facts = facts_of(a_feedback())
    assert facts.due_at is not None
    assert [facts.is_late(facts.due_at + late) for late in (timedelta(0), timedelta(seconds=1))] == [False, True]
    assert not facts_of(a_feedback(S.CLARIFYING)).is_late(AT + LONG), "the clock stands still"


def test_an_answer_is_rated_once_and_not_for_ever() -> None:
    feedback = a_feedback(S.ANSWERED)
    with pytest.raises(Refused) as no:
        feedback.check(says(Role.APPLICANT, Rate(satisfied=True)), AT + 31 * DAY)
    assert no.value.code == "rating_over"
    feedback.take(says(Role.APPLICANT, Rate(satisfied=False)), AT + DAY)
    with pytest.raises(Refused) as no:
        feedback.check(says(Role.APPLICANT, Rate(satisfied=True)), AT + DAY)
    assert no.value.code == "rated_before"
    assert facts_of(feedback).satisfied is False


def test_codes_have_a_series_of_their_own() -> None:
    assert feedback_code(AGENCY, AT.date(), 7) == "PAKN-000.00.03.H39-230110-0007"
    with pytest.raises(ValueError, match="feedback_code"):
        feedback_opening("000.00.03.H39-230110-0007")


@pytest.mark.parametrize("act", FeedbackAct)
@pytest.mark.parametrize("role", Role)
def test_staff_handle_feedback_of_their_own_agencies(act: FeedbackAct, role: Role) -> None:
    here = Resource(agency_path=(AGENCY, "000.00.00.H39"), owner_code="cd-1")
    expected = any(role in move.by for (_, other), move in MOVES.items() if other is act)
    for agency, covers in ((AGENCY, True), ("000.00.00.H39", True), (OTHER, False)):
        actor = Actor(
            person_code="nv-1", kind=Kind.STAFF, grants=frozenset({Grant(role=role, agency_code=agency)})
        )  # fmt: skip
        assert can(actor, act, here) is (expected and covers)


def test_citizens_have_their_own_feedback_only_and_the_counter_reads_none() -> None:
    here = Resource(agency_path=(AGENCY,), owner_code="cd-1")
    owner, other = (Actor(person_code=code, kind=Kind.CITIZEN) for code in ("cd-1", "cd-2"))
    assert can(owner, Right.READ_FEEDBACK, here)
    assert not can(other, Right.READ_FEEDBACK, here)
    by = as_whom(owner, FeedbackAct.RATE, here)
    assert by is not None
    assert by.role is Role.APPLICANT
    assert as_whom(other, FeedbackAct.RATE, here) is None
    clerk = Actor(
        person_code="nv-1", kind=Kind.STAFF, grants=frozenset({Grant(role=Role.CLERK, agency_code=AGENCY)})
    )  # fmt: skip
    assert not can(clerk, Right.READ_FEEDBACK, here)
