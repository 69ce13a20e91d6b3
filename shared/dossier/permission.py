"""The one function that says who may do what to which dossier (SR-06): deny by default, role × agency × dossier."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.dossier.actions import By
from shared.dossier.codes import AgencyCode, DossierCode, PersonCode
from shared.dossier.feedback import table as feedback
from shared.dossier.feedback.acts import FeedbackAct
from shared.dossier.lifecycle import MOVES, Act, Role


class Kind(StrEnum):
    """What sort of caller a token speaks for."""

    STAFF = "staff"
    SERVICE = "service"
    PARTNER = "partner"
    CITIZEN = "citizen"
    ANYONE = "anyone"


class Grant(BaseModel):
    """A role held for an agency and everything below it."""

    model_config = ConfigDict(frozen=True)

    role: Role
    agency_code: AgencyCode


class Actor(BaseModel):
    """The caller as its signed token says: an opaque code, never a name."""

    model_config = ConfigDict(frozen=True)

    person_code: PersonCode
    kind: Kind
    grants: frozenset[Grant] = frozenset()


class Resource(BaseModel):
    """What is asked for: the agency it belongs to with all its ancestors (nearest first), its owner, its code."""

    model_config = ConfigDict(frozen=True)

    agency_path: tuple[AgencyCode, ...] = ()
    consulted: tuple[tuple[AgencyCode, ...], ...] = ()
    """Agencies whose opinion is still awaited, each with its ancestors."""
    owner_code: PersonCode = ""
    dossier_code: DossierCode | None = None


class Right(StrEnum):
    """What may be asked beyond the acts of the lifecycle table."""

    READ_DOSSIER = "read_dossier"
    READ_WORKLIST = "read_worklist"
    READ_PERSON = "read_person"
    FILE_ONLINE = "file_online"
    READ_CATALOGUE = "read_catalogue"
    READ_KPI = "read_kpi"
    TAKE_CASH = "take_cash"
    READ_RESULT = "read_result"
    TELL_MACHINE = "tell_machine"
    GIVE_FEEDBACK = "give_feedback"
    READ_FEEDBACK = "read_feedback"
    OPERATE = "operate"
    READ_SESSION = "read_session"


STAFF_READERS = frozenset(set(Role) - {Role.APPLICANT, Role.SYSTEM, Role.PARTNER, Role.OPERATOR})
FEEDBACK_READERS = frozenset({Role.UNIT_HEAD, Role.DESK_HEAD, Role.SPECIALIST, Role.SIGNER})
"""Not the counter, of which people complain most."""
RIGHTS: dict[Right, tuple[frozenset[Kind], frozenset[Role]]] = {
    Right.READ_DOSSIER: (frozenset({Kind.STAFF, Kind.SERVICE, Kind.CITIZEN}), STAFF_READERS),
    Right.READ_WORKLIST: (frozenset({Kind.STAFF}), STAFF_READERS),
    Right.READ_PERSON: (frozenset({Kind.STAFF, Kind.SERVICE}), STAFF_READERS),
    Right.FILE_ONLINE: (frozenset({Kind.CITIZEN}), frozenset()),
    Right.READ_CATALOGUE: (frozenset(Kind), frozenset()),
    Right.READ_KPI: (frozenset(Kind), frozenset()),
    Right.TAKE_CASH: (frozenset({Kind.STAFF}), frozenset({Role.ACCOUNTANT})),
    Right.READ_RESULT: (frozenset({Kind.SERVICE}), frozenset()),
    Right.TELL_MACHINE: (frozenset({Kind.SERVICE}), frozenset()),
    Right.GIVE_FEEDBACK: (frozenset({Kind.CITIZEN}), frozenset()),
    Right.READ_FEEDBACK: (frozenset({Kind.STAFF, Kind.CITIZEN}), FEEDBACK_READERS),
    Right.OPERATE: (frozenset({Kind.STAFF}), frozenset({Role.OPERATOR})),
    Right.READ_SESSION: (frozenset({Kind.SERVICE}), frozenset()),
}
"""Right → kinds of caller, and for staff the roles of which one must cover the resource's agency."""


OWNED: frozenset[Right] = frozenset({Right.READ_DOSSIER, Right.READ_FEEDBACK})
"""Rights that a citizen has on the own dossiers and feedback only."""


def can(actor: Actor, action: Act | FeedbackAct | Right, resource: Resource) -> bool:
    """Whether this caller may do this to this resource. Stage and guards are the dossier's own affair."""
    if isinstance(action, Act | FeedbackAct):
        return as_whom(actor, action, resource) is not None
    kinds, roles = RIGHTS[action]
    if actor.kind not in kinds:
        return False
    if actor.kind is Kind.STAFF and roles:
        return any(grant.role in roles and grant.agency_code in resource.agency_path for grant in actor.grants)
    if actor.kind is Kind.CITIZEN and action in OWNED:
        return _owns(actor, resource)
    return True


def as_whom(actor: Actor, act: Act | FeedbackAct, resource: Resource) -> By | None:
    """In which role and for which agency the caller would do this act; None = may not at any stage."""
    roles = _roles_of(act)
    agency = resource.agency_path[0] if resource.agency_path else None
    if actor.kind is Kind.STAFF:
        paths = resource.consulted if act is Act.ANSWER_CONSULT else (resource.agency_path,)
        for grant in sorted(actor.grants, key=lambda grant: (grant.role, grant.agency_code)):
            for path in paths:
                if grant.role in roles and grant.agency_code in path:
                    return By(role=grant.role, agency_code=path[0], person_code=actor.person_code)
    if actor.kind is Kind.CITIZEN and Role.APPLICANT in roles and _owns(actor, resource):
        return By(role=Role.APPLICANT, agency_code=agency)
    if actor.kind is Kind.SERVICE:
        for role in (Role.SYSTEM, Role.PARTNER):
            if role in roles:
                return By(role=role, agency_code=agency)
    return None


def _roles_of(act: Act | FeedbackAct) -> frozenset[Role]:
    moves = [move.by for (_, other), move in MOVES.items() if other is act]
    moves += [move.by for (_, said), move in feedback.MOVES.items() if said is act]
    return frozenset[Role]().union(*moves)


def _owns(actor: Actor, resource: Resource) -> bool:
    return bool(actor.person_code) and actor.person_code == resource.owner_code
