"""A counter: guidance, cash, a worklist that is right at once, and walls between communes."""

from __future__ import annotations

from uuid import uuid4

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
    assert town.progress(filed)["portal_status"] == 10

    events = town.told(filed.code, "handed_over")
    assert changes(events)[0] == "registered_at_desk"
    assert changes(events).count("fee_paid") == 1
    assert all(event["facts"]["guided"] for event in events)
