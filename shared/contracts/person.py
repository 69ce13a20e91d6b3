"""Answers of intake's private door: the least of a person that serves the purpose. Only services that print or post."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.dossier.codes import DossierCode


class Purpose(StrEnum):
    """Why personal data is read; every read is logged with it."""

    WORKLIST = "worklist"
    RESULT = "result"
    PARCEL = "parcel"
    RECEIPT = "receipt"


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
