"""What each act does to a dossier: one case per act, nothing decided here that table or guard did not allow.

Values are replaced, never changed inside, so that a shallow copy of a dossier is a snapshot.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.catalogue.model import ClockStart, Terms
from shared.dossier import actions, clock, timers
from shared.dossier.actions import Action, By, Channel, Outcome, Subject, instant
from shared.dossier.codes import DocumentKind
from shared.dossier.records import AskedOverride, Consultation, Extension, PaperState

if TYPE_CHECKING:
    from shared.dossier.state import Dossier


def apply(dossier: Dossier, action: Action, by: By, at: datetime) -> None:  # noqa: C901, PLR0912, PLR0915 - one case per act
    match action:
        case actions.Filing():
            _file(dossier, action, by, at)
        case actions.RecordDigitized():
            dossier.papers = {**dossier.papers, **dict.fromkeys(action.kinds, "DIGITIZED")}
        case actions.RecordReused():
            found: dict[str, PaperState] = dict.fromkeys(action.found, "REUSED")
            dossier.papers = {**dossier.papers, **found, **dict.fromkeys(action.not_found, "MISSING")}
            dossier.population_checked = dossier.population_checked or action.population_checked
        case actions.Accept() | actions.AcceptAndFinish():
            _accept(dossier, action.terms, at)
            if isinstance(action, actions.AcceptAndFinish):
                dossier.outcome, dossier.result_code = Outcome.GRANTED, action.result_code
                dossier.ended_at = dossier.returned_at = at
        case actions.FeePaid():
            dossier.paid_vnd = action.amount_vnd
            dossier.paid_via, dossier.paid_at = action.paid_via, instant(action.paid_at)
        case actions.Reject():
            dossier.cause = action.cause
        case actions.AskCompletion():
            _ask(dossier, action.kinds)
            _use(dossier, Subject.COMPLETION_LIMIT, is_needed=dossier.completions_asked > 0)
            dossier.completions_asked += 1
        case actions.AskSupplement():
            _ask(dossier, action.kinds)
            _use(dossier, Subject.SUPPLEMENT_LIMIT, is_needed=dossier.supplements_asked > 0)
            dossier.supplements_asked += 1
            dossier.late_supplement = dossier.late_supplement or action.late_ground is not None
        case actions.Complete() | actions.SupplementDelivered():
            dossier.papers = {**dossier.papers, **dict.fromkeys(action.kinds, "FILED")}
            dossier.asked = ()
        case actions.AskFinancialDuty():
            dossier.duty_notice = action.notice_number
        case actions.RecordVerification() if action.extends:
            dossier.verification_extends = True
            clock.count(dossier)
        case actions.Consult():
            _consult(dossier, action, at)
        case actions.AnswerConsult():
            _answered(dossier, by.agency_code, at)
        case actions.ConsultOverdue():
            dossier.consultations = tuple(
                asked.model_copy(update={"overdue_at": at})
                if asked.agency_code == action.agency_code and asked.closed_at is None
                else asked
                for asked in dossier.consultations
            )
        case actions.GoOn():
            dossier.consultations = tuple(
                asked if asked.closed_at else asked.model_copy(update={"closed_at": at})
                for asked in dossier.consultations
            )
        case actions.Remind() | actions.NotifyReady():
            dossier.reminded = {**dossier.reminded, timers.key_of(action): at}
        case actions.AskExtension():
            dossier.extension = Extension(
                asked_at=at, new_due_on=action.new_due_on, cause=action.cause, fault=action.fault
            )
        case actions.SendApology() if dossier.extension:
            dossier.apologised_at, dossier.new_due_on = at, dossier.extension.new_due_on
            clock.count(dossier)
        case actions.ExplainOverdue():
            dossier.overdue_cause, dossier.overdue_fault = action.cause, action.fault
        case actions.AskStop():
            dossier.stop_asked_by, dossier.cause = by.person_code, action.cause
        case actions.AskOverride():
            dossier.asked_override = AskedOverride(
                subject=action.subject, ground=action.ground, person_code=by.person_code
            )
        case actions.Override() if dossier.asked_override:
            wish, dossier.asked_override = dossier.asked_override, None
            dossier.granted = (*dossier.granted, wish.subject)
            dossier.overrides = (*dossier.overrides, f"{wish.subject.lower()}:{wish.ground}")
        case actions.OpenCorrection():
            _correct(dossier, action, by, at)
        case actions.Withdraw() | actions.ConfirmWithdraw():
            dossier.withdrawn = True
        case actions.Forward() | actions.TransferCompetence():
            dossier.agency_competent = action.agency_code
        case actions.Transfer():
            dossier.agency_competent = action.agency_code or dossier.agency_competent
            _start_there(dossier, at)
        case actions.Claim():
            dossier.holder = by.person_code
        case actions.Assign() | actions.Reassign():
            dossier.holder = action.person_code
        case actions.Propose():
            dossier.outcome, dossier.cause = action.outcome, action.ground
            dossier.drafted_by = by.person_code
        case actions.SendBack() | actions.DeclineSignature():
            dossier.outcome = None
        case actions.Sign():
            dossier.signed_by = by.person_code
        case actions.RecordSignature():
            dossier.result_code, dossier.result_signed_at = action.result_code, instant(action.signed_at)
        case actions.NumberAndIssue():
            dossier.ended_at = at
        case actions.MarkOverdue():
            dossier.overdue_at = at
        case actions.RecordParcel():
            dossier.parcel_number = action.parcel_number
        case actions.HandOver() | actions.DeliverElectronic():
            dossier.returned_at = at
        case actions.Delivered():
            dossier.returned_at = instant(action.delivered_at)


def _file(dossier: Dossier, filing: actions.Filing, by: By, at: datetime) -> None:
    dossier.terms = filing.terms
    dossier.channel, dossier.applicant_type = filing.channel, filing.applicant_type
    dossier.return_way, dossier.assisted, dossier.guided = filing.return_way, filing.assisted, filing.guided
    brought = {paper.kind: paper.filed for paper in filing.papers}
    kinds = dict.fromkeys((*filing.terms.components, *brought))
    dossier.papers = {kind: "FILED" if brought.get(kind) else "SOUGHT" for kind in kinds}
    dossier.submitted_at = at
    if isinstance(filing, actions.RegisterFromPost):
        dossier.submitted_at = instant(filing.minutes_signed_at)
        if filing.terms.clock_start is ClockStart.WAYBILL_DATE:
            dossier.clock_from = instant(filing.posted_at)
    if filing.channel is Channel.ONLINE:
        dossier.answer_due_at = clock.answered_by(at, filing.terms)
    dossier.agency_reception = dossier.agency_competent = by.agency_code


def _accept(dossier: Dossier, terms: Terms, at: datetime) -> None:
    dossier.terms = terms
    dossier.received_at = (
        dossier.submitted_at if dossier.channel is Channel.POST else at
    )  # QĐ 45/2016 Điều 7.4: the minutes
    clock.count(dossier)
    dossier.due_at_original = dossier.due_at


def _start_there(dossier: Dossier, at: datetime) -> None:
    """Where the law counts from the arrival at the deciding agency, the promise made before was the earliest one."""
    if dossier.clock_from is None and dossier.terms and dossier.terms.clock_start is ClockStart.PROCESSING_AGENCY:
        dossier.clock_from = at
        clock.count(dossier)
        dossier.due_at_original = dossier.due_at


def _correct(dossier: Dossier, action: actions.OpenCorrection, by: By, at: datetime) -> None:
    """A wrong result is made anew: taken in at once, everything is there, nothing costs (NĐ 61/2018 Điều 21.1)."""
    dossier.channel, dossier.applicant_type, dossier.return_way = (
        action.channel,
        action.applicant_type,
        action.return_way,
    )
    dossier.agency_reception = dossier.agency_competent = by.agency_code
    dossier.submitted_at, dossier.is_correction = at, True
    dossier.terms, dossier.received_at = action.terms, at
    clock.count(dossier)
    dossier.due_at_original = dossier.due_at


def _ask(dossier: Dossier, kinds: tuple[DocumentKind, ...]) -> None:
    """What is asked counts as missing until it is brought, whatever was there before."""
    _use(dossier, Subject.REUSE, is_needed=any(dossier.papers.get(kind) == "REUSED" for kind in kinds))
    dossier.asked = kinds
    dossier.papers = {**dossier.papers, **dict.fromkeys(kinds, "MISSING")}


def _use(dossier: Dossier, subject: Subject, *, is_needed: bool) -> None:
    """An override serves once."""
    if is_needed and subject in dossier.granted:
        rest = list(dossier.granted)
        rest.remove(subject)
        dossier.granted = tuple(rest)


def _consult(dossier: Dossier, action: actions.Consult, at: datetime) -> None:
    if dossier.terms is None:
        return
    asked = [
        Consultation(agency_code=one.agency_code, asked_at=at, due_at=clock.answer_of(at, one.limit, dossier.terms))
        for one in action.asked
    ]
    dossier.consultations = (*dossier.consultations, *asked)


def _answered(dossier: Dossier, agency_code: str | None, at: datetime) -> None:
    dossier.consultations = tuple(
        asked.model_copy(update={"answered_at": at, "closed_at": at})
        if asked.agency_code == agency_code and asked.closed_at is None
        else asked
        for asked in dossier.consultations
    )
