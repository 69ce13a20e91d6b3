"""Synthetic dossiers for the fold: whole lives walked through the pure lifecycle, as records of the topic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from shared.catalogue.lookup import competent_agencies, procedures_on, terms
from shared.catalogue.model import Catalogue, FeeTiming, Terms
from shared.contracts.facts import Event, event_of, value_of
from shared.dossier import actions
from shared.dossier.actions import AnyAction, By, Channel, Order, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.codes import dossier_code
from shared.dossier.lifecycle import Role
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL

MINUTE: Final = timedelta(minutes=1)


class Told(NamedTuple):
    """One record to be."""

    key: bytes
    value: bytes
    event: Event


class Life:
    """Walks one dossier and keeps every event it tells."""

    def __init__(self, code: str, agency_code: str, at: datetime) -> None:
        self.dossier = Dossier(dossier_code=code, root_code=code)
        self.agency_code = agency_code
        self.at = at
        self.told: list[Told] = []

    def does(self, role: Role, action: AnyAction, after: timedelta = MINUTE) -> None:
        self.at += after
        by = By(role=role, agency_code=self.agency_code, person_code=role.lower())
        order = Order(command_id=f"{self.dossier.dossier_code}/{len(self.told)}", by=by, actions=(action,))
        for moved in self.dossier.take(order, self.at):
            event = event_of(moved)
            self.told.append(Told(moved.dossier_code.encode(), value_of(event), event))


def a_life(  # noqa: C901 - a life has many turns
    code: str, promised: Terms, agency_code: str, at: datetime, chance: Random, *, days: int = 3
) -> list[Told]:
    """One of the usual lives: most are granted, some refused, withdrawn, rejected or still under way."""
    life = Life(code, agency_code, at)
    channel = chance.choice([Channel.ONLINE, Channel.ONLINE, Channel.IN_PERSON])
    way = chance.choice([ReturnWay.DESK, ReturnWay.POST]) if promised.post_return else ReturnWay.DESK
    papers = tuple(Paper(kind=kind, filed=chance.random() < 0.7) for kind in promised.components)
    filing: dict[str, Any] = {"terms": promised, "return_way": way, "papers": papers, "channel": channel}
    if channel is Channel.ONLINE:
        life.does(Role.APPLICANT, actions.Submit(**filing))
    else:
        life.does(Role.CLERK, actions.RegisterAtDesk(**filing))
    if life.dossier.filed_papers:
        life.does(Role.SYSTEM, actions.RecordDigitized(kinds=life.dossier.filed_papers))
    if sought := life.dossier.sought_papers:
        life.does(Role.SYSTEM, actions.RecordReused(found=sought, not_found=(), population_checked=True))
    end = chance.random()
    if end < 0.05:
        life.does(Role.CLERK, actions.Reject(cause="incomplete"))
        return life.told
    if end < 0.1:
        life.does(Role.APPLICANT, actions.Withdraw())
        return life.told
    if owed := life.dossier.owed_vnd(FeeTiming.BEFORE) or (life.dossier.owed_vnd() if chance.random() < 0.5 else 0):
        if life.dossier.owed_vnd(FeeTiming.BEFORE):
            owed = life.dossier.owed_vnd()
        via = chance.choice([PaidVia.PROVINCE_GATEWAY, PaidVia.PROVINCE_GATEWAY, PaidVia.NONE])
        role = Role.ACCOUNTANT if via is PaidVia.NONE else Role.PARTNER
        life.does(role, actions.FeePaid(amount_vnd=owed, paid_via=via, paid_at=life.at, reference="H39-1"))
    life.does(Role.CLERK, actions.Accept(terms=promised))
    life.does(Role.CLERK, actions.Transfer())
    if end < 0.2:
        return life.told
    life.does(Role.SPECIALIST, actions.Claim())
    outcome = Outcome.REFUSED if end < 0.25 else Outcome.GRANTED
    ground = "law" if outcome is Outcome.REFUSED else None
    life.does(Role.SPECIALIST, actions.Propose(outcome=outcome, ground=ground), timedelta(days=days))
    life.does(Role.UNIT_HEAD, actions.ApproveDraft())
    life.does(Role.SIGNER, actions.Sign())
    life.does(Role.SYSTEM, actions.RecordSignature(result_code=f"{chance.randrange(9999)}/kq", signed_at=life.at))
    life.does(Role.RECORDS, actions.NumberAndIssue())
    if owed := life.dossier.owed_vnd():
        paid = actions.FeePaid(amount_vnd=owed, paid_via=PaidVia.NONE, paid_at=life.at, reference="H39-2")
        life.does(Role.ACCOUNTANT, paid)
    if way is ReturnWay.POST:
        life.does(Role.SYSTEM, actions.RecordParcel(parcel_number="EJ123456785VN"))
        life.does(Role.RETURN_CLERK, actions.Dispatch())
        life.does(Role.PARTNER, actions.Delivered(delivered_at=life.at))
    else:
        life.does(Role.RETURN_CLERK, actions.HandOver())
    return life.told


def province(catalogue: Catalogue, dossiers: int, began_at: datetime, seed: int = 1) -> Iterator[list[Told]]:
    """That many lives over all procedures and agencies open to desk and web that day, an hour apart."""
    chance = Random(seed)
    on = began_at.astimezone(LOCAL).date()
    open_ones = [row for row in procedures_on(catalogue, on) if {1, 2} <= set(row.channels)]
    for number in range(1, dossiers + 1):
        offered = chance.choice(open_ones)
        agency = chance.choice(competent_agencies(catalogue, offered, on)).code
        promised = terms(catalogue, offered.code, agency, 2, on)
        code = dossier_code(agency, on, number)
        yield a_life(code, promised, agency, began_at + number * MINUTE, chance, days=chance.choice([1, 3, 30]))
