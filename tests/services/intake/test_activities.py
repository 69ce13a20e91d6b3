"""The workflow's two requests: read what was filed, look up what was not. Both may run twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from services.intake.adapters.population_database import RegisterPaper
from services.intake.store import documents, records
from shared.contracts.intake import PapersInput
from shared.dossier.actions import Outcome
from shared.platform.http import Away
from tests.services.intake import fakes
from tests.services.intake.test_owner_acts import decide
from tests.services.intake.world import World


async def test_digitizing_keeps_the_text_of_a_pdf_sealed(world: World) -> None:
    first = await world.upload("DON-GPLD", fakes.a_pdf(text="Xin cap lai giay phep"))
    second = await world.upload("GPLD", fakes.an_image(), "scan.jpg")
    given = [{"kind": row["kind"], "document_id": row["document_id"]} for row in (first.json(), second.json())]
    code = (await world.file(fakes.form(documents=given))).json()["dossier_code"]
    papers = PapersInput(dossier_code=code, kinds=("DON-GPLD", "GPLD"))
    assert set((await world.work.digitize(papers)).kinds) == {"DON-GPLD", "GPLD"}
    assert set((await world.work.digitize(papers)).kinds) == {"DON-GPLD", "GPLD"}
    async with world.door.sessions() as session:
        form, permit = await documents.of_dossier(session, code)
    assert (form.characters, permit.characters) == (len("Xin cap lai giay phep"), 0)
    assert form.digitized_at == permit.digitized_at == fakes.NOW
    async with world.store.connect() as connection:
        sealed = (
            await connection.execute(text("SELECT sealed FROM intake.document WHERE kind = 'DON-GPLD'"))
        ).scalar_one()
    assert b"giay phep" not in sealed
    assert world.door.vault.open("document", code, sealed) == b"Xin cap lai giay phep"


async def a_dossier_without_permit(world: World) -> str:
    answer = await world.file(fakes.form(documents=await world.papers("DON-GPLD")), "without")
    return str(answer.json()["dossier_code"])


async def test_a_paper_of_the_register_is_reused_and_the_ground_is_kept(world: World) -> None:
    code = await a_dossier_without_permit(world)
    kind = "GPLD"
    world.population.holds(kind)
    answer = await world.work.reuse(PapersInput(dossier_code=code, kinds=(kind,)))
    in_register = bool(world.population.asked)
    assert answer.population_checked is in_register
    assert (answer.found, answer.not_found) == (((kind,), ()) if in_register else ((), (kind,)))
    assert await world.work.reuse(PapersInput(dossier_code=code, kinds=(kind,))) == answer
    assert len(world.population.asked) <= 1


async def a_marriage(world: World) -> str:
    """Papers: TK-KH brought, XN-HN looked up."""
    given = await world.papers("TK-KH")
    form = fakes.form(procedure_code="1.000894", agency_code="001.00.40.H39", documents=given)
    answer = await world.file(form, "marriage")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["dossier_code"])


@pytest.mark.parametrize(
    ("valid_to", "verdict"),
    [
        (date(2026, 11, 22), "EXPIRED"),
        (date(2026, 11, 23), "REUSED"),
        (date(2026, 11, 24), "REUSED"),
    ],
)
async def test_the_day_of_filing_decides_about_validity(world: World, valid_to: date, verdict: str) -> None:
    code = await a_marriage(world)
    world.population.papers = [RegisterPaper("XN-HN", "7/2026", date(2026, 11, 1), valid_to, is_active=True)]
    answer = await world.work.reuse(PapersInput(dossier_code=code, kinds=("XN-HN",)))
    assert answer.population_checked
    assert bool(answer.found) is (verdict == "REUSED")
    assert world.population.asked == [(fakes.PERSONAL_ID, "Nguyễn Thị Đào", ("XN-HN",))]
    async with world.door.sessions() as session:
        (kept,) = await records.lookups_of(session, code)
    assert (kept.verdict, kept.source, kept.request_no) == (verdict, "POPULATION_DATABASE", "20261123-0000001")
    assert kept.ground == "NĐ 47/2020/NĐ-CP Đ9.3"


async def test_what_nobody_holds_is_honestly_not_found(world: World) -> None:
    code = await a_marriage(world)
    answer = await world.work.reuse(PapersInput(dossier_code=code, kinds=("XN-HN",)))
    assert (answer.found, answer.not_found, answer.population_checked) == ((), ("XN-HN",), True)


async def test_another_persons_name_shows_nothing(world: World) -> None:
    code = await a_marriage(world)
    world.population.holds("XN-HN")
    world.population.is_match = False
    answer = await world.work.reuse(PapersInput(dossier_code=code, kinds=("XN-HN",)))
    assert answer.not_found == ("XN-HN",)


async def test_a_register_that_is_away_is_asked_again_later(world: World) -> None:
    code = await a_marriage(world)
    world.population.is_away = True
    with pytest.raises(Away):
        await world.work.reuse(PapersInput(dossier_code=code, kinds=("XN-HN",)))
    assert await world.count("reuse") == 0
    world.population.is_away = False
    world.population.papers = [RegisterPaper("XN-HN", "7", date(2026, 11, 1), None, is_active=True)]
    assert (await world.work.reuse(PapersInput(dossier_code=code, kinds=("XN-HN",)))).found == ("XN-HN",)


async def test_an_earlier_result_of_the_same_owner_is_found_before_any_register(world: World) -> None:
    """The permit that one dossier granted is the paper that the next one needs."""
    earlier = (await world.a_dossier(key="earlier"))["dossier_code"]
    await decide(world, earlier)
    assert world.desk.dossiers[earlier].outcome is Outcome.GRANTED
    code = await a_dossier_without_permit(world)
    assert (await world.work.reuse(PapersInput(dossier_code=code, kinds=("GPLD",)))).found == ("GPLD",)
    assert world.population.asked == []
    async with world.door.sessions() as session:
        (kept,) = await records.lookups_of(session, code)
    assert (kept.source, kept.reference) == ("EARLIER_RESULT", earlier)


async def test_a_result_of_somebody_else_is_not_found(world: World) -> None:
    applicant = fakes.person(personal_id="080190654321", full_name="Trần Thị Hoa")
    await decide(world, (await world.a_dossier(key="earlier", applicant=applicant))["dossier_code"])
    code = await a_dossier_without_permit(world)
    assert (await world.work.reuse(PapersInput(dossier_code=code, kinds=("GPLD",)))).found == ()
