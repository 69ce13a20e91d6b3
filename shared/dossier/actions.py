"""What people, partners and the workflow itself may ask of a dossier: one model per act, and the order that carries it.

An action arrives complete (pinned terms, amounts, causes): taking it looks nothing up. Codes, times, amounts and
closed vocabularies only: no name, no free text, no file address ever enters the workflow.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PositiveInt, StrictBool

from shared.catalogue.model import ProcessingTime, Terms
from shared.dossier.codes import (
    AgencyCode,
    CommandId,
    DocumentKind,
    DossierCode,
    NoticeNumber,
    PersonCode,
    ResultCode,
    Word,
)
from shared.dossier.lifecycle import Act, Role
from shared.dossier.written import Day

Kinds = Annotated[tuple[DocumentKind, ...], Field(min_length=1, max_length=40)]


class Channel(IntEnum):
    """How the applicant's own act came in; the national portal's numbers."""

    IN_PERSON = 1
    ONLINE = 2
    POST = 3


class ApplicantType(IntEnum):
    """The national portal's numbers."""

    CITIZEN = 1
    ENTERPRISE = 2
    STATE_AGENCY = 3
    OTHER = 4


class ReturnWay(StrEnum):
    """Where the applicant wants the result."""

    DESK = "DESK"
    POST = "POST"
    ELECTRONIC = "ELECTRONIC"


class Outcome(StrEnum):
    """What was decided. A refusal after appraisal is a result (NĐ 61/2018 Điều 19.8)."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


class PaidVia(IntEnum):
    """Means of payment as the national indicators count them; cash, transfer and postman are 0 or 3."""

    NONE = 0
    NATIONAL_PLATFORM = 1
    PROVINCE_GATEWAY = 2
    OTHER = 3


class Fault(StrEnum):
    """Whose doing a delay is: the agency's own, or not."""

    SUBJECTIVE = "SUBJECTIVE"
    OBJECTIVE = "OBJECTIVE"


class About(StrEnum):
    """What a timer reminds of."""

    NEAR_DUE = "NEAR_DUE"
    FEE = "FEE"
    ROUTE = "ROUTE"
    COMPLETION_OVER = "COMPLETION_OVER"
    SUPPLEMENT_OVER = "SUPPLEMENT_OVER"
    DUTY_OVER = "DUTY_OVER"


class Subject(StrEnum):
    """Which rule two persons together may pass once."""

    COMPLETION_LIMIT = "COMPLETION_LIMIT"
    SUPPLEMENT_LIMIT = "SUPPLEMENT_LIMIT"
    REUSE = "REUSE"


def _kind_is_sent(schema: dict[str, Any]) -> None:
    """A union is told apart by `kind`: code may leave it out, whoever sends JSON may not."""
    if "kind" in schema["properties"]:
        schema["required"] = list(dict.fromkeys(["kind", *schema.get("required", ())]))


class Value(BaseModel):
    """Base of everything that travels inside an order: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_kind_is_sent)


class Paper(Value):
    """A component at filing: `filed` = the applicant brought or uploaded it; else it is looked up for reuse."""

    kind: DocumentKind
    filed: bool


class Action(Value):
    """Base of the union; `kind` is the act."""

    kind: Act


class Filing(Action):
    """What the three ways of filing share."""

    terms: Terms
    channel: Channel
    applicant_type: ApplicantType = ApplicantType.CITIZEN
    return_way: ReturnWay
    papers: tuple[Paper, ...]
    assisted: bool = False
    guided: bool = False


class Submit(Filing):
    """The applicant files online."""

    kind: Literal[Act.SUBMIT] = Act.SUBMIT


class RegisterAtDesk(Filing):
    """The clerk registers what was brought to the counter; `guided` = online filing and post were explained."""

    kind: Literal[Act.REGISTER_AT_DESK] = Act.REGISTER_AT_DESK


class RegisterFromPost(Filing):
    """The clerk registers a postal consignment; the minutes' time is the legal filing (QĐ 45/2016 Đ7.4)."""

    kind: Literal[Act.REGISTER_FROM_POST] = Act.REGISTER_FROM_POST
    posted_at: AwareDatetime
    minutes_signed_at: AwareDatetime


class RecordDigitized(Action):
    """Components whose scans were read, hashed and stored."""

    kind: Literal[Act.RECORD_DIGITIZED] = Act.RECORD_DIGITIZED
    kinds: tuple[DocumentKind, ...]


class RecordReused(Action):
    """Components found in shared data, and those honestly not found."""

    kind: Literal[Act.RECORD_REUSED] = Act.RECORD_REUSED
    found: tuple[DocumentKind, ...]
    not_found: tuple[DocumentKind, ...]
    population_checked: bool = False


class Accept(Action):
    """Taken in: the promises of the catalogue are pinned from here on."""

    kind: Literal[Act.ACCEPT] = Act.ACCEPT
    terms: Terms


class AcceptAndFinish(Action):
    """Answered on the spot."""

    kind: Literal[Act.ACCEPT_AND_FINISH] = Act.ACCEPT_AND_FINISH
    terms: Terms
    result_code: ResultCode


class AskPreFee(Action):
    """Ask for the fee that is due before acceptance."""

    kind: Literal[Act.ASK_PRE_FEE] = Act.ASK_PRE_FEE


class FeePaid(Action):
    """Money arrived: confirmed by the provider or counted at the desk. `reference` is our order number."""

    kind: Literal[Act.FEE_PAID] = Act.FEE_PAID
    amount_vnd: PositiveInt
    paid_via: PaidVia
    paid_at: AwareDatetime
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]


class Reject(Action):
    """Not taken in; `cause` from the list."""

    kind: Literal[Act.REJECT] = Act.REJECT
    cause: Word


class Forward(Action):
    """To the one-stop unit of the competent agency."""

    kind: Literal[Act.FORWARD] = Act.FORWARD
    agency_code: AgencyCode


class Transfer(Action):
    """To the processing unit, by default of the same agency."""

    kind: Literal[Act.TRANSFER] = Act.TRANSFER
    agency_code: AgencyCode | None = None


class RouteUnknown(Action):
    """Into the queue of dossiers without a known competent agency."""

    kind: Literal[Act.ROUTE_UNKNOWN] = Act.ROUTE_UNKNOWN


class Assign(Action):
    """The unit head names the specialist."""

    kind: Literal[Act.ASSIGN] = Act.ASSIGN
    person_code: PersonCode


class Claim(Action):
    """The specialist takes the dossier."""

    kind: Literal[Act.CLAIM] = Act.CLAIM


class Reassign(Action):
    """The unit head names another specialist."""

    kind: Literal[Act.REASSIGN] = Act.REASSIGN
    person_code: PersonCode


class RecordVerification(Action):
    """An on-site check took place; `extends` = it needs the longer limit that the law grants for it."""

    kind: Literal[Act.RECORD_VERIFICATION] = Act.RECORD_VERIFICATION
    extends: StrictBool = False


class Propose(Action):
    """Draft result or draft refusal; a refusal names its ground."""

    kind: Literal[Act.PROPOSE] = Act.PROPOSE
    outcome: Outcome
    ground: Word | None = None


class ApproveDraft(Action):
    """The unit head agrees."""

    kind: Literal[Act.APPROVE_DRAFT] = Act.APPROVE_DRAFT


class SendBack(Action):
    """The unit head disagrees, with a cause."""

    kind: Literal[Act.SEND_BACK] = Act.SEND_BACK
    cause: Word


class Sign(Action):
    """The competent person decides; the signature itself is made by the processing service."""

    kind: Literal[Act.SIGN] = Act.SIGN


class DeclineSignature(Action):
    """The competent person does not sign, with a cause."""

    kind: Literal[Act.DECLINE_SIGNATURE] = Act.DECLINE_SIGNATURE
    cause: Word


class RecordSignature(Action):
    """The signed result exists; `result_code` is its number and symbol."""

    kind: Literal[Act.RECORD_SIGNATURE] = Act.RECORD_SIGNATURE
    result_code: ResultCode
    signed_at: AwareDatetime


class NumberAndIssue(Action):
    """The records officer releases the result: processing ends here."""

    kind: Literal[Act.NUMBER_AND_ISSUE] = Act.NUMBER_AND_ISSUE


class MarkOverdue(Action):
    """The due timer fired."""

    kind: Literal[Act.MARK_OVERDUE] = Act.MARK_OVERDUE


class Withdraw(Action):
    """The applicant takes the dossier back before acceptance."""

    kind: Literal[Act.WITHDRAW] = Act.WITHDRAW


class AskWithdraw(Action):
    """The applicant asks to take it back after acceptance."""

    kind: Literal[Act.ASK_WITHDRAW] = Act.ASK_WITHDRAW


class ConfirmWithdraw(Action):
    """The unit head lets it go."""

    kind: Literal[Act.CONFIRM_WITHDRAW] = Act.CONFIRM_WITHDRAW


class DenyWithdraw(Action):
    """The unit head does not, with a cause."""

    kind: Literal[Act.DENY_WITHDRAW] = Act.DENY_WITHDRAW
    cause: Word


class RecordParcel(Action):
    """The carrier took the order for the result's parcel."""

    kind: Literal[Act.RECORD_PARCEL] = Act.RECORD_PARCEL
    parcel_number: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{9}VN$")]


class HandOver(Action):
    """The result is given out at the desk."""

    kind: Literal[Act.HAND_OVER] = Act.HAND_OVER


class DeliverElectronic(Action):
    """The signed file was taken from the personal store, or lay there for a day."""

    kind: Literal[Act.DELIVER_ELECTRONIC] = Act.DELIVER_ELECTRONIC


class Dispatch(Action):
    """The parcel is given to the postman."""

    kind: Literal[Act.DISPATCH] = Act.DISPATCH


class Delivered(Action):
    """The carrier delivered, with proof."""

    kind: Literal[Act.DELIVERED] = Act.DELIVERED
    delivered_at: AwareDatetime


class CameBack(Action):
    """The carrier brought it back to the desk."""

    kind: Literal[Act.CAME_BACK] = Act.CAME_BACK


class TransferCompetence(Action):
    """Reorganisation: another agency holds the dossier; nothing else changes."""

    kind: Literal[Act.TRANSFER_COMPETENCE] = Act.TRANSFER_COMPETENCE
    agency_code: AgencyCode


class AskCompletion(Action):
    """Before acceptance: one complete, exact list of what is missing; its words are kept by intake."""

    kind: Literal[Act.ASK_COMPLETION] = Act.ASK_COMPLETION
    kinds: Kinds
    cause: Word


class Complete(Action):
    """The missing papers were brought; the workflow has them read."""

    kind: Literal[Act.COMPLETE] = Act.COMPLETE
    kinds: Kinds


class Lapse(Action):
    """Nobody completed the dossier in time; a person closes it."""

    kind: Literal[Act.LAPSE] = Act.LAPSE


class FeeLapse(Action):
    """The fee due before acceptance was never paid."""

    kind: Literal[Act.FEE_LAPSE] = Act.FEE_LAPSE


class Consulted(Value):
    """One agency whose opinion is asked, and how long it may take."""

    agency_code: AgencyCode
    limit: ProcessingTime


class Consult(Action):
    """Ask other agencies, several at once; the dossier's own clock runs on."""

    kind: Literal[Act.CONSULT] = Act.CONSULT
    asked: Annotated[tuple[Consulted, ...], Field(min_length=1, max_length=8)]


class AnswerConsult(Action):
    """A consulted agency answers; which one, the order's `by` says."""

    kind: Literal[Act.ANSWER_CONSULT] = Act.ANSWER_CONSULT


class ConsultOverdue(Action):
    """A consulted agency is silent beyond its limit."""

    kind: Literal[Act.CONSULT_OVERDUE] = Act.CONSULT_OVERDUE
    agency_code: AgencyCode


class GoOn(Action):
    """The specialist no longer waits for opinions."""

    kind: Literal[Act.GO_ON] = Act.GO_ON


class AskSupplement(Action):
    """After appraisal: the clock stops until the papers are there. After the third day only with a ground."""

    kind: Literal[Act.ASK_SUPPLEMENT] = Act.ASK_SUPPLEMENT
    kinds: Kinds
    cause: Word
    late_ground: Word | None = None


class SupplementDelivered(Action):
    """What was asked is there; the due time is counted anew by the procedure's rule."""

    kind: Literal[Act.SUPPLEMENT_DELIVERED] = Act.SUPPLEMENT_DELIVERED
    kinds: Kinds


class SupplementExpired(Action):
    """Nobody brought the supplement; the unit head stops the dossier."""

    kind: Literal[Act.SUPPLEMENT_EXPIRED] = Act.SUPPLEMENT_EXPIRED


class AskFinancialDuty(Action):
    """Tax or land duty is owed to another treasury; the clock stops until proof of payment."""

    kind: Literal[Act.ASK_FINANCIAL_DUTY] = Act.ASK_FINANCIAL_DUTY
    notice_number: NoticeNumber


class DutyPaid(Action):
    """Proof of payment was checked."""

    kind: Literal[Act.DUTY_PAID] = Act.DUTY_PAID


class Remind(Action):
    """A timer rang: a due time is near, or a limit passed and somebody has to decide."""

    kind: Literal[Act.REMIND] = Act.REMIND
    about: About


class AskExtension(Action):
    """The unit cannot make it: it names the new day, why, and whose fault it is (Form 04's contents)."""

    kind: Literal[Act.ASK_EXTENSION] = Act.ASK_EXTENSION
    cause: Word
    fault: Fault
    new_due_on: Day


class SendApology(Action):
    """The apology with the new day is signed: once, and at the latest a day before the old one."""

    kind: Literal[Act.SEND_APOLOGY] = Act.SEND_APOLOGY


class ExplainOverdue(Action):
    """Why a dossier is late, and whose fault it is."""

    kind: Literal[Act.EXPLAIN_OVERDUE] = Act.EXPLAIN_OVERDUE
    cause: Word
    fault: Fault


class AskStop(Action):
    """The unit head wants the dossier stopped, for a cause of the list."""

    kind: Literal[Act.ASK_STOP] = Act.ASK_STOP
    cause: Word


class Stop(Action):
    """The competent person agrees: the agency ends the dossier."""

    kind: Literal[Act.STOP] = Act.STOP


class NotifyReady(Action):
    """The result has waited for its owner this many days."""

    kind: Literal[Act.NOTIFY_READY] = Act.NOTIFY_READY
    days: PositiveInt


class OpenCorrection(Action):
    """A wrong result is made anew in a linked dossier: free, with its own clock, under the same root code."""

    kind: Literal[Act.OPEN_CORRECTION] = Act.OPEN_CORRECTION
    terms: Terms
    channel: Channel
    applicant_type: ApplicantType = ApplicantType.CITIZEN
    return_way: ReturnWay
    cause: Word


class AskOverride(Action):
    """The unit head wants to go beyond a limit of the law, and says on what ground."""

    kind: Literal[Act.ASK_OVERRIDE] = Act.ASK_OVERRIDE
    subject: Subject
    ground: Word


class Override(Action):
    """The head of the desk agrees: the limit may be passed once, and it counts as a defect."""

    kind: Literal[Act.OVERRIDE] = Act.OVERRIDE


AnyAction = Annotated[
    Submit
    | RegisterAtDesk
    | RegisterFromPost
    | RecordDigitized
    | RecordReused
    | Accept
    | AcceptAndFinish
    | AskPreFee
    | FeePaid
    | Reject
    | Forward
    | Transfer
    | RouteUnknown
    | Assign
    | Claim
    | Reassign
    | RecordVerification
    | Propose
    | ApproveDraft
    | SendBack
    | Sign
    | DeclineSignature
    | RecordSignature
    | NumberAndIssue
    | MarkOverdue
    | Withdraw
    | AskWithdraw
    | ConfirmWithdraw
    | DenyWithdraw
    | RecordParcel
    | HandOver
    | DeliverElectronic
    | Dispatch
    | Delivered
    | CameBack
    | TransferCompetence
    | AskCompletion
    | Complete
    | Lapse
    | FeeLapse
    | Consult
    | AnswerConsult
    | ConsultOverdue
    | GoOn
    | AskSupplement
    | SupplementDelivered
    | SupplementExpired
    | AskFinancialDuty
    | DutyPaid
    | Remind
    | AskExtension
    | SendApology
    | ExplainOverdue
    | AskStop
    | Stop
    | NotifyReady
    | OpenCorrection
    | AskOverride
    | Override,
    Field(discriminator="kind"),
]


class By(Value):
    """Who asks, as the workflow may know it: the role in which, the agency for which, an opaque person code."""

    role: Role
    agency_code: AgencyCode | None = None
    person_code: PersonCode = ""


class Order(Value):
    """One click: its id, who clicked, and one or more actions that are taken together or not at all.

    `command_id` is made where the click was made (page, bot, partner's message) and is the Update id: the same order
    twice is one order. `seq` is the state the person saw; a dossier that moved on since refuses. `traceparent` (W3C)
    ties the events to the request.
    """

    command_id: CommandId
    by: By
    actions: Annotated[tuple[AnyAction, ...], Field(min_length=1, max_length=4)]
    seq: int | None = None
    traceparent: Annotated[str, Field(pattern=r"^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?$")] = ""


class Opening(Value):
    """What a dossier's workflow starts from: its codes; everything else arrives with the filing order."""

    dossier_code: DossierCode
    root_code: DossierCode
    agency_code: AgencyCode
    procedure_code: str
    channel: Channel
    story: int = 1
    """Which telling of the story this dossier lives by (workflows/patches.py); the desk sets it at the start."""


def instant(moment: datetime) -> datetime:
    """The moment cut to whole milliseconds: what every store, topic and page can hold without rounding."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
