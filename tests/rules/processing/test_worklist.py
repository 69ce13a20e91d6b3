"""Whose task a dossier is and what is open to whom: read from the table, for every stage."""

from __future__ import annotations

from datetime import date

import pytest

from services.processing.rules import worklist
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts, facts_of
from shared.dossier.lifecycle import MOVES, STAGES, Act, Role, Stage
from shared.dossier.permission import Actor, Grant, Kind
from shared.platform.catalogue import load_catalogue
from tests import builders

ON = date(2026, 11, 23)
DEPARTMENT, OTHER, PROVINCE = "000.00.03.H39", "000.00.05.H39", "000.00.00.H39"
FILED = facts_of(builders.a_dossier(Stage.SUBMITTED))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


def facts_at(stage: Stage, **changes: object) -> Facts:
    return FILED.model_copy(update={"stage": stage, **changes})


def somebody(role: Role, agency_code: str = DEPARTMENT) -> Actor:
    return Actor(person_code="p", kind=Kind.STAFF, grants=frozenset({Grant(role=role, agency_code=agency_code)}))


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_the_task_of_the_table(stage: Stage) -> None:
    task = worklist.task_of(facts_at(stage))
    expected = dict(STAGES[stage].tasks)
    assert ({task.role: task.kind} if task else {}) == expected


def test_results_go_back_over_the_desk_that_received() -> None:
    moved = {"agency_competent": OTHER}
    assert worklist.responsible_agency(facts_at(Stage.PROCESSING, **moved)) == OTHER
    assert worklist.responsible_agency(facts_at(Stage.RESULT_READY, **moved)) == DEPARTMENT


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("role", list(Role))
def test_the_open_acts_of_a_role_are_those_of_the_table(catalogue: Catalogue, stage: Stage, role: Role) -> None:
    facts = facts_at(stage)
    opened = worklist.allowed(somebody(role), facts, worklist.resource_of(catalogue, facts, ON))
    lawful = {act for act in Act if (stage, act) in MOVES and role in MOVES[stage, act].by}
    assert set(opened) == lawful - {Act.ANSWER_CONSULT}, "nobody was consulted"


def test_nothing_is_open_at_another_agency(catalogue: Catalogue) -> None:
    facts = facts_at(Stage.SUBMITTED)
    place = worklist.resource_of(catalogue, facts, ON)
    assert worklist.allowed(somebody(Role.CLERK, OTHER), facts, place) == ()
    assert Act.ACCEPT in worklist.allowed(somebody(Role.CLERK, PROVINCE), facts, place)


def test_a_grant_covers_its_agency_and_all_below(catalogue: Catalogue) -> None:
    grants = (Grant(role=Role.CLERK, agency_code=PROVINCE), Grant(role=Role.SIGNER, agency_code=DEPARTMENT))
    scope = worklist.scope_of(catalogue, grants, ON)
    assert scope[Role.SIGNER] == {DEPARTMENT}
    assert scope[Role.CLERK] == worklist.agencies_below(catalogue, PROVINCE, ON) > {PROVINCE, DEPARTMENT, OTHER}


def test_an_agency_that_the_catalogue_does_not_know_stands_alone(catalogue: Catalogue) -> None:
    assert worklist.path_of(catalogue, "H39.99", ON) == ("H39.99",)
    assert worklist.agencies_below(catalogue, "H39.99", ON) == {"H39.99"}
