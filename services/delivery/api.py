"""Delivery's door for programs: hand-over to the postman, parcels with their timeline."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel

from services.delivery import store
from services.delivery.acts.dispatching import dispatch
from services.delivery.acts.door import Door, look, resource_of
from services.delivery.rules.parcel import Fault
from shared.contracts.delivery import ParcelStatus
from shared.contracts.facts import Facts
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor, Kind, Right
from shared.web.app import application, openapi_document
from shared.web.etag import etag
from shared.web.idempotency import IdempotencyKey, once_only
from shared.web.identity import allows, caller, demand
from shared.web.problem import Problem

TITLE: Final = "Delivery"
VERSION: Final = "1.0.0"


class DispatchAnswer(BaseModel):
    facts: Facts


class ScanAnswer(BaseModel):
    """One message of the carrier; `fault` says why it was kept aside, `carrier_status` is its own code."""

    status: ParcelStatus | None
    carrier_status: str
    happened_at: AwareDatetime
    received_at: AwareDatetime
    fault: Fault


class ParcelAnswer(BaseModel):
    """A result's way home. `attention`: why the desk has to look at it, empty when it need not."""

    order_code: str
    parcel_number: str
    status: ParcelStatus | None
    status_at: AwareDatetime | None
    handed_over_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    proof_reference: str
    attention: str
    timeline: list[ScanAnswer]


def routes(door: Door) -> APIRouter:
    """The API."""
    router = APIRouter(prefix="/api", tags=["delivery"])

    @router.post("/dossiers/{dossier_code}/dispatch", response_model=DispatchAnswer)
    @allows(Act.DISPATCH)
    async def dispatch_result(
        request: Request,
        dossier_code: DossierCode,
        actor: Annotated[Actor, Depends(caller(Kind.STAFF))],
        key: Annotated[str, Depends(IdempotencyKey)],
    ) -> Response:
        """The parcel is given to the postman: the carrier's hand-over, then the dossier."""

        async def work() -> Response:
            facts = await dispatch(door, actor, dossier_code, key)
            answer = DispatchAnswer(facts=facts).model_dump(mode="json")
            return JSONResponse(answer, headers={"ETag": etag(facts.seq)})

        return await once_only(request, door.sessions, store.once, work, principal=actor.person_code, key=key)

    @router.get("/parcels/{dossier_code}")
    @allows(Right.READ_DOSSIER)
    async def parcel(
        dossier_code: DossierCode, actor: Annotated[Actor, Depends(caller(Kind.STAFF, Kind.SERVICE))]
    ) -> ParcelAnswer:
        """The dossier's last parcel and everything the carrier said of it, by its own times."""
        demand(actor, Right.READ_DOSSIER, resource_of(door, await look(door, dossier_code)))
        async with door.sessions.begin() as session:
            found = await store.newest_parcel(session, dossier_code)
            scans = await store.scans_of(session, found.order_code) if found else []
        if found is None:
            raise Problem(404, "no_parcel", detail=("Hồ sơ này chưa có bưu gửi.", "This dossier has no parcel."))
        return ParcelAnswer(
            order_code=found.order_code,
            parcel_number=found.parcel_number,
            status=found.status,
            status_at=found.status_at,
            handed_over_at=found.handed_over_at,
            delivered_at=found.delivered_at,
            proof_reference=found.proof_reference,
            attention=found.attention,
            timeline=[
                ScanAnswer(
                    status=scan.status,
                    carrier_status=scan.carrier_status,
                    happened_at=scan.happened_at,
                    received_at=scan.received_at,
                    fault=scan.fault,
                )
                for scan in scans
            ],
        )

    return router


def document() -> dict[str, Any]:
    """OpenAPI of these routes, made without any server: they are described, never called."""
    app = application(title=TITLE, version=VERSION, readiness={}, environment="local")
    nothing: Any = None
    app.include_router(routes(nothing))
    return openapi_document(app)
