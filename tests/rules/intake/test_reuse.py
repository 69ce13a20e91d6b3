"""When an existing paper may stand in: the tests of identity_and_documents §5."""

from __future__ import annotations

from datetime import date

import pytest

from services.intake.rules.reuse import Candidate, Store, Verdict, judge
from shared.catalogue.model import DocumentKind, Source

ON = date(2026, 11, 23)
LASTING = DocumentKind(code="GKS", name="Giấy khai sinh", reusable=True, source=Source.CIVIL_STATUS)
HALF_A_YEAR = DocumentKind(code="XN-HN", name="Xác nhận", reusable=True, source=Source.CIVIL_STATUS, valid_months=6)
DECLARATION = DocumentKind(code="TK-KS", name="Tờ khai")


def held(issued_on: date, valid_to: date | None = None, *, is_active: bool = True, number: str = "1") -> Candidate:
    return Candidate(Store.POPULATION_DATABASE, number, issued_on, valid_to, is_active)


@pytest.mark.parametrize(
    ("valid_to", "verdict"),
    [
        (date(2026, 11, 22), Verdict.EXPIRED),
        (ON, Verdict.REUSED),
        (date(2026, 11, 24), Verdict.REUSED),
        (None, Verdict.REUSED),
    ],
)
def test_a_paper_is_good_on_its_last_day(valid_to: date | None, verdict: Verdict) -> None:
    assert judge(LASTING, [held(date(2020, 1, 1), valid_to)], ON).verdict is verdict


@pytest.mark.parametrize(
    ("issued_on", "verdict"),
    [
        (date(2026, 5, 22), Verdict.EXPIRED),
        (date(2026, 5, 23), Verdict.REUSED),
        (date(2026, 11, 23), Verdict.REUSED),
        (date(2026, 11, 24), Verdict.EXPIRED),
    ],
)
def test_a_kind_may_limit_validity_in_months(issued_on: date, verdict: Verdict) -> None:
    assert judge(HALF_A_YEAR, [held(issued_on)], ON).verdict is verdict


def test_months_end_on_a_day_that_exists() -> None:
    finding = judge(HALF_A_YEAR, [held(date(2026, 8, 31))], date(2026, 9, 1))
    assert finding.valid_to == date(2027, 2, 28)


def test_the_earlier_end_counts() -> None:
    assert judge(HALF_A_YEAR, [held(date(2026, 10, 1), date(2026, 12, 1))], ON).valid_to == date(2026, 12, 1)


def test_declarations_are_never_reused() -> None:
    assert judge(DECLARATION, [held(date(2026, 1, 1))], ON).verdict is Verdict.NOT_REUSABLE


def test_a_revoked_paper_does_not_count_and_a_good_one_behind_it_does() -> None:
    revoked, good = held(date(2020, 1, 1), is_active=False), held(date(2021, 1, 1), number="2")
    assert judge(LASTING, [revoked], ON).verdict is Verdict.EXPIRED
    assert judge(LASTING, [revoked, good], ON).reference == "2"


def test_nothing_is_said_to_be_nothing() -> None:
    assert judge(LASTING, [], ON).verdict is Verdict.NOT_FOUND
