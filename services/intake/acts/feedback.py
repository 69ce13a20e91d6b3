"""Feedback: give it, act on it, read it. The workflow decides; the words stay here, sealed under the feedback's code.

Words are stored before their order is handed over and shown once it is known to be taken: nothing said gets lost, and
nothing that was refused is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.acts import Door, rights_to
from services.intake.rules.completeness import refused_by_catalogue
from services.intake.rules.feedback import FeedbackForm, FeedbackNotTaken, FeedbackUnknown, Said, demand_words
from services.intake.store import feedback, filings, records
from services.intake.store.feedback import Given, Words
from services.intake.store.records import Reading
from shared.catalogue import lookup
from shared.catalogue.lookup import DAYS_AFTER, DAYS_BEFORE, NotInCatalogue
from shared.contracts.facts import Facts
from shared.contracts.feedback import FeedbackFacts
from shared.dossier.actions import By
from shared.dossier.codes import feedback_code
from shared.dossier.feedback.acts import (
    AgencyAction,
    CitizenAction,
    FeedbackAct,
    FeedbackOpening,
    FeedbackOrder,
    Forward,
    Give,
)
from shared.dossier.feedback.table import acts_at
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Kind, Resource, Right, as_whom, can
from shared.dossier.refusal import Forbidden, Refused
from shared.dossier.working_time import LOCAL
from shared.platform.http import Away
from shared.platform.receipt import secret_of
from shared.platform.telemetry import current_traceparent, log
from workflows.desk import DeskAway

FEEDBACK_ENDED: Final = "feedback_ended"
type Action = AgencyAction | CitizenAction


@dataclass(frozen=True)
class Receipt:
    """What whoever gave the feedback is told: the secret opens it without an account."""

    facts: FeedbackFacts
    tracking_secret: str


# ── giving ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def give(door: Door, form: FeedbackForm, *, caller: str, owner_code: str, key: str) -> Receipt:
    """Takes a feedback in. The same key and form give the same code and answer, whatever happened in between.

    `owner_code` is whose feedback it is: the account, or the owner of the dossier whose receipt was shown.
    Raises Refused (404 dossier or agency out of sight, 409 key used for another form, 422), Away: the key continues.
    """
    dossier = (await rights_to(door, form.dossier_code))[0] if form.dossier_code else None
    digest = door.vault.digest("feedback", form.model_dump_json().encode())
    async with door.sessions.begin() as session:
        await filings.take_turns(session, f"feedback {caller}", key)
        given = await feedback.by_key(session, caller, key)
        if given is None:
            given = await _reserve(door, session, form, dossier, who=(caller, owner_code), key=key, digest=digest)
    if given.request_digest != digest:
        raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một nội dung khác.")
    facts = FeedbackFacts.model_validate(given.facts) if given.facts else await _submitted(door, given)
    return Receipt(facts, secret_of(door.receipt_key, given.feedback_code))


def _about(door: Door, form: FeedbackForm, dossier: Facts | None) -> str:
    """Which agency is complained of. Raises FeedbackNotTaken, NotFileable."""
    agency = form.agency_code or (dossier.agency_competent if dossier else None)
    if agency is None:
        raise FeedbackNotTaken("agency_missing", "Vui lòng chọn cơ quan hoặc hồ sơ được phản ánh, kiến nghị.")
    if dossier is not None and agency not in {dossier.agency_competent, dossier.agency_reception}:
        raise FeedbackNotTaken("wrong_agency", "Cơ quan này không tiếp nhận hay giải quyết hồ sơ.")
    _demand_agency(door, agency)
    return agency


async def _reserve(
    door: Door,
    session: AsyncSession,
    form: FeedbackForm,
    dossier: Facts | None,
    *,
    who: tuple[str, str],
    key: str,
    digest: str,
) -> Given:
    """Code, key and words in one transaction; `who` = caller and owner. Raises Refused."""
    caller, owner_code = who
    agency, at, day = _about(door, form, dossier), door.now(), door.today()
    calendar = lookup.calendar_for(door.catalogue, agency, day).around(day, DAYS_BEFORE, DAYS_AFTER)
    number = await filings.next_number(session, f"PAKN-{agency}", day)  # the row's lock also orders the next question
    code = feedback_code(agency, day, number)
    repeated = bool(form.dossier_code) and await feedback.is_repeated(
        session, owner_code, form.dossier_code or "", form.subject
    )
    opening = FeedbackOpening(
        feedback_code=code,
        agency_code=agency,
        subject=form.subject,
        dossier_code=form.dossier_code,
        procedure_code=dossier.procedure_code if dossier else None,
        repeated=repeated,
        calendar=calendar,
    )
    by = By(role=Role.APPLICANT, agency_code=agency)
    order = FeedbackOrder(command_id=f"give-{code}", by=by, action=Give(), traceparent=current_traceparent())
    given = Given(
        feedback_code=code,
        caller=caller,
        key=key,
        request_digest=digest,
        owner_code=owner_code,
        dossier_code=form.dossier_code,
        subject=form.subject,
        agency_code=agency,
        opening=opening.model_dump(mode="json"),
        order=order.model_dump(mode="json"),
        given_at=at,
    )
    await feedback.reserve(session, given)
    await feedback.write(session, _sealed(door, code, order, form.words))
    return given


async def _submitted(door: Door, given: Given) -> FeedbackFacts:
    code, order = given.feedback_code, FeedbackOrder.model_validate(given.order)
    try:
        facts = await door.feedback_desk.submit(FeedbackOpening.model_validate(given.opening), order)
    except DeskAway as away:
        raise Away("workflow", "no answer yet") from away
    except Refused as no:
        if no.code != FEEDBACK_ENDED:
            async with door.sessions.begin() as session:
                await feedback.forget(session, code)
        raise
    await keep(door, facts, order.command_id)
    log.info("feedback_given", feedback_code=code, subject=facts.subject, seq=facts.seq)
    return facts


# ── acting ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def act(door: Door, by: By, code: str, action: Action, *, words: str | None, key: str) -> FeedbackFacts:
    """One act with its words. The same key again is the same act. Raises Refused, FeedbackNotTaken, Away."""
    demand_words(action, words)
    if isinstance(action, Forward):
        _demand_agency(door, action.agency_code)
    digest = hashlib.sha256(f"{by.role} {by.person_code} {key}".encode()).hexdigest()[:32]
    order = FeedbackOrder(
        command_id=f"{action.kind}-{code}-{digest}", by=by, action=action, traceparent=current_traceparent()
    )
    if words:
        async with door.sessions.begin() as session:
            if not await feedback.write(session, _sealed(door, code, order, words)):
                raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một nội dung khác.")
    try:
        facts = await door.feedback_desk.act(code, order)
    except DeskAway as away:
        raise Away("workflow", "no answer yet") from away
    except Refused as no:
        if no.code != FEEDBACK_ENDED:  # else it may have been this very order that ended it
            async with door.sessions.begin() as session:
                await feedback.unwrite(session, code, order.command_id)
        raise
    await keep(door, facts, order.command_id)
    return facts


async def keep(door: Door, facts: FeedbackFacts, command_id: str) -> None:
    """Writes down what the workflow answered, as the topic will say it too."""
    async with door.sessions.begin() as session:
        await feedback.keep(session, facts, command_id)


def _demand_agency(door: Door, agency_code: str) -> None:
    try:
        lookup.agency(door.catalogue, agency_code, door.today())
    except NotInCatalogue as missing:
        raise refused_by_catalogue(missing) from missing


def _sealed(door: Door, code: str, order: FeedbackOrder, words: str) -> Words:
    clear = words.encode()
    return Words(
        feedback_code=code,
        command_id=order.command_id,
        act=order.action.kind,
        at=door.now(),
        digest=door.vault.digest("feedback_words", clear),
        sealed=door.vault.seal("feedback_words", code, clear),
    )


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def rights_of(door: Door, code: str) -> tuple[FeedbackFacts, Resource]:
    """The feedback's facts and who may touch it: who gave it, the agency that has it and all above.

    Raises FeedbackUnknown.
    """
    async with door.sessions() as session:
        given = await feedback.by_code(session, code)
    if given is None or given.facts is None:
        raise FeedbackUnknown
    facts = FeedbackFacts.model_validate(given.facts)
    return facts, Resource(agency_path=_path(door, facts), owner_code=given.owner_code)


async def seen_by(door: Door, actor: Actor, code: str) -> tuple[FeedbackFacts, Resource]:
    """The same for a caller who may read it. Raises FeedbackUnknown: out of sight looks like not there."""
    facts, resource = await rights_of(door, code)
    if not can(actor, Right.READ_FEEDBACK, resource):
        raise FeedbackUnknown
    return facts, resource


def _path(door: Door, facts: FeedbackFacts) -> tuple[str, ...]:
    """The agency and its ancestors today, else as they were on the day of reception."""
    for day in (door.today(), facts.received_at.astimezone(LOCAL).date()):
        try:
            return lookup.agency_path(door.catalogue, facts.agency_code, day)
        except NotInCatalogue:
            continue
    return (facts.agency_code,)


def as_role(actor: Actor, act: FeedbackAct, resource: Resource) -> By:
    """As whom the caller acts on what the caller sees. Raises Forbidden where another role is asked for."""
    by = as_whom(actor, act, resource)
    if by is None:
        raise Forbidden("not_your_role", "Việc này không thuộc thẩm quyền của ông/bà.")
    return by


def open_to(actor: Actor, facts: FeedbackFacts, resource: Resource) -> tuple[FeedbackAct, ...]:
    """The acts that the caller may ask now; a guard may still say no."""
    return tuple(act for act in acts_at(facts.stage) if as_whom(actor, act, resource) is not None)


async def said_in(door: Door, code: str, reader: Actor) -> Sequence[Said]:
    """What was written, in clear; a reading by staff is recorded (SR-42)."""
    async with door.sessions.begin() as session:
        words = await feedback.written(session, code)
        if reader.kind is Kind.STAFF:
            reading = Reading(door.now(), reader.person_code, "feedback", "words", code, "yes")
            await records.add_readings(session, [reading])
    return [
        Said(
            FeedbackAct(each.act),
            each.seq,
            each.at,
            door.vault.open("feedback_words", code, each.sealed).decode(),
        )
        for each in words
        if each.seq is not None
    ]


def agencies_of(door: Door, actor: Actor) -> Sequence[str]:
    """The agencies whose feedback this member of staff reads today."""
    today = door.today()
    codes = [agency.code for agency in lookup.agencies_on(door.catalogue, today)]
    paths = {code: lookup.agency_path(door.catalogue, code, today) for code in codes}
    return [code for code in codes if can(actor, Right.READ_FEEDBACK, Resource(agency_path=paths[code]))]
