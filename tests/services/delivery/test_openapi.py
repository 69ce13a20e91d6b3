"""The answers of delivery's door for programs are what its OpenAPI document says."""

from __future__ import annotations

from typing import Final

from services.delivery import api
from tests.builders import AGENCY, CODE
from tests.contract import PATIENT, Case, answers_as_documented, contract, needs_credentials, refuses_strangers
from tests.services.delivery.world import World, bearer

DOCUMENT: Final = api.document()
KNOWN: Final = {"dossier_code": CODE}


@contract(DOCUMENT).parametrize()
@PATIENT
async def test_answers_are_what_the_document_says(case: Case, booked: World) -> None:
    await answers_as_documented(case, booked.http, bearer(("RETURN_CLERK", AGENCY)), KNOWN)


@needs_credentials(DOCUMENT).parametrize()
@PATIENT
async def test_strangers_are_refused(case: Case, booked: World) -> None:
    await refuses_strangers(case, booked.http)
