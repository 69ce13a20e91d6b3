"""Intake's private door: where a result goes. The answer lives in memory for one call to the carrier, nowhere else."""

from __future__ import annotations

from typing import Protocol

from shared.contracts.person import PostalAddress, Purpose
from shared.platform.http import Client


class ApplicantFile(Protocol):
    """What delivery asks of intake."""

    async def address(self, dossier_code: str) -> PostalAddress:
        """Name, phone and address of the receiver. Raises Away, or Answered when there is none."""
        ...


class IntakeFile:
    """The client over HTTP, with this service's own token."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def address(self, dossier_code: str) -> PostalAddress:
        asked = {"purpose": Purpose.PARCEL, "dossier_code": dossier_code}
        return PostalAddress.model_validate_json((await self._http.post("/private/address", json=asked)).content)
