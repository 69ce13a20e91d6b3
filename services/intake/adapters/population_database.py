"""The population database and the registers behind it: which papers a person already has (identity §1, §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.platform.http import Answered, Away, Client

PURPOSE: Final = "reuse-of-papers"
_NOT_AN_ID: Final = 422


@dataclass(frozen=True)
class RegisterPaper:
    """A paper that a register holds for the person."""

    kind: str
    number: str
    issued_on: date
    valid_to: date | None
    is_active: bool


@dataclass(frozen=True)
class RegisterAnswer:
    """`is_match`: the id exists and belongs to that name; without a match no paper is shown."""

    is_match: bool
    request_no: str
    source_version: str
    papers: Sequence[RegisterPaper]


class PopulationDatabase(Protocol):
    """Asks for kinds of papers of one person, for one dossier. Raises Away when it cannot be asked now."""

    async def look_up(
        self, personal_id: str, full_name: str, kinds: Sequence[str], dossier_code: str
    ) -> RegisterAnswer: ...


class PopulationClient:
    """The real protocol: POST /lookup with the bearer token of the agreement."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def look_up(
        self, personal_id: str, full_name: str, kinds: Sequence[str], dossier_code: str
    ) -> RegisterAnswer:
        """Raises Away, also for an answer that is not the agreed one; an id that cannot be is no match."""
        question = {
            "owner": {"personal_id": personal_id, "name": full_name},
            "kinds": list(kinds),
            "purpose": PURPOSE,
            "dossier_code": dossier_code,
        }
        try:
            response = await self._http.post("/lookup", json=question)
            answer = _Answer.model_validate_json(response.content)
        except Answered as no:
            if no.status != _NOT_AN_ID:
                raise Away("population-database", f"answered {no.status}") from no
            return RegisterAnswer(is_match=False, request_no="", source_version="", papers=())
        except ValidationError as error:
            raise Away("population-database", "not the agreed answer") from error
        return RegisterAnswer(
            is_match=answer.match,
            request_no=answer.request_no,
            source_version=answer.source_version,
            papers=[
                RegisterPaper(paper.kind, paper.number, paper.issued_on, paper.valid_to, paper.status == "ACTIVE")
                for paper in answer.documents
            ],
        )


class _Paper(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    kind: str
    number: str
    issued_on: date
    valid_to: date | None
    status: str


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    match: bool
    request_no: str
    source_version: str
    documents: tuple[_Paper, ...]
