"""What the doors share: order → desk → facts → this service's rows in one transaction.

No transaction spans the desk's call. A command that was taken is remembered with its request, so that a double click
answers alike and a reused key with another body is refused; the workflow itself takes each command id once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Protocol

import orjson

from services.processing import store
from services.processing.acts.meanwhile import present
from services.processing.adapters.applicant_file import ApplicantFile
from services.processing.adapters.intake_desk import IntakeDesk
from services.processing.adapters.siblings import Siblings
from services.processing.rules import asked as wishes
from services.processing.rules import signing
from services.processing.rules.worklist import allowed, asked_resource, offered, readable_resource, resource_of
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.lookup import terms as terms_of
from shared.catalogue.model import Catalogue, Terms
from shared.contracts.facts import Event, Facts
from shared.dossier.actions import Action, AnyAction, By, Channel, Order, Outcome
from shared.dossier.lifecycle import CHANGES
from shared.dossier.permission import Actor, Resource, Right, as_whom, can
from shared.dossier.records import Change
from shared.dossier.refusal import Forbidden, Refused, Unknown
from shared.platform.database import Sessions, reads
from shared.platform.objects import Objects
from shared.platform.once import KeyReused, request_hash
from shared.platform.telemetry import current_traceparent

FIRST: int = 1
"""Version of a result that was not corrected."""


class Desk(Protocol):
    """The part of workflows.desk.DossierDesk that this service needs."""

    async def act(self, dossier_code: str, order: Order) -> Facts: ...
    async def look(self, dossier_code: str) -> Facts: ...


def now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Door:
    """What the doors hold for the life of the process."""

    sessions: Sessions
    desk: Desk
    catalogue: Catalogue
    objects: Objects
    file: ApplicantFile
    siblings: Siblings | None = None
    intake: IntakeDesk | None = None
    now: Callable[[], datetime] = now

    @cached_property
    def reads(self) -> Sessions:
        """Sessions for looking and for one statement that writes: each statement is its own transaction."""
        return reads(self.sessions)


@dataclass(frozen=True)
class Click:
    """One intended act: its id (the Idempotency-Key), what is asked, and the state the person saw.

    `past_machines`: what only machines wrote since then is no reason to refuse; what people did is (SR-09).
    """

    command_id: str
    actions: Sequence[Action]
    seq: int | None = None
    words: str = ""
    past_machines: bool = False

    def request_hash(self, person_code: str) -> str:
        """Who asked for what."""
        asked = [action.model_dump(mode="json") for action in self.actions]
        told = [asked, self.seq, self.words] if self.words else [asked, self.seq]
        return request_hash(person_code.encode(), orjson.dumps(told))


async def read(door: Door, actor: Actor, dossier_code: str) -> Facts:
    """The newest facts known here, else those of the workflow itself. Raises Unknown, out of sight too."""
    async with door.reads() as session:
        row = await store.find(session, dossier_code)
    facts = row.facts if row else await door.desk.look(dossier_code)
    _demand_sight(door, actor, facts)
    return facts


async def take(door: Door, actor: Actor, dossier_code: str, click: Click) -> Facts:
    """Act on a dossier; the facts after it, with the worklist already right.

    Raises Refused with the acts allowed now, Unknown, Forbidden, KeyReused, Away when the outcome is not known.
    """
    asked_hash = click.request_hash(actor.person_code)
    async with door.reads() as session:
        row, known_hash = await store.find_for(session, dossier_code, click.command_id)
        seq = click.seq
        if row is not None and seq is not None and click.past_machines:
            seq = await present(session, row.facts, seq)
    facts = row.facts if row else await door.desk.look(dossier_code)
    _demand_sight(door, actor, facts)
    if known_hash == asked_hash:
        return facts
    if known_hash is not None:
        raise KeyReused
    order = Order(
        command_id=click.command_id,
        by=_in_which_role(door, actor, click.actions, facts),
        actions=tuple([await _completed(door, action, facts) for action in click.actions]),
        seq=seq,
        traceparent=current_traceparent(),
    )
    if click.words:  # before the act, so that no paper misses its words; an act refused leaves words nobody reads
        await door.file.keep_words(dossier_code, click.command_id, click.words)
    after = await door.desk.act(dossier_code, order)
    async with door.sessions.begin() as session:
        stands_for = await store.record_command(session, dossier_code, click.command_id, asked_hash, door.now())
        if stands_for != asked_hash:  # two people, one key, at once: the workflow took the other one's act
            raise KeyReused
        await store.upsert(session, [after])
        await store.keep_changes(session, _told(order, facts, after, door.now()))
        for action in click.actions:
            if holder := wishes.holder_after(action, actor.person_code):
                await store.record_holder(session, dossier_code, after.seq, holder)
    return after


async def ask_sibling(door: Door, actor: Actor, dossier_code: str, command_id: str, asked: wishes.Elsewhere) -> Facts:
    """An act that another service does for the person; the facts that came back are in our rows before the answer.

    The sibling judges the person itself; what the table does not open here is not even asked.
    Raises Refused, Forbidden, Unknown, Away.
    """
    facts = await read(door, actor, dossier_code)
    mine = offered(actor, facts, resource(door, facts))
    if asked.kind not in mine:
        raise Forbidden("not_your_role", "Việc này không thuộc thẩm quyền của ông/bà ở hồ sơ này.", tuple(mine))
    if door.siblings is None:
        raise Refused("not_here", "Việc này chưa làm được ở hệ thống này.")
    match asked:
        case wishes.AskedCash():
            after = await door.siblings.take_cash(actor, dossier_code, command_id, asked.amount_vnd)
        case wishes.AskedDispatch():
            after = await door.siblings.dispatch(actor, dossier_code, command_id)
        case wishes.AskedCorrection():
            after = await door.siblings.correct(actor, dossier_code, command_id, asked.cause)
        case wishes.AskedPapers():
            after = await intake_of(door).bring(actor, dossier_code, command_id, asked.documents)
    await learn(door, [after])
    return after


def intake_of(door: Door) -> IntakeDesk:
    """Intake's doors for people, where this system has them. Raises Refused."""
    if door.intake is None:
        raise Refused("not_here", "Việc này chưa làm được ở hệ thống này.")
    return door.intake


async def learn(door: Door, batch: Sequence[Facts]) -> None:
    """Facts from elsewhere: the same upsert as after a click."""
    async with door.sessions.begin() as session:
        await store.upsert(session, batch)


async def remember(door: Door, events: Sequence[Event]) -> None:
    """Events that came over Kafka: the newest facts, and each change into the history."""
    async with door.sessions.begin() as session:
        await store.upsert(session, [event.facts for event in events])
        await store.keep_changes(
            session, {(event.facts.dossier_code, event.facts.seq): event.change for event in events}
        )


def _told(order: Order, before: Facts, after: Facts, at: datetime) -> dict[tuple[str, int], Change]:
    """The lines of the history that this order just wrote, until their events come with the exact words."""
    first = after.seq - len(order.actions) + 1
    return {
        (after.dossier_code, first + index): Change(
            change=CHANGES[action.kind],
            role=order.by.role,
            agency_code=order.by.agency_code,
            from_stage=before.stage,
            to_stage=after.stage,
            at=at,
            command_id=order.command_id,
            cause=getattr(action, "cause", None),
        )
        for index, action in enumerate(order.actions)
    }


def today(door: Door) -> date:
    """The day in Viet Nam."""
    return signing.local_day(door.now())


def resource(door: Door, facts: Facts) -> Resource:
    """The dossier as rights are judged today."""
    return resource_of(door.catalogue, facts, signing.local_day(door.now()))


def _demand_sight(door: Door, actor: Actor, facts: Facts) -> None:
    if not can(actor, Right.READ_DOSSIER, readable_resource(door.catalogue, facts, signing.local_day(door.now()))):
        raise Unknown


def _in_which_role(door: Door, actor: Actor, asked: Sequence[Action], facts: Facts) -> By:
    """The one role in which the caller does all of it. Raises Forbidden with the caller's own acts."""
    place = asked_resource(door.catalogue, facts, today(door))
    roles = {as_whom(actor, action.kind, place) for action in asked}
    by = roles.pop()
    if by is None or roles:
        mine = tuple(allowed(actor, facts, resource(door, facts)))
        raise Forbidden("not_your_role", "Việc này không thuộc thẩm quyền của ông/bà ở hồ sơ này.", mine)
    return by


async def _completed(door: Door, asked: Action, facts: Facts) -> AnyAction:
    terms = _terms(door, facts) if wishes.needs_terms(asked) else None
    code = await _number(door, facts) if wishes.needs_number(asked) else None
    return wishes.complete(asked, terms, code)


def _terms(door: Door, facts: Facts) -> Terms:
    """The catalogue's promises on the day of reception: today, for the post the day the consignment was signed over.

    Raises Refused when it makes none.
    """
    on = signing.local_day(facts.submitted_at if facts.channel is Channel.POST else door.now())
    try:
        return terms_of(
            door.catalogue,
            facts.procedure_code,
            facts.agency_competent,
            int(facts.channel),
            on,
            exemption=facts.exemption,
        )
    except NotInCatalogue as missing:
        raise Refused(missing.code, "Danh mục hiện không cho phép tiếp nhận thủ tục này tại cơ quan này.") from missing


async def _number(door: Door, facts: Facts) -> str:
    """Number and symbol of a result given on the spot; the same for every repetition."""
    on = signing.local_day(door.now())
    symbol = signing.symbol_of(door.catalogue, facts.procedure_code, Outcome.GRANTED, on)
    async with door.sessions.begin() as session:
        given = await store.reserve_number(session, facts.dossier_code, FIRST, facts.agency_competent, on.year)
    return signing.result_code(given.number, given.year, symbol, given.agency_code)
