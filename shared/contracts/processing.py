"""Contract of processing's activity: make the result's file and sign it."""

from __future__ import annotations

from typing import Final, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity

from shared.dossier.actions import Outcome
from shared.dossier.codes import AgencyCode, DossierCode, PersonCode, ProcedureCode, ResultCode

TASK_QUEUE: Final = "processing"


class SignInput(BaseModel):
    """What is decided, by whom, for which agency; the owner's name is asked at intake's door while typesetting."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    procedure_code: ProcedureCode
    agency_code: AgencyCode
    signer_code: PersonCode
    outcome: Outcome
    decided_at: AwareDatetime
    version: int = 1


class SignedResult(BaseModel):
    """Number and symbol of the result and when it was signed; the file stays in the document store."""

    model_config = ConfigDict(frozen=True)

    result_code: ResultCode
    signed_at: AwareDatetime


class ProcessingActivities(Protocol):
    """Implemented by services/processing/activities.py; idempotent under dossier code and version."""

    @activity.defn(name="sign_result")
    async def sign_result(self, order: SignInput) -> SignedResult:
        """Typeset the result, sign it (PAdES) with the signer's key at the signing authority, store it."""
        ...
