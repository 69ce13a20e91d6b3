"""The guard that finds doors nobody owns."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI

from shared.dossier.permission import Actor, Kind, Right
from shared.web.identity import allows, caller, public, undeclared_routes


def test_a_complete_application_has_no_door_without_an_owner(app: FastAPI) -> None:
    assert undeclared_routes(app) == []


def test_doors_without_owner_or_without_asking_who_calls_are_found(app: FastAPI) -> None:
    router = APIRouter(prefix="/late")

    @router.get("/nobody")
    async def nobody() -> None: ...

    @router.post("/declared-but-open")
    @allows(Right.READ_PERSON)
    async def declared_but_open() -> None: ...

    @router.get("/nested")
    @allows(Right.READ_KPI)
    async def nested(actor: Annotated[Actor, Depends(staff_only)]) -> None: ...

    @router.get("/open")
    @public("shows nothing")
    async def open_door() -> None: ...

    app.include_router(router)
    inner = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    inner.get("/inside")(nobody)
    app.mount("/mounted", inner)
    assert undeclared_routes(app) == ["POST /late/declared-but-open", "GET /late/nobody", "GET /mounted/inside"]


async def staff_only(actor: Annotated[Actor, Depends(caller(Kind.STAFF))]) -> Actor:
    return actor
