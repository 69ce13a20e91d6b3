"""A counter: guidance, cash, a worklist that is right at once, and walls between communes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx

from tests.journeys.people import YEN
from tests.journeys.town import OTHER_COMMUNE, Town, changes, until

BIRTH_AGAIN = "1.004884"


def test_from_the_counter_to_the_hand_over(town: Town) -> None:
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON", guided=True)
    facts = filed.answer["facts"]
    assert (facts["channel"], facts["guided"], facts["stage"]) == (1, True, "SUBMITTED")

    # Everybody's list soon after the filing; not the neighbours'.
    until("the clerks see it", lambda: filed.code in town.worklist("CLERK"), bool)
    assert filed.code not in town.worklist("CLERK", OTHER_COMMUNE)
    stranger, path = town.staff("CLERK", OTHER_COMMUNE), f"/api/dossiers/{filed.code}"
    for where in ("intake", "processing"):
        assert town.ask(where, "GET", path, stranger).status_code == 404
    assert town.act(filed.code, "CLERK", "accept", agency=OTHER_COMMUNE).status_code == 404

    # The click's own answer is right, and so is the list right after it, for a colleague too.
    accepted = town.act(filed.code, "CLERK", "accept")
    assert accepted.json()["facts"]["stage"] == "ACCEPTED"
    assert "transfer" in accepted.json()["allowed"]
    assert town.worklist("CLERK", who="a-colleague")[filed.code]["stage"] == "ACCEPTED"
    town.clicked(filed.code, "CLERK", "transfer")
    assert filed.code not in town.worklist("CLERK")
    assert town.worklist("SPECIALIST")[filed.code]["is_claimed"] is False

    # A page that nothing happened to is not sent twice.
    clerk = town.staff("CLERK")
    for where in ("processing", "intake"):
        first = until(
            f"{where} has heard of the transfer",
            lambda where=where: town.ask(where, "GET", path, clerk),  # type: ignore[misc]
            lambda seen: seen.json()["facts"]["stage"] == "PROCESSING",
        )
        tag = first.headers["etag"]
        again = town.ask(where, "GET", path, clerk, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)

    town.decide(filed.code)

    # No money, no result; then cash, one receipt however often the button is pressed, and the hand-over.
    unpaid = town.act(filed.code, "RETURN_CLERK", "hand_over")
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "fee_unpaid")
    cash, key, body = f"{path}/cash", str(uuid4()), {"amount_vnd": 8000}
    taken = [
        town.ask("payment", "POST", cash, town.staff("ACCOUNTANT"), key=key, json=body).raise_for_status().json()
        for _ in range(2)
    ]
    assert taken[0] == taken[1]
    assert [receipt["means"] for receipt in town.receipts(filed)] == [taken[0]["receipt"]["means"]]
    assert town.clicked(filed.code, "RETURN_CLERK", "hand_over")["stage"] == "RETURNED"
    assert filed.code not in town.worklist("RETURN_CLERK")
    until("the citizen sees it returned", lambda: town.progress(filed)["portal_status"], lambda status: status == 10)

    events = town.told(filed.code, "handed_over")
    assert changes(events)[0] == "registered_at_desk"
    assert changes(events).count("fee_paid") == 1
    assert all(event["facts"]["guided"] for event in events)


def test_two_colleagues_reach_for_the_same_dossier(town: Town) -> None:
    """I6: one of them gets it. And a finger that slips five times has clicked once."""
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON")
    town.take_in(filed.code)
    path, claim = f"/api/dossiers/{filed.code}/acts", {"actions": [{"kind": "claim"}]}

    def reach(who: str) -> httpx.Response:
        return town.ask("processing", "POST", path, town.staff("SPECIALIST", who=who), key=str(uuid4()), json=claim)

    def click(key: str) -> httpx.Response:
        asked = {"actions": [{"kind": "propose", "outcome": "GRANTED"}]}
        return town.ask("processing", "POST", path, town.staff("SPECIALIST", who=holder), key=key, json=asked)

    colleagues = ["specialist-a", "specialist-b", "specialist-c"]
    with ThreadPoolExecutor(5) as hands:
        answers = dict(zip(colleagues, hands.map(reach, colleagues), strict=True))
        assert sorted(answer.status_code for answer in answers.values()) == [200, 409, 409]
        [holder] = [who for who, answer in answers.items() if answer.status_code == 200]
        rows = {who: town.worklist("SPECIALIST", who=who)[filed.code]["is_mine"] for who in colleagues}
        assert [who for who, is_mine in rows.items() if is_mine] == [holder]
        slips = list(hands.map(click, [str(uuid4())] * 5))
    assert [slip.status_code for slip in slips] == [200] * 5, [slip.text for slip in slips]
    events = changes(town.told(filed.code, "proposed"))
    assert (events.count("claimed"), events.count("proposed")) == (1, 1)


def test_a_filing_sent_five_times_is_one(town: Town) -> None:
    token, key = town.citizen(YEN), str(uuid4())
    form = town.form(YEN, BIRTH_AGAIN, {kind: town.upload(token, kind) for kind in ("TK-DKL", "BAN-SAO-CU")})

    def post(_: int) -> httpx.Response:
        return town.ask("intake", "POST", "/api/dossiers", token, key=key, json=form)

    with ThreadPoolExecutor(5) as hands:
        answers = list(hands.map(post, range(5)))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    [code] = {answer.json()["dossier_code"] for answer in answers}
    assert changes(town.told(code, "digitized")).count("submitted") == 1
