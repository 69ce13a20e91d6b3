"""Feedback's doors: given once, seen by whom it concerns, handled, answered, rated; the words stay sealed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.intake.consumer import feedback_follower
from shared.contracts.feedback import event_of, value_of
from shared.dossier.feedback.acts import FeedbackStage, MarkOverdue
from shared.dossier.lifecycle import Role
from tests.builders import says
from tests.services.intake import fakes
from tests.services.intake.test_consumer import record
from tests.services.intake.world import World, told

HERE = "000.00.02.H39"
PROVINCE = "000.00.00.H39"
ELSEWHERE = "000.00.03.H39"
WORDS = "Cán bộ hẹn ba lần mà chưa trả kết quả."


async def give(world: World, key: str = "f-1", who: str = "citizen-1", **changes: Any) -> httpx.Response:
    form = {"subject": "LATE_RETURN", "words": WORDS, "agency_code": HERE} | changes
    headers = world.keys.citizen(who) | {"Idempotency-Key": key}
    return await world.http.post("/api/feedback", json=form, headers=headers)


async def a_feedback(world: World, **changes: Any) -> dict[str, Any]:
    answer = await give(world, **changes)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


async def act(
    world: World, code: str, action: dict[str, Any], *, role: str = "UNIT_HEAD", key: str = "", **more: Any
) -> httpx.Response:
    agency, person = more.pop("agency", HERE), more.pop("person", "head-1")
    headers = world.keys.staff(role, agency, person) | {"Idempotency-Key": key or f"a-{action['kind']}"}
    return await world.http.post(f"/api/feedback/{code}/acts", json={"action": action} | more, headers=headers)


async def test_a_citizen_gives_feedback_once_and_follows_it(world: World) -> None:
    dossier = (await world.a_dossier())["dossier_code"]
    given = await a_feedback(world, dossier_code=dossier)
    code, facts = given["feedback_code"], given["facts"]
    assert code == "PAKN-000.00.02.H39-261123-0001"
    assert (facts["stage"], facts["agency_code"], facts["dossier_code"]) == ("RECEIVED", HERE, dossier)
    assert facts["due_at"] == "2026-12-15T10:00:00Z", "fifteen working days after the 23rd; the 24th is off"
    again = await give(world, dossier_code=dossier)
    assert again.json() == given
    assert told(await give(world, dossier_code=dossier, words="Khác")) == (409, "idempotency_key_reused")
    assert await world.count("feedback") == 1

    mine = await world.http.get(f"/api/feedback/{code}", headers=world.keys.citizen())
    assert mine.headers["ETag"]
    assert mine.json()["said"] == [{"act": "give", "seq": 1, "at": "2026-11-23T02:30:00Z", "words": WORDS}]
    assert mine.json()["acts"] == []
    other = await world.http.get(f"/api/feedback/{code}", headers=world.keys.citizen("citizen-2"))
    assert told(other) == (404, "feedback_unknown")


async def test_the_key_goes_on_where_an_answer_was_lost(world: World) -> None:
    world.feedback.is_away = True
    assert (await give(world)).status_code == 503
    world.feedback.is_away = False
    given = await a_feedback(world)
    assert given["facts"]["seq"] == 1
    assert await world.count("feedback") == 1


async def test_it_is_assigned_answered_with_words_and_rated(world: World) -> None:
    code = (await a_feedback(world))["feedback_code"]
    assert (await act(world, code, {"kind": "assign", "assignee": "specialist-1"})).status_code == 200
    answer = {"kind": "answer", "upheld": True}
    assert told(await act(world, code, answer, role="SPECIALIST", person="specialist-1")) == (422, "words_missing")
    strange = await act(world, code, answer, role="SPECIALIST", person="specialist-2", words="Xin lỗi", key="a-2")
    assert told(strange) == (403, "not_assigned_to_you")
    done = await act(world, code, answer, role="SPECIALIST", person="specialist-1", words="Xin lỗi ông/bà.", key="a-3")
    assert done.json()["facts"]["stage"] == "ANSWERED"
    again = await act(world, code, answer, role="SPECIALIST", person="specialist-1", words="Xin lỗi ông/bà.", key="a-3")
    assert again.content == done.content

    owner = world.keys.citizen()
    seen = (await world.http.get(f"/api/feedback/{code}", headers=owner)).json()
    assert [(said["act"], said["words"]) for said in seen["said"]] == [("give", WORDS), ("answer", "Xin lỗi ông/bà.")]
    assert seen["acts"] == ["rate"]
    body = {"action": {"kind": "rate", "satisfied": False}}
    path, keyed = f"/api/feedback/{code}/acts", owner | {"Idempotency-Key": "r-1"}
    assert (await world.http.post(path, json=body, headers=keyed)).json()["facts"]["satisfied"] is False
    second = await world.http.post(path, json=body, headers=owner | {"Idempotency-Key": "r-2"})
    assert told(second) == (409, "rated_before")


async def test_staff_see_what_their_agencies_have_and_no_more(world: World) -> None:
    code = (await a_feedback(world))["feedback_code"]
    general = (await a_feedback(world, key="f-2", subject="OTHER"))["feedback_code"]

    async def seen(role: str, agency: str, **asked: str) -> list[str]:
        headers = world.keys.staff(role, agency)
        answer = await world.http.get("/api/feedback", headers=headers, params=asked)
        return [each["feedback_code"] for each in answer.json()["feedback"]]

    assert await seen("UNIT_HEAD", HERE) == await seen("SIGNER", PROVINCE) == [code, general]
    assert await seen("UNIT_HEAD", ELSEWHERE) == await seen("CLERK", HERE) == []
    assert await seen("UNIT_HEAD", HERE, stage="ANSWERED") == []
    for role, agency in (("UNIT_HEAD", ELSEWHERE), ("CLERK", HERE)):
        answer = await world.http.get(f"/api/feedback/{code}", headers=world.keys.staff(role, agency))
        assert told(answer) == (404, "feedback_unknown")
        refused = {"kind": "refuse", "ground": "not_in_scope"}
        assert told(await act(world, code, refused, role=role, agency=agency, words="Không")) == (
            404,
            "feedback_unknown",
        )
    assert told(await act(world, code, {"kind": "assign", "assignee": "x"}, role="SPECIALIST")) == (
        403,
        "not_your_role",
    )

    page = await world.http.get("/api/feedback", headers=world.keys.staff("UNIT_HEAD"), params={"limit": "1"})
    assert [each["feedback_code"] for each in page.json()["feedback"]] == [code]
    rest = await world.http.get(
        "/api/feedback", headers=world.keys.staff("UNIT_HEAD"), params={"cursor": page.json()["next_cursor"]}
    )
    assert [each["feedback_code"] for each in rest.json()["feedback"]] == [general]
    read = await world.http.get(f"/api/feedback/{code}", headers=world.keys.staff("UNIT_HEAD"))
    assert read.json()["acts"] == ["assign", "ask_more", "forward", "answer", "refuse"]
    assert await world.count("reading") == 1, "a reading by staff is recorded"


async def test_what_is_passed_on_is_seen_there_and_no_more_here(world: World) -> None:
    code = (await a_feedback(world))["feedback_code"]
    nowhere = {"kind": "forward", "agency_code": "000.00.99.H39"}
    assert told(await act(world, code, nowhere)) == (422, "unknown_agency")
    passed = await act(world, code, {"kind": "forward", "agency_code": ELSEWHERE}, key="a-2", words="Đúng thẩm quyền")
    assert passed.json()["facts"]["agencies"] == [HERE, ELSEWHERE]
    here = await world.http.get(f"/api/feedback/{code}", headers=world.keys.staff("UNIT_HEAD"))
    assert told(here) == (404, "feedback_unknown")
    there = await world.http.get(f"/api/feedback/{code}", headers=world.keys.staff("UNIT_HEAD", ELSEWHERE))
    assert there.json()["facts"]["agency_about"] == HERE
    done = await act(world, code, {"kind": "answer", "upheld": False}, agency=ELSEWHERE, words="Đã kiểm tra.")
    assert done.json()["facts"]["stage"] == "ANSWERED"


async def test_a_second_complaint_of_the_same_matter_is_marked_as_repeated(world: World) -> None:
    dossier = (await world.a_dossier())["dossier_code"]
    first = await a_feedback(world, dossier_code=dossier)
    second = await a_feedback(world, key="f-2", dossier_code=dossier)
    other = await a_feedback(world, key="f-3", dossier_code=dossier, subject="ATTITUDE")
    general = [await a_feedback(world, key=f"g-{number}") for number in range(2)]
    flags = [each["facts"]["repeated"] for each in (first, second, other, *general)]
    assert flags == [False, True, False, False, False]


async def test_a_receipt_is_enough_to_complain_and_its_secret_to_follow(world: World) -> None:
    filed = await world.a_dossier()
    path = f"/api/tracking/{filed['dossier_code']}/feedback"
    form = {"subject": "REPEATED_SUPPLEMENT", "words": WORDS}
    wrong = {"Tracking-Secret": "aaaaaaaaaa", "Idempotency-Key": "t-1"}
    assert told(await world.http.post(path, json=form, headers=wrong)) == (404, "dossier_unknown")
    right = {"Tracking-Secret": filed["tracking_secret"], "Idempotency-Key": "t-1"}
    given = (await world.http.post(path, json=form, headers=right)).json()
    assert (await world.http.post(path, json=form, headers=right)).json() == given
    code, secret = given["feedback_code"], {"Tracking-Secret": given["tracking_secret"]}

    assert (await act(world, code, {"kind": "ask_more"}, words="Hồ sơ nào?")).status_code == 200
    follow = f"/api/tracking/feedback/{code}"
    assert told(await world.http.get(follow, headers=right)) == (404, "feedback_unknown")
    seen = (await world.http.get(follow, headers=secret)).json()
    assert (seen["label"], seen["acts"]) == ("Chờ người gửi làm rõ", ["clarify"])
    more = {"action": {"kind": "clarify"}, "words": "Hồ sơ xin việc."}
    keyed = secret | {"Idempotency-Key": "t-2"}
    assert (await world.http.post(f"{follow}/acts", json=more, headers=keyed)).json()["facts"]["stage"] == "RECEIVED"
    answer = {"action": {"kind": "answer", "upheld": True}, "words": "x"}
    assert (await world.http.post(f"{follow}/acts", json=answer, headers=keyed)).status_code == 422

    mine = await world.http.get("/api/feedback", headers=world.keys.citizen())
    assert [each["feedback_code"] for each in mine.json()["feedback"]] == [code], "the owner finds it in the account"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"agency_code": None}, (422, "agency_missing")),
        ({"agency_code": "000.00.99.H39"}, (422, "unknown_agency")),
        ({"subject": "NOISE"}, (422, "invalid")),
        ({"words": "  "}, (422, "invalid")),
        ({"words": "x" * 4001}, (422, "invalid")),
        ({"words": "a\x00b"}, (422, "invalid")),
        ({"name": "Nguyễn"}, (422, "invalid")),
        ({"dossier_code": "000.00.02.H39-261123-9999"}, (404, "dossier_unknown")),
    ],
)
async def test_what_is_malformed_is_named(world: World, changes: dict[str, Any], problem: tuple[int, str]) -> None:
    status, code = told(await give(world, **changes))
    assert status == problem[0]
    assert problem[1] == "invalid" or code == problem[1]
    assert await world.count("feedback") == 0


async def test_nobody_complains_of_somebody_else_s_dossier_or_of_a_stranger_to_it(world: World) -> None:
    dossier = (await world.a_dossier())["dossier_code"]
    assert told(await give(world, who="citizen-2", dossier_code=dossier)) == (404, "dossier_unknown")
    assert told(await give(world, dossier_code=dossier, agency_code=ELSEWHERE)) == (422, "wrong_agency")


async def test_words_of_a_refused_act_are_seen_by_nobody(world: World) -> None:
    code = (await a_feedback(world))["feedback_code"]
    await act(world, code, {"kind": "answer", "upheld": True}, words="Lần một")
    late = await act(world, code, {"kind": "refuse", "ground": "not_in_scope"}, words="Lần hai")
    assert told(late) == (409, "not_allowed_now")
    seen = (await world.http.get(f"/api/feedback/{code}", headers=world.keys.citizen())).json()
    assert [said["words"] for said in seen["said"]] == [WORDS, "Lần một"]
    assert await world.count("feedback_words") == 2


async def test_the_topic_brings_what_happened_by_itself_and_words_whose_answer_was_lost(world: World) -> None:
    code = (await a_feedback(world))["feedback_code"]
    feedback = world.feedback.known[code]
    due_at = feedback.due_at
    assert due_at is not None
    early = value_of(event_of(feedback))
    feedback.take(says(Role.SYSTEM, MarkOverdue()), due_at.replace(second=1))
    overdue = value_of(event_of(feedback))
    world.feedback.is_away = True
    assert (await act(world, code, {"kind": "answer", "upheld": True}, words="Xong")).status_code == 503
    grave = fakes.FakeGrave()
    follow = feedback_follower(world.door, grave)
    answered = value_of(event_of(feedback))
    for batch in ((early, b"not json"), (answered, overdue), (early,)):
        await follow([record(value) for value in batch])
    assert grave.buried == [(b"not json", "not_an_event")]
    seen = (await world.http.get(f"/api/feedback/{code}", headers=world.keys.citizen())).json()
    assert seen["facts"]["stage"] == FeedbackStage.ANSWERED
    assert seen["facts"]["overdue_at"] is not None
    assert [said["words"] for said in seen["said"]] == [WORDS, "Xong"]


async def test_words_lie_sealed(world: World) -> None:
    await a_feedback(world)
    async with world.store.connect() as connection:
        for table in ("feedback", "feedback_words", "once"):
            rows = (await connection.execute(text(f"SELECT t::text FROM intake.{table} t"))).scalars()  # noqa: S608 - names of ours
            for row in rows:
                assert "hẹn" not in row
                assert WORDS.encode().hex() not in row
