"""What a dossier counts in, and until when: every measure, at the edges where judgements turn."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.metrics.rules.measures import FOREVER, Measures, member_on
from services.metrics.rules.seen import Pause, Seen, read
from services.metrics.rules.timing import answered, judged
from services.metrics.rules.traits import Traits, traits_of
from shared.catalogue.formula import TRAITS
from shared.catalogue.model import Counting, Measure
from shared.dossier.actions import ApplicantType, Fault, Outcome, ReturnWay
from shared.dossier.lifecycle import Clock, Stage
from tests.rules.metrics.january import AGENCY, CATALOGUE, MEASURES, a_seen, local
from tests.services.metrics.lives import province

SECOND = timedelta(seconds=1)
DUE = local("30/01", "17:00")
LIVES = [
    [read(told.key, told.value).seen for told in life]
    for life in province(CATALOGUE, 60, datetime(2026, 10, 1, 2, tzinfo=UTC))
]


def received(**known: Any) -> Seen:
    """Accepted on 04/01, due on 30/01 17:00, running."""
    at = local("04/01", "08:00")
    given: dict[str, Any] = {
        "received_at": at,
        "due_at": DUE,
        "due_at_original": DUE,
        "stage": Stage.PROCESSING,
        "clock": Clock.RUNS,
    }
    return a_seen(**(given | {"portal_times": {2: at}} | known))


def ended(at: datetime, status: int = 9, **known: Any) -> Seen:
    stage = {9: Stage.RESULT_READY, 10: Stage.RETURNED, 8: Stage.STOPPED}[status]
    return received(**({"stage": stage, "clock": Clock.STOPPED, "ended_at": at, "portal_times": {status: at}} | known))


def counts(seen: Seen, at: datetime = FOREVER, measures: Measures = MEASURES) -> dict[str, int]:
    return dict(zip(measures.names, measures.counts_at(seen, at), strict=True))


# --- the vocabulary ---------------------------------------------------------------------------------------------------


def test_each_word_of_the_vocabulary_has_one_value_and_a_known_one() -> None:
    assert Traits._fields == tuple(TRAITS)
    for seen in (seen for life in LIVES for seen in life):
        traits = dict(zip(Traits._fields, traits_of(seen, judged(seen)[0], answered(seen)[0]), strict=True))
        for name, value in traits.items():
            kind = TRAITS[name]
            assert value in kind if isinstance(kind, frozenset) else type(value) is kind, (name, value)


def test_every_state_of_every_life_has_exactly_one_fate() -> None:
    for seen in (seen for life in LIVES for seen in life):
        told = counts(seen)
        assert told["submitted"] == 1
        assert [told[name] for name in ("open", "finished", "refused", "withdrawn", "stopped")].count(1) == 1
        assert told["with_result"] in (0, told["received"])


def test_a_granted_draft_that_was_withdrawn_is_withdrawn_and_nothing_else() -> None:
    told = counts(ended(local("27/01"), 8, outcome=Outcome.GRANTED, withdrawn=True))
    assert (told["withdrawn"], told["finished"], told["stopped"]) == (1, 0, 0)


def test_what_one_request_set_off_is_counted_once() -> None:
    """A leg of a linked procedure adds nothing; a correction is a defect and no dossier of its own."""
    root = f"{AGENCY}-230104-0009"
    assert not MEASURES.contribution(received(root_code=root)).counts
    correction = {name for name, n in counts(received(root_code=root, is_correction=True)).items() if n}
    assert correction == {"corrected"}


# --- in time ----------------------------------------------------------------------------------------------------------


def test_a_running_dossier_turns_late_by_itself_after_its_due_instant() -> None:
    told = MEASURES.contribution(received())
    assert told.until == DUE
    for at, in_time in ((DUE - SECOND, 1), (DUE, 1), (DUE + SECOND, 0)):
        now = counts(received(), at)
        assert (now["on_time"], now["late"], now["open_in_time"], now["open_late"]) == (in_time, 1 - in_time) * 2
        assert now["in_process"] == 1


@pytest.mark.parametrize(("second", "name"), [(-1, "early"), (0, "just_on_time"), (1, "closed_late")])
def test_the_last_second_on_time_and_the_first_late_one(second: int, name: str) -> None:
    told = counts(ended(DUE + second * SECOND))
    assert [told[each] for each in ("early", "just_on_time", "closed_late")].count(1) == told[name] == 1


def test_status_9_counts_before_10_and_both_before_8() -> None:
    late, early = DUE + SECOND, DUE - SECOND
    assert counts(ended(late, 10, portal_times={9: early, 10: late}))["on_time"] == 1
    assert counts(ended(late, 10, portal_times={10: late}))["on_time"] == 0


def paused(asked: datetime, done: datetime | None = None, **known: Any) -> Seen:
    pause = Pause(asked, done, completes=done is not None, due_at=DUE)
    given: dict[str, Any] = {"pauses": (pause,), "supplements_asked": 1}
    if done is None:
        given |= {"stage": Stage.SUPPLEMENT, "clock": Clock.PAUSED, "due_at": None}
    return received(**(given | known))


def test_an_open_supplement_is_judged_when_it_was_asked() -> None:
    assert MEASURES.contribution(paused(local("16/01"))).until == FOREVER
    assert counts(paused(local("16/01")))["on_time"] == 1
    assert counts(paused(DUE + SECOND))["late"] == 1


def test_old_facts_without_what_was_due_are_judged_by_the_minutes_left() -> None:
    bare = {"stage": Stage.SUPPLEMENT, "clock": Clock.PAUSED, "due_at": None}
    assert counts(received(**bare, remaining_minutes=4_800))["on_time"] == 1
    assert counts(received(**bare, remaining_minutes=0))["on_time"] == 0
    assert counts(received(**bare, remaining_minutes=60, overdue_at=local("09/01")))["on_time"] == 0


def test_a_completed_supplement_is_taken_off_once() -> None:
    """When the due time has not moved it comes off the end, else it is in the due time already."""
    asked, done = local("12/01", "08:00"), local("16/01", "08:00")
    end = DUE + timedelta(days=3)
    still = {"stage": Stage.RESULT_READY, "clock": Clock.STOPPED, "ended_at": end, "portal_times": {9: end}}
    assert counts(paused(asked, done, **still))["on_time"] == 1
    moved = {"due_at": DUE + timedelta(days=2)}
    assert counts(paused(asked, done, **still, **moved))["on_time"] == 0
    assert MEASURES.contribution(paused(asked, done)).until == DUE + timedelta(days=4)
    assert MEASURES.contribution(paused(asked, done, **moved)).until == DUE + timedelta(days=2)


def test_a_second_supplement_request_is_late_whatever_the_dates() -> None:
    assert counts(ended(local("10/01"), supplements_asked=2))["late"] == 1


def test_requests_before_acceptance_count_only_where_the_province_says_so() -> None:
    seen = ended(local("10/01"), supplements_asked=1, completions_asked=1)
    strict = Measures(CATALOGUE.measures, Counting(count_intake_requests=True))
    assert (counts(seen)["late"], counts(seen, measures=strict)["late"]) == (0, 1)
    assert strict.version != MEASURES.version


def test_nobody_supplemented_and_the_agency_was_in_time_when_it_asked() -> None:
    asked, stopped = local("16/01", "08:00"), local("20/02", "08:00")
    seen = ended(stopped, 8, supplements_asked=1, pauses=(Pause(asked, stopped, due_at=DUE),))
    assert (counts(seen)["on_time"], counts(seen)["stopped"]) == (1, 1)
    other = ended(stopped, 8, supplements_asked=1, pauses=(Pause(asked, local("17/01"), due_at=DUE),))
    assert counts(other)["on_time"] == 0


@pytest.mark.parametrize(("limit", "in_time"), [("26d", 1), ("25d", 0), ("", 0)])
def test_without_a_due_time_elapsed_time_is_compared_with_the_limit(limit: str, in_time: int) -> None:
    seen = ended(local("30/01", "07:00"), due_at=None, due_at_original=None, limit=limit)
    assert counts(seen)["on_time"] == in_time


def test_on_time_after_a_new_date_has_a_count_of_its_own() -> None:
    told = counts(ended(DUE, due_at=DUE + timedelta(days=1), apologised_at=local("26/01")))
    assert (told["on_time"], told["apologised"], told["apologised_on_time"]) == (1, 1, 1)


def test_lateness_is_explained_or_counts_against_the_agency() -> None:
    told = [counts(received(overdue_at=DUE, overdue_fault=fault)) for fault in (None, *Fault)]
    assert [(each["overdue"], each["overdue_by_fault"]) for each in told] == [(1, 1), (1, 1), (1, 0)]


# --- the first answer -------------------------------------------------------------------------------------------------


def test_an_online_filing_is_answered_in_time_until_nobody_did() -> None:
    promised = local("04/01", "15:30")
    waiting = a_seen(answer_due_at=promised, portal_times={1: local("03/01")})
    for at, in_time in ((promised, 1), (promised + SECOND, 0)):
        assert (counts(waiting, at)["answer_due"], counts(waiting, at)["answered_in_time"]) == (1, in_time)
    for at, in_time in ((promised, 1), (promised + SECOND, 0)):
        asked = a_seen(answer_due_at=promised, portal_times={5: at, 1: local("03/01")})
        assert counts(asked)["answered_in_time"] == in_time
        accepted = received(received_at=at, answer_due_at=promised, portal_times={2: at, 1: local("03/01")})
        assert counts(accepted)["answered_in_time"] == in_time
    assert counts(received())["answer_due"] == 0


# --- papers, people, ways ---------------------------------------------------------------------------------------------


def test_a_refusal_after_appraisal_counts_when_it_is_issued() -> None:
    assert counts(received(outcome=Outcome.REFUSED))["refused"] == 0
    issued = counts(ended(local("27/01"), outcome=Outcome.REFUSED))
    assert (issued["refused"], issued["finished"], issued["with_result"]) == (1, 0, 1)


@pytest.mark.parametrize(("way", "booked", "by_post"), [("POST", True, 1), ("POST", False, 0), ("DESK", False, 0)])
def test_returned_by_post_needs_a_parcel(way: str, booked: bool, by_post: int) -> None:  # noqa: FBT001
    told = counts(ended(local("27/01"), 10, return_way=ReturnWay(way), parcel_booked=booked))
    assert (told["returned"], told["returned_by_post"]) == (1, by_post)


def test_digitization_counts_against_the_date_of_the_obligation() -> None:
    due, free = counts(received(digitization_required=True)), counts(received())
    assert (due["digitization_due"], due["inputs_digitized"]) == (1, 1)
    assert (free["digitization_due"], free["inputs_digitized"]) == (0, 0)
    done = ended(local("27/01"), digitization_required=True, outcome=Outcome.GRANTED, result_signed_at=local("27/01"))
    assert (counts(done)["results_due"], counts(done)["results_digitized"]) == (1, 1)


def test_state_agencies_are_watched_for_filing_below_the_highest_level() -> None:
    told = [counts(received(channel=a_seen(1, channel).channel, applicant_type=ApplicantType.STATE_AGENCY))
            for channel in (1, 2, 3)]  # fmt: skip
    assert [(each["state_agency"], each["state_agency_below"]) for each in told] == [(1, 1), (1, 0), (1, 1)]


def test_visitors_are_counted_and_those_who_were_told_of_online_filing() -> None:
    told = [counts(a_seen(1, channel, guided=guided)) for channel, guided in ((1, True), (1, False), (2, False))]
    assert [(each["visited"], each["guided"]) for each in told] == [(1, 1), (1, 0), (0, 0)]


def test_each_leg_has_points_of_its_own_and_no_dossier() -> None:
    leg = {name: n for name, n in counts(ended(DUE, root_code=f"{AGENCY}-230104-0009")).items() if n}
    assert leg == {"parts_with_result": 1, "part_time_points": 1}
    whole = counts(ended(DUE - SECOND))
    assert (whole["part_time_points"], whole["total_time_points"]) == (2, 2)


def test_points_per_dossier_by_time_contacts_and_agencies() -> None:
    best = counts(ended(DUE - SECOND, return_way=ReturnWay.ELECTRONIC))
    assert (best["total_time_points"], best["contact_points"], best["agency_points"]) == (2, 2, 2)
    less = counts(ended(DUE, completions_asked=1))
    assert (less["total_time_points"], less["contact_points"], less["agency_points"]) == (1, 1, 1)
    worst = counts(ended(DUE + SECOND, completions_asked=1, supplements_asked=1, duty_notice="TB-1"))
    assert (worst["total_time_points"], worst["contact_points"], worst["agency_points"]) == (0, 0, 0)


# --- where and since when ---------------------------------------------------------------------------------------------


def test_a_dossier_moves_to_the_month_of_its_reception() -> None:
    filed = a_seen(submitted_at=local("31/01", "23:00"))
    accepted = received(submitted_at=local("31/01", "23:00"), received_at=local("01/02", "08:00"))
    assert [MEASURES.contribution(seen).where.period for seen in (filed, accepted)] == ["2023-01", "2023-02"]
    assert [member_on(seen) for seen in (filed, accepted)] == [date(2023, 1, 31), date(2023, 2, 1)]


def test_a_new_definition_counts_from_its_day_and_leaves_the_past() -> None:
    since = date(2023, 2, 1)
    base = Measure(name="all", where=("is_root",), valid_from=date(2022, 1, 1))
    old = Measure(name="good", of="all", where=("channel = ONLINE",), valid_from=date(2022, 1, 1),
                  valid_to=date(2023, 1, 31))  # fmt: skip
    new = Measure(name="good", of="all", where=("channel != POST",), valid_from=since)
    measures = Measures((base, old, new), Counting())
    told = {
        (month, channel): counts(a_seen(1, channel, submitted_at=local(f"15/{month}")), measures=measures)["good"]
        for month in ("01", "02")
        for channel in (1, 2, 3)
    }
    assert told == {("01", 1): 0, ("01", 2): 1, ("01", 3): 0, ("02", 1): 1, ("02", 2): 1, ("02", 3): 0}


def test_the_version_names_the_definitions() -> None:
    again = Measures.of(CATALOGUE)
    assert again.version == MEASURES.version
    fewer = Measures([row for row in CATALOGUE.measures if row.name != "agency_points"], CATALOGUE.counting)
    assert fewer.version != MEASURES.version
