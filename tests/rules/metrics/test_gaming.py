"""Offices that make figures are named, each by its sign; honest ones are not, not even in the weeks before Tết."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random

import msgspec
import pytest

from services.metrics.rules.gaming import signs
from services.metrics.rules.seen import Pause, Seen
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import Clock, Stage
from tests.rules.metrics.january import END_OF_FEBRUARY, a_seen, local

A_DAY, AN_HOUR, A_MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
AT = END_OF_FEBRUARY + 40 * A_DAY
GAMER = "000.00.09.H39"
HONEST = ("000.00.01.H39", "000.00.02.H39", "000.00.04.H39")


def an_office(agency: str, dossiers: int, chance: Random) -> list[Seen]:
    """All end in time and are fetched; now and then one is asked for more, or answered late."""
    told = []
    for number in range(dossiers):
        received_at = local("02/01", "08:00") + chance.randrange(50 * 24 * 60) * A_MINUTE
        due_at = received_at + 10 * A_DAY
        ended_at = received_at + chance.randrange(1, 9 * 24 * 60) * A_MINUTE
        seen = a_seen(
            received_at=received_at, submitted_at=received_at - AN_HOUR, due_at=due_at, due_at_original=due_at,
            answer_due_at=received_at + (AN_HOUR if chance.random() > 0.03 else -A_MINUTE),
            stage=Stage.RETURNED, clock=Clock.STOPPED, ended_at=ended_at, outcome=Outcome.GRANTED,
            portal_times={2: received_at, 9: ended_at, 10: ended_at + A_DAY}, agency_competent=agency,
        )  # fmt: skip
        code = f"{agency}-230102-{number:04d}"
        seen = msgspec.structs.replace(seen, dossier_code=code, root_code=code)
        if chance.random() < 0.1:
            asked_at = received_at + A_DAY
            seen = msgspec.structs.replace(
                seen, supplements_asked=1, pauses=(Pause(asked_at, asked_at + A_DAY, completes=True, due_at=due_at),)
            )
        told.append(seen)
    return told


def asks_at_the_last_moment(seen: Seen) -> Seen:
    assert seen.due_at is not None
    start = seen.due_at - AN_HOUR
    pause = Pause(start, start + 3 * A_DAY, completes=True, due_at=seen.due_at)
    return msgspec.structs.replace(seen, supplements_asked=1, pauses=(pause,))


def finishes_all_at_once(seen: Seen) -> Seen:
    at = local("31/01", "16:58:30")
    return msgspec.structs.replace(seen, ended_at=at, portal_times={9: at})


def leaves_the_clock_stopped(seen: Seen) -> Seen:
    assert seen.received_at is not None
    return msgspec.structs.replace(
        seen, stage=Stage.SUPPLEMENT, clock=Clock.PAUSED, ended_at=None, portal_times={}, due_at=None,
        supplements_asked=1, pauses=(Pause(seen.received_at + A_DAY, due_at=seen.due_at),),
    )  # fmt: skip


def stops_what_it_asked(seen: Seen) -> Seen:
    assert seen.received_at is not None
    at = seen.received_at + 5 * A_DAY
    return msgspec.structs.replace(seen, supplements_asked=1, stage=Stage.STOPPED, ended_at=at, portal_times={8: at})


def finishes_without_a_result(seen: Seen) -> Seen:
    return msgspec.structs.replace(seen, stage=Stage.RESULT_READY)


def extends_first(seen: Seen) -> Seen:
    return msgspec.structs.replace(seen, apologised_at=seen.received_at)


def sets_rules_aside(seen: Seen) -> Seen:
    return msgspec.structs.replace(seen, overrides=("reuse:law",))


def accepts_late(seen: Seen) -> Seen:
    return msgspec.structs.replace(seen, answer_due_at=seen.submitted_at)


TRICKS: dict[str, Callable[[Seen], Seen]] = {
    "asked_in_the_last_hours": asks_at_the_last_moment,
    "completed_in_bulk_at_month_end": finishes_all_at_once,
    "paused_without_the_applicant": leaves_the_clock_stopped,
    "stopped_after_a_request": stops_what_it_asked,
    "result_never_collected": finishes_without_a_result,
    "extended_before_the_due_time": extends_first,
    "rule_set_aside": sets_rules_aside,
    "late_at_acceptance": accepts_late,
}


@pytest.mark.parametrize("trick", TRICKS)
def test_the_office_that_plays_a_trick_is_the_one_that_is_named(trick: str) -> None:
    chance = Random(7)
    honest = [seen for agency in HONEST for seen in an_office(agency, 60, chance)]
    mine = an_office(GAMER, 60, chance)
    made = [TRICKS[trick](seen) if number < 20 else seen for number, seen in enumerate(mine)]
    found = [sign for sign in signs([*honest, *made], AT) if sign.name == trick]
    assert [sign.agency_code for sign in found] == [GAMER]
    assert {seen.dossier_code for seen in made[:20]} <= {*found[0].dossiers}


@pytest.mark.parametrize("seed", range(10))
def test_honest_offices_are_never_named_however_busy(seed: int) -> None:
    """One has six times the dossiers of the others."""
    chance = Random(seed)
    dossiers = [seen for agency, n in zip(HONEST, (50, 60, 300), strict=True) for seen in an_office(agency, n, chance)]
    assert signs(dossiers, AT) == ()


def test_a_few_dossiers_name_nobody() -> None:
    chance = Random(1)
    honest = [seen for agency in HONEST for seen in an_office(agency, 60, chance)]
    few = [sets_rules_aside(seen) for seen in an_office(GAMER, 4, chance)]
    assert signs([*honest, *few], AT) == ()
