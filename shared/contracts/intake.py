"""Contract of intake's activities: read the papers that were filed, look up the ones that were not."""

from __future__ import annotations

from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from shared.dossier.codes import DocumentKind, DossierCode

TASK_QUEUE: Final = "intake"


class PapersInput(BaseModel):
    """Which components of which dossier; the files and the owner are found in intake's own schema."""

    model_config = ConfigDict(frozen=True)

    dossier_code: DossierCode
    kinds: tuple[DocumentKind, ...]


class Digitized(BaseModel):
    """Components that now have stored metadata and a content hash."""

    model_config = ConfigDict(frozen=True)

    kinds: tuple[DocumentKind, ...]


class Reused(BaseModel):
    """Components found valid in the population database or among earlier results, and those that were not."""

    model_config = ConfigDict(frozen=True)

    found: tuple[DocumentKind, ...]
    not_found: tuple[DocumentKind, ...]
    population_checked: bool


class IntakeActivities(Protocol):
    """Implemented by services/intake/activities.py; both are idempotent under dossier code and kind."""

    @activity.defn(name="digitize")
    async def digitize(self, papers: PapersInput) -> Digitized:
        """Store metadata, content hash and real PDF text of each filed component (NĐ 61/2018 Đ17.1)."""
        ...

    @activity.defn(name="reuse")
    async def reuse(self, papers: PapersInput) -> Reused:
        """Look each component up in shared data (NĐ 47/2020 Đ9.3); honest about what is not there."""
        ...
