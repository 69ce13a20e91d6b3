"""Filing: one code and one answer per key, nothing half-done, every refusal a problem with a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.intake.store import filings
from shared.dossier.actions import RegisterFromPost, Reject
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Refused
from tests import builders
from tests.services.intake import fakes
from tests.services.intake.world import World, told


async def test_a_filed_dossier_has_code_secret_and_facts(world: World) -> None:
    filed = await world.a_dossier()
    assert filed["dossier_code"] == "000.00.02.H39-261123-0001"
    assert len(filed["tracking_secret"]) == 10
    assert filed["facts"]["seq"] == 1
    assert filed["facts"]["stage"] == "SUBMITTED"
    assert filed["facts"]["agency_reception"] == "000.00.02.H39"
    assert world.desk.orders[0].command_id == "submit-000.00.02.H39-261123-0001"


async def test_numbers_count_by_agency_and_local_day(world: World) -> None:
    codes = [(await world.a_dossier(key=f"key-{n}"))["dossier_code"] for n in range(3)]
    assert [code[-4:] for code in codes] == ["0001", "0002", "0003"]
    async with world.door.sessions.begin() as session:
        assert await filings.next_number(session, "000.00.03.H39", world.door.today()) == 1


async def test_the_same_key_and_form_give_the_same_answer(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    first, second = await world.file(form), await world.file(form)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert len(world.desk.orders) == 1


async def test_the_same_key_at_once_is_one_dossier(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    answers = await asyncio.gather(*(world.file(form) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["dossier_code"] for answer in answers}) == 1
    assert await world.count("filing") == 1
    async with world.store.connect() as connection:
        numbers = await connection.execute(text("SELECT last_number FROM intake.code_counter"))
        assert numbers.scalars().all() == [1]


async def test_different_keys_at_once_are_different_codes(world: World) -> None:
    forms = [fakes.form(documents=await world.papers("DON-GPLD", "GPLD")) for _ in range(6)]
    answers = await asyncio.gather(*(world.file(form, f"key-{n}") for n, form in enumerate(forms)))
    assert len({answer.json()["dossier_code"] for answer in answers}) == 6


async def test_a_key_used_for_another_form_is_refused(world: World) -> None:
    await world.a_dossier()
    answer = await world.file(fakes.form(documents=await world.papers("DON-GPLD", "GPLD")))
    assert told(answer) == (409, "idempotency_key_reused")
    assert await world.count("filing") == 1


async def test_keys_of_two_callers_do_not_meet(world: World) -> None:
    other = world.keys.citizen("citizen-2")
    one, two = await world.a_dossier(), await world.a_dossier(who=other)
    assert one["dossier_code"] != two["dossier_code"]


async def test_a_lost_answer_is_found_again_under_the_same_key(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    world.desk.is_away = True
    lost = await world.file(form)
    assert told(lost) == (503, "away")
    assert int(lost.headers["Retry-After"]) > 0
    world.desk.is_away = False
    found = await world.file(form)
    assert found.status_code == 201
    assert found.json()["dossier_code"].endswith("-0001")
    assert found.json()["facts"]["seq"] == 1


async def test_an_engine_that_heard_nothing_is_asked_again_with_the_same_order(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    world.desk.is_deaf = True
    assert (await world.file(form)).status_code == 503
    world.desk.is_deaf = False
    assert (await world.file(form)).json()["dossier_code"].endswith("-0001")
    assert await world.count("filing") == 1


async def test_a_filing_that_ended_before_its_answer_arrived_is_still_answered(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    world.desk.is_away = True
    await world.file(form)
    world.desk.is_away = False
    (code,) = world.desk.dossiers
    await world.desk.act(code, builders.order(Role.CLERK, Reject(cause="duplicate")))
    assert (await world.file(form)).json()["facts"]["stage"] == "NOT_ACCEPTED"


async def test_a_filing_the_workflow_refuses_is_given_up_whole(world: World) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD"))
    world.desk.refuses = Refused("online_only", "Chỉ tiếp nhận trực tuyến.")
    assert told(await world.file(form)) == (409, "online_only")
    assert await world.count("filing") == await world.count("applicant") == 0
    world.desk.refuses = None
    assert (await world.file(form)).json()["dossier_code"].endswith("-0002")


async def test_a_clerk_files_at_the_desk_for_somebody_without_account(world: World) -> None:
    clerk = world.keys.staff()
    filed = await world.a_dossier(who=clerk, channel="IN_PERSON", guided=True)
    assert (filed["facts"]["channel"], filed["facts"]["guided"]) == (1, True)
    async with world.door.sessions() as session:
        owner = await filings.owner_of(session, filed["dossier_code"])
    assert owner is not None
    assert owner.owner_code.startswith("owner:")


async def test_a_postal_filing_keeps_its_times(world: World) -> None:
    clerk = world.keys.staff()
    times = {"posted_at": "2026-11-20T02:00:00Z", "minutes_signed_at": "2026-11-23T01:00:00Z"}
    filed = await world.a_dossier(who=clerk, channel="POST", **times)
    assert filed["facts"]["submitted_at"] == "2026-11-23T01:00:00Z"
    assert isinstance(world.desk.orders[0].actions[0], RegisterFromPost)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"procedure_code": "9.999999"}, (422, "unknown_procedure")),
        ({"agency_code": "000.00.99.H39"}, (422, "unknown_agency")),
        ({"agency_code": "000.00.21.H39"}, (422, "wrong_agency")),
        ({"channel": "IN_PERSON"}, (403, "channel_not_yours")),
        ({"documents": []}, (422, "components_missing")),
        ({"return_way": "POST", "applicant": fakes.person(address=None)}, (422, "address_missing")),
        ({"procedure_code": "not-a-code"}, (422, "invalid")),
        ({"applicant": fakes.person(personal_id="000090123456")}, (422, "invalid")),
        ({"applicant": fakes.person(phone="12345")}, (422, "invalid")),
        ({"applicant": fakes.person(full_name="Đào\x00")}, (422, "invalid")),
        ({"exemption": "NOBODY"}, (422, "invalid")),
        ({"surprise": 1}, (422, "invalid")),
        ({"guided": "yes"}, (422, "invalid")),
    ],
)
async def test_what_cannot_be_filed_leaves_nothing(
    world: World, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    form = fakes.form(documents=await world.papers("DON-GPLD", "GPLD")) | changes
    answer = await world.file(form)
    assert told(answer) == expected
    assert "Đào" not in answer.text
    assert await world.count("filing") == await world.count("applicant") == await world.count("code_counter") == 0


async def test_a_refused_form_may_be_mended_under_the_same_key(world: World) -> None:
    papers = await world.papers("DON-GPLD", "GPLD")
    assert (await world.file(fakes.form(documents=[]))).status_code == 422
    assert (await world.file(fakes.form(documents=papers))).status_code == 201


async def test_papers_of_others_used_ones_and_wrong_kinds_are_not_taken(world: World) -> None:
    others = await world.papers("DON-GPLD", "GPLD", who=world.keys.citizen("citizen-2"))
    assert told(await world.file(fakes.form(documents=others), "a")) == (422, "document_unknown")
    mine = await world.papers("DON-GPLD", "GPLD")
    swapped = [{"kind": mine[1 - n]["kind"], "document_id": mine[n]["document_id"]} for n in range(2)]
    assert told(await world.file(fakes.form(documents=swapped), "b")) == (422, "document_unknown")
    assert (await world.file(fakes.form(documents=mine), "c")).status_code == 201
    assert told(await world.file(fakes.form(documents=mine), "d")) == (422, "document_unknown")


async def test_a_clerk_of_another_agency_may_not_register(world: World) -> None:
    stranger = world.keys.staff(agency="000.00.21.H39")
    form = fakes.form(channel="IN_PERSON", documents=await world.papers("DON-GPLD", "GPLD", who=stranger))
    assert told(await world.file(form, who=stranger)) == (403, "channel_not_yours")


async def test_malformed_bodies_and_missing_headers_are_problems(world: World) -> None:
    headers = world.keys.citizen() | {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert told(await world.http.post("/api/dossiers", content=b"{", headers=headers)) == (400, "malformed_json")
    assert told(await world.http.post("/api/dossiers", json={}, headers=world.keys.citizen())) == (422, "invalid")
    assert told(await world.http.post("/api/dossiers", json=fakes.form(), headers={"Idempotency-Key": "k"}))[0] == 401


async def test_nothing_of_the_person_stands_in_clear(world: World) -> None:
    await world.a_dossier()
    async with world.store.connect() as connection:
        rows = (
            await connection.execute(
                text("SELECT f::text, a::text FROM intake.filing f JOIN intake.applicant a USING (dossier_code)")
            )
        ).all()
    written = str(rows) + world.desk.orders[0].model_dump_json()
    for private in ("Đào", fakes.PERSONAL_ID, "901234567", "Hùng Vương"):
        assert private not in written
