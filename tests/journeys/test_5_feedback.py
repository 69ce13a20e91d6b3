"""Complaints on the whole stack: with account or receipt, passed on, answered, rated; nobody else sees them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import orjson
import pytest
from temporalio.client import Client

from shared.contracts.feedback import TOPIC, FeedbackEvent
from tests.journeys.canaries import everywhere, search
from tests.journeys.people import OANH, PEOPLE, SON, YEN, Person
from tests.journeys.town import COMMUNE, OTHER_COMMUNE, Filed, Json, Town, changes, until

CERTIFIED = "1.004873"


def words_of(person: Person) -> str:
    """A complaint as people write it: with everything about themselves."""
    return f"Tôi là {person.full_name}, số {person.personal_id}, {person.phone}, {person.email}, {person.address}."


def given(answer: httpx.Response) -> Json:
    assert answer.status_code == 201, answer.text
    told: Json = answer.json()
    return told


def act(town: Town, code: str, role: str, action: Json, words: str = "", *, agency: str = COMMUNE) -> httpx.Response:
    body = {"action": action} | ({"words": words} if words else {})
    path, token = f"/api/feedback/{code}/acts", town.staff(role, agency)
    return town.ask("intake", "POST", path, token, key=str(uuid.uuid4()), json=body)


def events(town: Town, code: str, *wanted: str) -> list[Json]:
    """Waits until exactly these changes stand on the topic, once each by seq."""

    def look() -> list[Json]:
        values = [orjson.loads(each.value or b"") for each in town.records(TOPIC) if each.key == code.encode()]
        return [each for _, each in sorted({each["facts"]["seq"]: each for each in values}.items())]

    return until(f"{code}: {wanted} on the topic", look, lambda seen: changes(seen) == list(wanted))


@pytest.fixture(scope="module")
def filed(town: Town) -> Filed:
    return town.file(OANH, CERTIFIED, ["TK-XNHN"])


def test_a_complaint_is_assigned_answered_and_rated(town: Town, filed: Filed) -> None:
    form = {"subject": "REPEATED_SUPPLEMENT", "words": words_of(OANH), "dossier_code": filed.code}
    key = str(uuid.uuid4())
    told = given(town.ask("intake", "POST", "/api/feedback", town.citizen(OANH), key=key, json=form))
    again = town.ask("intake", "POST", "/api/feedback", town.citizen(OANH), key=key, json=form)
    assert given(again)["feedback_code"] == told["feedback_code"]
    code, path = told["feedback_code"], f"/api/feedback/{told['feedback_code']}"

    # Whom it does not concern, it does not exist: other citizens, other agencies, the counter itself.
    for token in (town.citizen(SON), town.staff("UNIT_HEAD", OTHER_COMMUNE), town.staff("CLERK")):
        assert town.ask("intake", "GET", path, token).status_code == 404
    foreign = act(town, code, "UNIT_HEAD", {"kind": "answer", "upheld": False}, "Không", agency=OTHER_COMMUNE)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "feedback_unknown")

    listed = town.ask("intake", "GET", "/api/feedback", town.staff("UNIT_HEAD"), params={"stage": "RECEIVED"}).json()
    assert code in {each["feedback_code"] for each in listed["feedback"]}
    handler = f"specialist-{COMMUNE[:3]}"
    assert act(town, code, "UNIT_HEAD", {"kind": "assign", "assignee": handler}).status_code == 200
    done = act(
        town, code, "SPECIALIST", {"kind": "answer", "upheld": True}, f"Kính gửi bà {OANH.full_name}: xin lỗi bà."
    )
    assert done.status_code == 200, done.text

    seen = town.ask("intake", "GET", path, town.citizen(OANH)).json()
    assert [each["act"] for each in seen["said"]] == ["give", "answer"]
    assert OANH.full_name in seen["said"][-1]["words"]
    rating = {"action": {"kind": "rate", "satisfied": False}}
    rated = town.ask("intake", "POST", f"{path}/acts", town.citizen(OANH), key=str(uuid.uuid4()), json=rating)
    assert rated.json()["facts"]["satisfied"] is False

    told_events = events(town, code, "received", "assigned", "answered", "rated")
    last = FeedbackEvent.model_validate(told_events[-1]).facts
    assert (last.dossier_code, last.upheld, last.agency_about) == (filed.code, True, COMMUNE)
    assert until("the workflow has ended", lambda: town.workflows(f"WorkflowId = '{code}'"), lambda count: count == 1)


def test_a_receipt_is_enough_and_the_second_complaint_is_marked(town: Town, filed: Filed) -> None:
    path = f"/api/tracking/{filed.code}/feedback"
    form: dict[str, Any] = {"subject": "REPEATED_SUPPLEMENT", "words": words_of(OANH)}
    no = town.ask("intake", "POST", path, secret="aaaaaaaaaa", key=str(uuid.uuid4()), json=form)
    assert no.status_code == 404
    told = given(town.ask("intake", "POST", path, secret=filed.secret, key=str(uuid.uuid4()), json=form))
    assert told["facts"]["repeated"] is True, "the same owner, dossier and subject"
    code, follow = told["feedback_code"], f"/api/tracking/feedback/{told['feedback_code']}"
    assert act(town, code, "UNIT_HEAD", {"kind": "ask_more"}, "Bà vui lòng nêu rõ ngày.").status_code == 200
    more = {"action": {"kind": "clarify"}, "words": words_of(OANH)}
    secret, key = told["tracking_secret"], str(uuid.uuid4())
    said = town.ask("intake", "POST", f"{follow}/acts", secret=secret, key=key, json=more)
    assert said.json()["facts"]["stage"] == "RECEIVED"
    refused = act(town, code, "DESK_HEAD", {"kind": "refuse", "ground": "answered_before"}, "Đã trả lời.")
    assert refused.status_code == 200, refused.text
    seen = town.ask("intake", "GET", follow, secret=secret).json()
    assert (seen["label"], [each["act"] for each in seen["said"]]) == (
        "Không xử lý",
        ["give", "ask_more", "clarify", "refuse"],
    )
    events(town, code, "received", "more_asked", "clarified", "refused")


def test_what_is_passed_on_stays_open_there(town: Town) -> None:
    form = {"subject": "OTHER", "words": words_of(YEN), "agency_code": COMMUNE}
    told = given(town.ask("intake", "POST", "/api/feedback", town.citizen(YEN), key=str(uuid.uuid4()), json=form))
    code, path = told["feedback_code"], f"/api/feedback/{told['feedback_code']}"
    passed = act(town, code, "UNIT_HEAD", {"kind": "forward", "agency_code": OTHER_COMMUNE})
    assert passed.json()["facts"]["stage"] == "FORWARDED"
    assert town.ask("intake", "GET", path, town.staff("UNIT_HEAD")).status_code == 404
    done = act(town, code, "UNIT_HEAD", {"kind": "answer", "upheld": False}, "Đã kiểm tra.", agency=OTHER_COMMUNE)
    assert done.json()["facts"]["stage"] == "ANSWERED"
    assert town.ask("intake", "GET", path, town.citizen(YEN)).json()["label"] == "Đã trả lời"
    events(town, code, "received", "forwarded", "answered")


def test_nothing_that_was_written_left_intake(town: Town) -> None:
    """Names and numbers stood in every complaint above; the sweep looks into engine, topics, tables, logs, figures."""
    rows = town.rows("intake", "SELECT count(*) AS number FROM intake.feedback_words")
    assert rows[0]["number"] >= 7
    own_mailbox = "ledger of mailbox"  # what was sent to people themselves
    places = [(place, data) for place, data in everywhere(town) if place != own_mailbox]
    kept = {place for place, _ in places}
    assert {f"topic {TOPIC}", "table intake.feedback", "table intake.feedback_words"} <= kept

    async def histories() -> int:
        client = await Client.connect(town.stack.address("temporal"))
        return (await client.count_workflows("WorkflowType = 'feedback'")).count

    assert asyncio.run(histories()) >= 3
    assert sum(place.startswith("history of PAKN-") for place in kept) >= 3
    assert search(places, PEOPLE) == []
