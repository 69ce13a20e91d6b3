"""Payment's door for programs: orders, cash, receipts, findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.payment import store
from services.payment.acts.door import Door, agencies_of, look, payable, resource_of
from services.payment.acts.ordering import open_order, take_cash
from services.payment.rules.numbering import receipt_number
from services.payment.rules.settlement import Means
from shared.contracts.facts import Facts
from shared.dossier.codes import DossierCode
from shared.dossier.permission import Actor, Kind, Right
from shared.web.app import application, openapi_document
from shared.web.etag import etag
from shared.web.idempotency import IdempotencyKey, once_only
from shared.web.identity import allows, caller, demand, public
from shared.web.limits import TRACKING, limited
from shared.web.pages import LIMIT, Limit, cursor, key_of, next_link

TrackingSecret = Annotated[str, Header(max_length=40, description="The secret part of the receipt")]


TITLE: Final = "Payment"
VERSION: Final = "1.0.0"


class OrderAnswer(BaseModel):
    """Where to pay. Money in đồng."""

    txn_ref: str
    redirect_url: str
    amount_vnd: int
    expires_at: AwareDatetime


class CashAsked(BaseModel):
    """What was counted, in đồng."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    amount_vnd: int = Field(gt=0, le=10_000_000_000)


class ReceiptAnswer(BaseModel):
    """A fee receipt (TT 303/2016/TT-BTC); the payer's name is printed from intake's records, it is not kept here."""

    symbol: str
    number: str
    amount_vnd: int
    means: Means
    issued_at: AwareDatetime
    cancelled_at: AwareDatetime | None


class CashAnswer(BaseModel):
    facts: Facts
    receipt: ReceiptAnswer


class ReceiptsAnswer(BaseModel):
    receipts: list[ReceiptAnswer]


class FindingAnswer(BaseModel):
    """A difference that an accountant has to settle."""

    kind: str
    txn_ref: str
    dossier_code: str
    agency_code: str
    opened_at: AwareDatetime


class FindingsAnswer(BaseModel):
    findings: list[FindingAnswer]


def routes(door: Door) -> APIRouter:
    """The API."""
    router = APIRouter(prefix="/api", tags=["payment"])

    @router.post("/dossiers/{dossier_code}/orders", status_code=201)
    @public("checks the receipt's secret part with intake")
    @limited(TRACKING)
    async def order(dossier_code: DossierCode, tracking_secret: TrackingSecret) -> OrderAnswer:
        """An order at the gateway for what the dossier owes; while one is pending, that one again."""
        attempt = await open_order(door, dossier_code, tracking_secret)
        return OrderAnswer(
            txn_ref=attempt.txn_ref,
            redirect_url=door.gateway.redirect_url(payable(attempt)),
            amount_vnd=attempt.amount_vnd,
            expires_at=attempt.expires_at,
        )

    @router.post("/dossiers/{dossier_code}/cash", response_model=CashAnswer)
    @allows(Right.TAKE_CASH)
    async def cash(
        request: Request,
        dossier_code: DossierCode,
        asked: CashAsked,
        actor: Annotated[Actor, Depends(caller(Kind.STAFF))],
        key: Annotated[str, Depends(IdempotencyKey)],
    ) -> Response:
        """Cash counted by an accountant of the receiving or the deciding agency."""

        async def work() -> Response:
            facts, receipt = await take_cash(door, actor, dossier_code, asked.amount_vnd, key)
            answer = CashAnswer(facts=facts, receipt=_shown(receipt))
            return JSONResponse(answer.model_dump(mode="json"), headers={"ETag": etag(facts.seq)})

        return await once_only(request, door.sessions, store.once, work, principal=actor.person_code, key=key)

    @router.get("/dossiers/{dossier_code}/receipts")
    @allows(Right.READ_DOSSIER)
    @limited(TRACKING)
    async def receipts(
        dossier_code: DossierCode,
        actor: Annotated[Actor, Depends(caller(Kind.ANYONE, Kind.STAFF, Kind.SERVICE))],
        tracking_secret: TrackingSecret = "",
    ) -> ReceiptsAnswer:
        """Receipts of a dossier: for whoever holds the receipt's secret part, and for staff within sight."""
        if actor.kind is Kind.ANYONE:
            await door.applicants.demand_secret(dossier_code, tracking_secret)
        else:
            demand(actor, Right.READ_DOSSIER, resource_of(door, await look(door, dossier_code)))
        async with door.sessions.begin() as session:
            found = await store.receipts_of(session, dossier_code)
        return ReceiptsAnswer(receipts=[_shown(receipt) for receipt in found])

    @router.get("/findings")
    @allows(Right.TAKE_CASH)
    async def findings(
        request: Request,
        response: Response,
        actor: Annotated[Actor, Depends(caller(Kind.STAFF))],
        cursor_: Annotated[str | None, Query(alias="cursor")] = None,
        limit: Limit = LIMIT,
    ) -> FindingsAnswer:
        """Differences between our books and the gateway's, of the accountant's agencies, oldest first."""
        after = key_of(cursor_, 1)
        async with door.sessions.begin() as session:
            found = await store.findings(
                session,
                agencies_of(door, actor, Right.TAKE_CASH),
                after=int(after[0] or 0) if after else 0,
                limit=limit,
            )
        response.headers.update(next_link(request, cursor(found[-1].finding_id) if len(found) == limit else None))
        return FindingsAnswer(findings=_found(found))

    return router


def _found(found: Sequence[store.Finding]) -> list[FindingAnswer]:
    return [
        FindingAnswer(
            kind=each.kind,
            txn_ref=each.txn_ref,
            dossier_code=each.dossier_code,
            agency_code=each.agency_code,
            opened_at=each.opened_at,
        )
        for each in found
    ]


def _shown(receipt: store.Receipt) -> ReceiptAnswer:
    return ReceiptAnswer(
        symbol=receipt.symbol,
        number=receipt_number(receipt.number),
        amount_vnd=receipt.amount_vnd,
        means=receipt.means,
        issued_at=receipt.issued_at,
        cancelled_at=receipt.cancelled_at,
    )


def document() -> dict[str, Any]:
    """OpenAPI of these routes, made without any server: they are described, never called."""
    app = application(title=TITLE, version=VERSION, readiness={}, environment="local")
    nothing: Any = None
    app.include_router(routes(nothing))
    return openapi_document(app)
