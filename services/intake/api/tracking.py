"""Progress for whoever holds the receipt: dossier code and its secret part, no account (SR-07)."""

from __future__ import annotations

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Path, Response

from services.intake.api._door import TheDoor
from services.intake.store import dossiers
from services.intake.views import Progress
from shared.dossier.codes import is_dossier_code
from shared.platform.receipt import fits
from shared.web.identity import public
from shared.web.limits import TRACKING, limited
from shared.web.problem import MEDIA_TYPE, TYPE

router = APIRouter(prefix="/api", tags=["tracking"])

_NOTHING: Final = orjson.dumps(
    {
        "type": f"{TYPE}dossier_unknown",
        "title": "Không tìm thấy",
        "status": 404,
        "detail": "Mã hồ sơ hoặc mã tra cứu không đúng.",
        "code": "dossier_unknown",
    }
)
"""One and the same answer for unknown codes and wrong secrets: no trace, no path in it."""


@router.get("/tracking/{dossier_code}", response_model=Progress)
@public("the receipt's secret part opens it; state and dates only")
@limited(TRACKING)
async def track(
    dossier_code: Annotated[str, Path(max_length=60)],
    door: TheDoor,
    tracking_secret: Annotated[str, Header(max_length=40)] = "",
) -> Progress | Response:
    """Both checks are always made, so that a wrong secret takes as long as an unknown code."""
    is_right = fits(door.receipt_key, dossier_code, tracking_secret)
    async with door.sessions() as session:
        facts = await dossiers.facts_of(session, dossier_code if is_dossier_code(dossier_code) else "")
    if facts is None or not is_right:
        return Response(_NOTHING, 404, media_type=MEDIA_TYPE)
    return Progress.of(facts)
