"""Door for programs: catalogue, papers, dossiers, progress, feedback; and the private door. One router a subject."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from services.intake.acts import Door
from services.intake.api import catalogue, counter, documents, dossiers, feedback, later, private, tracking
from shared.web.app import application, openapi_document

TITLE: Final = "Một Cửa: tiếp nhận hồ sơ"
VERSION: Final = "1.0.0"
ROUTERS: Final = (
    catalogue.router,
    documents.router,
    dossiers.router,
    counter.router,
    later.router,
    tracking.router,
    feedback.router,
    private.router,
)


def attach(app: FastAPI, door: Door | None) -> FastAPI:
    """Hangs intake's routes into an application and gives them what they stand on."""
    app.state.door = door
    for router in ROUTERS:
        app.include_router(router)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document; needs no server."""
    app = application(title=TITLE, version=VERSION, readiness={}, environment="local")
    return openapi_document(attach(app, None))
