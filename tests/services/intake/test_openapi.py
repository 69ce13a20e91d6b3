"""The answers of intake's doors for programs are what its OpenAPI document says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest

from services.intake import api
from tests.contract import (
    PATIENT,
    Case,
    answers_as_documented,
    contract,
    needs_credentials,
    refuses_rough_bodies,
    refuses_strangers,
)
from tests.services.intake import fakes
from tests.services.intake.world import World

DOCUMENT: Final = api.document()
AGENCY: Final = "000.00.02.H39"
STAFF: Final = {
    "/api/agencies/{agency_code}/register": "CLERK",
    "/api/dossiers/{dossier_code}/comments": "CLERK",
    "/api/dossiers/{dossier_code}/correction": "UNIT_HEAD",
    "/api/feedback/{feedback_code}/acts": "UNIT_HEAD",
    "/api/papers/held": "CLERK",
}
"""Path → role; the private paths are for services, all others for the citizen whose dossier it is."""


@dataclass(frozen=True)
class Office:
    """A dossier with a feedback about it, and what is known of them."""

    world: World
    known: dict[str, Any]
    secrets: tuple[str, str]
    """Of the dossier's receipt and of the feedback's."""

    def asker(self, path: str) -> dict[str, str]:
        """Credentials of somebody who may call."""
        if path.startswith("/private/"):
            return self.world.keys.processing()
        return self.world.keys.staff(STAFF[path], AGENCY) if path in STAFF else self.world.keys.citizen()

    def of(self, path: str) -> dict[str, Any]:
        """What is known there."""
        return self.known | {"tracking-secret": self.secrets["{feedback_code}" in path]}


@pytest.fixture
async def office(world: World) -> Office:
    filed = await world.a_dossier()
    form = {"subject": "LATE_RETURN", "words": "Chưa trả kết quả.", "dossier_code": filed["dossier_code"]}
    headers = world.keys.citizen() | {"Idempotency-Key": "f-1"}
    given = (await world.http.post("/api/feedback", json=form, headers=headers)).json()
    read = await world.http.get(f"/api/dossiers/{filed['dossier_code']}", headers=world.keys.citizen())
    known = {
        "dossier_code": filed["dossier_code"],
        "feedback_code": given["feedback_code"],
        "document_id": read.json()["documents"][0]["document_id"],
        "documents": await world.papers("DON-GPLD", "GPLD"),
        "agency_code": AGENCY,
        "procedure_code": "2.000192",
        "on": "2026-11-23",
        **fakes.person(email="dao@example.vn"),
    }
    return Office(world, known, (filed["tracking_secret"], given["tracking_secret"]))


@contract(DOCUMENT).parametrize()
@PATIENT
async def test_answers_are_what_the_document_says(case: Case, office: Office) -> None:
    await answers_as_documented(case, office.world.http, office.asker(case.path), office.of(case.path))


@needs_credentials(DOCUMENT).parametrize()
@PATIENT
async def test_strangers_are_refused(case: Case, world: World) -> None:
    await refuses_strangers(case, world.http)


async def test_rough_bodies_are_refused(office: Office) -> None:
    await refuses_rough_bodies(DOCUMENT, office.world.http, office.asker)
