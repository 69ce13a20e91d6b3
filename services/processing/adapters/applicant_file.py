"""The applicant's file at intake: the least of a person that a result needs, asked with its purpose."""

from __future__ import annotations

from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from shared.contracts.person import NamesAsked, PersonName, Purpose, WordsTold
from shared.platform.http import Client

_NAMES = TypeAdapter(list[PersonName])


class NameMissing(Exception):
    """Intake does not know whose dossier this is; the step is tried again, an operator sees it."""


class ApplicantFile(Protocol):
    """Whose dossier it is."""

    async def name_of(self, dossier_code: str) -> str:
        """The owner's full name, for printing on the result. Raises NameMissing, Away, Answered."""
        ...

    async def keep_words(self, dossier_code: str, command_id: str, words: str) -> None:
        """What an officer writes to the applicant, kept by intake for the paper. Raises Away, Answered."""
        ...


class IntakeApplicantFile:
    """Asks intake's private door with this service's token; nothing is kept."""

    def __init__(self, intake: Client) -> None:
        self._intake = intake

    async def keep_words(self, dossier_code: str, command_id: str, words: str) -> None:
        told = WordsTold(dossier_code=dossier_code, command_id=command_id, words=words)
        await self._intake.post("/private/words", json=told.model_dump(mode="json"))

    async def name_of(self, dossier_code: str) -> str:
        asked = NamesAsked(purpose=Purpose.RESULT, dossier_codes=(dossier_code,))
        answer = await self._intake.post("/private/names", json=asked.model_dump(mode="json"))
        try:
            names = {person.dossier_code: person.full_name for person in _NAMES.validate_json(answer.content)}
        except ValidationError:
            raise NameMissing(dossier_code) from None  # pydantic would quote the name into the workflow's history
        if dossier_code not in names:
            raise NameMissing(dossier_code)
        return names[dossier_code]
