"""Door for programs and the staff's pages: worklist, dossier, acts, and the signed result for intake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.processing import acts, store
from services.processing.acts import Click, Door
from services.processing.acts.accounts import Staff as Accounts
from services.processing.rules.asked import ACTS, WORDY, Asked
from services.processing.rules.signing import is_issued, local_day
from services.processing.rules.worklist import agencies_below, scope_of
from services.processing.views import (
    DeadlineView,
    DossierView,
    WorklistPage,
    deadline_view,
    dossier_view,
    worklist_rows,
)
from shared.contracts.facts import Facts
from shared.contracts.person import MOST_WORDS
from shared.contracts.session import SessionAsked, SessionHolder
from shared.dossier import actions
from shared.dossier.codes import AgencyCode, CommandId, DossierCode
from shared.dossier.lifecycle import Act, Role, TaskKind
from shared.dossier.permission import Actor, Kind, Right
from shared.dossier.refusal import Unknown
from shared.platform.objects import ObjectMissing
from shared.web.app import Check, application, openapi_document
from shared.web.counting import Limits
from shared.web.etag import etag, not_modified
from shared.web.identity import Identity, allows, caller
from shared.web.pages import LIMIT, Limit, key_of, next_link
from shared.web.pages import cursor as cursor_of
from shared.web.problem import Problem

VERSION = "1.0.0"
RESULT_READER = "service:intake"
"""The only caller that may fetch a signed result: the owner asks intake for it."""
SESSION_READER = "service:metrics"
"""The only caller that may ask who holds a session: the board knows colleagues by the console's cookie."""

router = APIRouter(prefix="/api")


def door_of(request: Request) -> Door:
    """What this process' doors share."""
    door: Door = request.app.state.door
    return door


TheDoor = Annotated[Door, Depends(door_of)]
Staff = Annotated[Actor, Depends(caller(Kind.STAFF))]
Reader = Annotated[Actor, Depends(caller(Kind.STAFF, Kind.SERVICE))]
Sibling = Annotated[Actor, Depends(caller(Kind.SERVICE))]
IdempotencyKey = Annotated[CommandId, Header(description="One per intended act; becomes the act's command id")]


class ActsAsked(BaseModel):
    """One click: one or more acts, taken together or not at all. `seq`: the state the person saw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: Annotated[tuple[Asked, ...], Field(min_length=1, max_length=4)]
    seq: Annotated[int, Field(ge=1, strict=True)] | None = None
    words: Annotated[str, Field(max_length=MOST_WORDS)] = ""
    """For the applicant, in full sentences; printed on the paper that goes with the act."""

    @model_validator(mode="after")
    def _say_what_is_missing(self) -> Self:
        if not self.words.strip() and any(action.kind in WORDY for action in self.actions):
            raise ValueError("words: the applicant is told in words")
        return self


@router.get("/worklist", response_model=WorklistPage)
@allows(Right.READ_WORKLIST)
async def worklist(  # noqa: PLR0917 - one parameter per filter
    request: Request,
    actor: Staff,
    door: TheDoor,
    role: Role | None = None,
    agency_code: AgencyCode | None = None,
    task: TaskKind | None = None,
    cursor: str | None = None,
    limit: Limit = LIMIT,
) -> Response:
    """Open tasks that the caller's grants cover: no due time first, then by due time and code.

    `agency_code` narrows to that agency and what is below it.
    """
    on = local_day(door.now())
    grants = tuple(grant for grant in actor.grants if role in (None, grant.role))
    scope = scope_of(door.catalogue, grants, on)
    if agency_code is not None:
        below = agencies_below(door.catalogue, agency_code, on)
        scope = {each: codes & below for each, codes in scope.items()}
    async with door.reads() as session:
        rows = await store.tasks(session, scope, kind=task, after=_place(cursor), limit=limit + 1)
    after = _cursor(rows[limit - 1]) if len(rows) > limit else None
    page = WorklistPage(rows=worklist_rows(actor, rows[:limit], door.catalogue, on), next_cursor=after)
    return _json(page, next_link(request, after))


@router.get("/dossiers/{dossier_code}", response_model=DossierView)
@allows(Right.READ_DOSSIER)
async def dossier(request: Request, actor: Reader, door: TheDoor, dossier_code: DossierCode) -> Response:
    """The present facts and the acts open to the caller."""
    facts = await acts.read(door, actor, dossier_code)
    return not_modified(request, facts.seq) or _shown(door, actor, facts)


@router.get("/dossiers/{dossier_code}/deadline", response_model=DeadlineView)
@allows(Right.READ_DOSSIER)
async def deadline(actor: Reader, door: TheDoor, dossier_code: DossierCode) -> Response:
    """Why it is due when it is: each interval with its reason and article. 404 before acceptance."""
    view = deadline_view(await acts.read(door, actor, dossier_code), door.catalogue)
    if view is None:
        raise Unknown
    return Response(view.model_dump_json(by_alias=True), media_type="application/json")


@router.post("/dossiers/{dossier_code}/claim", response_model=DossierView)
@allows(Act.CLAIM)
async def claim(actor: Staff, door: TheDoor, dossier_code: DossierCode, idempotency_key: IdempotencyKey) -> Response:
    """Take the dossier over as its specialist."""
    return _shown(door, actor, await acts.take(door, actor, dossier_code, Click(idempotency_key, (actions.Claim(),))))


@router.post("/dossiers/{dossier_code}/acts", response_model=DossierView)
@allows(*ACTS)
async def act(
    actor: Staff, door: TheDoor, dossier_code: DossierCode, idempotency_key: IdempotencyKey, asked: ActsAsked
) -> Response:
    """One click on a dossier. 409 names the acts allowed now; the same key with the same body is one act."""
    click = Click(idempotency_key, asked.actions, asked.seq, asked.words.strip())
    return _shown(door, actor, await acts.take(door, actor, dossier_code, click))


@router.get("/results/{dossier_code}", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
@allows(Right.READ_RESULT)
async def result(actor: Sibling, door: TheDoor, dossier_code: DossierCode) -> Response:
    """The signed file of an issued result, for intake, which hands it to the owner."""
    if actor.person_code != RESULT_READER:
        raise Unknown
    facts = await acts.read(door, actor, dossier_code)
    async with door.reads() as session:
        signed = await store.signed_file(session, dossier_code)
    if signed is None or not is_issued(facts):
        raise Unknown
    try:
        pdf = await door.objects.get(dossier_code, signed.address)
    except ObjectMissing as missing:
        raise LookupError("a signed result is gone from the document store") from missing
    return Response(pdf, media_type="application/pdf")


@router.post("/session")
@allows(Right.READ_SESSION)
async def session_holder(actor: Sibling, door: TheDoor, asked: SessionAsked) -> SessionHolder:
    """Who holds a session of the console, asked anew for every page: a session that ended here has ended there."""
    if actor.person_code != SESSION_READER:
        raise Unknown
    member = await Accounts(door.sessions, door.now).member(asked.token.get_secret_value(), is_use=asked.is_use)
    return SessionHolder(holder=None if member is None or member.session.is_locked else member.actor)


def build(
    door: Door | None,
    *,
    identity: Identity | None,
    readiness: Mapping[str, Check],
    environment: Literal["local", "production"],
    limits: Limits | None = None,
    uploads: Mapping[str, int] | None = None,
    leads_to: Sequence[str] = (),
) -> FastAPI:
    """The application of this service. `uploads`: body limits of its pages that take files.

    `leads_to`: other origins to which whoever sent a form of ours may be sent on: the board's, the identity provider's.
    """
    app = application(
        title="Một Cửa: processing",
        version=VERSION,
        readiness=readiness,
        environment=environment,
        identity=identity,
        limits=limits,
        uploads=uploads,
        form_action=" ".join(("'self'", *leads_to)),
    )
    app.state.door = door
    app.include_router(router)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document that is committed as `openapi.json`; needs no server."""
    return openapi_document(build(None, identity=None, readiness={}, environment="local"))


def _shown(door: Door, actor: Actor, facts: Facts) -> Response:
    view = dossier_view(actor, facts, acts.resource(door, facts))
    return _json(view, {"ETag": etag(facts.seq)})


def _json(view: BaseModel, headers: Mapping[str, str]) -> Response:
    """Written once by pydantic: the framework would validate and write it a second time."""
    return Response(view.model_dump_json(), media_type="application/json", headers=dict(headers))


def _cursor(row: store.Row) -> str:
    return cursor_of(row.due_order.isoformat(), row.facts.dossier_code, row.task.kind if row.task else "")


def _place(after: str | None) -> tuple[datetime, str, str] | None:
    key = key_of(after, 3)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(str(key[0])).astimezone(UTC), str(key[1]), str(key[2])
    except ValueError as error:
        raise Problem(400, "cursor_invalid", detail=("Con trỏ trang không hợp lệ.", "Not a cursor of ours.")) from error
