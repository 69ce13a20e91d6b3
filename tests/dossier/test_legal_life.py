"""The detours of a dossier's life: supplements, pauses over Tết, new dates, second persons, corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.catalogue.model import ClockStart, FeeTiming, ProcessingTime, SupplementClock
from shared.contracts.facts import facts_of
from shared.dossier import actions
from shared.dossier.actions import About, Channel, Fault, ReturnWay, Subject
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.refusal import Forbidden, Refused
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL
from tests.builders import AT, CODE, a_dossier, fee, order, submit, terms
from tests.cells import ROOT, ring

A_DAY = timedelta(days=1)
ASKED = actions.AskSupplement(kinds=("TK-LLTP",), cause="blurred")
BROUGHT = actions.SupplementDelivered(kinds=("TK-LLTP",))


def local_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def refused(dossier: Dossier, role: Role, action: actions.Action, at: datetime, **more: str) -> Refused:
    before = dossier.model_copy()
    with pytest.raises(Refused) as refusal:
        dossier.take(order(role, action, **more), at)
    assert (dossier.seq, dossier.stage, dossier.due_at) == (before.seq, before.stage, before.due_at)
    return refusal.value


@pytest.mark.parametrize(
    ("rule", "due_at"), [(SupplementClock.PAUSE, "2023-02-01 17:00"), (SupplementClock.RESTART, "2023-02-03 17:00")]
)
def test_a_supplement_restarts_or_adds_over_tet(rule: SupplementClock, due_at: str) -> None:
    """Received Tuesday 10/1, 5 working days → 17/1; asked Thursday 12/1 10:00, brought Friday 27/1 10:00 after Tết."""
    dossier = a_dossier(Stage.PROCESSING, promised=terms(supplement_clock=rule))
    original = dossier.due_at
    dossier.take(order(Role.UNIT_HEAD, ASKED), local_time("2023-01-12 10:00"))
    paused = facts_of(dossier)
    assert (paused.due_at, paused.clock, paused.remaining_minutes) == (None, "PAUSED", 29 * 60)
    assert paused.asked == ("TK-LLTP",)
    assert dossier.next_timer is not None
    assert dossier.next_timer.action == actions.Remind(about=About.SUPPLEMENT_OVER)
    dossier.take(order(Role.APPLICANT, BROUGHT), local_time("2023-01-27 10:00"))
    assert dossier.due_at == local_time(due_at)
    assert (dossier.due_at_original, dossier.papers["TK-LLTP"]) == (original, "FILED")
    assert facts_of(dossier).supplements_asked == 1


def test_a_late_supplement_names_its_ground() -> None:
    dossier = a_dossier(Stage.PROCESSING, promised=terms(limit="10wd"))
    late = local_time("2023-01-16 08:00")
    assert refused(dossier, Role.UNIT_HEAD, ASKED, late).code == "supplement_late"
    dossier.take(order(Role.UNIT_HEAD, ASKED.model_copy(update={"late_ground": "found_on_site"})), late)
    assert facts_of(dossier).late_supplement


def test_a_second_request_needs_two_persons() -> None:
    dossier = a_dossier(Stage.PROCESSING, promised=terms(limit="10wd"))
    dossier.take(order(Role.UNIT_HEAD, ASKED), AT + A_DAY)
    dossier.take(order(Role.CLERK, BROUGHT), AT + 2 * A_DAY)
    again = AT + 2 * A_DAY
    assert refused(dossier, Role.UNIT_HEAD, ASKED, again).code == "asked_before"
    assert refused(dossier, Role.DESK_HEAD, actions.Override(), again).code == "not_asked"
    wish = actions.AskOverride(subject=Subject.SUPPLEMENT_LIMIT, ground="new_law")
    dossier.take(order(Role.UNIT_HEAD, wish, person="one"), again)
    same = refused(dossier, Role.DESK_HEAD, actions.Override(), again, person="one")
    assert (same.code, isinstance(same, Forbidden)) == ("same_person", True)
    dossier.take(order(Role.DESK_HEAD, actions.Override(), person="two"), again)
    dossier.take(order(Role.UNIT_HEAD, ASKED), again)
    assert (dossier.supplements_asked, dossier.granted) == (2, ())
    assert facts_of(dossier).overrides == ("supplement_limit:new_law",)


def test_what_the_state_holds_is_not_asked() -> None:
    dossier = a_dossier()
    dossier.take(submit(papers=()), AT)
    dossier.take(order(Role.SYSTEM, actions.RecordReused(found=("TK-LLTP",), not_found=())), AT)
    no = refused(dossier, Role.CLERK, actions.AskCompletion(kinds=("TK-LLTP",), cause="missing"), AT)
    assert (no.code, no.law) == ("already_known", "NĐ 47/2020/NĐ-CP Điều 9.3")


def test_all_that_was_asked_comes_and_nothing_else() -> None:
    dossier = a_dossier(Stage.SUBMITTED)
    dossier.take(order(Role.CLERK, actions.AskCompletion(kinds=("TK-LLTP", "GIAY-BAO-TU"), cause="missing")), AT)
    part = actions.Complete(kinds=("TK-LLTP",))
    assert refused(dossier, Role.APPLICANT, part, AT).code == "still_missing"
    more = actions.Complete(kinds=("TK-LLTP", "GIAY-BAO-TU", "TK-KS"))
    assert refused(dossier, Role.APPLICANT, more, AT).code == "not_asked"
    assert refused(dossier, Role.CLERK, actions.Lapse(), AT + 29 * A_DAY).code == "limit_not_passed"
    dossier.take(order(Role.APPLICANT, actions.Complete(kinds=("TK-LLTP", "GIAY-BAO-TU"))), AT)
    assert refused(dossier, Role.CLERK, actions.Accept(terms=terms()), AT).code == "papers_pending"


def test_a_withdrawal_asked_during_a_pause_lets_the_clock_run_until_it_is_denied() -> None:
    dossier = a_dossier(Stage.PROCESSING, promised=terms(limit="10wd"))
    dossier.take(order(Role.UNIT_HEAD, ASKED), AT + A_DAY)
    dossier.take(order(Role.APPLICANT, actions.AskWithdraw()), AT + 2 * A_DAY)
    assert dossier.due_at is not None
    dossier.take(order(Role.UNIT_HEAD, actions.DenyWithdraw(cause="decision_imminent")), AT + 3 * A_DAY)
    assert (facts_of(dossier).stage, facts_of(dossier).due_at) == (Stage.SUPPLEMENT, None)
    assert [pause.completes for pause in dossier.pauses] == [False, False]


def test_an_apology_moves_the_date_once_and_in_time() -> None:
    """Worked example 39's calendar: due Monday 30/1/2023 17:00 → at the latest Friday 27/1 17:00."""
    dossier = a_dossier(Stage.PROCESSING, promised=terms(limit="9wd"))
    assert dossier.due_at == local_time("2023-01-30 17:00")
    wish = actions.AskExtension(cause="many_dossiers", fault=Fault.SUBJECTIVE, new_due_on=date(2023, 2, 6))
    assert refused(dossier, Role.SIGNER, actions.SendApology(), AT).code == "not_asked"
    sunday = wish.model_copy(update={"new_due_on": date(2023, 2, 5)})
    assert refused(dossier, Role.UNIT_HEAD, sunday, AT).code == "wrong_date"
    assert refused(dossier, Role.UNIT_HEAD, wish, local_time("2023-01-27 17:01")).code == "too_late"
    dossier.take(order(Role.UNIT_HEAD, wish), local_time("2023-01-27 16:00"))
    dossier.take(order(Role.SIGNER, actions.SendApology()), local_time("2023-01-27 17:00"))
    assert dossier.due_at == local_time("2023-02-06 17:00")
    assert dossier.due_at_original == local_time("2023-01-30 17:00")
    assert refused(dossier, Role.UNIT_HEAD, wish, local_time("2023-01-30 08:00")).code == "apologised_before"


def test_verification_lengthens_the_limit_once_where_the_law_allows() -> None:
    longer = terms(limit="3wd", verification_time=ProcessingTime.parse("5wd"))
    dossier = a_dossier(Stage.PROCESSING, promised=longer)
    check = actions.RecordVerification(extends=True)
    dossier.take(order(Role.SPECIALIST, check), AT)
    assert dossier.due_at == local_time("2023-01-27 17:00")
    assert refused(dossier, Role.SPECIALIST, check, AT).code == "extended_before"
    assert refused(a_dossier(Stage.PROCESSING), Role.SPECIALIST, check, AT).code == "no_extension"


def test_a_consultation_has_its_own_clock_and_the_dossiers_runs_on() -> None:
    dossier = a_dossier(Stage.PROCESSING, promised=terms(limit="20wd"))
    due_at = dossier.due_at
    others = ("000.00.05.H39", "000.00.06.H39")
    asked = tuple(actions.Consulted(agency_code=code, limit=ProcessingTime.parse("2wd")) for code in others)
    dossier.take(order(Role.SPECIALIST, actions.Consult(asked=asked)), AT)
    assert (dossier.stage, dossier.due_at) == (Stage.CONSULTING, due_at)
    stranger = refused(dossier, Role.SPECIALIST, actions.AnswerConsult(), AT)
    assert stranger.code == "not_consulted"
    first_agency = order(Role.SPECIALIST, actions.AnswerConsult()).by.model_copy(update={"agency_code": others[0]})
    dossier.take(order(Role.SPECIALIST, actions.AnswerConsult()).model_copy(update={"by": first_agency}), AT + A_DAY)
    assert dossier.stage is Stage.CONSULTING
    again = order(Role.SPECIALIST, actions.AnswerConsult()).model_copy(update={"by": first_agency})
    with pytest.raises(Refused) as late:
        dossier.check(again, AT + A_DAY)
    assert (late.value.code, late.value.status) == ("already_answered", 409)
    assert ring(dossier, AT + 5 * A_DAY) == ["consultation_overdue"]
    dossier.take(order(Role.SPECIALIST, actions.GoOn()), AT + 5 * A_DAY)
    first, second = facts_of(dossier).consultations
    assert (first.answered_at is not None, second.answered_at, second.overdue_at is not None) == (True, None, True)
    assert facts_of(dossier).stage is Stage.PROCESSING


def test_nobody_pays_and_the_system_closes_after_two_warnings() -> None:
    dossier = a_dossier(Stage.FEE_BEFORE, promised=terms(fees=[fee(timing=FeeTiming.BEFORE)]))
    assert ring(dossier, AT + 11 * A_DAY) == ["reminded:fee", "reminded:fee", "fee_lapsed"]
    assert dossier.stage is Stage.NOT_ACCEPTED


def test_an_owner_is_called_three_times() -> None:
    dossier = a_dossier(Stage.RESULT_READY)
    said = ring(dossier, AT + 40 * A_DAY)
    assert said == ["readiness_notified:day_3", "readiness_notified:day_15", "readiness_notified:day_30"]


def test_a_correction_is_a_free_linked_dossier() -> None:
    dossier = Dossier(dossier_code=CODE, root_code=ROOT)
    wrong: dict[str, Any] = {"channel": Channel.ONLINE, "return_way": ReturnWay.DESK, "cause": "wrong_name"}
    costs = actions.OpenCorrection(terms=terms(fees=[fee()]), **wrong)
    assert refused(dossier, Role.UNIT_HEAD, costs, AT).code == "correction_costs"
    alone = Dossier(dossier_code=CODE, root_code=CODE)
    free = actions.OpenCorrection(terms=terms(), **wrong)
    assert refused(alone, Role.UNIT_HEAD, free, AT).code == "no_root"
    dossier.take(order(Role.UNIT_HEAD, free), AT)
    facts = facts_of(dossier)
    assert (facts.stage, facts.root_code, facts.is_correction, facts.received_at) == (Stage.ACCEPTED, ROOT, True, AT)
    assert facts.due_at is not None


def test_a_pledge_counts_from_its_arrival_at_the_land_registry() -> None:
    """NĐ 99/2022/NĐ-CP Điều 16.2: accepted Tuesday 10/1 09:00, same day; handed on Wednesday 11/1 after 15:00."""
    promised = terms(limit="same-day", clock_start=ClockStart.PROCESSING_AGENCY)
    dossier = a_dossier(Stage.ACCEPTED, promised=promised)
    assert dossier.due_at == local_time("2023-01-10 17:00")
    handed_on = local_time("2023-01-11 15:30")
    dossier.take(order(Role.CLERK, actions.Transfer()), handed_on)
    assert (dossier.clock_from, dossier.due_at) == (handed_on, local_time("2023-01-12 17:00"))
    assert facts_of(dossier).due_at_original == dossier.due_at


def test_a_lucky_draw_by_post_counts_from_its_waybill() -> None:
    """NĐ 81/2018/NĐ-CP: posted Thursday 5/1, signed over Monday 9/1, opened on the 10th; 5 wd from the 5th."""
    promised = terms(limit="5wd", clock_start=ClockStart.WAYBILL_DATE)
    posted, signed, opened = (local_time(f"2023-01-{day} 09:00") for day in ("05", "09", "10"))
    times = {"posted_at": posted, "minutes_signed_at": signed}
    given = {"terms": promised, "return_way": ReturnWay.DESK, "papers": (), "channel": Channel.POST, **times}
    dossier = Dossier(dossier_code=CODE, root_code=CODE)
    dossier.take(order(Role.CLERK, actions.RegisterFromPost.model_validate(given)), opened)
    dossier.papers = {}
    dossier.take(order(Role.CLERK, actions.Accept(terms=promised)), opened)
    assert (dossier.received_at, dossier.due_at) == (signed, local_time("2023-01-12 17:00"))
