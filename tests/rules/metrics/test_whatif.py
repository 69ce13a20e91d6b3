"""The scenario that changes nothing gives the real figures; one that changes something changes what it should."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.metrics.rules.band import Colour
from services.metrics.rules.seen import Seen, seen_of
from services.metrics.rules.timing import judged
from services.metrics.rules.whatif import AS_IT_WAS, Scenario, calendar_with, rejudged, what_if
from shared.catalogue.lookup import calendar_for
from shared.catalogue.lookup import terms as terms_of
from shared.catalogue.model import Bands, ProcessingTime, SupplementClock
from shared.dossier import actions
from shared.dossier.actions import Channel, Outcome, Paper, ReturnWay
from shared.dossier.lifecycle import Role
from tests.rules.metrics.january import CATALOGUE, MEASURES
from tests.services.metrics.lives import Life, province

A_DAY = timedelta(days=1)
BEGAN = datetime(2023, 2, 6, 0, 0, tzinfo=UTC)
"""A Monday, 07:00 local."""
AT = datetime(2023, 6, 1, tzinfo=UTC)
AGENCY, PROCEDURE = "000.00.03.H39", "2.000488"
TERMS = terms_of(CATALOGUE, PROCEDURE, AGENCY, 2, BEGAN.date())


def a_life(number: int, *, pause_days: int = 0, clock: SupplementClock | None = None, ends_after: int = 3) -> Life:
    """Accepted at once, perhaps supplemented, perhaps issued so many days after that."""
    life = Life(f"{AGENCY}-230206-{number:04d}", AGENCY, BEGAN)
    terms = TERMS.model_copy(update={"supplement_clock": clock or TERMS.supplement_clock})
    papers = tuple(Paper(kind=kind, filed=True) for kind in terms.components)
    filing = actions.Submit(terms=terms, channel=Channel.ONLINE, return_way=ReturnWay.DESK, papers=papers)
    life.does(Role.APPLICANT, filing, timedelta())
    life.does(Role.SYSTEM, actions.RecordDigitized(kinds=terms.components))
    if owed := life.dossier.owed_vnd():
        paid = actions.FeePaid(
            amount_vnd=owed, paid_via=actions.PaidVia.PROVINCE_GATEWAY, paid_at=life.at, reference="R"
        )
        life.does(Role.PARTNER, paid)
    life.does(Role.CLERK, actions.Accept(terms=terms))
    life.does(Role.CLERK, actions.Transfer())
    life.does(Role.SPECIALIST, actions.Claim())
    if pause_days:
        kinds = terms.components[:1]
        life.does(Role.UNIT_HEAD, actions.AskSupplement(kinds=kinds, cause="unclear"), A_DAY)
        if pause_days > 0:
            life.does(Role.APPLICANT, actions.SupplementDelivered(kinds=kinds), pause_days * A_DAY)
            life.does(Role.SYSTEM, actions.RecordDigitized(kinds=kinds))
    if ends_after and pause_days >= 0:
        life.does(Role.SPECIALIST, actions.Propose(outcome=Outcome.GRANTED), ends_after * A_DAY)
        life.does(Role.UNIT_HEAD, actions.ApproveDraft())
        life.does(Role.SIGNER, actions.Sign())
        life.does(Role.SYSTEM, actions.RecordSignature(result_code="1/kq", signed_at=life.at))
        life.does(Role.RECORDS, actions.NumberAndIssue())
    return life


def newest(life: Life) -> Seen:
    return seen_of(life.told[-1].event.facts)


LIVES = [
    a_life(1),
    a_life(2, ends_after=20),
    a_life(3, ends_after=0),
    a_life(4, pause_days=4, clock=SupplementClock.PAUSE),
    a_life(5, pause_days=4, clock=SupplementClock.RESTART, ends_after=12),
    a_life(6, pause_days=-1),
    a_life(7, pause_days=9, clock=SupplementClock.PAUSE, ends_after=0),
    a_life(8, ends_after=9),
]
SEENS = [newest(life) for life in LIVES]
EVERY_STATE = [seen_of(told.event.facts) for life in LIVES for told in life.told]


def figures(scenario: Scenario, seens: list[Seen] = SEENS) -> dict[tuple[str, str], tuple[object, ...]]:
    told = what_if(seens, scenario, measures=MEASURES, catalogue=CATALOGUE, at=AT, on=date(2023, 2, 28))
    return {(row.indicator, row.agency_code): tuple(row[2:]) for row in told}


def test_nothing_changed_changes_nothing() -> None:
    for seen in EVERY_STATE:
        assert rejudged(seen, AS_IT_WAS, CATALOGUE, AT) is seen
    told = figures(AS_IT_WAS)
    assert told
    assert all(row[:2] == row[2:] for row in told.values())


def test_counting_the_same_limit_on_the_same_calendar_finds_every_real_due_time() -> None:
    """The identity scenario does all the work of a scenario: pauses, restarts, running, paused and ended dossiers."""
    same = Scenario(
        limits={PROCEDURE: TERMS.processing_time}, calendar=lambda code, on: calendar_for(CATALOGUE, code, on)
    )
    for seen in EVERY_STATE:
        assert rejudged(seen, same, CATALOGUE, AT) is seen


def test_the_identity_holds_over_a_whole_province() -> None:
    same = Scenario(calendar=lambda code, on: calendar_for(CATALOGUE, code, on))
    for life in province(CATALOGUE, 40, datetime(2023, 3, 1, 2, tzinfo=UTC), seed=3):
        for told in life:
            seen = seen_of(told.event.facts)
            assert rejudged(seen, same, CATALOGUE, AT) is seen


def test_a_shorter_limit_makes_more_dossiers_late_and_the_colour_worse() -> None:
    shorter = Scenario(limits={PROCEDURE: ProcessingTime.parse("1wd")})
    was, was_colour, would_be, would_be_colour = figures(shorter)["on_time_share", AGENCY]
    assert was[1] == would_be[1] == len(SEENS)  # type: ignore[index]
    assert would_be[0] < was[0]  # type: ignore[index]
    assert (was_colour, would_be_colour) == (Colour.ORANGE, Colour.RED)
    assert figures(shorter)["online_share", AGENCY][0] == figures(shorter)["online_share", AGENCY][2]


def test_a_longer_limit_rescues_the_late_and_takes_their_mark() -> None:
    late = newest(a_life(9, ends_after=20))
    assert judged(late)[0] == "LATE"
    rescued = rejudged(late, Scenario(limits={PROCEDURE: ProcessingTime.parse("90d")}), CATALOGUE, AT)
    assert judged(rescued)[0] == "EARLY"
    assert rescued.overdue_at is None


def test_a_holiday_more_moves_the_due_time_by_a_working_day() -> None:
    """Only where the limit counts working days, or its last day would be the holiday."""
    seen = newest(a_life(3, ends_after=0))
    assert seen.due_at is not None
    due_on = (seen.due_at + timedelta(hours=7)).date()
    moved = rejudged(seen, Scenario(calendar=calendar_with(CATALOGUE, [due_on])), CATALOGUE, AT)
    assert moved.due_at is not None
    assert moved.due_at >= seen.due_at + A_DAY


def test_another_supplement_rule_moves_only_those_who_were_asked() -> None:
    other = Scenario(supplement_clock=SupplementClock.RESTART)
    moved = [rejudged(seen, other, CATALOGUE, AT) is not seen for seen in SEENS]
    assert moved[3]
    assert not any(moved[index] for index in (0, 1, 2, 7))


@pytest.mark.parametrize(("target", "expected"), [((1, 100), Colour.GREEN), ((100, 100), Colour.ORANGE)])
def test_another_target_changes_the_colour_and_no_figure(target: tuple[int, int], expected: Colour) -> None:
    was, _, would_be, would_be_colour = figures(Scenario(targets={"on_time_share": target}))["on_time_share", AGENCY]
    assert (was == would_be, would_be_colour) == (True, expected)


def test_other_bands_change_the_colour_and_no_figure() -> None:
    bands = Bands(green=(1, 1), yellow=(99, 100), orange=(98, 100))
    was, before, would_be, after = figures(Scenario(bands={"on_time_share": bands}))["on_time_share", AGENCY]
    assert (was == would_be, before, after) == (True, Colour.ORANGE, Colour.RED)
