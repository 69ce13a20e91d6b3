"""Answers of intake's private door: the least of a person that serves the purpose. Only services that print or post."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.dossier.codes import AgencyCode, CommandId, DossierCode

MOST_WORDS: Final = 4_000


class Purpose(StrEnum):
    """Why personal data is read; every read is logged with it."""

    WORKLIST = "worklist"
    RESULT = "result"
    PARCEL = "parcel"
    RECEIPT = "receipt"
    FORM = "form"
    PAPER = "paper"
    COMMENT = "comment"
    COUNTER = "counter"


class PersonName(BaseModel):
    """For lists, results and receipts."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    full_name: str


class PostalAddress(BaseModel):
    """For the carrier only."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    full_name: str
    phone: str
    address: str


class NamesAsked(BaseModel):
    """One batched call per page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose
    dossier_codes: tuple[DossierCode, ...]


class SearchAsked(BaseModel):
    """A clerk looks for somebody: a name with or without tones, an identity number, the last four digits of a phone."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    purpose: Purpose
    text: Annotated[str, Field(min_length=2, max_length=200)]
    agency_codes: Annotated[tuple[AgencyCode, ...], Field(max_length=500)] = ()
    """Whose dossiers come first: the asker's own."""


class WordsTold(BaseModel):
    """What an officer wrote for the applicant with one order; free text, so only intake keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dossier_code: DossierCode
    command_id: CommandId
    words: Annotated[str, Field(min_length=1, max_length=MOST_WORDS)]
