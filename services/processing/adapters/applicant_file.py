"""The applicant's file at intake: the least of a person that a result needs, asked with its purpose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from shared.contracts.person import NamesAsked, PersonName, Purpose, SearchAsked, WordsTold
from shared.platform.http import Away, Client

_NAMES = TypeAdapter(list[PersonName])
_CODES = TypeAdapter(list[str])


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

    async def names_of(self, dossier_codes: Sequence[str]) -> Mapping[str, str]:
        """Names of the owners of these dossiers, one call for a whole page. Raises Away, Answered."""
        ...

    async def search(self, text: str, agency_codes: Collection[str]) -> Sequence[str]:
        """Codes of dossiers whose applicant fits the text, exact accents first. Raises Away."""
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

    async def names_of(self, dossier_codes: Sequence[str]) -> Mapping[str, str]:
        if not dossier_codes:
            return {}
        asked = NamesAsked(purpose=Purpose.WORKLIST, dossier_codes=tuple(dossier_codes))
        answer = await self._intake.post("/private/names", json=asked.model_dump(mode="json"))
        try:
            return {person.dossier_code: person.full_name for person in _NAMES.validate_json(answer.content)}
        except ValidationError:
            raise Away("intake", "not a list of names") from None  # pydantic would quote names into the log

    async def search(self, text: str, agency_codes: Collection[str]) -> Sequence[str]:
        asked = SearchAsked(purpose=Purpose.WORKLIST, text=text, agency_codes=tuple(agency_codes))
        answer = await self._intake.post("/private/search", json=asked.model_dump(mode="json"))
        return _CODES.validate_json(answer.content)
