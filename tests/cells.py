"""For every lawful cell of the lifecycle table one real way there: orders and waiting, no field set by hand.

The same ways are walked by the pure dossier and on a real Temporal server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared.catalogue.model import FeeTiming, ProcessingTime, Terms
from shared.dossier import actions
from shared.dossier.actions import Action, By, Channel, Fault, Opening, Order, Outcome, Paper, ReturnWay, Subject
from shared.dossier.lifecycle import MOVES, Act, Landing, Role, Stage
from shared.dossier.state import Dossier
from tests.builders import AGENCY, AT, CODE, by, fee, order, terms

OTHER: Final = "000.00.05.H39"
ROOT: Final = "000.00.03.H39-230105-0001"
A_DAY: Final = timedelta(days=1)
LONG: Final = timedelta(days=45)
"""Longer than every limit of the made-up terms."""
FAR: Final = date(2031, 12, 30)
PAPERS: Final = (Paper(kind="TK-LLTP", filed=True),)

TIMED: Final = frozenset({Act.REMIND, Act.NOTIFY_READY, Act.CONSULT_OVERDUE, Act.FEE_LAPSE, Act.MARK_OVERDUE})
"""What the system does by itself when time passes."""

NEVER: Final[dict[tuple[Stage | None, Act], str]] = {
    (Stage.ON_THE_WAY, Act.FEE_PAID): "fee_settled",  # nothing leaves unpaid, so nothing is owed on the way
}
"""Cells of the table whose guard always refuses, with its code."""


@dataclass
class Way:
    """What has to happen before the act, and the act as somebody asks it (None: time alone does it)."""

    filing: Order
    steps: list[Order | timedelta] = field(default_factory=list)
    asked: Order | None = None
    opening: Opening | None = None


def opening_of(code: str, root: str | None = None) -> Opening:
    return Opening(
        dossier_code=code, root_code=root or code, agency_code=AGENCY, procedure_code="2.000488", channel=Channel.ONLINE
    )


def way_to(stage: Stage | None, act: Act, role: Role, code: str = CODE) -> Way:
    """The way to a lawful cell and the act itself, asked in this role."""
    promised, return_way = _promised(stage, act), _return_way(stage, act)
    if stage is None:
        return Way(_first(act, promised), opening=opening_of(code, ROOT if act is Act.OPEN_CORRECTION else None))
    filing = order(
        Role.APPLICANT,
        actions.Submit(terms=promised, channel=Channel.ONLINE, return_way=return_way, papers=PAPERS),
    )
    steps = [*_reach(stage, act, promised), *_circumstances(stage, act)]
    if act in TIMED:
        return Way(filing, [*steps, LONG], opening=opening_of(code))
    return Way(filing, steps, ask(act, role, promised), opening_of(code))


def ask(act: Act, role: Role, promised: Terms | None = None) -> Order:
    """The act in this role; a consulted agency's specialist asks for that agency."""
    who = By(role=role, agency_code=OTHER, person_code="other") if act is Act.ANSWER_CONSULT else by(role)
    return (
        order(role, SAMPLES[act]).model_copy(update={"by": who})
        if promised is None
        else _with_terms(act, who, promised)
    )


def _with_terms(act: Act, who: By, promised: Terms) -> Order:
    sample = SAMPLES[act]
    if "terms" in type(sample).model_fields:
        sample = sample.model_copy(update={"terms": promised})
    if act is Act.FEE_PAID:
        sample = sample.model_copy(update={"amount_vnd": promised.fees[0].amount_vnd})
    return order(who.role, sample).model_copy(update={"by": who})


def _promised(stage: Stage | None, act: Act) -> Terms:
    if act is Act.FEE_PAID and stage is not Stage.FEE_BEFORE:
        return terms(fees=[fee()])
    if stage is Stage.FEE_BEFORE or act is Act.ASK_PRE_FEE:
        return terms(fees=[fee(timing=FeeTiming.BEFORE)])
    return terms(verification_time=ProcessingTime.parse("5wd"))


def _return_way(stage: Stage | None, act: Act) -> ReturnWay:
    if stage is Stage.ON_THE_WAY or act in (Act.DISPATCH, Act.RECORD_PARCEL):
        return ReturnWay.POST
    return ReturnWay.ELECTRONIC if act is Act.DELIVER_ELECTRONIC else ReturnWay.DESK


def _first(act: Act, promised: Terms) -> Order:
    role = min(MOVES[None, act].by)
    return order(role, SAMPLES[act].model_copy(update={"terms": promised}))


def _reach(stage: Stage, act: Act, promised: Terms) -> list[Order | timedelta]:
    """From the filing to the stage; own moves of the workflow stand as SYSTEM orders and are waited for instead."""
    read = order(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-LLTP",)))
    accept = order(Role.CLERK, actions.Accept(terms=promised))
    late: list[Order | timedelta] = [LONG] if act is Act.EXPLAIN_OVERDUE else []
    processing = [read, accept, *late, order(Role.CLERK, actions.Transfer())]
    claimed = [*processing, order(Role.SPECIALIST, actions.Claim())]
    if act in (Act.ASSIGN, Act.CLAIM):
        claimed = processing
    review = [*claimed, order(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED))]
    signing = [*review, order(Role.UNIT_HEAD, actions.ApproveDraft())]
    numbering = [
        *signing,
        order(Role.SIGNER, actions.Sign()),
        order(Role.SYSTEM, actions.RecordSignature(result_code="1/gks", signed_at=AT)),
    ]
    ready = [*numbering, order(Role.RECORDS, actions.NumberAndIssue())]
    booked = order(Role.SYSTEM, actions.RecordParcel(parcel_number="EJ123456785VN"))
    if act in (Act.DISPATCH, Act.RECORD_PARCEL) or stage is Stage.ON_THE_WAY:
        ready = [*ready, booked]
    supplement = ask_supplement()
    ways: dict[Stage, list[Order | timedelta]] = {
        Stage.SUBMITTED: [read],
        Stage.INTAKE_INCOMPLETE: [read, order(Role.CLERK, SAMPLES[Act.ASK_COMPLETION])],
        Stage.FEE_BEFORE: [read, order(Role.CLERK, actions.AskPreFee())],
        Stage.NOT_ACCEPTED: [read, order(Role.CLERK, actions.Reject(cause="incomplete"))],
        Stage.ACCEPTED: [read, accept, *late],
        Stage.ROUTING: [read, accept, *late, order(Role.CLERK, actions.RouteUnknown())],
        Stage.PROCESSING: claimed,
        Stage.CONSULTING: [*claimed, order(Role.SPECIALIST, SAMPLES[Act.CONSULT])],
        Stage.SUPPLEMENT: [*claimed, order(Role.UNIT_HEAD, supplement)],
        Stage.FINANCIAL_DUTY: [*claimed, order(Role.SPECIALIST, SAMPLES[Act.ASK_FINANCIAL_DUTY])],
        Stage.REVIEW: review,
        Stage.SIGNING: signing,
        Stage.NUMBERING: numbering,
        Stage.WITHDRAW_ASKED: [*claimed, order(Role.APPLICANT, actions.AskWithdraw())],
        Stage.STOPPED: [read, order(Role.APPLICANT, actions.Withdraw())],
        Stage.RESULT_READY: ready,
        Stage.ON_THE_WAY: [*ready, order(Role.RETURN_CLERK, actions.Dispatch())],
        Stage.RETURNED: [*ready, order(Role.RETURN_CLERK, actions.HandOver())],
    }
    return ways[stage]


def _circumstances(stage: Stage, act: Act) -> list[Order | timedelta]:
    """What a guard wants to see."""
    match act:
        case Act.ACCEPT if stage is Stage.INTAKE_INCOMPLETE:
            found = actions.RecordReused(found=("TK-LLTP",), not_found=())
            return [order(Role.SYSTEM, found)]
        case Act.LAPSE | Act.SUPPLEMENT_EXPIRED:
            return [LONG]
        case Act.SEND_APOLOGY:
            return [order(Role.UNIT_HEAD, SAMPLES[Act.ASK_EXTENSION])]
        case Act.STOP:
            return [order(Role.UNIT_HEAD, SAMPLES[Act.ASK_STOP])]
        case Act.OVERRIDE:
            return [order(Role.UNIT_HEAD, SAMPLES[Act.ASK_OVERRIDE])]
        case _:
            return []


def ask_supplement() -> actions.AskSupplement:
    return actions.AskSupplement(kinds=("TK-LLTP",), cause="blurred", late_ground="found_on_site")


_FILING: Final[dict[str, Any]] = {"terms": terms(), "return_way": ReturnWay.DESK, "papers": PAPERS}
SAMPLES: Final[dict[Act, Action]] = {
    Act.SUBMIT: actions.Submit(channel=Channel.ONLINE, **_FILING),
    Act.REGISTER_AT_DESK: actions.RegisterAtDesk(channel=Channel.IN_PERSON, **_FILING),
    Act.REGISTER_FROM_POST: actions.RegisterFromPost(
        channel=Channel.POST, posted_at=AT, minutes_signed_at=AT, **_FILING
    ),
    Act.RECORD_DIGITIZED: actions.RecordDigitized(kinds=("TK-LLTP",)),
    Act.RECORD_REUSED: actions.RecordReused(found=(), not_found=()),
    Act.ACCEPT: actions.Accept(terms=terms()),
    Act.ACCEPT_AND_FINISH: actions.AcceptAndFinish(terms=terms(), result_code="1/2023"),
    Act.ASK_COMPLETION: actions.AskCompletion(kinds=("TK-LLTP",), cause="blurred"),
    Act.COMPLETE: actions.Complete(kinds=("TK-LLTP",)),
    Act.LAPSE: actions.Lapse(),
    Act.ASK_PRE_FEE: actions.AskPreFee(),
    Act.FEE_PAID: actions.FeePaid(
        amount_vnd=200_000, paid_via=actions.PaidVia.PROVINCE_GATEWAY, paid_at=AT, reference="H39230110000701"
    ),
    Act.FEE_LAPSE: actions.FeeLapse(),
    Act.REJECT: actions.Reject(cause="incomplete"),
    Act.FORWARD: actions.Forward(agency_code=AGENCY),
    Act.TRANSFER: actions.Transfer(),
    Act.ROUTE_UNKNOWN: actions.RouteUnknown(),
    Act.ASSIGN: actions.Assign(person_code="specialist"),
    Act.CLAIM: actions.Claim(),
    Act.REASSIGN: actions.Reassign(person_code="other"),
    Act.RECORD_VERIFICATION: actions.RecordVerification(extends=True),
    Act.CONSULT: actions.Consult(
        asked=(actions.Consulted(agency_code=OTHER, limit=ProcessingTime.parse("2wd")),),
    ),
    Act.ANSWER_CONSULT: actions.AnswerConsult(),
    Act.CONSULT_OVERDUE: actions.ConsultOverdue(agency_code=OTHER),
    Act.GO_ON: actions.GoOn(),
    Act.ASK_SUPPLEMENT: ask_supplement(),
    Act.SUPPLEMENT_DELIVERED: actions.SupplementDelivered(kinds=("TK-LLTP",)),
    Act.SUPPLEMENT_EXPIRED: actions.SupplementExpired(),
    Act.ASK_FINANCIAL_DUTY: actions.AskFinancialDuty(notice_number="12/TB-CT"),
    Act.DUTY_PAID: actions.DutyPaid(),
    Act.PROPOSE: actions.Propose(outcome=Outcome.GRANTED),
    Act.APPROVE_DRAFT: actions.ApproveDraft(),
    Act.SEND_BACK: actions.SendBack(cause="unclear"),
    Act.SIGN: actions.Sign(),
    Act.DECLINE_SIGNATURE: actions.DeclineSignature(cause="unclear"),
    Act.RECORD_SIGNATURE: actions.RecordSignature(result_code="1/2023", signed_at=AT),
    Act.NUMBER_AND_ISSUE: actions.NumberAndIssue(),
    Act.MARK_OVERDUE: actions.MarkOverdue(),
    Act.REMIND: actions.Remind(about=actions.About.NEAR_DUE),
    Act.ASK_EXTENSION: actions.AskExtension(cause="many_dossiers", fault=Fault.SUBJECTIVE, new_due_on=FAR),
    Act.SEND_APOLOGY: actions.SendApology(),
    Act.EXPLAIN_OVERDUE: actions.ExplainOverdue(cause="staff_away", fault=Fault.SUBJECTIVE),
    Act.WITHDRAW: actions.Withdraw(),
    Act.ASK_WITHDRAW: actions.AskWithdraw(),
    Act.CONFIRM_WITHDRAW: actions.ConfirmWithdraw(),
    Act.DENY_WITHDRAW: actions.DenyWithdraw(cause="decision_imminent"),
    Act.ASK_STOP: actions.AskStop(cause="court_order"),
    Act.STOP: actions.Stop(),
    Act.NOTIFY_READY: actions.NotifyReady(days=3),
    Act.RECORD_PARCEL: actions.RecordParcel(parcel_number="EJ123456785VN"),
    Act.HAND_OVER: actions.HandOver(),
    Act.DELIVER_ELECTRONIC: actions.DeliverElectronic(),
    Act.DISPATCH: actions.Dispatch(),
    Act.DELIVERED: actions.Delivered(delivered_at=AT),
    Act.CAME_BACK: actions.CameBack(),
    Act.OPEN_CORRECTION: actions.OpenCorrection(
        terms=terms(), channel=Channel.IN_PERSON, return_way=ReturnWay.DESK, cause="wrong_name"
    ),
    Act.TRANSFER_COMPETENCE: actions.TransferCompetence(agency_code=OTHER),
    Act.ASK_OVERRIDE: actions.AskOverride(subject=Subject.SUPPLEMENT_LIMIT, ground="new_law"),
    Act.OVERRIDE: actions.Override(),
}


def landing(stage: Stage | None, act: Act, before: Stage | None = Stage.PROCESSING) -> Stage | None:
    """Where the table says the act leads from a way of this module."""
    match MOVES[stage, act].to:
        case Landing.SAME:
            return stage
        case Landing.BEFORE:
            return before
        case Landing.LAST_ANSWER:
            return Stage.PROCESSING
        case to:
            return Stage(to)


def walk(dossier: Dossier, filing: Order, steps: Sequence[Order | timedelta], start: datetime = AT) -> datetime:
    """Live these steps on the pure dossier as the workflow would, timers included; the instant at the end."""
    dossier.take(filing, start)
    at = start
    for step in steps:
        if isinstance(step, Order):
            dossier.take(step, at)
        else:
            at += step
            ring(dossier, at)
    return at


def ring(dossier: Dossier, until: datetime) -> list[str]:
    """Let all timers up to an instant ring; what they said."""
    said = []
    while (timer := dossier.next_timer) is not None and timer.at <= until:
        dossier.take(order(Role.SYSTEM, timer.action), timer.at)
        assert dossier.last_change is not None
        said.append(
            f"{dossier.last_change.change}:{dossier.last_change.cause}"
            if dossier.last_change.cause
            else dossier.last_change.change
        )
    return said
