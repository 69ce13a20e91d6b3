"""The applicant's file at intake: the least of a person that a result needs, asked with its purpose."""

from __future__ import annotations

from typing import Protocol

from pydantic import TypeAdapter

from shared.contracts.person import NamesAsked, PersonName, Purpose
from shared.platform.http import Client

_NAMES = TypeAdapter(list[PersonName])


class NameMissing(Exception):
    """Intake does not know whose dossier this is; the step is tried again, an operator sees it."""


class ApplicantFile(Protocol):
    """Whose dossier it is."""

    async def name_of(self, dossier_code: str) -> str:
        """The owner's full name, for printing on the result. Raises NameMissing, Away, Answered."""
        ...


class IntakeApplicantFile:
    """Asks intake's private door with this service's token; nothing is kept."""

    def __init__(self, intake: Client) -> None:
        self._intake = intake

    async def name_of(self, dossier_code: str) -> str:
        asked = NamesAsked(purpose=Purpose.RESULT, dossier_codes=(dossier_code,))
        answer = await self._intake.post("/private/names", json=asked.model_dump(mode="json"))
        for person in _NAMES.validate_json(answer.content):
            if person.dossier_code == dossier_code:
                return person.full_name
        raise NameMissing(dossier_code)
