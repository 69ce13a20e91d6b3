"""The door for programs: figures as JSON. Aggregates only; small shares are hidden from callers without a token."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.metrics.rules.band import Colour
from services.metrics.rules.measures import Measures
from services.metrics.rules.period import Period, month_of
from services.metrics.store import Question, Reading
from services.metrics.views import FRESH, Door, Figure, day_of, figures, roll_up
from shared.catalogue.lookup import indicators_on
from shared.dossier.actions import Channel
from shared.dossier.codes import AgencyCode, ProcedureCode
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.platform.catalogue import load_catalogue
from shared.web.app import application, openapi_document
from shared.web.etag import etag, not_modified
from shared.web.identity import allows, caller, demand
from shared.web.problem import Problem

TITLE: Final = "Một Cửa metrics"
INTERFACE: Final = "1.0.0"
"""Version of what this door speaks."""

COLLEAGUES: Final = frozenset({Kind.STAFF, Kind.SERVICE})
"""Who sees small numbers."""


class Row(BaseModel):
    """One figure. `value`: per cent with two decimals, or a count; null without data. `denominator` null = a count."""

    model_config = ConfigDict(frozen=True)

    indicator: str
    agency_code: AgencyCode
    period: str
    numerator: int | None
    denominator: int | None
    value: str | None
    colour: Colour
    is_hidden: bool
    as_of: AwareDatetime | None


class Kpi(BaseModel):
    """All figures asked for, and what they stand on: everything on the log up to `as_of`, `position` per partition."""

    model_config = ConfigDict(frozen=True)

    as_of: AwareDatetime | None
    is_stale: bool
    position: dict[int, int]
    quarantined: int
    catalogue_version: str
    fold_version: str
    rows: list[Row]


def add_api(app: FastAPI, door: Door) -> None:
    """Serves `GET /api/kpi`."""
    fold_version = Measures.of(door.catalogue).version

    @app.get("/api/kpi", tags=["kpi"], summary="Figures by indicator, agency and period", response_model=Kpi)
    @allows(Right.READ_KPI)
    async def kpi(
        *,
        request: Request,
        actor: Annotated[Actor, Depends(caller(*Kind))],
        indicator: Annotated[
            str | None, Query(max_length=60, description="Id of the catalogue; all by default")
        ] = None,
        agency_code: Annotated[
            AgencyCode | None, Query(description="With all below it; all with data by default")
        ] = None,
        period: Annotated[str | None, Query(max_length=7, description="2026, 2026-Q4 or 2026-11; this month")] = None,
        procedure_code: Annotated[ProcedureCode | None, Query()] = None,
        channel: Annotated[Channel | None, Query(description="1 desk, 2 online, 3 post")] = None,
    ) -> Response:
        demand(actor, Right.READ_KPI, Resource())
        now = door.now()
        span = period_of(period, now)
        on = day_of(span, now)
        indicators = [row for row in indicators_on(door.catalogue, on) if indicator in (None, row.id)]
        if not indicators:
            raise Problem(404, "unknown_indicator", detail=("Không có chỉ tiêu này.", "No such indicator."))
        if agency_code is not None and agency_code not in door.catalogue.agencies_by_code:
            raise Problem(404, "unknown_agency", detail=("Không có cơ quan này.", "No such agency."))
        reading = await door.read(Question(span, now, procedure_code, channel))
        totals = roll_up(reading.counts, door.catalogue, on)
        scopes = [agency_code] if agency_code else sorted({scope for _, scope in totals})
        hides_below = 0 if actor.kind in COLLEAGUES else door.hides_below
        found = figures(totals, door.catalogue, indicators, scopes, hides_below=hides_below)
        body = Kpi(
            as_of=reading.as_of,
            is_stale=reading.as_of is None or now - reading.as_of > FRESH,
            position=dict(reading.position),
            quarantined=reading.quarantined,
            catalogue_version=door.catalogue.version,
            fold_version=fold_version,
            rows=[_row(figure, span, reading.as_of) for figure in found],
        )
        return _answer(request, body)


def period_of(text: str | None, now: datetime) -> Period:
    """The period asked for, by default this month. Raises Problem 422."""
    try:
        return Period.parse(text or month_of(now))
    except ValueError as wrong:
        errors = [{"pointer": "query/period", "message": "Viết 2026, 2026-Q4 hoặc 2026-11."}]
        raise Problem(422, errors=errors) from wrong


def _row(figure: Figure, period: Period, as_of: datetime | None) -> Row:
    return Row(
        indicator=figure.indicator.id,
        agency_code=figure.agency_code,
        period=period.text,
        numerator=None if figure.is_hidden else figure.numerator,
        denominator=None if figure.is_hidden else figure.denominator,
        value=figure.value,
        colour=figure.colour,
        is_hidden=figure.is_hidden,
        as_of=as_of,
    )


def _answer(request: Request, body: Kpi) -> Response:
    """The tag names the log position and the figures on it, not the time they were asked."""
    content: dict[str, Any] = body.model_dump(mode="json")
    timeless = {**content, "as_of": None, "rows": [{**row, "as_of": None} for row in content["rows"]]}
    tag = hashlib.sha256(orjson.dumps(timeless, option=orjson.OPT_NON_STR_KEYS)).hexdigest()[:16]
    return not_modified(request, tag) or Response(
        orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS),
        media_type="application/json",
        headers={"ETag": etag(tag)},
    )


def document() -> dict[str, Any]:
    """The committed openapi.json; needs no server."""

    async def unread(asked: Question) -> Reading:
        raise LookupError("there is no store behind the document")

    app = application(title=TITLE, version=INTERFACE, readiness={}, environment="local")
    add_api(app, Door(unread, load_catalogue(), lambda: datetime.now(UTC), 0))
    return openapi_document(app)
