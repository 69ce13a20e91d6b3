"""The pure rule of limits: never more than the budget in any window of its length, always free again in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.budget import Budget, seconds

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
budgets = st.builds(Budget, st.integers(1, 40), st.integers(40, 10**9).map(lambda us: timedelta(microseconds=us)))
pauses = st.lists(st.integers(0, 10**8).map(lambda us: timedelta(microseconds=us)), max_size=120)


def passed(budget: Budget, gaps: list[timedelta]) -> list[datetime]:
    """The times of the calls that were let pass, one call after each gap."""
    used, at, let = None, NOW, []
    for gap in gaps:
        at += gap
        if (until := budget.taken(used, at)) is not None:
            used = until
            let.append(at)
    return let


@given(budgets, pauses)
def test_no_window_holds_more_than_a_full_burst_and_what_came_free_in_it(budget: Budget, gaps: list[timedelta]) -> None:
    let = passed(budget, gaps)
    for first, start in enumerate(let):
        for count, at in enumerate(let[first:], 1):
            assert count <= budget.calls + (at - start) / budget.step + 1e-6 + budget.calls * 1e-6


@given(budgets)
def test_all_calls_pass_at_once_and_not_one_more(budget: Budget) -> None:
    at_once = [timedelta()] * (budget.calls + 5)
    let = passed(budget, at_once)
    assert budget.calls <= len(let) <= budget.within // budget.step


@given(budgets, pauses)
def test_the_wait_is_what_it_takes(budget: Budget, gaps: list[timedelta]) -> None:
    used, at = None, NOW
    for gap in gaps:
        at += gap
        wait = budget.wait(used, at)
        assert (wait > timedelta()) == (budget.taken(used, at) is None)
        assert budget.taken(used, at + wait) is not None
        used = budget.taken(used, at) or used
    assert budget.wait(used, at + budget.within) == timedelta(), "after the whole time one call at least is free"


def test_a_call_comes_free_after_its_share() -> None:
    budget = Budget(60, timedelta(minutes=10))
    used = None
    for _ in range(60):
        used = budget.taken(used, NOW)
    assert budget.taken(used, NOW) is None
    assert budget.wait(used, NOW) == timedelta(seconds=10)
    assert budget.taken(used, NOW + timedelta(seconds=10)) is not None


@pytest.mark.parametrize(("wait", "said"), [(0, 1), (0.2, 1), (1, 1), (1.000001, 2), (599.5, 600)])
def test_retry_after_is_never_too_early(wait: float, said: int) -> None:
    assert seconds(timedelta(seconds=wait)) == said


@pytest.mark.parametrize(("calls", "within"), [(0, 60), (-1, 60), (10, 0)])
def test_a_budget_of_nothing_is_an_error(calls: int, within: int) -> None:
    with pytest.raises(ValueError, match="at least one call"):
        Budget(calls, timedelta(seconds=within))
