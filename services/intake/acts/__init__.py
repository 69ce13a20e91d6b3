"""What intake does: keep a paper, file a dossier, let its owner withdraw it or fetch the result. Each act runs once.

Order of a filing: check, reserve code and key in one transaction, start the workflow, keep its facts. Whatever breaks
in between, the same key continues where it stopped.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Protocol
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.adapters.messengers import Messenger
from services.intake.adapters.population_database import PopulationDatabase
from services.intake.adapters.press import Press
from services.intake.adapters.result_file import ResultFile
from services.intake.rules import completeness
from services.intake.rules import papers as paper_rules
from services.intake.rules.clues import clues_of
from services.intake.rules.completeness import FilingForm, NotFileable
from services.intake.rules.notices import Way
from services.intake.rules.person import Person
from services.intake.store import clues, documents, dossiers, filings, timeline
from services.intake.store.documents import Document
from services.intake.store.filings import Filing, Owner
from services.intake.store.vault import Vault
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Facts
from shared.contracts.feedback import FeedbackFacts
from shared.contracts.person import WordsTold
from shared.dossier import actions
from shared.dossier.actions import By, Channel, Opening, Order, ReturnWay, instant
from shared.dossier.codes import dossier_code
from shared.dossier.feedback.acts import FeedbackOpening, FeedbackOrder
from shared.dossier.lifecycle import Act, Role, Stage, acts_of
from shared.dossier.permission import Actor, Kind, Resource, as_whom
from shared.dossier.refusal import Forbidden, Refused, Unknown
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL
from shared.platform.database import Sessions
from shared.platform.http import Away
from shared.platform.objects import Objects
from shared.platform.receipt import secret_of
from shared.platform.telemetry import current_traceparent, log
from workflows.desk import DeskAway

DOSSIER_ENDED: Final = "dossier_ended"
_ACT_OF: Final = {"ONLINE": Act.SUBMIT, "IN_PERSON": Act.REGISTER_AT_DESK, "POST": Act.REGISTER_FROM_POST}


class Desk(Protocol):
    """What intake needs of workflows.desk.DossierDesk."""

    async def submit(self, opening: Opening, order: Order) -> Facts: ...
    async def act(self, dossier_code: str, order: Order) -> Facts: ...
    async def look(self, dossier_code: str) -> Facts: ...


class FeedbackDesk(Protocol):
    """What intake needs of workflows.desk.FeedbackDesk."""

    async def submit(self, opening: FeedbackOpening, order: FeedbackOrder) -> FeedbackFacts: ...
    async def act(self, feedback_code: str, order: FeedbackOrder) -> FeedbackFacts: ...


@dataclass(frozen=True, kw_only=True)
class Door:
    """All that intake's doors stand on; made once by `__main__`."""

    sessions: Sessions
    desk: Desk
    feedback_desk: FeedbackDesk
    catalogue: Catalogue
    objects: Objects
    vault: Vault
    receipt_key: bytes
    population: PopulationDatabase
    results: ResultFile
    now: Callable[[], datetime]
    press: Press = field(default_factory=Press)
    site: str = "http://localhost"
    """Public address of the portal, printed as QR."""
    phone: str = "02723000000"
    """Whom to call with questions; stands on forms and in letters."""
    messengers: Mapping[Way, Messenger] = field(default_factory=dict)
    """The ways applicants are told; none = nobody is told."""
    wake: Mapping[Way, asyncio.Event] = field(default_factory=lambda: {way: asyncio.Event() for way in Way})
    """Set when there is something to tell."""

    def today(self) -> date:
        """The local day, UTC+7."""
        return self.now().astimezone(LOCAL).date()


@dataclass(frozen=True)
class Filed:
    """What the applicant is told: the code, the secret part of the receipt, the facts."""

    dossier_code: str
    tracking_secret: str
    facts: Facts


# ── papers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def may_upload(actor: Actor) -> bool:
    """Citizens, and staff who may register at some desk."""
    desks = (Resource(agency_path=(grant.agency_code,)) for grant in actor.grants)
    return actor.kind is Kind.CITIZEN or any(as_whom(actor, Act.REGISTER_AT_DESK, desk) for desk in desks)


async def upload(door: Door, actor: Actor, *, kind: str, name: str, data: bytes, key: str = "") -> Document:
    """Checks, cleans and stores a paper. Raises Refused: unknown kind, not a paper (413, 415, 422).

    The same bytes under the same key are one document, so that a form sent twice names the same papers.
    """
    try:
        lookup.document_kind(door.catalogue, kind)
    except NotInCatalogue as missing:
        raise completeness.refused_by_catalogue(missing) from missing
    paper = await asyncio.to_thread(paper_rules.inspect, data, name)
    sent = f"{actor.person_code}\0{key}\0{kind}\0".encode() + data
    document_id = door.vault.digest("upload", sent)[:32] if key else uuid4().hex
    document = Document(
        document_id=document_id,
        uploader=actor.person_code,
        kind=kind,
        media_type=paper.media_type,
        size_bytes=len(paper.data),
        sha256=hashlib.sha256(paper.data).hexdigest(),
        original_sha256=hashlib.sha256(data).hexdigest(),
        pages=paper.pages,
        address=await door.objects.put(document_id, paper.data),
        uploaded_at=door.now(),
    )
    async with door.sessions.begin() as session:
        return await documents.add(session, document)


# ── filing ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def file(door: Door, actor: Actor, key: str, form: FilingForm) -> Filed:
    """Files a dossier. The same key and form give the same code and answer, whatever happened in between.

    Raises Refused (404 outside the caller's agencies, 409 key used for another form, 422 not fileable), Away when the
    outcome is not known yet: the code stays with the key.
    """
    filing = await _reserved(door, actor, key, form)
    facts = Facts.model_validate(filing.answer) if filing.answer else await _submitted(door, filing)
    return Filed(filing.dossier_code, secret_of(door.receipt_key, filing.dossier_code), facts)


async def _reserved(door: Door, actor: Actor, key: str, form: FilingForm) -> Filing:
    digest = door.vault.digest("filing", form.model_dump_json().encode())
    async with door.sessions.begin() as session:
        await filings.take_turns(session, actor.person_code, key)
        filing = await filings.by_key(session, actor.person_code, key)
        if filing is None:
            filing = await _reserve(door, session, actor, form, key=key, digest=digest)
    if filing.request_digest != digest:
        raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một hồ sơ có nội dung khác.")
    return filing


async def _reserve(
    door: Door, session: AsyncSession, actor: Actor, form: FilingForm, *, key: str, digest: str
) -> Filing:
    """Code, key, owner and papers in one transaction. Raises Refused."""
    draft = _drafted(door, actor, form)
    given = {each.document_id: each.kind for each in form.documents}
    found = await documents.attachable(session, given, actor.person_code)
    if any(identity not in found or found[identity].kind != kind for identity, kind in given.items()):
        raise NotFileable("document_unknown", "Tệp đính kèm không có, không đúng loại hoặc đã dùng.")
    number = await filings.next_number(session, form.agency_code, draft.day)
    filing = draft.numbered(number, actor.person_code, key, digest)
    await filings.reserve(session, filing, _owner(door, actor, form, filing.dossier_code))
    await clues.keep(session, filing.dossier_code, [door.vault.clue(*each) for each in clues_of(form.applicant)])
    await documents.attach(session, given, filing.dossier_code)
    return filing


@dataclass(frozen=True)
class _Draft:
    """A filing that lacks only its number."""

    by: By
    action: actions.AnyAction
    form: FilingForm
    at: datetime
    day: date

    def numbered(self, number: int, caller: str, key: str, digest: str) -> Filing:
        """The filing under its code. Raises Refused when the lifecycle does not allow it."""
        code = dossier_code(self.form.agency_code, self.day, number)
        opening = Opening(
            dossier_code=code,
            root_code=code,
            agency_code=self.form.agency_code,
            procedure_code=self.form.procedure_code,
            channel=Channel[self.form.channel],
        )
        order = Order(
            command_id=f"submit-{code}", by=self.by, actions=(self.action,), traceparent=current_traceparent()
        )
        Dossier(dossier_code=code, root_code=code).check(order, self.at)
        return Filing(
            dossier_code=code,
            caller=caller,
            key=key,
            request_digest=digest,
            opening=opening.model_dump(mode="json"),
            order=order.model_dump(mode="json"),
            filed_at=self.at,
        )


def _drafted(door: Door, actor: Actor, form: FilingForm) -> _Draft:
    """Everything that can be refused is refused here, before a number is used."""
    at = instant(door.now())
    if form.minutes_signed_at and form.minutes_signed_at > at:
        raise NotFileable("postal_times", "Biên bản giao nhận bưu gửi không thể ký sau thời điểm tiếp nhận.")
    day, received_on = door.today(), completeness.received_on(form, door.today())
    terms = completeness.promised(door.catalogue, form, received_on)
    path = lookup.agency_path(door.catalogue, form.agency_code, day)
    by = as_whom(actor, _ACT_OF[form.channel], Resource(agency_path=path, owner_code=actor.person_code))
    if by is None:
        raise Forbidden("channel_not_yours", "Ông/bà không được nộp hồ sơ theo hình thức này tại cơ quan này.")
    completeness.check_way_back(form, terms)
    brought = completeness.papers(door.catalogue, form, received_on)
    return _Draft(by, completeness.filing_action(form, terms, brought), form, at, day)


def _owner(door: Door, actor: Actor, form: FilingForm, code: str) -> Owner:
    digest = door.vault.digest("owner", form.applicant.personal_id.encode())
    return Owner(
        dossier_code=code,
        owner_code=actor.person_code if actor.kind is Kind.CITIZEN else f"owner:{digest[:24]}",
        owner_digest=digest,
        sealed=door.vault.seal("applicant", code, form.applicant.model_dump_json().encode()),
    )


async def _submitted(door: Door, filing: Filing) -> Facts:
    code = filing.dossier_code
    try:
        facts = await door.desk.submit(Opening.model_validate(filing.opening), Order.model_validate(filing.order))
    except DeskAway as away:
        raise Away("workflow", "no answer yet") from away
    except Refused as no:
        if no.code != DOSSIER_ENDED:
            async with door.sessions.begin() as session:
                await filings.forget(session, code)
            raise
        facts = await _look(door, code)  # it was filed, lived and ended before its filer heard of it
    async with door.sessions.begin() as session:
        await filings.answered(session, code, facts.model_dump(mode="json"))
        await dossiers.keep(session, [facts])
    log.info("dossier_filed", dossier_code=code, procedure_code=facts.procedure_code, seq=facts.seq)
    return facts


# ── what the owner does afterwards ────────────────────────────────────────────────────────────────────────────────


async def withdraw(door: Door, by: By, code: str, key: str) -> Facts:
    """Takes the dossier back: at will before acceptance, by asking after it. Raises Refused, Away."""
    present = await _look(door, code)
    at_will = Act.WITHDRAW in acts_of(present.stage, Role.APPLICANT)
    action = actions.Withdraw() if at_will else actions.AskWithdraw()
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return await _act(door, code, Order(command_id=f"withdraw-{code}-{digest}", by=by, actions=(action,)))


async def fetch_result(door: Door, code: str) -> bytes:
    """The signed file. Fetching an electronic result is its return. Raises Refused while it is not the owner's yet."""
    present = await _look(door, code)
    if present.result_code is None or present.stage not in {Stage.RESULT_READY, Stage.RETURNED, Stage.ON_THE_WAY}:
        raise Refused("result_pending", "Kết quả chưa sẵn sàng; vui lòng thử lại sau.")
    if present.stage is not Stage.RETURNED and present.return_way is not ReturnWay.ELECTRONIC:
        raise Refused("result_not_returned", "Kết quả được trả tại bộ phận một cửa hoặc qua bưu chính như đã đăng ký.")
    content = await door.results.read(code)
    if present.stage is not Stage.RETURNED:
        by = By(role=Role.SYSTEM, agency_code=present.agency_competent)
        await _act(door, code, Order(command_id=f"electronic-{code}", by=by, actions=(actions.DeliverElectronic(),)))
    return content


async def deliver(door: Door, by: By, uploader: str, code: str, *, key: str, given: Mapping[str, str]) -> Facts:
    """Brings the papers that were asked for (document id → kind): before acceptance or as a supplement.

    Raises Refused: 409 at another moment, or when they are not exactly what was asked; NotFileable for files that are
    not the caller's; Away. The same key again continues where it stopped.
    """
    present = await _look(door, code)
    kinds = tuple(given.values())
    before = present.stage is Stage.INTAKE_INCOMPLETE
    action = actions.Complete(kinds=kinds) if before else actions.SupplementDelivered(kinds=kinds)
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    order = Order(command_id=f"papers-{code}-{digest}", by=by, actions=(action,))
    async with door.sessions.begin() as session:
        fits = present.asked and set(present.asked) == set(kinds)  # else the dossier itself says what is wrong
        if fits and not await documents.deliver(session, given, code, uploader, door.now()):
            raise NotFileable("document_unknown", "Tệp đính kèm không có, không đúng loại hoặc đã dùng.")
    return await _act(door, code, order)


async def keep_words(door: Door, told: WordsTold) -> None:
    """Seals what an officer wrote. Raises Refused when the order has other words already."""
    clear = told.words.encode()
    async with door.sessions.begin() as session:
        same = await timeline.tell(
            session,
            told.dossier_code,
            told.command_id,
            digest=door.vault.digest("words", clear),
            sealed=door.vault.seal("words", told.dossier_code, clear),
            at=door.now(),
        )
    if not same:
        raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một nội dung khác.")


async def correct(door: Door, actor: Actor, code: str, key: str, cause: str) -> Filed:
    """Opens the linked dossier in which a wrong result is made anew, free of charge (NĐ 61/2018 Điều 21.1).

    Raises Refused: 409 when there is no result yet or a correction is under way, 403 for others than the unit head.
    """
    present, _ = await rights_to(door, code)
    by = as_whom(actor, Act.OPEN_CORRECTION, Resource(agency_path=_path(door, present.agency_competent, present)))
    if by is None:
        raise Forbidden("not_your_role", "Việc này thuộc thẩm quyền của: UNIT_HEAD.")
    digest = door.vault.digest("correction", f"{code} {cause}".encode())
    async with door.sessions.begin() as session:
        await filings.take_turns(session, actor.person_code, key)
        filing = await filings.by_key(session, actor.person_code, key)
        if filing is None:
            filing = await _reserve_correction(door, session, actor, by, present, key=key, digest=digest, cause=cause)
    if filing.request_digest != digest:
        raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một hồ sơ có nội dung khác.")
    facts = Facts.model_validate(filing.answer) if filing.answer else await _submitted(door, filing)
    return Filed(filing.dossier_code, secret_of(door.receipt_key, filing.dossier_code), facts)


async def _reserve_correction(
    door: Door, session: AsyncSession, actor: Actor, by: By, wrong: Facts, *, key: str, digest: str, cause: str
) -> Filing:
    if wrong.stage not in {Stage.RESULT_READY, Stage.RETURNED} or wrong.result_code is None:
        raise Refused("no_result", "Hồ sơ chưa có kết quả để đính chính.", law="NĐ 61/2018 Đ21.1")
    if await dossiers.has_open_correction(session, wrong.root_code):
        raise Refused("correction_open", "Đang có một hồ sơ đính chính cho kết quả này.", law="NĐ 61/2018 Đ21.1")
    owner = await filings.owner_of(session, wrong.dossier_code)
    if owner is None:
        raise Unknown
    at, day, agency = instant(door.now()), door.today(), wrong.agency_competent
    try:
        promised = lookup.terms(door.catalogue, wrong.procedure_code, agency, int(wrong.channel), day)
    except NotInCatalogue as missing:
        raise completeness.refused_by_catalogue(missing) from missing
    action = actions.OpenCorrection(
        terms=promised.model_copy(update={"fees": ()}),
        channel=wrong.channel,
        applicant_type=wrong.applicant_type,
        return_way=wrong.return_way,
        cause=cause,
    )
    code = dossier_code(agency, day, await filings.next_number(session, agency, day))
    opening = Opening(
        dossier_code=code,
        root_code=wrong.root_code,
        agency_code=agency,
        procedure_code=wrong.procedure_code,
        channel=wrong.channel,
    )
    order = Order(command_id=f"correct-{code}", by=by, actions=(action,), traceparent=current_traceparent())
    Dossier(dossier_code=code, root_code=wrong.root_code).check(order, at)
    filing = Filing(
        dossier_code=code,
        caller=actor.person_code,
        key=key,
        request_digest=digest,
        opening=opening.model_dump(mode="json"),
        order=order.model_dump(mode="json"),
        filed_at=at,
    )
    clear = door.vault.open("applicant", owner.dossier_code, owner.sealed)
    sealed = door.vault.seal("applicant", code, clear)
    await filings.reserve(session, filing, Owner(code, owner.owner_code, owner.owner_digest, sealed))
    await clues.copy(session, wrong.dossier_code, code)
    return filing


async def _act(door: Door, code: str, order: Order) -> Facts:
    try:
        facts = await door.desk.act(code, order.model_copy(update={"traceparent": current_traceparent()}))
    except DeskAway as away:
        raise Away("workflow", "no answer yet") from away
    async with door.sessions.begin() as session:
        await dossiers.keep(session, [facts])
    return facts


async def _look(door: Door, code: str) -> Facts:
    try:
        return await door.desk.look(code)
    except DeskAway as away:
        raise Away("workflow", "no answer yet") from away


# ── persons ───────────────────────────────────────────────────────────────────────────────────────────────────────


def person_of(vault: Vault, owner: Owner) -> Person:
    """The owner in clear."""
    return Person.model_validate_json(vault.open("applicant", owner.dossier_code, owner.sealed))


async def rights_to(door: Door, code: str) -> tuple[Facts, Resource]:
    """The dossier's facts and who may touch it: its owner, both agencies and all above them. Raises Unknown."""
    async with door.sessions() as session:
        facts, owner = await dossiers.facts_of(session, code), await filings.owner_of(session, code)
    if facts is None or owner is None:
        raise Unknown
    paths = (_path(door, agency, facts) for agency in (facts.agency_competent, facts.agency_reception))
    agencies = dict.fromkeys(agency for path in paths for agency in path)
    return facts, Resource(agency_path=tuple(agencies), owner_code=owner.owner_code, dossier_code=code)


def _path(door: Door, agency_code: str, facts: Facts) -> tuple[str, ...]:
    """The agency and its ancestors today, else as they were on the day of filing."""
    for day in (door.today(), facts.submitted_at.astimezone(LOCAL).date()):
        try:
            return lookup.agency_path(door.catalogue, agency_code, day)
        except NotInCatalogue:
            continue
    return (agency_code,)
