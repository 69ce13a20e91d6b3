"""Intake's public tracking door: whether the secret part of a receipt belongs to a dossier."""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import quote

from shared.dossier.codes import is_dossier_code
from shared.dossier.refusal import Unknown
from shared.platform.http import Answered, Client

_WRONG: Final = frozenset({401, 403, 404, 422})


class ApplicantFile(Protocol):
    """What payment asks of intake: no personal data."""

    async def demand_secret(self, dossier_code: str, tracking_secret: str) -> None:
        """Silence when it fits. Raises Unknown, the same for a wrong secret and an unknown code, or Away."""
        ...


class IntakeFile:
    """The client over HTTP."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def demand_secret(self, dossier_code: str, tracking_secret: str) -> None:
        if not is_dossier_code(dossier_code) or not (tracking_secret and tracking_secret.isascii()):
            raise Unknown
        try:
            await self._http.get(
                f"/api/tracking/{quote(dossier_code, safe='')}", headers={"Tracking-Secret": tracking_secret}
            )
        except Answered as no:
            if no.status in _WRONG:
                raise Unknown from no
            raise
