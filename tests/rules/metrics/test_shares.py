"""Rounded parts add up to the rounded whole, whatever the parts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.rules.shares import ALL, parted


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is not a finding
@given(st.dictionaries(st.integers(0, 9), st.integers(0, 10**15), max_size=8), st.integers(0, 10**6))
def test_parts_add_up_and_are_never_a_unit_away(parts: dict[int, int], units: int) -> None:
    given_ = parted(parts, units)
    whole = sum(parts.values())
    assert sum(given_.values()) == (units if whole else 0)
    for key, unit in given_.items():
        assert abs(unit * whole - parts[key] * units) < whole


def test_thirds_are_written_so_that_they_make_a_hundred() -> None:
    assert parted({"a": 1, "b": 1, "c": 1}, ALL) == {"a": 3334, "b": 3333, "c": 3333}
    assert parted({"a": 0, "b": 0}, ALL) == {}


def test_less_than_nothing_is_no_part() -> None:
    with pytest.raises(ValueError, match="not below 0"):
        parted({"a": -1, "b": 2}, ALL)
