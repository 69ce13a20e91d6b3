"""Intake's private door as this service uses it: purpose told, nothing of the answer in an error."""

from __future__ import annotations

import json

import httpx
import pytest

from services.processing.adapters.applicant_file import IntakeApplicantFile, NameMissing
from shared.platform.http import Client
from tests.builders import CODE
from tests.services.processing.fakes import NAME


def file_of(answer: object, asked: list[httpx.Request]) -> IntakeApplicantFile:
    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=answer)

    return IntakeApplicantFile(Client("http://intake", "intake", transport=httpx.MockTransport(respond)))


async def test_the_name_is_asked_with_its_purpose() -> None:
    asked: list[httpx.Request] = []
    assert await file_of([{"dossier_code": CODE, "full_name": NAME}], asked).name_of(CODE) == NAME
    assert asked[0].url.path == "/private/names"
    assert json.loads(asked[0].content) == {"purpose": "result", "dossier_codes": [CODE]}


@pytest.mark.parametrize(
    "answer",
    [[], [{"dossier_code": "000.00.03.H39-230110-0008", "full_name": NAME}], [{"full_name": NAME}], {"name": NAME}],
)
async def test_an_answer_without_the_name_is_never_quoted(answer: object) -> None:
    with pytest.raises(NameMissing) as missing:
        await file_of(answer, []).name_of(CODE)
    assert NAME not in repr(missing.value)
    assert missing.value.__cause__ is None
    assert missing.value.__suppress_context__ or missing.value.__context__ is None
