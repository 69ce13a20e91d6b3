"""What the facts tell of a dossier's promises: the limit, how supplements move it, until when a filing is answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from shared.catalogue.model import SupplementClock
from shared.contracts.facts import Facts, facts_of
from shared.dossier import actions
from shared.dossier.actions import Channel, ReturnWay
from shared.dossier.deadline import answer_by
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.state import Dossier
from shared.dossier.working_time import LOCAL
from tests.builders import AT, CALENDAR, CODE, a_dossier, order, submit, terms


def filed(*, channel: Channel = Channel.ONLINE, at: datetime = AT, last_on: date | None = None) -> Facts:
    promised = terms()
    if last_on is not None:
        promised = promised.model_copy(update={"calendar": CALENDAR.model_copy(update={"last_on": last_on})})
    dossier = Dossier(dossier_code=CODE, root_code=CODE)
    if channel is Channel.ONLINE:
        dossier.take(submit(promised), at)
    else:
        desk = actions.RegisterAtDesk(terms=promised, channel=channel, return_way=ReturnWay.DESK, papers=())
        dossier.take(order(Role.CLERK, desk), at)
    return facts_of(dossier)


def test_an_online_filing_is_promised_an_answer_in_eight_working_hours() -> None:
    facts = filed()
    assert facts.answer_due_at == answer_by(AT, CALENDAR)
    assert facts.answer_due_at.astimezone(LOCAL) == datetime(2023, 1, 11, 9, 30, tzinfo=LOCAL)


def test_who_comes_to_the_desk_is_answered_there() -> None:
    assert filed(channel=Channel.IN_PERSON).answer_due_at is None


def test_a_filing_is_taken_even_where_no_calendar_says_when_it_is_answered() -> None:
    assert filed(last_on=AT.date() - timedelta(days=1)).answer_due_at is None


def test_facts_tell_the_limit_and_how_supplements_move_it() -> None:
    given = terms(limit="5wd", supplement_clock=SupplementClock.PAUSE)
    facts = facts_of(a_dossier(Stage.PROCESSING, promised=given))
    assert (facts.limit, facts.verification_limit, facts.supplement_clock) == ("5wd", "", "PAUSE")
    again = terms(limit="same-day", verification_time=given.processing_time)
    facts = facts_of(a_dossier(Stage.PROCESSING, promised=again))
    assert (facts.limit, facts.verification_limit, facts.supplement_clock) == ("same-day", "5wd", "RESTART")


def test_a_pause_tells_what_was_due_when_the_clock_stopped() -> None:
    dossier = a_dossier(Stage.PROCESSING)
    due_at = dossier.due_at
    dossier.take(order(Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-LLTP",), cause="unclear")), AT)
    facts = facts_of(dossier)
    assert (facts.due_at, facts.pauses[-1].due_at) == (None, due_at)


def test_old_events_without_the_promises_still_parse() -> None:
    told = facts_of(a_dossier(Stage.PROCESSING)).model_dump(mode="json")
    new = ("limit", "verification_limit", "supplement_clock", "answer_due_at")
    old = Facts.model_validate({name: value for name, value in told.items() if name not in new})
    assert (old.limit, old.verification_limit, old.supplement_clock, old.answer_due_at) == ("", "", "PAUSE", None)
