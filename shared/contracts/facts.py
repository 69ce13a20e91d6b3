"""The event of a dossier: one change and the complete public facts after it. No person, no free text, no file address.

Topic `dossier.facts.v1`, key = dossier code, CloudEvents 1.0 in Kafka binary mode. Newest `seq` per dossier wins, so
duplicates, late and reordered records are harmless. Readers ignore unknown fields; an old event must always parse.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.catalogue.model import Exemption
from shared.dossier.actions import ApplicantType, Channel, Fault, Outcome, PaidVia, ReturnWay, Subject
from shared.dossier.codes import AgencyCode, DocumentKind, DossierCode, NoticeNumber, ProcedureCode, ResultCode, Word
from shared.dossier.lifecycle import STAGES, Clock, Stage
from shared.dossier.records import Change, PauseReason
from shared.dossier.state import Dossier

TOPIC: Final = "dossier.facts.v1"
DEAD_LETTERS: Final = f"{TOPIC}.dlq.v1"
EVENT_TYPE: Final = "vn.motcua.dossier.{change}.v1"
SOURCE: Final = "/motcua/workflows"
SCHEMA: Final = "https://motcua.vn/schemas/dossier-facts.v1.json"
LIMIT_PATTERN: Final = r"^([1-9][0-9]{0,3}(wd|d|mo|wh)|same-day)?$"
WAITS_FOR_APPLICANT: Final = frozenset(
    {Stage.INTAKE_INCOMPLETE, Stage.FEE_BEFORE, Stage.SUPPLEMENT, Stage.FINANCIAL_DUTY}
)


class _Public(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ComponentFacts(_Public):
    """A required paper: scanned here, or reused from shared data, or neither."""

    kind: DocumentKind
    digitized: bool
    reused: bool


class PauseFacts(_Public):
    """A time in which the clock stood still; no end = it still does. `completes` = the supplement ended it."""

    reason: PauseReason
    start_at: AwareDatetime
    end_at: AwareDatetime | None = None
    completes: bool = False
    due_at: AwareDatetime | None = None
    """What was due when the clock stopped."""


class ConsultationFacts(_Public):
    """One agency's opinion; closed without an answer when the specialist went on."""

    agency_code: AgencyCode
    asked_at: AwareDatetime
    due_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None


class Facts(_Public):
    """All that may leave the workflow about a dossier. Times UTC, money whole đồng."""

    dossier_code: DossierCode
    root_code: DossierCode
    seq: int = Field(ge=1)
    stage: Stage
    portal_status: int | None = Field(default=None, ge=1, le=10)
    clock: Clock

    procedure_code: ProcedureCode
    procedure_version: int = Field(ge=1)
    rule_set: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    catalogue_version: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    calendar_version: str = Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")
    agency_reception: AgencyCode
    agency_competent: AgencyCode
    channel: Channel
    applicant_type: ApplicantType
    return_way: ReturnWay
    assisted: bool = False
    guided: bool = False
    is_correction: bool = False
    e25: bool = False
    integrated_national: bool = False
    paper_result: bool = False
    digitization_required: bool = False
    online_level: str = Field(default="PARTIAL", pattern=r"^[A-Z_]{1,20}$")
    limit: str = Field(default="", pattern=LIMIT_PATTERN)
    """The promised processing time as `5wd`, `15d`, `2mo`, `8wh` or `same-day`; empty in events before it was told."""
    verification_limit: str = Field(default="", pattern=LIMIT_PATTERN)
    """What an on-site verification may add to the limit; empty without one."""
    supplement_clock: str = Field(default="PAUSE", pattern=r"^[A-Z_]{1,20}$")

    submitted_at: AwareDatetime
    answer_due_at: AwareDatetime | None = None
    """Until when an online filing is answered: 8 working hours (NĐ 45/2020/NĐ-CP, unverified)."""
    received_at: AwareDatetime | None = None
    clock_from: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    due_at_original: AwareDatetime | None = None
    near_due_at: AwareDatetime | None = None
    remaining_minutes: int | None = None
    """Working minutes left while the clock is paused: then there is no due time."""
    pauses: tuple[PauseFacts, ...] = ()
    verification_extends: bool = False
    extension_asked_at: AwareDatetime | None = None
    new_due_on: date | None = None
    apologised_at: AwareDatetime | None = None
    overdue_at: AwareDatetime | None = None
    overdue_cause: Word | None = None
    overdue_fault: Fault | None = None
    ended_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None
    portal_times: dict[int, AwareDatetime] = {}

    components: tuple[ComponentFacts, ...] = ()
    asked: tuple[DocumentKind, ...] = ()
    """Papers the applicant was asked for and has not brought."""
    asked_until: AwareDatetime | None = None
    """How long the applicant is waited for."""
    completions_asked: int = Field(default=0, ge=0)
    supplements_asked: int = Field(default=0, ge=0)
    late_supplement: bool = False
    duty_notice: NoticeNumber | None = None
    consultations: tuple[ConsultationFacts, ...] = ()
    overrides: tuple[Word, ...] = ()
    override_asked: Subject | None = None
    stop_asked: bool = False
    withdrawn: bool = False
    population_check: bool = False
    outcome: Outcome | None = None
    cause: Word | None = None
    result_code: ResultCode | None = None
    result_signed_at: AwareDatetime | None = None
    is_claimed: bool = False
    parcel_booked: bool = False

    exemption: Exemption | None = None
    fee_procedure: bool = False
    fee_total_vnd: int = Field(default=0, ge=0)
    fee_owed_vnd: int = Field(default=0, ge=0)
    paid_vnd: int = Field(default=0, ge=0)
    paid_via: PaidVia = PaidVia.NONE
    paid_at: AwareDatetime | None = None

    @property
    def ended(self) -> bool:
        """At one of the three ends."""
        return STAGES[self.stage].is_end


class Event(_Public):
    """The value of one record."""

    change: Change
    facts: Facts


class Envelope(_Public):
    """What the workflow hands to publication: the event and the trace it belongs to."""

    event: Event
    traceparent: str = ""


def facts_of(dossier: Dossier) -> Facts:
    """The public snapshot of a filed dossier. Raises ValueError before it was filed."""
    terms = dossier.terms
    if terms is None or dossier.stage is None or dossier.submitted_at is None or dossier.agency_reception is None:
        raise ValueError("a dossier has facts from its filing on")
    meaning = STAGES[dossier.stage]
    return Facts(
        dossier_code=dossier.dossier_code,
        root_code=dossier.root_code,
        seq=dossier.seq,
        stage=dossier.stage,
        portal_status=meaning.portal,
        clock=meaning.clock,
        procedure_code=terms.procedure_code,
        procedure_version=terms.procedure_version,
        rule_set=terms.rule_set,
        catalogue_version=terms.catalogue_version,
        calendar_version=terms.calendar.version,
        agency_reception=dossier.agency_reception,
        agency_competent=dossier.agency_competent or dossier.agency_reception,
        channel=dossier.channel,
        applicant_type=dossier.applicant_type,
        return_way=dossier.return_way,
        assisted=dossier.assisted,
        guided=dossier.guided,
        is_correction=dossier.is_correction,
        e25=terms.e25,
        integrated_national=terms.integrated_national,
        paper_result=terms.paper_result,
        digitization_required=terms.digitization_required,
        online_level=terms.online_level,
        limit=str(terms.processing_time),
        verification_limit=str(terms.verification_time) if terms.verification_time else "",
        supplement_clock=terms.supplement_clock,
        submitted_at=dossier.submitted_at,
        answer_due_at=dossier.answer_due_at,
        received_at=dossier.received_at,
        clock_from=dossier.clock_from,
        due_at=dossier.due_at,
        due_at_original=dossier.due_at_original,
        near_due_at=dossier.near_due_at,
        remaining_minutes=dossier.remaining_minutes,
        pauses=tuple(PauseFacts.model_validate(pause, from_attributes=True) for pause in dossier.pauses),
        verification_extends=dossier.verification_extends,
        extension_asked_at=dossier.extension.asked_at if dossier.extension else None,
        new_due_on=dossier.extension.new_due_on if dossier.extension else None,
        apologised_at=dossier.apologised_at,
        overdue_at=dossier.overdue_at,
        overdue_cause=dossier.overdue_cause,
        overdue_fault=dossier.overdue_fault,
        ended_at=dossier.ended_at,
        returned_at=dossier.returned_at,
        portal_times=dossier.portal_times,
        components=tuple(
            ComponentFacts(kind=kind, digitized=state == "DIGITIZED", reused=state == "REUSED")
            for kind, state in dossier.papers.items()
        ),
        asked=dossier.asked,
        asked_until=dossier.patience_until if dossier.stage in WAITS_FOR_APPLICANT else None,
        completions_asked=dossier.completions_asked,
        supplements_asked=dossier.supplements_asked,
        late_supplement=dossier.late_supplement,
        duty_notice=dossier.duty_notice,
        consultations=tuple(
            ConsultationFacts.model_validate(asked, from_attributes=True) for asked in dossier.consultations
        ),
        overrides=dossier.overrides,
        override_asked=dossier.asked_override.subject if dossier.asked_override else None,
        stop_asked=dossier.stop_asked_by is not None,
        withdrawn=dossier.withdrawn,
        population_check=dossier.population_checked,
        outcome=dossier.outcome,
        cause=dossier.cause,
        result_code=dossier.result_code,
        result_signed_at=dossier.result_signed_at,
        is_claimed=bool(dossier.holder),
        parcel_booked=bool(dossier.parcel_number),
        exemption=next((fee.exemption for fee in terms.fees if fee.exemption), None),
        fee_procedure=bool(terms.fees),
        fee_total_vnd=sum(fee.amount_vnd for fee in terms.fees),
        fee_owed_vnd=dossier.owed_vnd(),
        paid_vnd=dossier.paid_vnd,
        paid_via=dossier.paid_via,
        paid_at=dossier.paid_at,
    )


def event_of(dossier: Dossier) -> Event:
    """The event of the dossier's last change. Raises ValueError when nothing has changed yet."""
    if dossier.last_change is None:
        raise ValueError("nothing has changed yet")
    return Event(change=dossier.last_change, facts=facts_of(dossier))


def value_of(event: Event) -> bytes:
    """The record's value: JSON with sorted keys, so that equal events are equal bytes.

    What is as its default is left out: half the bytes, and a third of what reading them costs. So a default never
    changes; a new meaning is a new field.
    """
    return orjson.dumps(event.model_dump(mode="json", exclude_defaults=True), option=orjson.OPT_SORT_KEYS)


def headers_of(event: Event, traceparent: str = "") -> list[tuple[str, bytes]]:
    """CloudEvents 1.0 attributes in the Kafka protocol binding's binary mode."""
    facts, change = event.facts, event.change
    headers = {
        "ce_specversion": "1.0",
        "ce_id": f"{facts.dossier_code}/{facts.seq}",
        "ce_source": SOURCE,
        "ce_type": EVENT_TYPE.format(change=change.change),
        "ce_subject": facts.dossier_code,
        "ce_time": change.at.isoformat(),
        "ce_dataschema": SCHEMA,
        "content-type": "application/json",
    }
    if traceparent:
        headers["traceparent"] = traceparent
    return [(name, value.encode()) for name, value in headers.items()]
