"""Every working hour of a dossier is charged to exactly one holder, and a life with a known cause gives that cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.rules.attribution import Charged, Holder, Known, charged
from shared.catalogue.model import FeeTiming, ProcessingTime
from shared.contracts.facts import Event
from shared.dossier import actions
from shared.dossier.actions import AnyAction, Channel, Outcome, PaidVia, Paper, ReturnWay
from shared.dossier.deadline import working_time_between
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused
from tests import builders
from tests.services.metrics.lives import Life

A_DAY = timedelta(days=1)
AN_HOUR = timedelta(hours=1)
OFFICE_DAY = timedelta(hours=8)
CALENDAR = builders.CALENDAR
MONDAY = datetime(2023, 2, 6, 0, 0, tzinfo=UTC)
"""07:00 local, when the office opens: whole days later it opens again, and a day has eight working hours."""


class Scripted(Life):
    """A dossier of five working days, and who keeps it waiting."""

    def __init__(self, *, way: ReturnWay = ReturnWay.DESK, fees: tuple[int, ...] = ()) -> None:
        super().__init__(builders.CODE, builders.AGENCY, MONDAY)
        fee = [builders.fee(amount, FeeTiming.BEFORE) for amount in fees]
        self.terms = builders.terms(fees=fee)
        papers = (Paper(kind="TK-LLTP", filed=True),)
        filing = actions.Submit(terms=self.terms, channel=Channel.ONLINE, return_way=way, papers=papers)
        self.does(Role.APPLICANT, filing, timedelta())
        self.does(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-LLTP",)), timedelta())

    def accepted(self, after: timedelta = timedelta()) -> Scripted:
        self.does(Role.CLERK, actions.Accept(terms=self.terms), after)
        self.does(Role.CLERK, actions.Transfer(), timedelta())
        self.does(Role.SPECIALIST, actions.Claim(), timedelta())
        return self

    def issued(self, after: timedelta, *, signature_after: timedelta = timedelta()) -> Scripted:
        self.does(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED), after)
        self.does(Role.UNIT_HEAD, actions.ApproveDraft(), timedelta())
        self.does(Role.SIGNER, actions.Sign(), timedelta())
        signed = actions.RecordSignature(result_code="1/kq", signed_at=self.at + signature_after)
        self.does(Role.SYSTEM, signed, signature_after)
        self.does(Role.RECORDS, actions.NumberAndIssue(), timedelta())
        return self

    def consulted(self, days: int, limit: str = "2wd") -> Scripted:
        asked = (actions.Consulted(agency_code=OTHER, limit=ProcessingTime.parse(limit)),)
        self.does(Role.SPECIALIST, actions.Consult(asked=asked), timedelta())
        mine, self.agency_code = self.agency_code, OTHER
        self.does(Role.SPECIALIST, actions.AnswerConsult(), days * A_DAY)
        self.agency_code = mine
        return self


OTHER = "000.00.07.H39"


def known(life: Life, late: Callable[[Event], timedelta] = lambda _: timedelta()) -> list[Known]:
    return [Known(told.event, told.event.change.at + late(told.event)) for told in life.told]


def judged(life: Life, at: datetime | None = None) -> Charged:
    return charged(known(life), CALENDAR, at or life.at)


def test_an_officer_who_let_it_lie_is_charged_with_it() -> None:
    """Due on the fifth day after Monday at closing; issued a week and a day later at opening."""
    told = judged(Scripted().accepted().issued(9 * A_DAY))
    assert told.elapsed == {Holder.OFFICER: 7 * OFFICE_DAY}
    assert told.late == {Holder.OFFICER: told.lateness} == {Holder.OFFICER: OFFICE_DAY}


def test_a_silent_agency_is_charged_with_what_it_overran() -> None:
    """Asked on Monday for two days, it answered after two weeks; the officer then lost no day."""
    told = judged(Scripted().accepted().consulted(14).issued(timedelta()))
    assert told.lateness == 4 * OFFICE_DAY
    assert told.late == {Holder.OTHER_AGENCY: 4 * OFFICE_DAY}
    assert told.agencies == {OTHER: 10 * OFFICE_DAY}


def test_an_agency_that_answered_in_its_limit_excuses_nobody() -> None:
    told = judged(Scripted().accepted().consulted(2).issued(12 * A_DAY))
    assert told.late == {Holder.OFFICER: told.lateness}
    assert told.elapsed[Holder.OTHER_AGENCY] == 2 * OFFICE_DAY


def test_the_officer_answers_for_what_others_did_not_overrun() -> None:
    """The agency overran by two days, the dossier is five days late."""
    told = judged(Scripted().accepted().consulted(7).issued(8 * A_DAY))
    assert told.lateness == 5 * OFFICE_DAY
    assert told.late == {Holder.OTHER_AGENCY: 2 * OFFICE_DAY, Holder.OFFICER: 3 * OFFICE_DAY}


def test_waiting_for_papers_is_the_citizens_time() -> None:
    life = Scripted().accepted()
    life.does(Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-LLTP",), cause="unclear"), A_DAY)
    life.does(Role.APPLICANT, actions.SupplementDelivered(kinds=("TK-LLTP",)), 7 * A_DAY)
    life.does(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-LLTP",)), timedelta())
    told = judged(life.issued(A_DAY))
    assert told.elapsed == {Holder.OFFICER: 2 * OFFICE_DAY, Holder.CITIZEN: 5 * OFFICE_DAY}
    assert told.late == {}


def test_papers_asked_after_the_due_time_cost_the_citizen_its_own_hours_only() -> None:
    """Late since Monday evening; asked on Tuesday, brought on Thursday, issued on Friday."""
    life = Scripted().accepted()
    late = actions.AskSupplement(kinds=("TK-LLTP",), cause="unclear", late_ground="law")
    life.does(Role.UNIT_HEAD, late, 8 * A_DAY)
    life.does(Role.APPLICANT, actions.SupplementDelivered(kinds=("TK-LLTP",)), 2 * A_DAY)
    life.does(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-LLTP",)), timedelta())
    told = judged(life.issued(A_DAY))
    assert told.late[Holder.CITIZEN] == 2 * OFFICE_DAY
    assert sum(told.late.values(), timedelta()) == told.lateness


def test_a_payment_told_late_is_the_gateways_time() -> None:
    life = Scripted(fees=(200_000,))
    life.does(Role.CLERK, actions.AskPreFee(), timedelta())
    paid = actions.FeePaid(
        amount_vnd=200_000, paid_via=PaidVia.PROVINCE_GATEWAY, paid_at=life.at + A_DAY, reference="R1"
    )
    life.does(Role.PARTNER, paid, 3 * A_DAY)
    told = judged(life)
    assert told.elapsed == {Holder.CITIZEN: OFFICE_DAY, Holder.GATEWAY: 2 * OFFICE_DAY}


def test_a_signature_service_that_was_away_is_charged_and_not_the_officer() -> None:
    told = judged(Scripted().accepted().issued(4 * A_DAY, signature_after=5 * A_DAY))
    assert told.late == {Holder.GATEWAY: OFFICE_DAY}


def test_a_parcel_on_the_way_is_the_carriers_and_its_late_scan_late_data() -> None:
    life = Scripted(way=ReturnWay.POST).accepted().issued(A_DAY)
    life.does(Role.SYSTEM, actions.RecordParcel(parcel_number="EJ123456785VN"), timedelta())
    life.does(Role.RETURN_CLERK, actions.Dispatch(), timedelta())
    life.does(Role.PARTNER, actions.Delivered(delivered_at=life.at + A_DAY), 2 * A_DAY)
    told = judged(life)
    assert told.elapsed == {Holder.OFFICER: OFFICE_DAY, Holder.CARRIER: OFFICE_DAY, Holder.LATE_DATA: OFFICE_DAY}


def test_what_nobody_was_told_of_is_late_data() -> None:
    """The transfer reached the log eight days later: until then nobody could act."""
    life = Scripted().accepted()
    life.issued(9 * A_DAY)
    told = charged(
        known(life, lambda event: 8 * A_DAY if event.change.change == "claimed" else timedelta()), CALENDAR, life.at
    )
    assert told.late == {Holder.LATE_DATA: OFFICE_DAY}


def test_an_open_dossier_is_charged_up_to_now() -> None:
    life = Scripted().accepted()
    told = judged(life, MONDAY + 10 * A_DAY)
    assert (told.total, told.lateness) == (8 * OFFICE_DAY, 2 * OFFICE_DAY)


def test_a_paused_dossier_is_not_late() -> None:
    life = Scripted().accepted()
    life.does(Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-LLTP",), cause="unclear"), A_DAY)
    assert judged(life, MONDAY + 20 * A_DAY).late == {}


def test_without_events_there_is_nobody_to_charge() -> None:
    with pytest.raises(ValueError, match="has events"):
        charged([], CALENDAR, MONDAY)


STEPS: dict[str, tuple[Role, AnyAction]] = {
    "supplement": (Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-LLTP",), cause="x", late_ground="y")),
    "bring": (Role.APPLICANT, actions.SupplementDelivered(kinds=("TK-LLTP",))),
    "consult": (
        Role.SPECIALIST,
        actions.Consult(
            asked=(actions.Consulted(agency_code=OTHER, limit=ProcessingTime.parse("1wd")),)
        ),
    ),
    "go_on": (Role.SPECIALIST, actions.GoOn()),
    "duty": (Role.SPECIALIST, actions.AskFinancialDuty(notice_number="TB-1")),
    "duty_paid": (Role.ACCOUNTANT, actions.DutyPaid()),
    "propose": (Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED)),
    "send_back": (Role.UNIT_HEAD, actions.SendBack(cause="x")),
    "withdraw": (Role.APPLICANT, actions.AskWithdraw()),
    "confirm": (Role.UNIT_HEAD, actions.ConfirmWithdraw()),
}  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 20_000)), max_size=14),
    delays=st.lists(st.integers(0, 5_000), min_size=1, max_size=20),
    seed=st.integers(0, 2**16),
)
def test_shares_sum_to_the_working_time_in_every_life(
    steps: list[tuple[str, int]], delays: list[int], seed: int
) -> None:
    """Minutes between steps and until each was known are anything; steps the table refuses are skipped."""
    life = Scripted().accepted(17 * AN_HOUR)
    for name, minutes in steps:
        role, action = STEPS[name]
        at = life.at
        try:
            life.does(role, action, timedelta(minutes=minutes))
        except Refused:
            life.at = at
    told = [Known(one.event, one.event.change.at + timedelta(minutes=delays[n % len(delays)]))
            for n, one in enumerate(life.told)]  # fmt: skip
    shuffled = [*told, *told[:3]]
    Random(seed).shuffle(shuffled)
    at = life.at + timedelta(days=3)
    answer = charged(shuffled, CALENDAR, at)
    facts = told[-1].event.facts
    end_at = life.at if facts.ended else at
    assert answer.total == working_time_between(facts.submitted_at, end_at, CALENDAR)
    assert sum(answer.elapsed.values(), timedelta()) == answer.total
    assert sum(answer.late.values(), timedelta()) == answer.lateness
    assert all(time > timedelta() for time in (*answer.elapsed.values(), *answer.late.values()))
    assert answer == charged(told, CALENDAR, at)
