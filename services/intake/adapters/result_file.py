"""The signed result of a dossier, read from processing with this service's own token."""

from __future__ import annotations

from typing import Final, Protocol

from shared.dossier.refusal import Refused
from shared.platform.http import Answered, Client

_NOT_THERE: Final = 404


class ResultFile(Protocol):
    """Raises Refused `result_pending` while there is no file, Away when processing cannot be asked."""

    async def read(self, dossier_code: str) -> bytes: ...


class ResultClient:
    """GET /api/results/{code}."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def read(self, dossier_code: str) -> bytes:
        try:
            return (await self._http.get(f"/api/results/{dossier_code}")).content
        except Answered as no:
            if no.status == _NOT_THERE:
                raise Refused("result_pending", "Kết quả chưa sẵn sàng; vui lòng thử lại sau.") from no
            raise
