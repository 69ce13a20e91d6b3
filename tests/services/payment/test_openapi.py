"""The answers of payment's door for programs are what its OpenAPI document says."""

from __future__ import annotations

from typing import Final

from services.payment import api
from tests.builders import AGENCY, CODE
from tests.contract import (
    PATIENT,
    Case,
    answers_as_documented,
    contract,
    needs_credentials,
    refuses_rough_bodies,
    refuses_strangers,
)
from tests.services.payment.fakes import SECRET
from tests.services.payment.world import OWED, World, bearer

DOCUMENT: Final = api.document()
KNOWN: Final = {"dossier_code": CODE, "tracking-secret": SECRET, "amount_vnd": OWED}


@contract(DOCUMENT).parametrize()
@PATIENT
async def test_answers_are_what_the_document_says(case: Case, world: World) -> None:
    if not world.desk.dossiers:
        world.dossier()
    await answers_as_documented(case, world.http, bearer(("ACCOUNTANT", AGENCY)), KNOWN)


@needs_credentials(DOCUMENT).parametrize()
@PATIENT
async def test_strangers_are_refused(case: Case, world: World) -> None:
    await refuses_strangers(case, world.http)


async def test_rough_bodies_are_refused(world: World) -> None:
    await refuses_rough_bodies(DOCUMENT, world.http, lambda _: bearer(("ACCOUNTANT", AGENCY)))
