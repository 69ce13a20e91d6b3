"""The committed OpenAPI document is the one the code makes; every route says who may call it."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi.routing import APIRoute

from services.intake import api
from shared.web.identity import declared


def test_the_committed_document_is_current() -> None:
    committed = Path(api.__file__).parent.parent / "openapi.json"
    assert json.loads(committed.read_text()) == json.loads(json.dumps(api.document())), (
        "run `make golden` and commit what changed"
    )


def test_every_route_declares_who_may_call_it() -> None:
    routes = [route for router in api.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) == 32
    assert [route.path for route in routes if not declared(route.endpoint)] == []
