"""Facts to fold: some hundred lives walked through the pure lifecycle, and their copies under other dossier codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, zip_longest
from random import Random
from typing import Any, Final

from shared.catalogue.lookup import competent_agencies, procedures_on, terms
from shared.catalogue.model import Catalogue, Terms
from shared.contracts.facts import event_of, value_of
from shared.dossier import actions
from shared.dossier.actions import AnyAction, By, Channel, Order, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.codes import dossier_code
from shared.dossier.lifecycle import Role
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL

BEGAN_AT: Final = datetime(2026, 1, 5, 2, tzinfo=UTC)
WALKED: Final = 300
"""Lives that are really walked, over ten months."""
AT_ONCE: Final = 10_000
"""Dossiers under way at a time: that many events lie between two of one dossier."""

type Told = tuple[bytes, bytes]
"""Key and value of a record."""


class _Walk:
    """A dossier on its way, and what it tells."""

    def __init__(self, code: str, agency_code: str, at: datetime) -> None:
        self.dossier = Dossier(dossier_code=code, root_code=code)
        self.agency_code = agency_code
        self.at = at
        self.told: list[bytes] = []

    def does(self, role: Role, action: AnyAction, after: timedelta = timedelta(minutes=20)) -> None:
        self.at += after
        by = By(role=role, agency_code=self.agency_code, person_code=role.lower())
        order = Order(command_id=f"{self.dossier.dossier_code}/{len(self.told)}", by=by, actions=(action,))
        self.told += [value_of(event_of(moved)) for moved in self.dossier.take(order, self.at)]


def records(catalogue: Catalogue, events: int, seed: int = 1) -> Iterator[Told]:
    """That many records in the order of the topic; equal arguments, equal bytes."""
    walked = list(_walked(catalogue, Random(seed)))

    def lives() -> Iterator[Sequence[Told]]:
        for number in range(events):
            code, told = walked[number % WALKED]
            other = f"{code[:-6]}{number:06d}".encode()
            yield [(other, value.replace(code.encode(), other)) for value in told]

    def interleaved() -> Iterator[Told]:
        every = lives()
        while group := list(islice(every, min(AT_ONCE, max(1, events // 10)))):
            for row in zip_longest(*group):
                yield from (told for told in row if told is not None)

    return islice(interleaved(), events)


def _walked(catalogue: Catalogue, chance: Random) -> Iterator[tuple[str, list[bytes]]]:
    for number in range(WALKED):
        at = BEGAN_AT + timedelta(days=300 * number / WALKED)
        on = at.astimezone(LOCAL).date()
        offered = chance.choice([row for row in procedures_on(catalogue, on) if {1, 2} <= set(row.channels)])
        agency = chance.choice(competent_agencies(catalogue, offered, on)).code
        walk = _Walk(dossier_code(agency, on, 100_000 + number), agency, at)
        _live(walk, terms(catalogue, offered.code, agency, 2, on), chance)
        yield walk.dossier.dossier_code, walk.told


def _live(walk: _Walk, promised: Terms, chance: Random) -> None:
    """Most are granted, some refused, withdrawn, rejected or still under way."""
    _file(walk, promised, chance)
    end = chance.random()
    if end < 0.05:
        walk.does(Role.CLERK, actions.Reject(cause="incomplete"))
    elif end < 0.1:
        walk.does(Role.APPLICANT, actions.Withdraw())
    else:
        _pay(walk)
        walk.does(Role.CLERK, actions.Accept(terms=promised))
        walk.does(Role.CLERK, actions.Transfer())
        if end > 0.2:
            _decide(walk, Outcome.REFUSED if end < 0.25 else Outcome.GRANTED, chance)


def _file(walk: _Walk, promised: Terms, chance: Random) -> None:
    channel = chance.choice([Channel.ONLINE, Channel.ONLINE, Channel.IN_PERSON])
    papers = tuple(Paper(kind=kind, filed=chance.random() < 0.7) for kind in promised.components)
    filing: dict[str, Any] = {"terms": promised, "return_way": ReturnWay.DESK, "papers": papers, "channel": channel}
    if channel is Channel.ONLINE:
        walk.does(Role.APPLICANT, actions.Submit(**filing))
    else:
        walk.does(Role.CLERK, actions.RegisterAtDesk(**filing))
    if walk.dossier.filed_papers:
        walk.does(Role.SYSTEM, actions.RecordDigitized(kinds=walk.dossier.filed_papers))
    if sought := walk.dossier.sought_papers:
        walk.does(Role.SYSTEM, actions.RecordReused(found=sought, not_found=(), population_checked=True))


def _pay(walk: _Walk) -> None:
    if owed := walk.dossier.owed_vnd():
        via = PaidVia.PROVINCE_GATEWAY
        paid = actions.FeePaid(amount_vnd=owed, paid_via=via, paid_at=walk.at, reference="H39-1")
        walk.does(Role.PARTNER, paid)


def _decide(walk: _Walk, outcome: Outcome, chance: Random) -> None:
    walk.does(Role.SPECIALIST, actions.Claim())
    ground = "law" if outcome is Outcome.REFUSED else None
    worked = timedelta(days=chance.choice([1, 3, 30]))
    walk.does(Role.SPECIALIST, actions.Propose(outcome=outcome, ground=ground), worked)
    walk.does(Role.UNIT_HEAD, actions.ApproveDraft())
    walk.does(Role.SIGNER, actions.Sign())
    signed = actions.RecordSignature(result_code=f"{chance.randrange(9999)}/kq", signed_at=walk.at)
    walk.does(Role.SYSTEM, signed)
    walk.does(Role.RECORDS, actions.NumberAndIssue())
    _pay(walk)
    walk.does(Role.RETURN_CLERK, actions.HandOver())
