"""The only way tests make data: terms, filings, orders, dossiers at a stage. No clock, no chance."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from shared.catalogue.model import (
    FeeItem,
    FeeKind,
    FeeTiming,
    OnlineLevel,
    ProcessingTime,
    SupplementClock,
    Terms,
    WorkingCalendar,
)
from shared.dossier import actions
from shared.dossier.actions import By, Channel, Opening, Order, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.feedback.acts import FeedbackOpening, FeedbackOrder, FeedbackSubject
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.state import Dossier

CODE: Final = "000.00.03.H39-230110-0007"
AGENCY: Final = "000.00.03.H39"
AT: Final = datetime(2023, 1, 10, 2, 30, tzinfo=UTC)
"""09:30 on a Tuesday, local time; five working days later is the 17th, before Tết."""

CALENDAR: Final = WorkingCalendar(
    version="2023.1",
    first_on=date(2022, 1, 1),
    last_on=date(2031, 12, 31),
    days_off=tuple(date(2023, 1, day) for day in (20, 23, 24, 25, 26)),
)

_numbers = itertools.count(1)


def fee(amount_vnd: int = 200_000, timing: FeeTiming = FeeTiming.AFTER) -> FeeItem:
    return FeeItem(code="PHI-LLTP", kind=FeeKind.PHI, amount_vnd=amount_vnd, timing=timing)


def terms(*, fees: Iterable[FeeItem] = (), limit: str = "5wd", **changes: Any) -> Terms:
    """Promises of a judicial record; `changes` override any field."""
    given: dict[str, Any] = {
        "procedure_code": "2.000488",
        "procedure_version": 1,
        "rule_set": "ND61",
        "catalogue_version": "2023.1",
        "calendar": CALENDAR,
        "processing_time": ProcessingTime.parse(limit),
        "supplement_clock": SupplementClock.RESTART,
        "fees": tuple(fees),
        "components": ("TK-LLTP",),
        "digitization_required": True,
        "paper_result": True,
        "integrated_national": True,
        "e25": True,
        "online_level": OnlineLevel.FULL,
        "online_only": False,
        "post_return": True,
    }
    return Terms(**(given | changes))


def opening(code: str = CODE, channel: Channel = Channel.ONLINE) -> Opening:
    return Opening(dossier_code=code, root_code=code, agency_code=AGENCY, procedure_code="2.000488", channel=channel)


def by(role: Role, person_code: str | None = None) -> By:
    return By(role=role, agency_code=AGENCY, person_code=role.lower() if person_code is None else person_code)


def order(role: Role, *asked: Any, person: str | None = None, command_id: str | None = None, **more: Any) -> Order:
    """An order of that role; each has its own command id unless one is given."""
    return Order(command_id=command_id or f"test-{next(_numbers)}", by=by(role, person), actions=asked, **more)


def submit(
    promised: Terms | None = None,
    *,
    return_way: ReturnWay = ReturnWay.DESK,
    papers: tuple[Paper, ...] = (Paper(kind="TK-LLTP", filed=True),),
    command_id: str | None = None,
) -> Order:
    filing = actions.Submit(terms=promised or terms(), channel=Channel.ONLINE, return_way=return_way, papers=papers)
    return order(Role.APPLICANT, filing, command_id=command_id)


def fee_paid(amount_vnd: int = 200_000, at: datetime = AT) -> actions.FeePaid:
    return actions.FeePaid(
        amount_vnd=amount_vnd, paid_via=PaidVia.PROVINCE_GATEWAY, paid_at=at, reference="H39230110000701"
    )


def clicks(promised: Terms | None = None) -> dict[Stage, list[Order]]:
    """Orders that bring a freshly submitted dossier to each stage of the ordinary way, own moves included."""
    promised = promised or terms()
    ways: dict[Stage, list[Order]] = {}
    so_far: list[Order] = [order(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-LLTP",)))]
    ways[Stage.SUBMITTED] = list(so_far)
    for stage, step in (
        (Stage.ACCEPTED, order(Role.CLERK, actions.Accept(terms=promised))),
        (Stage.PROCESSING, order(Role.CLERK, actions.Transfer())),
        (Stage.PROCESSING, order(Role.SPECIALIST, actions.Claim())),
        (Stage.REVIEW, order(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED))),
        (Stage.SIGNING, order(Role.UNIT_HEAD, actions.ApproveDraft())),
        (Stage.NUMBERING, order(Role.SIGNER, actions.Sign())),
        (Stage.NUMBERING, order(Role.SYSTEM, actions.RecordSignature(result_code="1/gks", signed_at=AT))),
        (Stage.RESULT_READY, order(Role.RECORDS, actions.NumberAndIssue())),
    ):
        so_far.append(step)
        ways[stage] = list(so_far)
    return ways


def feedback_opening(code: str = f"PAKN-{CODE}", **changes: Any) -> FeedbackOpening:
    """A complaint about a late dossier; `changes` override any field."""
    given: dict[str, Any] = {
        "feedback_code": code,
        "agency_code": AGENCY,
        "subject": FeedbackSubject.LATE_RETURN,
        "dossier_code": CODE,
        "procedure_code": "2.000488",
        "calendar": CALENDAR,
    }
    return FeedbackOpening(**(given | changes))


def says(role: Role, action: Any, *, person: str | None = None, command_id: str | None = None) -> FeedbackOrder:
    """An order about a feedback; each has its own command id unless one is given."""
    return FeedbackOrder(command_id=command_id or f"says-{next(_numbers)}", by=by(role, person), action=action)


def a_dossier(stage: Stage | None = None, *, promised: Terms | None = None, **filing: Any) -> Dossier:
    """A dossier that walked the ordinary way to this stage; None = not filed yet."""
    dossier = Dossier(dossier_code=CODE, root_code=CODE)
    if stage is None:
        return dossier
    dossier.take(submit(promised, **filing), AT)
    for step in ways_to(promised or terms())[stage]:
        dossier.take(step, AT)
    if dossier.stage is not stage:
        raise AssertionError(f"the ordinary way ended at {dossier.stage}, not at {stage}")
    return dossier


def ways_to(promised: Terms) -> dict[Stage, list[Order]]:
    """Orders after the filing that bring a dossier to each stage that is built: the ordinary way and the detours."""
    ways = clicks(promised)
    booked = order(Role.SYSTEM, actions.RecordParcel(parcel_number="EJ123456785VN"))
    return ways | {
        Stage.ROUTING: [*ways[Stage.ACCEPTED], order(Role.CLERK, actions.RouteUnknown())],
        Stage.FEE_BEFORE: [*ways[Stage.SUBMITTED], order(Role.CLERK, actions.AskPreFee())],
        Stage.NOT_ACCEPTED: [*ways[Stage.SUBMITTED], order(Role.CLERK, actions.Reject(cause="incomplete"))],
        Stage.STOPPED: [*ways[Stage.SUBMITTED], order(Role.APPLICANT, actions.Withdraw())],
        Stage.WITHDRAW_ASKED: [*ways[Stage.PROCESSING], order(Role.APPLICANT, actions.AskWithdraw())],
        Stage.RETURNED: [*ways[Stage.RESULT_READY], order(Role.RETURN_CLERK, actions.HandOver())],
        Stage.ON_THE_WAY: [*ways[Stage.RESULT_READY], booked, order(Role.RETURN_CLERK, actions.Dispatch())],
    }
