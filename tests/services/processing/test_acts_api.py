"""Acts over HTTP: what is filled in, what is refused and how, and that a click happens once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from services.processing.acts import Door
from shared.contracts.facts import facts_of
from shared.dossier.actions import FeePaid, PaidVia
from shared.dossier.lifecycle import Role, Stage
from tests import builders
from tests.services.processing.conftest import NOW, OTHER_AGENCY, People
from tests.services.processing.fakes import FakeApplicantFile, FakeDesk

PROMISED = builders.terms(procedure_code="2.000635")
ACTS = f"/api/dossiers/{builders.CODE}/acts"


async def ask(
    client: httpx.AsyncClient, *actions: Mapping[str, object], key: str = "k-1", **more: object
) -> httpx.Response:
    return await client.post(ACTS, json={"actions": actions, **more}, headers={"idempotency-key": key})


async def test_the_whole_way_from_counter_to_return_by_the_console(desk: FakeDesk, people: People) -> None:
    dossier = builders.a_dossier(Stage.SUBMITTED, promised=PROMISED)
    desk.hold(dossier)
    clicks: list[tuple[str, list[dict[str, object]], str]] = [
        ("CLERK", [{"kind": "accept"}, {"kind": "transfer"}], "PROCESSING"),
        ("SPECIALIST", [{"kind": "claim"}, {"kind": "propose", "outcome": "GRANTED"}], "REVIEW"),
        ("UNIT_HEAD", [{"kind": "approve_draft"}], "SIGNING"),
        ("SIGNER", [{"kind": "sign"}], "NUMBERING"),
    ]
    for number, (role, actions, stage) in enumerate(clicks):
        answer = await ask(people(role), *actions, key=f"click-{number}")
        assert (answer.status_code, answer.json()["facts"]["stage"]) == (200, stage), answer.text
        assert answer.headers["etag"] == f'"{answer.json()["facts"]["seq"]}"'
    dossier.take(builders.clicks(PROMISED)[Stage.RESULT_READY][-2], NOW)  # the workflow records its signature
    assert (await ask(people("RECORDS"), {"kind": "number_and_issue"}, key="issue")).status_code == 200
    refused = await ask(people("RETURN_CLERK"), {"kind": "hand_over"}, key="give")
    assert (refused.status_code, refused.json()["code"]) == (409, "fee_unpaid")
    paid = FeePaid(amount_vnd=dossier.owed_vnd(), paid_via=PaidVia.NONE, paid_at=NOW, reference="C-1")
    dossier.take(builders.order(Role.ACCOUNTANT, paid), NOW)
    given = await ask(people("RETURN_CLERK"), {"kind": "hand_over"}, key="give")
    assert given.json()["facts"]["stage"] == "RETURNED"
    assert given.json()["allowed"] == []


async def test_accepting_pins_the_catalogue_of_today(desk: FakeDesk, people: People) -> None:
    dossier = builders.a_dossier(Stage.SUBMITTED, promised=PROMISED)
    desk.hold(dossier)
    facts = (await ask(people("CLERK"), {"kind": "accept"})).json()["facts"]
    assert facts["catalogue_version"] != PROMISED.catalogue_version
    assert facts["rule_set"] == "ND118"
    assert facts["due_at"] > facts["received_at"]


async def test_a_procedure_that_is_closed_today_is_not_accepted(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.SUBMITTED, promised=builders.terms(procedure_code="2.000488")))
    refused = await ask(people("CLERK"), {"kind": "accept"})
    assert (refused.status_code, refused.json()["code"]) == (409, "unknown_procedure")


async def test_a_double_click_is_one_act_with_the_same_answer(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    clerk = people("CLERK")
    first, second = [await ask(clerk, {"kind": "transfer"}) for _ in range(2)]
    assert first.json() == second.json()
    assert desk.asked == ["k-1"]


async def test_a_reused_key_with_another_body_or_person_is_refused(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    assert (await ask(people("CLERK"), {"kind": "transfer"})).status_code == 200
    for client, action in ((people("CLERK"), "route_unknown"), (people("CLERK", person="other"), "transfer")):
        refused = await ask(client, {"kind": action})
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused")


async def test_of_many_who_claim_at_once_one_wins(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.PROCESSING, promised=PROMISED))
    desk.dossiers[builders.CODE].holder = ""
    crowd = [people("SPECIALIST", person=f"nv-{number}") for number in range(20)]
    url = f"/api/dossiers/{builders.CODE}/claim"
    answers = await asyncio.gather(
        *(each.post(url, headers={"idempotency-key": f"k-{number}"}) for number, each in enumerate(crowd))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_two_people_with_one_key_at_once_are_not_both_told_yes(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    both = [people("CLERK", person=person) for person in ("cb-1", "cb-2")]
    answers = await asyncio.gather(*(ask(each, {"kind": "transfer"}) for each in both))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_act_that_is_not_possible_now_names_those_that_are(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    refused = await ask(people("CLERK"), {"kind": "reject", "cause": "incomplete"})
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "not_allowed_now")
    assert set(problem["allowed"]) == {"forward", "transfer", "route_unknown"}
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_supplement_is_asked_in_words_that_intake_keeps(desk: FakeDesk, door: Door, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.PROCESSING, promised=PROMISED))
    asked = {"kind": "ask_supplement", "kinds": ["TK-LLTP"], "cause": "blurred", "late_ground": "found_on_site"}
    silent = await ask(people("UNIT_HEAD"), asked, key="k-2")
    assert (silent.status_code, silent.json()["code"]) == (422, "invalid")
    told = await ask(people("UNIT_HEAD"), asked, words="Bản chụp bị mờ, đề nghị nộp lại.", key="k-3")
    facts = told.json()["facts"]
    assert (told.status_code, facts["stage"], facts["due_at"]) == (200, "SUPPLEMENT", None)
    assert isinstance(door.file, FakeApplicantFile)
    assert list(door.file.words.values()) == ["Bản chụp bị mờ, đề nghị nộp lại."]


async def test_a_refusal_names_its_article(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    refused = await ask(people("UNIT_HEAD"), {"kind": "approve_draft"}, key="k-4")
    assert (refused.status_code, refused.json()["law"]) == (409, "NĐ 61/2018 Đ19.7")
    assert "Chờ trưởng phòng duyệt" in refused.json()["detail"]


async def test_a_consulted_agency_sees_its_errand_and_answers(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.PROCESSING, promised=PROMISED))
    other = people("SPECIALIST", agency=OTHER_AGENCY, person="cv-other")
    assert (await other.get(f"/api/dossiers/{builders.CODE}")).status_code == 404
    consult = {"kind": "consult", "asked": [{"agency_code": OTHER_AGENCY, "limit": "2wd"}]}
    assert (await ask(people("SPECIALIST", person="specialist"), consult, key="k-5")).status_code == 200
    row = (await other.get("/api/worklist")).json()["rows"][0]
    assert (row["task"], row["agency_code"], row["allowed"]) == ("ANSWER", OTHER_AGENCY, ["answer_consult"])
    assert (
        await ask(people("SPECIALIST", person="specialist"), {"kind": "answer_consult"}, key="k-6")
    ).status_code == 403
    answered = await ask(other, {"kind": "answer_consult"}, key="k-7")
    assert (answered.status_code, answered.json()["facts"]["stage"]) == (200, "PROCESSING")
    assert (await other.get("/api/worklist")).json()["rows"] == []
    late = await ask(other, {"kind": "answer_consult"}, key="k-7-late")
    assert (late.status_code, late.json()["code"]) == (409, "not_allowed_now")


async def test_two_persons_pass_a_limit(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.PROCESSING, promised=PROMISED))
    wish = {"kind": "ask_override", "subject": "SUPPLEMENT_LIMIT", "ground": "new_law"}
    assert (await ask(people("UNIT_HEAD", person="tp-1"), wish, key="k-8")).status_code == 200
    head = people("DESK_HEAD", person="tbp-1")
    assert [row["task"] for row in (await head.get("/api/worklist")).json()["rows"]] == ["DECIDE_OVERRIDE"]
    same = await ask(people("DESK_HEAD", person="tp-1"), {"kind": "override"}, key="k-9")
    assert (same.status_code, same.json()["code"]) == (403, "same_person")
    assert (await ask(head, {"kind": "override"}, key="k-10")).json()["facts"]["overrides"] == [
        "supplement_limit:new_law"
    ]
    assert (await head.get("/api/worklist")).json()["rows"] == []


async def test_the_due_time_explains_itself(desk: FakeDesk, people: People) -> None:
    dossier = builders.a_dossier(Stage.PROCESSING, promised=PROMISED)
    desk.hold(dossier)
    clerk = people("CLERK")
    why = (await clerk.get(f"/api/dossiers/{builders.CODE}/deadline")).json()
    assert why["steps"][0]["law"]
    assert why["steps"][-1]["to"] == why["base_due_at"]
    assert all(step["words"] for step in why["steps"])


async def test_a_state_that_moved_on_is_refused(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    refused = await ask(people("CLERK"), {"kind": "transfer"}, seq=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "moved_on")


async def test_another_role_is_refused_and_another_agency_sees_nothing(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    wrong_role = await ask(people("SPECIALIST"), {"kind": "transfer"})
    assert (wrong_role.status_code, wrong_role.json()["code"]) == (403, "not_your_role")
    foreign = await ask(people("CLERK", agency=OTHER_AGENCY), {"kind": "transfer"})
    unknown = await people("CLERK").get("/api/dossiers/000.00.03.H39-261123-9999")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"] == "dossier_unknown"


async def test_two_roles_in_one_click_are_refused(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    refused = await ask(people("CLERK,SPECIALIST"), {"kind": "transfer"}, {"kind": "claim"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"actions": []},
        {"actions": [{"kind": "fee_paid", "amount_vnd": 1}]},
        {"actions": [{"kind": "accept", "terms": {}}]},
        {"actions": [{"kind": "reject", "cause": "Nguyễn Văn A"}]},
        {"actions": [{"kind": "transfer"}], "more": 1},
    ],
)
async def test_what_is_no_act_of_the_console_is_422_and_not_echoed(people: People, body: dict[str, object]) -> None:
    refused = await people("CLERK").post(ACTS, json=body, headers={"idempotency-key": "k"})
    assert refused.status_code == 422
    assert "Nguyễn" not in refused.text


async def test_without_a_key_nothing_happens(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    assert (await people("CLERK").post(ACTS, json={"actions": [{"kind": "transfer"}]})).status_code == 422
    assert desk.asked == []


async def test_workflows_away_is_503_and_the_same_click_goes_through_later(desk: FakeDesk, people: People) -> None:
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    desk.away = True
    away = await ask(people("CLERK"), {"kind": "transfer"})
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    desk.away = False
    assert (await ask(people("CLERK"), {"kind": "transfer"})).json()["facts"]["stage"] == "PROCESSING"


async def test_a_result_on_the_spot_gets_one_number_however_often_it_is_tried(desk: FakeDesk, people: People) -> None:
    dossier = builders.a_dossier(Stage.SUBMITTED, promised=PROMISED)
    desk.hold(dossier)
    seen = [await ask(people("CLERK"), {"kind": "accept_and_finish"}, key=key) for key in ("a", "b")]
    assert seen[0].json()["facts"]["result_code"] == "1/2026/TL-000.00.03.H39"
    assert seen[1].status_code == 409


async def test_a_dossier_page_carries_its_tag(desk: FakeDesk, people: People, door: Door) -> None:
    facts = facts_of(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    clerk = people("CLERK")
    shown = await clerk.get(f"/api/dossiers/{builders.CODE}")
    assert (shown.status_code, shown.headers["etag"]) == (200, f'"{facts.seq}"')
    again = await clerk.get(f"/api/dossiers/{builders.CODE}", headers={"if-none-match": shown.headers["etag"]})
    assert again.status_code == 304
