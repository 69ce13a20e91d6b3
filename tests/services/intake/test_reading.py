"""Who reads what: the owner, staff in scope, services, whoever holds the receipt; everybody else finds nothing."""

from __future__ import annotations

from sqlalchemy import text

from services.intake.acts import finding
from tests.services.intake import fakes
from tests.services.intake.world import World, told


async def test_the_owner_reads_facts_and_papers(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    answer = await world.http.get(f"/api/dossiers/{code}", headers=world.keys.citizen())
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert [paper["kind"] for paper in answer.json()["documents"]] == ["DON-GPLD", "GPLD"]
    again = await world.http.get(
        f"/api/dossiers/{code}", headers=world.keys.citizen() | {"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


async def test_staff_above_read_and_strangers_find_nothing(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    for who in (
        world.keys.staff("SPECIALIST"),
        world.keys.staff("DESK_HEAD", "000.00.00.H39"),
        world.keys.processing(),
    ):
        assert (await world.http.get(f"/api/dossiers/{code}", headers=who)).status_code == 200
    for who in (world.keys.staff(agency="000.00.21.H39"), world.keys.citizen("citizen-2")):
        assert told(await world.http.get(f"/api/dossiers/{code}", headers=who)) == (404, "dossier_unknown")
    unknown = await world.http.get("/api/dossiers/000.00.02.H39-261123-0999", headers=world.keys.citizen())
    assert told(unknown) == (404, "dossier_unknown")


async def test_a_desk_filing_belongs_to_no_account(world: World) -> None:
    code = (await world.a_dossier(who=world.keys.staff(), channel="IN_PERSON"))["dossier_code"]
    answer = await world.http.get(f"/api/dossiers/{code}", headers=world.keys.citizen())
    assert told(answer) == (404, "dossier_unknown")


async def test_a_citizens_list_is_paged_by_code(world: World) -> None:
    codes = [(await world.a_dossier(key=f"key-{n}"))["dossier_code"] for n in range(3)]
    await world.a_dossier(who=world.keys.citizen("citizen-2"))
    first = await world.http.get("/api/dossiers?limit=2", headers=world.keys.citizen())
    assert [row["dossier_code"] for row in first.json()["dossiers"]] == codes[:2]
    assert 'rel="next"' in first.headers["Link"]
    rest = await world.http.get(
        "/api/dossiers", params={"cursor": first.json()["next_cursor"]}, headers=world.keys.citizen()
    )
    assert [row["dossier_code"] for row in rest.json()["dossiers"]] == codes[2:]
    assert rest.json()["next_cursor"] is None


async def test_progress_needs_code_and_secret(world: World) -> None:
    filed = await world.a_dossier()
    path, secret = f"/api/tracking/{filed['dossier_code']}", {"Tracking-Secret": filed["tracking_secret"]}
    answer = await world.http.get(path, headers=secret)
    assert answer.json() == {
        "dossier_code": filed["dossier_code"],
        "stage": "Mới đăng ký",
        "portal_status": 1,
        "due_at": None,
        "fee_owed_vnd": 450_000,
    }
    wrong = await world.http.get(path, headers={"Tracking-Secret": "aaaaaaaaaa"})
    unknown = await world.http.get("/api/tracking/000.00.02.H39-261123-0999", headers=secret)
    nothing = await world.http.get("/api/tracking/no-code-at-all")
    assert wrong.status_code == unknown.status_code == nothing.status_code == 404
    assert wrong.content == unknown.content == nothing.content
    assert dict(wrong.headers) == dict(unknown.headers)


async def test_names_and_address_go_to_services_only_and_are_recorded(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    unknown = "000.00.02.H39-261123-0999"
    asked = {"purpose": "result", "dossier_codes": [unknown, code]}
    names = await world.http.post("/private/names", json=asked, headers=world.keys.processing())
    assert names.json() == [{"dossier_code": code, "full_name": "Nguyễn Thị Đào"}]
    parcel = {"purpose": "parcel", "dossier_code": code}
    address = await world.http.post("/private/address", json=parcel, headers=world.keys.processing())
    assert address.json()["phone"] == "+84901234567"
    assert address.json()["address"].startswith("12 đường Hùng Vương")
    for who in (world.keys.citizen(), world.keys.staff()):
        assert told(await world.http.post("/private/names", json=asked, headers=who)) == (403, "kind_not_allowed")
    nosy = {"purpose": "worklist", "dossier_code": code}
    assert (await world.http.post("/private/address", json=nosy, headers=world.keys.processing())).status_code == 422
    async with world.store.connect() as connection:
        rows = (
            await connection.execute(
                text("SELECT reader, purpose, what, dossier_code, granted FROM intake.reading ORDER BY id")
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("service:processing", "result", "name", unknown, "unknown"),
        ("service:processing", "result", "name", code, "yes"),
        ("service:processing", "parcel", "address", code, "yes"),
    ]


async def test_a_missing_address_is_said(world: World) -> None:
    code = (await world.a_dossier(applicant=fakes.person(address=None)))["dossier_code"]
    asked = {"purpose": "parcel", "dossier_code": code}
    answer = await world.http.post("/private/address", json=asked, headers=world.keys.processing())
    assert told(answer) == (409, "address_missing")


async def test_the_catalogue_is_open_and_paged(world: World) -> None:
    agencies = (await world.http.get("/api/agencies")).json()["agencies"]
    assert {"PROVINCE", "DEPARTMENT", "COMMUNE"} <= {row["kind"] for row in agencies}
    page = (await world.http.get("/api/procedures", params={"agency_code": "000.00.02.H39", "limit": 2})).json()
    assert [row["procedure_code"] for row in page["procedures"]] == ["1.001978", "2.000192"]
    more = {"agency_code": "000.00.02.H39", "cursor": page["next_cursor"]}
    assert "2.000205" in (await world.http.get("/api/procedures", params=more)).text
    row = (await world.http.get("/api/procedures/2.000192?agency_code=000.00.02.H39")).json()
    assert [part["kind"] for part in row["components"]] == ["DON-GPLD", "GPLD"]
    assert [fee["amount_vnd"] for fee in row["fees"]] == [450_000]
    assert told(await world.http.get("/api/procedures/9.999999")) == (404, "unknown_procedure")
    elsewhere = await world.http.get("/api/procedures/2.000192?agency_code=000.00.21.H39")
    assert told(elsewhere) == (404, "wrong_agency")


async def test_a_search_answers_codes_exact_tones_first_and_is_recorded(world: World) -> None:
    exact = (await world.a_dossier(key="a", applicant=fakes.person(full_name="Nguyễn Thị Đào")))["dossier_code"]
    loose = (await world.a_dossier(key="b", applicant=fakes.person(full_name="Nguyên Thi Dao")))["dossier_code"]
    other = (await world.a_dossier(key="c", applicant=fakes.person(full_name="Trần Văn Đào")))["dossier_code"]

    async def found(words: str, *near: str) -> list[str]:
        asked = {"purpose": "worklist", "text": words, "agency_codes": near}
        answer = await world.http.post("/private/search", json=asked, headers=world.keys.processing())
        assert answer.status_code == 200
        codes: list[str] = answer.json()
        return codes

    assert await found("nguyen thi dao") == [loose, exact]
    assert await found("Nguyễn Thị Đào") == [exact, loose]
    assert await found("dao", "000.00.02.H39") == [loose, other, exact]
    assert await found("4567") == [other, loose, exact]
    assert await found("không có ai") == []
    asked = {"purpose": "worklist", "text": "dao"}
    for who in (world.keys.citizen(), world.keys.staff()):
        assert told(await world.http.post("/private/search", json=asked, headers=who)) == (403, "kind_not_allowed")
    async with world.store.connect() as connection:
        kept = str((await connection.execute(text("SELECT * FROM intake.clue"))).all())
        rows = (await connection.execute(text("SELECT DISTINCT what FROM intake.reading"))).scalars().all()
    assert "dao" not in kept
    assert rows == ["search"]


async def test_dossiers_filed_before_there_were_clues_are_found_after_a_start(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    async with world.store.begin() as connection:
        await connection.execute(text("DELETE FROM intake.clue"))
    assert await finding.fill(world.door) == 1
    assert await finding.fill(world.door) == 0
    assert list(await finding.search(world.door, "nguyen thi dao", ())) == [code]
