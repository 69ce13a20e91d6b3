"""What the counter asks: papers the State holds, the same upload once, stored papers, notes of colleagues."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import text

from services.intake.rules.remarks import LONGEST
from shared.dossier.lifecycle import Role
from tests.services.intake import fakes
from tests.services.intake.test_owner_acts import decide
from tests.services.intake.world import World, told

COMMUNE = "001.00.40.H39"
BIRTH = "1.001193"
NOTE = "Người nộp hẹn quay lại chiều thứ Năm, đã gọi số 0901234567."


def clerk(world: World, agency: str = COMMUNE, role: str = "CLERK") -> dict[str, str]:
    return world.keys.staff(role, agency)


async def ask(world: World, who: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    asked = {
        "procedure_code": BIRTH,
        "agency_code": COMMUNE,
        "personal_id": fakes.PERSONAL_ID,
        "full_name": "Nguyễn Thị Đào",
        "reference": "desk-0123456789",
    } | changes
    return await world.http.post("/api/papers/held", json=asked, headers=who or clerk(world))


async def readings(world: World) -> list[tuple[str, str, str]]:
    async with world.store.connect() as connection:
        rows = await connection.execute(text("SELECT reader, what, dossier_code FROM intake.reading ORDER BY id"))
        return [(row[0], row[1], row[2]) for row in rows]


# --- nobody is asked twice --------------------------------------------------------------------------------------------


async def test_papers_of_the_register_are_told_before_anything_is_filed(world: World) -> None:
    world.population.holds("GIAY-CHUNG-SINH")
    answer = (await ask(world)).json()
    assert (answer["is_match"], answer["is_away"]) == (True, False)
    verdicts = {paper["kind"]: (paper["verdict"], paper["source"]) for paper in answer["papers"]}
    assert verdicts["GIAY-CHUNG-SINH"] == ("REUSED", "POPULATION_DATABASE")
    assert verdicts["CCCD"] == ("NOT_FOUND", "NONE")
    assert "TK-KS" not in verdicts, "declarations are in no register"
    assert await world.count("filing") == 0
    assert await readings(world) == [("clerk-1", "papers held", "desk-0123456789")]


async def test_an_earlier_result_of_the_same_person_is_told_too(world: World) -> None:
    earlier = (await world.a_dossier())["dossier_code"]
    await decide(world, earlier)
    labour = "000.00.02.H39"
    asked = await ask(world, clerk(world, labour), procedure_code="2.000192", agency_code=labour)
    [paper] = [each for each in asked.json()["papers"] if each["kind"] == "GPLD"]
    assert (paper["verdict"], paper["source"], paper["reference"]) == ("REUSED", "EARLIER_RESULT", earlier)


async def test_a_name_that_is_not_the_numbers_and_a_silent_register_are_said(world: World) -> None:
    world.population.holds("GIAY-CHUNG-SINH")
    world.population.is_match = False
    differs = (await ask(world)).json()
    assert differs["is_match"] is False
    assert {paper["verdict"] for paper in differs["papers"]} == {"OWNER_DIFFERS"}
    world.population.is_away = True
    away = (await ask(world)).json()
    assert (away["is_match"], away["is_away"]) == (None, True)
    assert {paper["verdict"] for paper in away["papers"]} == {"NOT_FOUND"}


async def test_only_a_clerk_of_that_counter_may_ask(world: World) -> None:
    assert told(await ask(world, clerk(world, role="SIGNER"))) == (404, "dossier_unknown")
    assert told(await ask(world, clerk(world, "002.00.40.H39"))) == (404, "dossier_unknown")
    assert told(await ask(world, world.keys.citizen())) == (403, "kind_not_allowed")
    assert told(await ask(world, procedure_code="9.999999")) == (404, "dossier_unknown")
    wrong = await ask(world, personal_id="12345")
    assert told(wrong) == (422, "invalid")
    assert "12345" not in wrong.text
    assert await readings(world) == []


# --- papers -----------------------------------------------------------------------------------------------------------


async def test_the_same_upload_under_the_same_key_is_one_paper(world: World) -> None:
    async def send(key: str, data: bytes) -> str:
        headers = clerk(world) | {"Idempotency-Key": key}
        files = {"file": ("a.pdf", data)}
        answer = await world.http.post("/api/documents", files=files, data={"kind": "TK-KS"}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["document_id"])

    scan = fakes.a_pdf()
    first, again = await send("k-1", scan), await send("k-1", scan)
    assert first == again
    assert await world.count("document") == 1
    assert first not in {await send("k-2", scan), await send("k-1", fakes.a_pdf(pages=2))}


async def test_a_stored_paper_is_read_by_staff_in_scope_and_each_reading_is_recorded(world: World) -> None:
    filed = await world.a_dossier()
    code = filed["dossier_code"]
    path = f"/api/dossiers/{code}"
    view = (await world.http.get(path, headers=world.keys.staff())).json()
    paper = view["documents"][0]
    file = f"{path}/documents/{paper['document_id']}"
    answer = await world.http.get(file, headers=world.keys.staff("SPECIALIST"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == paper["media_type"]
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.content) == paper["size_bytes"]
    assert (await readings(world))[-1] == ("clerk-1", f"paper {paper['kind']}", code)
    before = await readings(world)
    for stranger in (world.keys.staff("CLERK", "000.00.05.H39"), world.keys.citizen("citizen-2")):
        assert told(await world.http.get(file, headers=stranger)) == (404, "dossier_unknown")
    assert told(await world.http.get(f"{path}/documents/{'0' * 32}", headers=world.keys.staff())) == (
        404,
        "dossier_unknown",
    )
    other = await world.a_dossier(key="key-2")
    elsewhere = f"/api/dossiers/{other['dossier_code']}/documents/{paper['document_id']}"
    assert told(await world.http.get(elsewhere, headers=world.keys.staff())) == (404, "dossier_unknown")
    assert await readings(world) == before


# --- notes ------------------------------------------------------------------------------------------------------------


async def test_notes_are_kept_sealed_shown_in_order_and_once(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    path, who = f"/api/dossiers/{code}/comments", world.keys.staff()
    assert (await world.http.get(path, headers=who)).json() == {"comments": []}
    for _ in range(2):
        said = await world.http.post(path, json={"words": NOTE}, headers=who | {"Idempotency-Key": "n-1"})
        assert said.status_code == 204, said.text
    other = await world.http.post(path, json={"words": "khác"}, headers=who | {"Idempotency-Key": "n-1"})
    assert told(other) == (409, "idempotency_key_reused")
    world.clock.move(timedelta(minutes=5))
    head = world.keys.staff("UNIT_HEAD", code="head-1") | {"Idempotency-Key": "n-1"}
    assert (await world.http.post(path, json={"words": "Đã rõ."}, headers=head)).status_code == 204
    notes = (await world.http.get(path, headers=who)).json()["comments"]
    assert [(each["role"], each["author"], each["words"]) for each in notes] == [
        (Role.CLERK, "clerk-1", NOTE),
        (Role.UNIT_HEAD, "head-1", "Đã rõ."),
    ]
    async with world.store.connect() as connection:
        kept = str((await connection.execute(text("SELECT t::text FROM intake.comment t"))).all())
    assert "Người nộp" not in kept
    assert NOTE.encode().hex() not in kept
    assert (await readings(world))[-1][1] == "comments"


async def test_notes_are_the_staffs_own_and_of_this_territory(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    path, given = f"/api/dossiers/{code}/comments", {"words": "x"}
    for stranger, status in ((world.keys.staff(agency="000.00.05.H39"), 404), (world.keys.citizen(), 403)):
        key = {"Idempotency-Key": "n-1"}
        assert (await world.http.post(path, json=given, headers=stranger | key)).status_code == status
        assert (await world.http.get(path, headers=stranger)).status_code == status
    key = world.keys.staff() | {"Idempotency-Key": "n-1"}
    for wrong in ({"words": " "}, {"words": "x" * (LONGEST + 1)}, {"words": "x", "to": "y"}):
        assert told(await world.http.post(path, json=wrong, headers=key)) == (422, "invalid")
    assert await world.count("comment") == 0
