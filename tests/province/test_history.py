"""The province's history: every event legal, told in the bytes of the contract, in order, and shaped like a province.

Pure: about 2,000 dossiers are lived once in this process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
import pytest

from deploy.province.history_facts import Teller, headers_of
from deploy.province.history_life import Life, World
from deploy.province.history_plan import Filing, Plan, volume
from deploy.province.history_quality import qualities
from deploy.province.history_terms import Promises
from deploy.province.history_walker import Told, Walker
from shared.catalogue import lookup
from shared.catalogue.model import Catalogue
from shared.contracts import facts as contract
from shared.contracts.facts import Event
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Role, Stage
from shared.dossier.state import Dossier
from shared.dossier.timers import next_timer
from shared.dossier.working_time import LOCAL, OFFSET
from shared.platform.catalogue import load_catalogue

FIRST, LAST = date(2022, 1, 1), date(2023, 12, 31)
DOSSIERS = 2_000
HORIZON = datetime(2024, 1, 1)  # noqa: DTZ001 - local, as the history's times are
ACTS = {change: act for act, change in CHANGES.items()}


class Past(NamedTuple):
    """What was lived: events by dossier as parsed JSON, all of them as told, and what they were made from."""

    world: World
    filings: Sequence[Filing]
    told: Sequence[Told]
    lives: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def plan(catalogue: Catalogue) -> Plan:
    return Plan(catalogue, dossiers=DOSSIERS, seed=7, first=FIRST, last=LAST)


@pytest.fixture(scope="module")
def past(plan: Plan) -> Past:
    world = World(plan, Promises(plan), HORIZON)
    filings = [filing for _, filings in plan.days() for filing in filings]
    told = [event for filing in filings for event in Life(world, filing).tell()]
    lives = defaultdict(list)
    for event in told:
        lives[event[1]].append(orjson.loads(event[4]))
    return Past(world, filings, told, lives)


# --- legal and exact ----------------------------------------------------------------------------------------------


def test_every_life_is_contiguous_and_lawful(past: Past) -> None:
    """Not by trusting `take` again: each step is looked up in the table, each seq and time follows the one before."""
    for events in past.lives.values():
        assert [event["facts"]["seq"] for event in events] == list(range(1, len(events) + 1))
        times = [event["change"]["at"] for event in events]
        assert [datetime.fromisoformat(at) for at in times] == sorted(datetime.fromisoformat(at) for at in times)
        before: Stage | None = None
        for event in events:
            change = event["change"]
            move = MOVES[before, ACTS[change["change"]]]
            assert change["role"] in move.by
            assert change["from_stage"] == before
            before = Stage(change["to_stage"])
            assert event["facts"]["stage"] == before
        assert not any(STAGES[Stage(event["facts"]["stage"])].is_end for event in events[:-1])


def test_values_and_headers_are_the_contracts_bytes(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over whole lives, the shortcut says byte for byte what facts.py says."""
    compared: Counter[str] = Counter()
    shortcut = Teller.value

    def both(teller: Teller, dossier: Dossier) -> bytes:
        value, event = shortcut(teller, dossier), contract.event_of(dossier)
        assert value == contract.value_of(event)
        change = event.change.change
        assert headers_of(dossier.dossier_code, dossier.seq, change, value) == contract.headers_of(event)
        compared[change] += 1
        return value

    monkeypatch.setattr(Teller, "value", both)
    world = World(plan, Promises(plan), HORIZON)
    for number, (_, filings) in enumerate(plan.days()):
        if number % 2:
            for filing in filings:
                Life(world, filing).tell()
    assert sum(compared.values()) > 5_000
    assert {"consulted", "supplement_delivered", "duty_paid", "overdue", "apologised", "overdue_explained"} <= set(
        compared
    )


def test_no_timer_is_missed(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheap alarm before each act is never later than the true next timer."""
    asked: Counter[bool] = Counter()
    waits = Walker.waits_until

    def watched(walker: Walker, at: datetime) -> None:
        waits(walker, at)
        timer = next_timer(walker.dossier) if walker.dossier.stage else None
        assert timer is None or timer.at.replace(tzinfo=None) + OFFSET >= at
        asked[timer is not None] += 1

    monkeypatch.setattr(Walker, "waits_until", watched)
    world = World(plan, Promises(plan), HORIZON)
    for number, (_, filings) in enumerate(plan.days()):
        if number % 3 == 0:
            for filing in filings:
                Life(world, filing).tell()
    assert asked[True] > 1_000


def test_promises_are_the_catalogues(plan: Plan, past: Past) -> None:
    promises = Promises(plan)
    for filing in past.filings[::9]:
        day, (procedure, agency, _) = filing.at.date(), filing.offer
        told = promises.terms(filing.offer, filing.channel, day, None, 2)
        assert told == lookup.terms(plan.catalogue, procedure.code, agency, int(filing.channel), day, quantity=2)


def test_old_parsers_read_every_value(past: Past) -> None:
    for told in past.told[::7]:
        event = Event.model_validate_json(told[4])
        assert (event.facts.dossier_code, event.facts.seq, event.change.change) == told[1:4]


# --- believable ---------------------------------------------------------------------------------------------------


def test_as_many_as_asked_and_no_code_twice(past: Past) -> None:
    assert len(past.filings) == DOSSIERS
    corrections = {code for code, events in past.lives.items() if events[0]["facts"].get("is_correction")}
    assert len(past.lives) == DOSSIERS + len(corrections)


def test_every_agency_is_in_force_and_competent(past: Past, catalogue: Catalogue) -> None:
    for filing in past.filings:
        day = filing.at.date()
        agency = lookup.agency(catalogue, filing.offer.agency_code, day)
        assert lookup.is_competent(lookup.procedure(catalogue, filing.offer.procedure.code, day), agency)
        assert filing.channel in filing.offer.procedure.channels
    assert {filing.offer.agency_code[:3] != "000" for filing in past.filings} == {True, False}


def test_staff_work_in_office_hours(past: Past) -> None:
    staff = {Role.SPECIALIST, Role.UNIT_HEAD, Role.SIGNER, Role.RECORDS, Role.RETURN_CLERK, Role.DESK_HEAD, Role.CLERK}
    for events in past.lives.values():
        calendar = past.world.plan.calendar(events[0]["facts"]["agency_competent"], FIRST)
        for change in (event["change"] for event in events):
            if change["role"] in staff:
                at = datetime.fromisoformat(change["at"]).astimezone(LOCAL)
                assert calendar.is_worked(at.date()), change
                assert time(7) <= at.time() <= time(17, 2), change


def test_volumes_follow_tet_and_campaign_weeks(catalogue: Catalogue) -> None:
    calendar = lookup.calendar_for(catalogue, None, FIRST)
    ordinary = volume(date(2022, 5, 18), calendar)
    assert volume(date(2022, 1, 24), calendar) > 1.3 * ordinary  # a week before Tết
    assert volume(date(2022, 2, 1), calendar) < 0.05 * ordinary  # Tết
    assert volume(date(2022, 6, 1), calendar) > 1.2 * volume(date(2022, 6, 15), calendar)
    assert volume(date(2022, 5, 21), calendar) < 0.1 * ordinary  # a Saturday


def test_the_channel_drifts_from_a_third_to_most(plan: Plan) -> None:
    """32 % online in May 2022 (1559/CT-UBND), two years' drift; ten thousand filings without their lives."""
    many = Plan(plan.catalogue, dossiers=10_000, seed=7, first=FIRST, last=LAST)
    online: dict[str, list[bool]] = defaultdict(list)
    for day, filings in many.days():
        online[f"{day:%Y-%m}"] += [filing.channel == 2 for filing in filings]
    share = {month: sum(known) / len(known) for month, known in online.items()}
    spring = [*online["2022-04"], *online["2022-05"], *online["2022-06"]]
    assert 0.27 < sum(spring) / len(spring) < 0.37
    assert share["2023-12"] > share["2022-12"] > share["2022-01"]
    assert 0.55 < share["2023-12"] < 0.75


def test_agencies_differ_and_each_skill_has_its_best_and_worst() -> None:
    known = qualities([f"H39.{number}" for number in range(40)], 7)
    for skill in ("online", "payment", "punctual", "digital", "reuse", "exact"):
        ranks = sorted(getattr(quality, skill) for quality in known.values())
        assert (ranks[0], ranks[-1], len(set(ranks))) == (0, 1, 40)
    late = [quality.late_share(LAST) for quality in known.values()]
    assert late.count(0) >= 10
    assert max(late) > 0.3


def test_all_turns_of_life_occur_in_believable_shares(past: Past) -> None:
    seen = Counter(name for events in past.lives.values() for name in {event["change"]["change"] for event in events})

    def per_hundred(act: Act) -> float:
        return 100 * seen[CHANGES[act]] / DOSSIERS

    assert per_hundred(Act.ACCEPT) + per_hundred(Act.ACCEPT_AND_FINISH) > 70
    assert 1 < per_hundred(Act.ASK_SUPPLEMENT) < 6
    assert 2 < per_hundred(Act.MARK_OVERDUE) < 12
    assert 1 < per_hundred(Act.CONSULT) < 10
    assert 0.5 < per_hundred(Act.ASK_FINANCIAL_DUTY) < 5
    assert 0.3 < per_hundred(Act.REJECT) < 3
    for act in (Act.SEND_APOLOGY, Act.EXPLAIN_OVERDUE, Act.WITHDRAW, Act.CAME_BACK, Act.NOTIFY_READY, Act.FEE_PAID):
        assert seen[CHANGES[act]], act
    unexplained = [
        events for events in past.lives.values()
        if events[-1]["facts"].get("overdue_at") and not events[-1]["facts"].get("overdue_cause")
    ]  # fmt: skip
    assert unexplained, "some are late without a cause"
    stages = [Stage(events[-1]["facts"]["stage"]) for events in past.lives.values()]
    still_open = sum(not STAGES[stage].is_end for stage in stages) / len(stages)
    assert 0.01 < still_open < 0.12
    mean = len(past.told) / DOSSIERS
    assert 9 < mean < 13


def test_papers_are_reused_more_and_more(past: Past) -> None:
    reused: dict[int, list[bool]] = defaultdict(list)
    for events in past.lives.values():
        facts = events[-1]["facts"]
        if "received_at" in facts:
            reused[int(facts["received_at"][:4])].append(any(paper["reused"] for paper in facts.get("components", ())))
    early, later = (sum(reused[year]) / len(reused[year]) for year in (2022, 2023))
    assert 0.02 < early < later < 0.6


def test_money_comes_online_or_in_cash(past: Past) -> None:
    means = Counter(
        event["facts"].get("paid_via", 0)
        for events in past.lives.values()
        for event in events[-1:]
        if event["facts"].get("paid_at")
    )
    assert all(means[via] > 10 for via in (0, 1, 2))


def test_records_are_in_order_and_a_few_are_late(past: Past) -> None:
    """Within a dossier recording follows seq; a few offices without a line record hours or days later."""
    by_code = defaultdict(list)
    late = 0
    for recorded_ms, code, seq, _, value in past.told:
        at = datetime.fromisoformat(orjson.loads(value)["change"]["at"]).timestamp() * 1000
        assert recorded_ms >= round(at)
        late += recorded_ms > round(at) + 1000
        by_code[code].append((seq, recorded_ms))
    assert all(a[1] <= b[1] for rows in by_code.values() for a, b in pairwise(sorted(rows)))
    assert 0 < late < len(past.told) / 50
    assert timedelta(milliseconds=max(row[1] for rows in by_code.values() for row in rows) + 7 * 3_600_000) <= (
        HORIZON - datetime(1970, 1, 1)  # noqa: DTZ001 - local
    )


def test_a_fee_that_tet_keeps_from_the_counter_lapses(catalogue: Catalogue) -> None:
    """The holidays of 2022 and 2023 are as long as the patience with a fee: nobody pays after it."""
    plan = Plan(catalogue, dossiers=3_000, seed=7, first=FIRST, last=LAST)
    world = World(plan, Promises(plan), HORIZON)
    near = {date(2022, 1, 26), date(2022, 1, 27), date(2023, 1, 16)}
    lives = [list(Life(world, one).tell()) for day, filings in plan.days() if day in near for one in filings]
    assert sum(told[-1][3] == "fee_lapsed" for told in lives if told) == 3
