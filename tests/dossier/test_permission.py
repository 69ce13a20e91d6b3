"""The matrix of SR-06: deny by default, role × agency × dossier."""

from __future__ import annotations

import pytest

from shared.dossier.lifecycle import MOVES, Act, Role
from shared.dossier.permission import RIGHTS, Actor, Grant, Kind, Resource, Right, as_whom, can
from tests.builders import AGENCY

PROVINCE = "000.00.00.H39"
ELSEWHERE = "000.00.05.H39"
HERE = Resource(agency_path=(AGENCY, PROVINCE), owner_code="cd-1")


def staff(role: Role, agency_code: str = AGENCY) -> Actor:
    grant = Grant(role=role, agency_code=agency_code)
    return Actor(person_code="nv-1", kind=Kind.STAFF, grants=frozenset({grant}))


def roles_of(act: Act) -> set[Role]:
    return {role for (_, other), move in MOVES.items() if other is act for role in move.by}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("role", Role)
def test_staff_may_do_what_the_table_gives_their_role_within_their_agencies(act: Act, role: Role) -> None:
    expected = role in roles_of(act) and act is not Act.ANSWER_CONSULT
    assert can(staff(role), act, HERE) is expected
    assert can(staff(role, PROVINCE), act, HERE) is expected, "a grant covers everything below its agency"
    assert not can(staff(role, ELSEWHERE), act, HERE)


def test_only_a_consulted_agency_answers() -> None:
    asked = Resource(agency_path=(AGENCY,), consulted=((ELSEWHERE, PROVINCE),))
    assert not can(staff(Role.SPECIALIST), Act.ANSWER_CONSULT, asked)
    by = as_whom(staff(Role.SPECIALIST, ELSEWHERE), Act.ANSWER_CONSULT, asked)
    assert by is not None
    assert by.agency_code == ELSEWHERE


def test_a_citizen_acts_on_the_own_dossier_only() -> None:
    owner, other = (Actor(person_code=code, kind=Kind.CITIZEN) for code in ("cd-1", "cd-2"))
    assert can(owner, Act.WITHDRAW, HERE)
    assert not can(other, Act.WITHDRAW, HERE)
    assert not can(owner, Act.ACCEPT, HERE)
    assert can(owner, Right.READ_DOSSIER, HERE)
    assert not can(other, Right.READ_DOSSIER, HERE)
    assert not can(owner, Right.READ_DOSSIER, Resource(agency_path=(AGENCY,))), "an unknown owner is nobody"
    nobody = Actor(person_code="", kind=Kind.CITIZEN)
    assert not can(nobody, Act.WITHDRAW, Resource(agency_path=(AGENCY,)))


def test_a_role_acts_for_the_agency_of_the_dossier() -> None:
    by = as_whom(staff(Role.CLERK, PROVINCE), Act.ACCEPT, HERE)
    assert by is not None
    assert (by.role, by.agency_code, by.person_code) == (Role.CLERK, AGENCY, "nv-1")


@pytest.mark.parametrize("right", Right)
def test_nobody_without_a_role_reads_what_needs_one(right: Right) -> None:
    kinds, roles = RIGHTS[right]
    nobody = Actor(person_code="nv-2", kind=Kind.STAFF)
    assert can(nobody, right, HERE) is (Kind.STAFF in kinds and not roles)


def test_a_service_is_no_clerk() -> None:
    service = Actor(person_code="service:payment", kind=Kind.SERVICE)
    assert can(service, Act.FEE_PAID, HERE)
    assert not can(service, Act.ACCEPT, HERE)
