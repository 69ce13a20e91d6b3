"""Whose task a dossier is, at which agency, and what somebody may do with it: read from the lifecycle table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.catalogue.lookup import NotInCatalogue, agencies_on, agency_path
from shared.catalogue.model import Catalogue
from shared.contracts.facts import ConsultationFacts, Facts
from shared.dossier.lifecycle import MOVES, STAGES, Act, Clock, Role, Stage, TaskKind, acts_at
from shared.dossier.permission import Actor, Grant, Resource, as_whom

RECEPTION_ROLES: Final = frozenset({Role.RETURN_CLERK})
"""Results go back over the desk that took the dossier in, whoever decided it (NĐ 61/2018 Điều 20)."""


ERRANDS: Final = frozenset(
    {
        (Role.SIGNER, TaskKind.APOLOGISE),
        (Role.SIGNER, TaskKind.DECIDE_STOP),
        (Role.DESK_HEAD, TaskKind.DECIDE_OVERRIDE),
        (Role.SPECIALIST, TaskKind.ANSWER),
    }
)
"""Whose errands beside the open task there are (see `errands_of`)."""


class Task(NamedTuple):
    """What waits, for which role, at which agency."""

    kind: TaskKind
    role: Role
    agency_code: str


def task_of(facts: Facts) -> Task | None:
    """The open task of a dossier; None while nobody of the staff is waited for."""
    for role, kind in STAGES[facts.stage].tasks.items():
        return Task(kind, role, responsible_agency(facts))
    return None


def errands_of(facts: Facts) -> tuple[Task, ...]:
    """What other people are waited for beside the open task: consulted agencies and second persons."""
    if facts.ended:
        return ()
    wanted = {
        Task(TaskKind.APOLOGISE, Role.SIGNER, facts.agency_competent): (
            facts.extension_asked_at is not None and facts.apologised_at is None and facts.clock is Clock.RUNS
        ),
        Task(TaskKind.DECIDE_STOP, Role.SIGNER, facts.agency_competent): facts.stop_asked,
        Task(TaskKind.DECIDE_OVERRIDE, Role.DESK_HEAD, facts.agency_competent): facts.override_asked is not None,
    }
    answers = (Task(TaskKind.ANSWER, Role.SPECIALIST, asked.agency_code) for asked in awaited(facts))
    return (*answers, *(task for task, is_wanted in wanted.items() if is_wanted))


def had_errands(facts: Facts) -> bool:
    """Whether such errands were ever open: only then their rows are looked after."""
    return bool(
        facts.consultations or facts.extension_asked_at or facts.stop_asked or facts.override_asked or facts.overrides
    )


def awaited(facts: Facts) -> tuple[ConsultationFacts, ...]:
    """Opinions that are still waited for."""
    return tuple(asked for asked in facts.consultations if asked.closed_at is None)


def responsible_agency(facts: Facts) -> str:
    """The agency whose staff act now: the desk of reception for the return, the competent agency for all else."""
    roles = STAGES[facts.stage].tasks.keys()
    return facts.agency_reception if roles & RECEPTION_ROLES else facts.agency_competent


class Same[T]:
    """A value as the key of a memory: equal to itself alone, since comparing a whole catalogue takes longer."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value


def path_of(catalogue: Catalogue, agency_code: str, on: date) -> tuple[str, ...]:
    """The agency with its ancestors; alone when the catalogue does not know it (any more)."""
    return _path(Same(catalogue), agency_code, on)


@lru_cache(maxsize=8192)
def _path(catalogue: Same[Catalogue], agency_code: str, on: date) -> tuple[str, ...]:
    try:
        return agency_path(catalogue.value, agency_code, on)
    except NotInCatalogue:
        return (agency_code,)


def resource_of(catalogue: Catalogue, facts: Facts, on: date) -> Resource:
    """The dossier as `can` judges it: at the agency that acts now."""
    return Resource(
        agency_path=path_of(catalogue, responsible_agency(facts), on),
        consulted=tuple(path_of(catalogue, asked.agency_code, on) for asked in awaited(facts)),
        dossier_code=facts.dossier_code,
    )


def asked_resource(catalogue: Catalogue, facts: Facts, on: date) -> Resource:
    """The same for a click that may come late: an agency that has answered hears so from the table (409, not 403)."""
    consulted = dict.fromkeys(asked.agency_code for asked in facts.consultations)
    paths = tuple(path_of(catalogue, code, on) for code in consulted)
    return resource_of(catalogue, facts, on).model_copy(update={"consulted": paths})


def readable_resource(catalogue: Catalogue, facts: Facts, on: date) -> Resource:
    """The dossier as its readers see it: reception, competent agency and whoever was consulted may look."""
    consulted = (asked.agency_code for asked in facts.consultations)
    paths = (path_of(catalogue, code, on) for code in (facts.agency_competent, facts.agency_reception, *consulted))
    return Resource(
        agency_path=tuple(dict.fromkeys(code for path in paths for code in path)),
        dossier_code=facts.dossier_code,
    )


def allowed(actor: Actor, facts: Facts, resource: Resource) -> tuple[Act, ...]:
    """The acts this caller may ask for now, in the table's order; a guard may still say no."""
    return _open_acts(actor, facts.stage, resource.agency_path, resource.consulted)


def offered(actor: Actor, facts: Facts, resource: Resource) -> tuple[Act, ...]:
    """The allowed acts, and the correction of a result: it begins a dossier of its own (NĐ 61/2018 Điều 21.1)."""
    has_result = facts.stage in {Stage.RESULT_READY, Stage.RETURNED} and facts.result_code is not None
    corrects = has_result and as_whom(actor, Act.OPEN_CORRECTION, resource) is not None
    return (*allowed(actor, facts, resource), *([Act.OPEN_CORRECTION] if corrects else []))


@lru_cache(maxsize=4096)  # a page asks the same few questions for each of its rows
def _open_acts(
    actor: Actor, stage: Stage, agency_path: tuple[str, ...], consulted: tuple[tuple[str, ...], ...]
) -> tuple[Act, ...]:
    place = Resource(agency_path=agency_path, consulted=consulted)
    asked = ((act, as_whom(actor, act, place)) for act in acts_at(stage))
    return tuple(act for act, by in asked if by is not None and by.role in MOVES[stage, act].by)


def scope_of(catalogue: Catalogue, grants: Collection[Grant], on: date) -> Mapping[Role, frozenset[str]]:
    """For each role of the caller the agencies whose tasks it covers: those granted and everything below them."""
    return _scope(Same(catalogue), frozenset(grants), on)


@lru_cache(maxsize=1024)  # every page of a person asks it
def _scope(catalogue: Same[Catalogue], grants: frozenset[Grant], on: date) -> Mapping[Role, frozenset[str]]:
    scope: dict[Role, set[str]] = {}
    for grant in grants:
        scope.setdefault(grant.role, set()).add(grant.agency_code)
    for place in agencies_on(catalogue.value, on):
        path = path_of(catalogue.value, place.code, on)
        for grant in grants:
            if grant.agency_code in path:
                scope[grant.role].add(place.code)
    return MappingProxyType({role: frozenset(codes) for role, codes in scope.items()})


def agencies_below(catalogue: Catalogue, agency_code: str, on: date) -> frozenset[str]:
    """The agency and all its descendants on that day."""
    below = (row.code for row in agencies_on(catalogue, on) if agency_code in path_of(catalogue, row.code, on))
    return frozenset({agency_code, *below})
