"""The door for programs: figures as JSON. Aggregates only; small shares are hidden from callers without a token."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.metrics.rules.band import Colour
from services.metrics.rules.certificate import canonical, row, sealed
from services.metrics.rules.days import Days
from services.metrics.rules.fold import day_of as day_of_time
from services.metrics.rules.moment import Moment
from services.metrics.rules.period import Period, month_of
from services.metrics.rules.stream import dossiers
from services.metrics.store import Past, Question, Reading
from services.metrics.views import FRESH, Door, day_of, figures, proved, roll_up
from services.metrics.views.borders import Borders
from services.metrics.views.figures import broken
from services.metrics.views.spans import Span, parse
from shared.catalogue.lookup import indicators_on
from shared.dossier.actions import Channel
from shared.dossier.codes import AgencyCode, ProcedureCode
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue
from shared.web.app import application, openapi_document
from shared.web.etag import etag, not_modified
from shared.web.identity import allows, caller, demand
from shared.web.limits import EXPORT, limited
from shared.web.problem import Problem

TITLE: Final = "Một Cửa metrics"
INTERFACE: Final = "1.0.0"
"""Version of what this door speaks."""

_MONTHS: Final = r"20[0-9]{2}(-(0[1-9]|1[0-2]|Q[1-4]))?"
_DAYS: Final = r"20[0-9]{2}-((0[1-9]|1[0-2])-([0-2][0-9]|3[01]|C7|CW)|W[0-5][0-9])"
_PERIOD: Final = {"pattern": f"^({_MONTHS})?$"}
_SPAN: Final = {"pattern": f"^({_MONTHS}|{_DAYS})?$"}
_DAY: Final = {"format": "date"}
"""How they are written (empty: this month), for the document; whoever writes otherwise is told how in words."""

COLLEAGUES: Final = frozenset({Kind.STAFF, Kind.SERVICE})
"""Who sees small numbers."""


class Published(BaseModel):
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


class Row(Published):
    """A figure, and when it was true."""

    as_of: AwareDatetime | None
    """Up to when this is known; of the past: the end of the day it was true at."""


class Kpi(BaseModel):
    """All figures asked for, and what they stand on: everything on the log up to `as_of`, `position` per partition."""

    model_config = ConfigDict(frozen=True)

    as_of: AwareDatetime | None
    is_stale: bool
    position: dict[int, int]
    quarantined: int
    catalogue_version: str
    fold_version: str
    fair: bool
    """Whether, for each agency and month, everything submitted is finished, open, refused, withdrawn or stopped.

    Where it is not, the figures of the agency and of all above it are hidden.
    """
    rows: list[Row]


class Certificate(BaseModel):
    """A published report. `hash`: SHA-256 over the canonical JSON (sorted keys, no spaces) of everything else."""

    model_config = ConfigDict(frozen=True)

    certificate: int
    period: str
    agency_code: AgencyCode | None
    judged_at: AwareDatetime
    """When running dossiers were judged."""
    as_of: AwareDatetime
    position: dict[int, int]
    """Partition of the log → next offset: what was counted."""
    fold_version: str
    catalogue_version: str
    hides_below: int
    rows: list[Published]
    hash: str


def add_api(app: FastAPI, door: Door) -> None:
    """Serves `GET /api/kpi` and `GET /api/certificate`."""
    fold_version = dossiers(door.catalogue).version

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
        period: Annotated[
            str | None,
            Query(
                max_length=10,
                json_schema_extra=_SPAN,
                description="2026, 2026-Q4 or 2026-11; this month. Counted on read, of now, without complaints, for"
                " all procedures and channels: 2026-11-30, 2026-W48, campaign week 2026-11-C7 or 2026-11-CW",
            ),
        ] = None,
        procedure_code: Annotated[ProcedureCode | None, Query()] = None,
        channel: Annotated[Channel | None, Query(description="1 desk, 2 online, 3 post")] = None,
        as_of: Annotated[
            str | None, Query(max_length=40, json_schema_extra=_DAY, description="What was true at the end of this day")
        ] = None,
        known_at: Annotated[
            str | None, Query(max_length=40, json_schema_extra=_DAY, description="What we knew at the end of it")
        ] = None,
        borders: Annotated[
            Literal["then", "today"], Query(description="Agencies as they were, or everything where it stands today")
        ] = "then",
    ) -> Response:
        demand(actor, Right.READ_KPI, Resource())
        now = door.now()
        span = span_of(period, now)
        at, past = _past(as_of, known_at, now)
        if past and (procedure_code or channel):
            raise _wrong("as_of", "Số liệu quá khứ chỉ có cho mọi thủ tục và mọi hình thức.", "not_kept")
        if isinstance(span, Days) and (past or procedure_code or channel):
            raise _wrong("period", "Ngày và tuần chỉ có số hiện tại, cho mọi thủ tục và mọi hình thức.", "not_kept")
        on = day_of(span, at)
        counted = (proved if past or isinstance(span, Days) else indicators_on)(door.catalogue, on)
        indicators = [row for row in counted if indicator in (None, row.id)]
        if not indicators:
            raise Problem(404, "unknown_indicator", detail=("Không có chỉ tiêu này.", "No such indicator."))
        if agency_code is not None and agency_code not in door.catalogue.agencies_by_code:
            raise Problem(404, "unknown_agency", detail=("Không có cơ quan này.", "No such agency."))
        if isinstance(span, Days):
            [reading] = await door.read_days([span], at)
        else:
            reading = await door.read(Question(span, at, procedure_code, channel, past))
        is_today = borders == "today"
        tree = Borders(door.catalogue, now.astimezone(LOCAL).date() if is_today else on, follows=is_today)
        totals = roll_up(reading.counts, door.catalogue, on, tree)
        scopes = [agency_code] if agency_code else sorted({scope for _, scope in totals})
        hides_below = 0 if actor.kind in COLLEAGUES else door.hides_below
        shown_at = at if past else reading.as_of
        withheld = broken(reading, tree)
        found = figures(totals, door.catalogue, indicators, scopes, on, hides_below=hides_below, withheld=withheld)
        body = Kpi(
            as_of=reading.as_of,
            is_stale=reading.as_of is None or now - reading.as_of > FRESH,
            position=dict(reading.position),
            quarantined=reading.quarantined,
            catalogue_version=door.catalogue.version,
            fold_version=fold_version,
            fair=not reading.unfair,
            rows=[Row(**row(figure, span.text), as_of=shown_at) for figure in found],
        )
        return _answer(request, body)

    @app.get(
        "/api/certificate",
        tags=["kpi"],
        summary="A report to publish: figures, what they stand on, and a hash that `motcua verify` proves",
        response_model=Certificate,
    )
    @allows(Right.READ_KPI)
    @limited(EXPORT)
    async def certificate(
        *,
        actor: Annotated[Actor, Depends(caller(*Kind))],
        agency_code: Annotated[
            AgencyCode | None, Query(description="With all below it; all with data by default")
        ] = None,
        period: Annotated[
            str | None,
            Query(max_length=7, json_schema_extra=_PERIOD, description="2026, 2026-Q4 or 2026-11; this month"),
        ] = None,
    ) -> Response:
        demand(actor, Right.READ_KPI, Resource())
        now = door.now()
        span = period_of(period, now)
        if agency_code is not None and agency_code not in door.catalogue.agencies_by_code:
            raise Problem(404, "unknown_agency", detail=("Không có cơ quan này.", "No such agency."))
        reading = await door.read(Question(span, now))
        _publishable(reading)
        totals = roll_up(reading.counts, door.catalogue, on := day_of(span, now))
        scopes = [agency_code] if agency_code else sorted({scope for _, scope in totals})
        hides_below = 0 if actor.kind in COLLEAGUES else door.hides_below
        stands_on = {
            "period": span.text,
            "agency_code": agency_code,
            "judged_at": now.isoformat(),
            "as_of": reading.as_of and reading.as_of.isoformat(),
            "position": {str(partition): at for partition, at in sorted(reading.position.items())},
            "fold_version": fold_version,
            "catalogue_version": door.catalogue.version,
            "hides_below": hides_below,
        }
        found = figures(totals, door.catalogue, proved(door.catalogue, on), scopes, on, hides_below=hides_below)
        published = sealed(stands_on, (row(figure, span.text) for figure in found))
        name = f"motcua-{span.text}{f'-{agency_code}' if agency_code else ''}.json"
        return Response(
            canonical(published),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


def span_of(text: str | None, now: datetime) -> Span:
    """The period asked for, of months or days, by default this month. Raises Problem 422."""
    try:
        return parse(text or month_of(now))
    except ValueError as wrong:
        raise _wrong(
            "period", "Viết 2026, 2026-Q4, 2026-11, 2026-11-30, 2026-W48, 2026-11-C7 hoặc 2026-11-CW."
        ) from wrong


def period_of(text: str | None, now: datetime) -> Period:
    """The period asked for, by default this month. Raises Problem 422."""
    try:
        return Period.parse(text or month_of(now))
    except ValueError as wrong:
        errors = [{"pointer": "query/period", "message": "Viết 2026, 2026-Q4 hoặc 2026-11."}]
        raise Problem(422, errors=errors) from wrong


def _past(as_of: str | None, known_at: str | None, now: datetime) -> tuple[datetime, Past | None]:
    """When running dossiers are judged, and the days asked for; None = now. Raises Problem 422."""
    if as_of is None and known_at is None:
        return now, None
    true = _moment("as_of", as_of if as_of is not None else known_at or "")
    known = _moment("known_at", known_at) if known_at is not None else Moment(now, day_of_time(now))
    if true.day is None or known.day is None:
        raise _wrong(
            "as_of", "Ở đây chỉ hỏi được số liệu cuối ngày (2022-06-30); `motcua kpi --as-of` trả lời mọi lúc."
        )
    return true.at, Past(true.day, known.day)


def _moment(name: str, text: str) -> Moment:
    try:
        return Moment.parse(text)
    except ValueError as wrong:
        raise _wrong(name, "Viết 2022-06-30 (cuối ngày ấy).") from wrong


def _wrong(name: str, message: str, code: str = "invalid") -> Problem:
    return Problem(422, code, errors=[{"pointer": f"query/{name}", "message": message}])


def _publishable(reading: Reading) -> None:
    """Raises Problem 409: what does not add up, or is not counted yet, is not published."""
    if reading.unfair:
        agency, month = reading.unfair[0]
        raise Problem(
            409,
            "unfair_count",
            detail=(
                f"Không công bố được: số hồ sơ nộp của {agency} tháng {month} khác tổng các kết cục.",
                f"Not published: what {agency} was given in {month} is not the sum of how it ended.",
            ),
        )
    if reading.as_of is None:
        raise Problem(
            409,
            "not_counted_yet",
            detail=("Chưa đọc hết sự kiện, xin thử lại sau.", "The log is not counted yet, try again later."),
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
