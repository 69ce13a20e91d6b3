"""The committed OpenAPI document is what the code serves, and every route says who may call it."""

from __future__ import annotations

import json
from pathlib import Path

from services.processing import api
from shared.web.identity import undeclared_routes


def test_the_committed_document_is_the_served_one() -> None:
    committed = Path(api.__file__).with_name("openapi.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(json.dumps(api.document())), "run `make golden`"


def test_every_route_declares_who_may_call_it() -> None:
    app = api.build(None, identity=None, readiness={}, environment="local")
    assert undeclared_routes(app) == []
