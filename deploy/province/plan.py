"""What will happen in the demonstration, decided beforehand from a seed: who files what, where, how, and its fate."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.catalogue import lookup
from shared.catalogue.model import Agency, Catalogue, Procedure, Source, Unit
from shared.dossier.actions import Channel

AGENCIES: Final = 18
"""How many agencies take part at most; each of them gets dossiers of its own procedures."""

CONSULTED: Final = ("000.00.03.H39", "000.00.09.H39")
"""Departments whose opinion is asked: the first, or the second where the first decides itself."""

ROADS: Final = ("Hùng Vương", "Nguyễn Huệ", "Trương Định", "Châu Văn Giác", "Thủ Khoa Huân")


class Fate(StrEnum):
    """How a dossier will end."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    WITHDRAWN_EARLY = "WITHDRAWN_EARLY"
    WITHDRAWN_LATE = "WITHDRAWN_LATE"
    STOPPED = "STOPPED"


class Turn(StrEnum):
    """What happens on the way of some dossiers that are granted in the end."""

    COMPLETION = "COMPLETION"
    SUPPLEMENT = "SUPPLEMENT"
    SUPPLEMENT_TWICE = "SUPPLEMENT_TWICE"
    CONSULTATION = "CONSULTATION"
    DUTY = "DUTY"
    APOLOGY = "APOLOGY"
    OVERDUE = "OVERDUE"
    WITHDRAWAL_DENIED = "WITHDRAWAL_DENIED"
    CORRECTION = "CORRECTION"


@dataclass(frozen=True)
class Person:
    """An invented applicant; the name is whatever the population register says of the identity number."""

    account: str
    personal_id: str
    phone: str
    email: str
    address: str


@dataclass(frozen=True)
class Plan:
    """One dossier to be filed. `leaves_out` are papers the applicant does not bring: shared data may hold them.

    `consults` is the agency whose opinion may be asked.
    """

    number: int
    procedure_code: str
    agency_code: str
    channel: str
    return_way: str
    fate: Fate
    pays_online: bool
    papers: tuple[str, ...]
    leaves_out: tuple[str, ...]
    person: Person
    consults: str
    turn: Turn | None = None


def plans(catalogue: Catalogue, on: date, count: int, seed: int) -> list[Plan]:
    """That many dossiers, the same for the same seed, spread over agencies of all levels in force on the day."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable story, not a secret
    offers = _offers(catalogue, on, chance)
    return [_plan(catalogue, number, *offers[number % len(offers)], chance) for number in range(count)]


def _offers(catalogue: Catalogue, on: date, chance: random.Random) -> list[tuple[Agency, Procedure]]:
    """Pairs of agency and procedure, levels in turn, so that a small demonstration already shows all of them."""
    by_kind: dict[str, list[Agency]] = {}
    for agency in lookup.agencies_on(catalogue, on):
        if any(lookup.is_competent(row, agency) for row in lookup.procedures_on(catalogue, on)):
            by_kind.setdefault(agency.kind, []).append(agency)
    for agencies in by_kind.values():
        chance.shuffle(agencies)
    chosen = list(_in_turn(list(by_kind.values())))[:AGENCIES]
    offers = [
        [(agency, row) for row in lookup.procedures_on(catalogue, on) if lookup.is_competent(row, agency)]
        for agency in chosen
    ]
    for pairs in offers:
        chance.shuffle(pairs)
    return list(_in_turn(offers))


def _in_turn[T](groups: Sequence[Sequence[T]]) -> Iterator[T]:
    for place in range(max(map(len, groups), default=0)):
        for group in groups:
            if place < len(group):
                yield group[place]


def _plan(catalogue: Catalogue, number: int, agency: Agency, procedure: Procedure, chance: random.Random) -> Plan:
    online = Channel.ONLINE in procedure.channels and (procedure.online_only or chance.random() < 0.62)  # noqa: PLR2004
    fate = chance.choices(tuple(Fate), weights=(76, 4, 4, 7, 5, 4) if online else (88, 4, 4, 0, 0, 4))[0]
    ways = ["DESK", "ELECTRONIC"] if online else ["DESK"]
    ways += ["POST", "POST"] if procedure.post_return else []
    required = [part.kind for part in procedure.components if part.required]
    known = [
        part.kind for part in procedure.components if part.required and part.data_source not in (None, Source.WAREHOUSE)
    ]
    left = tuple(kind for kind in known if chance.random() < 0.12)  # noqa: PLR2004
    papers = tuple(kind for kind in required if kind not in left)
    turn = None
    if fate is Fate.GRANTED and chance.random() < 0.45:  # noqa: PLR2004
        turn = next((each for each in _rotated(number) if _fits(each, procedure, papers, online=online)), None)
        rare = (each for each in (Turn.DUTY, Turn.OVERDUE) if _fits(each, procedure, papers, online=online))
        turn = next(rare, None) or turn
    return Plan(
        number=number,
        procedure_code=procedure.code,
        agency_code=agency.code,
        channel="POST" if turn is Turn.OVERDUE else "ONLINE" if online else "IN_PERSON",
        return_way=chance.choice(ways),
        fate=fate,
        pays_online=online and chance.random() < 0.85,  # noqa: PLR2004
        papers=papers,
        leaves_out=left,
        person=_person(number, chance),
        consults=CONSULTED[agency.code == CONSULTED[0]],
        turn=turn,
    )


def _rotated(number: int) -> tuple[Turn, ...]:
    """All turns, beginning with another one for each number."""
    turns = tuple(Turn)
    first = number % len(turns)
    return turns[first:] + turns[:first]


def _fits(turn: Turn, procedure: Procedure, papers: tuple[str, ...], *, online: bool) -> bool:
    """Whether the procedure leaves room for it: papers to ask for, land to pay duties on, days to postpone."""
    limit = procedure.processing_time
    match turn:
        case Turn.COMPLETION | Turn.SUPPLEMENT | Turn.SUPPLEMENT_TWICE:
            return bool(papers)
        case Turn.DUTY:
            return procedure.field.startswith(("G13", "G17"))
        case Turn.APOLOGY:
            return limit.unit in (Unit.CALENDAR_DAY, Unit.WORKING_DAY) and limit.amount >= 3  # noqa: PLR2004 - days
        case Turn.OVERDUE:
            return Channel.POST in procedure.channels and not online
        case Turn.WITHDRAWAL_DENIED:
            return online
        case Turn.CONSULTATION | Turn.CORRECTION:
            return True


def _person(number: int, chance: random.Random) -> Person:
    year = chance.randrange(60, 100)
    return Person(
        account=f"cd-{number:06d}",
        personal_id=f"080{chance.randrange(2)}{year:02d}{chance.randrange(10**6):06d}",
        phone=f"09{chance.randrange(10**8):08d}",
        email=f"cd-{number:06d}@example.vn",
        address=f"Số {chance.randrange(1, 300)} đường {chance.choice(ROADS)}, tỉnh Long An",
    )
