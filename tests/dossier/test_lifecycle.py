"""The table in normal form: complete, reachable, without dead ends, with a law on each row."""

from __future__ import annotations

from collections.abc import Iterable

from shared.dossier.lifecycle import CHANGES, MOVES, ROWS, STAGES, Act, Clock, Landing, Role, Stage


def successors(stage: Stage | None) -> set[Stage]:
    """Stages one move away; BEFORE leads back to any stage that a withdrawal request may interrupt."""
    reached: set[Stage] = set()
    for (at, _), move in MOVES.items():
        if at is not stage:
            continue
        if move.to is Landing.BEFORE:
            reached |= {origin for (origin, other) in MOVES if other is Act.ASK_WITHDRAW and origin is not None}
        elif move.to is Landing.LAST_ANSWER:
            reached.add(Stage.PROCESSING)
        elif move.to is not Landing.SAME:
            reached.add(Stage(move.to))
    return reached


def closure(start: Iterable[Stage]) -> set[Stage]:
    seen, todo = set[Stage](), list(start)
    while todo:
        stage = todo.pop()
        if stage not in seen:
            seen.add(stage)
            todo += successors(stage)
    return seen


def test_every_stage_is_described() -> None:
    assert set(STAGES) == set(Stage)


def test_every_stage_can_be_reached() -> None:
    assert closure(successors(None)) == set(Stage)


def test_no_dossier_is_ever_stuck() -> None:
    """From whatever can be reached, an end can be reached."""
    for stage in closure(successors(None)):
        ends = {other for other in closure([stage]) if STAGES[other].is_end}
        assert ends, f"{stage} leads nowhere: give it a move towards an end"


def test_nothing_happens_after_an_end() -> None:
    """A correction is a linked dossier of its own."""
    assert not {(stage, act) for (stage, act) in MOVES if stage is not None and STAGES[stage].is_end}


def test_every_open_stage_with_work_shows_in_a_worklist() -> None:
    """A stage that waits for staff has a task for a role that may move it."""
    for stage, meaning in STAGES.items():
        for role in meaning.tasks:
            acts = [act for (at, act), move in MOVES.items() if at is stage and role in move.by]
            others = [act for (at, act) in MOVES if at is stage]
            assert acts or others, f"{role} has a task at {stage} and nothing to do"


def test_every_move_names_its_law_and_its_actors() -> None:
    for _, act, _, by, _, _, law in ROWS:
        assert law.strip(), act
        assert by, act


def test_no_row_says_the_same_twice() -> None:
    pairs = [(stage, act) for stages, act, *_ in ROWS for stage in stages]
    assert len(pairs) == len(set(pairs)) == len(MOVES)


def test_every_act_has_a_row_and_a_past_tense() -> None:
    assert {act for _, act in MOVES} == set(Act) == set(CHANGES)
    assert len(set(CHANGES.values())) == len(CHANGES)


def test_dossiers_start_from_nothing_without_staying_there() -> None:
    starts = {move.to for (stage, _), move in MOVES.items() if stage is None}
    assert starts == {Stage.SUBMITTED, Stage.ACCEPTED}


def test_portal_statuses_follow_the_law() -> None:
    """1..10, 11 does not exist; stages told as 5, 6 or 8 are never told as 9."""
    assert {meaning.portal for meaning in STAGES.values()} == set(range(1, 11))


def test_the_clock_never_runs_before_acceptance_or_after_the_result() -> None:
    running = {stage for stage, meaning in STAGES.items() if meaning.clock is Clock.RUNS}
    assert Stage.SUBMITTED not in running
    assert Stage.RESULT_READY not in running
    assert {Stage.ACCEPTED, Stage.PROCESSING, Stage.SIGNING} <= running


def test_only_the_workflow_itself_acts_as_system() -> None:
    for (_, act), move in MOVES.items():
        if Role.SYSTEM in move.by:
            assert move.by <= {Role.SYSTEM, Role.DESK_HEAD}, act
