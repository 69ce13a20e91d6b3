"""The worklist over HTTP: whose tasks are shown, in which order, and that a click's row is right in its answer."""

from __future__ import annotations

from datetime import timedelta

from services.processing import acts
from services.processing.acts import Door
from shared.contracts.facts import Facts, facts_of
from shared.dossier.lifecycle import Stage
from tests import builders
from tests.services.processing.conftest import NOW, OTHER_AGENCY, People
from tests.services.processing.fakes import FakeDesk

PROMISED = builders.terms(procedure_code="2.000635")


def facts_at(stage: Stage, number: int = 7, **changes: object) -> Facts:
    code = f"000.00.03.H39-261123-{number:04d}"
    return facts_of(builders.a_dossier(stage, promised=PROMISED)).model_copy(
        update={"dossier_code": code, "root_code": code, **changes}
    )


async def test_a_task_is_shown_to_its_role_at_its_agency_only(door: Door, people: People) -> None:
    await acts.learn(door, [facts_at(Stage.SUBMITTED)])

    shown = (await people("CLERK").get("/api/worklist")).json()["rows"]
    assert [(row["task"], row["role"], row["agency_code"]) for row in shown] == [("RECEIVE", "CLERK", "000.00.03.H39")]
    assert "accept" in shown[0]["allowed"]
    assert (await people("SPECIALIST").get("/api/worklist")).json()["rows"] == []
    assert (await people("CLERK", agency=OTHER_AGENCY).get("/api/worklist")).json()["rows"] == []


async def test_a_grant_at_the_province_covers_its_departments(door: Door, people: People) -> None:
    await acts.learn(door, [facts_at(Stage.SUBMITTED)])
    province = people("CLERK", agency="000.00.00.H39")
    assert len((await province.get("/api/worklist")).json()["rows"]) == 1
    narrowed = await province.get("/api/worklist", params={"agency_code": OTHER_AGENCY})
    assert narrowed.json()["rows"] == []


async def test_an_ended_dossier_is_nobodys_task(door: Door, people: People) -> None:
    await acts.learn(door, [facts_at(Stage.RETURNED)])
    everybody = "CLERK,SPECIALIST,UNIT_HEAD,SIGNER,RECORDS,RETURN_CLERK,ACCOUNTANT"
    assert (await people(everybody, person="all").get("/api/worklist")).json()["rows"] == []


async def test_pages_follow_each_other_without_gap_or_repetition(door: Door, people: People) -> None:
    due = [None, NOW + timedelta(days=2), NOW + timedelta(days=1), None, NOW + timedelta(days=1)]
    stages = [Stage.ACCEPTED if at else Stage.SUBMITTED for at in due]
    await acts.learn(
        door, [facts_at(stage, n, due_at=at) for n, (stage, at) in enumerate(zip(stages, due, strict=True), 1)]
    )
    clerk, seen, url = people("CLERK"), [], "/api/worklist?limit=2"
    for pages in range(1, 4):
        answer = await clerk.get(url)
        seen += [row["dossier_code"][-4:] for row in answer.json()["rows"]]
        url = answer.links["next"]["url"] if "next" in answer.links else ""
        assert bool(url) == (pages < 3)
    assert seen == ["0001", "0004", "0003", "0005", "0002"]


async def test_a_cursor_that_we_did_not_make_is_refused(people: People) -> None:
    for cursor in ("nonsense", "WyJ4IiwieSJd"):
        answer = await people("CLERK").get("/api/worklist", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_late_and_repeated_facts_change_nothing(door: Door, people: People) -> None:
    new = facts_at(Stage.PROCESSING)
    old = facts_at(Stage.SUBMITTED)
    await acts.learn(door, [new, old, new])
    await acts.learn(door, [old])
    assert (await people("CLERK").get("/api/worklist")).json()["rows"] == []
    rows = (await people("SPECIALIST").get("/api/worklist")).json()["rows"]
    assert [row["seq"] for row in rows] == [new.seq]


async def test_after_a_claim_the_row_is_mine_whoever_wrote_first(door: Door, people: People, desk: FakeDesk) -> None:
    dossier = builders.a_dossier(Stage.ACCEPTED, promised=PROMISED)
    desk.hold(dossier)
    await people("CLERK").post(
        f"/api/dossiers/{builders.CODE}/acts",
        json={"actions": [{"kind": "transfer"}]},
        headers={"idempotency-key": "transfer-1"},
    )
    me = people("SPECIALIST", person="nv-1")
    claimed = await me.post(f"/api/dossiers/{builders.CODE}/claim", headers={"idempotency-key": "claim-1"})
    assert claimed.status_code == 200
    await acts.learn(door, [facts_of(dossier)])

    mine = (await me.get("/api/worklist")).json()["rows"][0]
    theirs = (await people("SPECIALIST", person="nv-2").get("/api/worklist")).json()["rows"][0]
    assert (mine["is_claimed"], mine["is_mine"]) == (True, True)
    assert (theirs["is_claimed"], theirs["is_mine"]) == (True, False)
    assert mine["task"] == "APPRAISE"


async def test_without_a_token_nothing_is_shown(people: People) -> None:
    client = people("CLERK")
    client.headers.pop("authorization")
    assert (await client.get("/api/worklist")).status_code == 401
