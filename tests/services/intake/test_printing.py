"""Forms through intake's door: what was issued can be printed by those in scope, and each printing is a reading."""

from __future__ import annotations

from io import BytesIO

import pypdf

from shared.contracts.facts import event_of
from shared.dossier import actions
from shared.dossier.actions import By, Order
from shared.dossier.lifecycle import Role
from tests.services.intake.test_notices import hears
from tests.services.intake.world import World


async def test_a_rejection_is_printed_for_its_owner_and_nobody_else(world: World) -> None:
    code = (await world.a_dossier())["dossier_code"]
    dossier = world.desk.dossiers[code]
    submitted = event_of(dossier)
    by = By(role=Role.CLERK, agency_code="000.00.02.H39", person_code="clerk-1")
    dossier.take(Order(command_id="reject-1", by=by, actions=(actions.Reject(cause="incomplete"),)), world.clock())
    await hears(world.door, submitted, event_of(dossier))
    path = f"/api/dossiers/{code}/forms"
    listed = (await world.http.get(path, headers=world.keys.citizen())).json()["forms"]
    assert [each["form"] for each in listed] == ["03"]
    answer = await world.http.get(f"{path}/03", headers=world.keys.citizen())
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    text = pypdf.PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert "Nguyễn Thị Đào" in text
    assert "02723000000" in text
    assert (await world.http.get(f"{path}/01", headers=world.keys.citizen())).status_code == 404
    assert (await world.http.get(f"{path}/03", headers=world.keys.citizen("citizen-2"))).status_code == 404
    assert await world.count("reading") == 1
