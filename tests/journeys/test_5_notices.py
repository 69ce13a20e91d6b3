"""The applicant hears of every change once by mail and once by SMS, also when intake dies over it."""

from __future__ import annotations

from collections import Counter
from signal import SIGKILL

import pytest

from tests.journeys.people import OANH
from tests.journeys.town import Filed, Town, changes, until

GUARDIAN = "1.004837"
TOLD = ("submitted", "accepted", "transferred", "issued", "handed_over")
"""Of an ordinary life; what happens inside the offices is not told."""


def heard(town: Town, filed: Filed) -> Counter[str]:
    """How often each message of a dossier came: a relay and a phone keep what comes twice, twice."""
    entries = town.ledger("mailbox", "message")
    return Counter(entry["reference"] for entry in entries if filed.code in entry["reference"])


def expected(town: Town, filed: Filed) -> Counter[str]:
    events = town.events(filed.code)
    places = [event["facts"]["seq"] for event in events if event["change"]["change"] in TOLD]
    ways = ("<{}.{}.mail@motcua.example>", "{}.{}.sms")
    return Counter(way.format(filed.code, seq) for seq in places for way in ways)


@pytest.mark.timeout(300)
def test_each_change_is_told_once_each_way_though_intake_dies(town: Town) -> None:
    town.back("intake")
    filed = town.file(OANH, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])
    until("she hears that it was received", lambda: heard(town, filed).total(), lambda count: count == 2)
    town.told(filed.code, "digitized")
    town.stack.send("intake", SIGKILL)  # what happens meanwhile is told when it is back
    town.take_in(filed.code)
    town.back("intake")
    until("she hears that it is being worked on", lambda: heard(town, filed).total(), lambda count: count == 6)
    town.decide(filed.code)
    town.clicked(filed.code, "RETURN_CLERK", "hand_over")
    town.told(filed.code, "handed_over")
    assert set(TOLD) < set(changes(town.events(filed.code)))
    until("she hears the end", lambda: heard(town, filed).total(), lambda count: count >= 2 * len(TOLD))
    town.stack.send("intake", SIGKILL)
    town.back("intake")
    again = town.file(OANH, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])  # whatever was to be sent again would be sent before
    until("she hears of the next one", lambda: heard(town, again).total(), lambda count: count == 2)
    assert heard(town, filed) == expected(town, filed)
    letters = [entry for entry in town.ledger("mailbox", "message") if filed.code in entry["reference"]]
    assert {(entry["way"], entry["to"]) for entry in letters} == {("MAIL", OANH.email), ("SMS", f"+84{OANH.phone[1:]}")}


@pytest.mark.timeout(300)
def test_a_death_in_the_middle_of_sending_never_sends_twice(town: Town) -> None:
    town.back("intake")
    town.faults("mailbox", delay_ms=1_500, delay_p=1)
    filed = town.file(OANH, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])
    query = f"SELECT way, state FROM intake.notice WHERE dossier_code = '{filed.code}'"  # noqa: S608 - our own code
    until("it is being sent", lambda: town.rows("intake", query), lambda rows: {"SENDING"} & {r["state"] for r in rows})
    town.stack.send("intake", SIGKILL)
    town.faults("mailbox")
    town.back("intake")
    town.take_in(filed.code)
    until(
        "the next changes are told",
        lambda: heard(town, filed),
        lambda came: (
            sum(not reference.startswith((f"<{filed.code}.1.", f"{filed.code}.1.")) for reference in came) == 4
        ),
    )
    assert max(heard(town, filed).values()) == 1
    states = {row["state"] for row in town.rows("intake", query)}
    assert states <= {"SENT", "SENDING", "UNKNOWN"}


def test_a_mailbox_that_is_away_holds_up_nobody(town: Town) -> None:
    town.back("intake")
    town.stack.stop("mailbox")
    try:
        filed = town.file(OANH, GUARDIAN, ["TK-GH", "GIAY-CU-GH"])
        town.take_in(filed.code)
        path = f"/api/dossiers/{filed.code}"
        until(
            "intake hears of it all the same",
            lambda: town.ask("intake", "GET", path, town.citizen(OANH)).json()["facts"]["stage"],
            lambda stage: stage == "PROCESSING",
        )
        notices = town.ask("intake", "GET", f"{path}/notices", town.citizen(OANH)).json()["notices"]
        assert {notice["state"] for notice in notices} <= {"WAITING", "SENDING"}
    finally:
        town.stack.start("mailbox")
