"""Feedback and complaints: give, follow, handle, answer, rate; with an account or with a receipt."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from services.intake import acts
from services.intake.acts import feedback as doing
from services.intake.acts.feedback import Action
from services.intake.api._door import TheDoor, ThePage
from services.intake.api.dossiers import Citizen, Code, Key
from services.intake.rules.feedback import CitizenSays, FeedbackForm, FeedbackSays, FeedbackUnknown, ReceiptFeedbackForm
from services.intake.store import feedback
from services.intake.store.tables import once
from services.intake.views import FeedbackFactsView, FeedbackGiven, FeedbackList, FeedbackView
from shared.dossier.actions import By
from shared.dossier.codes import FeedbackCode
from shared.dossier.feedback.acts import FeedbackAct, FeedbackStage
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.dossier.refusal import Unknown
from shared.platform.receipt import fits
from shared.web.etag import etag
from shared.web.idempotency import once_only
from shared.web.identity import ANYONE, allows, caller, demand, public
from shared.web.limits import TRACKING, limited
from shared.web.pages import cursor, next_link

router = APIRouter(prefix="/api", tags=["feedback"])
Somebody = Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF))]
Feedback = Annotated[FeedbackCode, Path()]
Secret = Annotated[str, Header(alias="Tracking-Secret", max_length=40)]


@router.post("/feedback", status_code=201)
@allows(Right.GIVE_FEEDBACK)
async def give(form: FeedbackForm, response: Response, door: TheDoor, key: Key, actor: Citizen) -> FeedbackGiven:
    """About one of the caller's dossiers, or about an agency in general. 503: repeat with the same key."""
    demand(actor, Right.GIVE_FEEDBACK, Resource())
    if form.dossier_code:
        demand(actor, Right.READ_DOSSIER, (await acts.rights_to(door, form.dossier_code))[1])
    receipt = await doing.give(door, form, caller=actor.person_code, owner_code=actor.person_code, key=key)
    return _given(response, receipt)


@router.post("/tracking/{dossier_code}/feedback", status_code=201)
@public("the receipt's secret part opens it")
@limited(TRACKING)
async def give_with_receipt(  # noqa: PLR0917 - what FastAPI hands in
    dossier_code: Code, form: ReceiptFeedbackForm, response: Response, door: TheDoor, key: Key, secret: Secret = ""
) -> FeedbackGiven:
    """About the dossier whose receipt is shown; it is its owner's feedback. 503: repeat with the same key."""
    if not fits(door.receipt_key, dossier_code, secret):
        raise Unknown
    _, resource = await acts.rights_to(door, dossier_code)
    whole = FeedbackForm(**form.model_dump(), dossier_code=dossier_code)
    receipt = await doing.give(
        door, whole, caller=f"receipt:{dossier_code}", owner_code=resource.owner_code, key=key
    )  # fmt: skip
    return _given(response, receipt)


@router.get("/feedback")
@allows(Right.READ_FEEDBACK)
async def listed(  # noqa: PLR0917 - what FastAPI hands in
    request: Request,
    response: Response,
    door: TheDoor,
    actor: Somebody,
    page: ThePage,
    stage: Annotated[FeedbackStage | None, Query(description="For staff: only what is there")] = None,
) -> FeedbackList:
    """A citizen's own; for staff what their agencies have now. By code."""
    async with door.sessions() as session:
        if actor.kind is Kind.CITIZEN:
            found = await feedback.of_owner(session, actor.person_code, after=page.after, limit=page.limit + 1)
        else:
            agencies = doing.agencies_of(door, actor)
            found = await feedback.of_agencies(
                session, agencies, stage=stage, after=page.after, limit=page.limit + 1
            )  # fmt: skip
    more = cursor(found[page.limit - 1].feedback_code) if len(found) > page.limit else None
    response.headers.update(next_link(request, more))
    return FeedbackList(feedback=tuple(found[: page.limit]), next_cursor=more)


@router.get("/feedback/{feedback_code}")
@allows(Right.READ_FEEDBACK)
async def read(feedback_code: Feedback, response: Response, door: TheDoor, actor: Somebody) -> FeedbackView:
    """What was written and answered, and what the caller may do now."""
    facts, resource = await doing.seen_by(door, actor, feedback_code)
    response.headers["ETag"] = etag(facts.seq)
    said = await doing.said_in(door, feedback_code, actor)
    return FeedbackView.of(facts, said, doing.open_to(actor, facts, resource))


@router.post("/feedback/{feedback_code}/acts", response_model=FeedbackFactsView)
@allows(
    FeedbackAct.ASSIGN,
    FeedbackAct.ASK_MORE,
    FeedbackAct.FORWARD,
    FeedbackAct.ANSWER,
    FeedbackAct.REFUSE,
    FeedbackAct.CLARIFY,
    FeedbackAct.RATE,
)
async def act(  # noqa: PLR0917 - what FastAPI hands in
    feedback_code: Feedback, says: FeedbackSays, request: Request, door: TheDoor, key: Key, actor: Somebody
) -> Response:
    """One act with its words, by staff of the agency that has it or by whoever gave it."""
    _, resource = await doing.seen_by(door, actor, feedback_code)
    by = doing.as_role(actor, FeedbackAct(says.action.kind), resource)
    return await _done(request, door, by, feedback_code, says.action, says.words, actor.person_code, key)


@router.get("/tracking/feedback/{feedback_code}")
@public("the secret that was told when the feedback was given opens it")
@limited(TRACKING)
async def follow(feedback_code: Feedback, response: Response, door: TheDoor, secret: Secret = "") -> FeedbackView:
    """The same without an account."""
    if not fits(door.receipt_key, feedback_code, secret):
        raise FeedbackUnknown
    facts, resource = await doing.rights_of(door, feedback_code)
    giver = Actor(person_code=resource.owner_code, kind=Kind.CITIZEN)
    response.headers["ETag"] = etag(facts.seq)
    return FeedbackView.of(
        facts, await doing.said_in(door, feedback_code, ANYONE), doing.open_to(giver, facts, resource)
    )


@router.post("/tracking/feedback/{feedback_code}/acts", response_model=FeedbackFactsView)
@public("the secret that was told when the feedback was given opens it")
@limited(TRACKING)
async def say(  # noqa: PLR0917 - what FastAPI hands in
    feedback_code: Feedback, says: CitizenSays, request: Request, door: TheDoor, key: Key, secret: Secret = ""
) -> Response:
    """Say more, or rate the answer, without an account."""
    if not fits(door.receipt_key, feedback_code, secret):
        raise FeedbackUnknown
    facts, _ = await doing.rights_of(door, feedback_code)
    by = By(role=Role.APPLICANT, agency_code=facts.agency_code)
    return await _done(request, door, by, feedback_code, says.action, says.words, f"receipt:{feedback_code}", key)


async def _done(  # noqa: PLR0917 - what both doors have
    request: Request,
    door: TheDoor,
    by: By,
    feedback_code: str,
    action: Action,
    words: str | None,
    principal: str,
    key: str,
) -> Response:
    async def work() -> Response:
        facts = await doing.act(door, by, feedback_code, action, words=words, key=key)
        body = FeedbackFactsView(facts=facts).model_dump_json()
        return Response(body, media_type="application/json", headers={"ETag": etag(facts.seq)})

    return await once_only(request, door.sessions, once, work, principal=principal, key=key)


def _given(response: Response, receipt: doing.Receipt) -> FeedbackGiven:
    code = receipt.facts.feedback_code
    response.headers.update({"Location": f"/api/feedback/{code}", "ETag": etag(receipt.facts.seq)})
    return FeedbackGiven(feedback_code=code, tracking_secret=receipt.tracking_secret, facts=receipt.facts)
