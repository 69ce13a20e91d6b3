"""The committed OpenAPI document is what the code serves and how it answers; every route says who may call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import httpx

from services.processing import api
from shared.dossier.lifecycle import Stage
from shared.dossier.permission import Kind
from shared.web.identity import undeclared_routes
from tests import builders
from tests.contract import (
    PATIENT,
    Case,
    answers_as_documented,
    contract,
    needs_credentials,
    refuses_rough_bodies,
    refuses_strangers,
)
from tests.services.processing.conftest import ROLES, People
from tests.services.processing.fakes import FakeDesk

DOCUMENT: Final = api.document()
KNOWN: Final = {"dossier_code": builders.CODE, "agency_code": builders.AGENCY, "seq": 3}
PROMISED: Final = builders.terms(procedure_code="2.000635")


def test_the_committed_document_is_the_served_one() -> None:
    committed = Path(api.__file__).with_name("openapi.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(json.dumps(api.document())), "run `make golden`"


def test_every_route_declares_who_may_call_it() -> None:
    app = api.build(None, identity=None, readiness={}, environment="local")
    assert undeclared_routes(app) == []


def asker(people: People, path: str) -> httpx.AsyncClient:
    """Who may call it: the sibling it is for, or somebody with every role."""
    for part, sibling in (("/results/", "service:intake"), ("/session", "service:metrics")):
        if part in path:
            return people(sibling, kind=Kind.SERVICE)
    return people(",".join(ROLES), person="many-hats")


@contract(DOCUMENT).parametrize()
@PATIENT
async def test_answers_are_what_the_document_says(case: Case, desk: FakeDesk, people: People) -> None:
    if not desk.dossiers:
        desk.hold(builders.a_dossier(Stage.ACCEPTED, promised=PROMISED))
    await answers_as_documented(case, asker(people, case.path), {}, KNOWN)


@needs_credentials(DOCUMENT).parametrize()
@PATIENT
async def test_strangers_are_refused(case: Case, people: People) -> None:
    stranger = people("")
    del stranger.headers["authorization"]
    await refuses_strangers(case, stranger)


async def test_rough_bodies_are_refused(people: People) -> None:
    def credentials(path: str) -> dict[str, str]:
        return {"authorization": asker(people, path).headers["authorization"]}

    await refuses_rough_bodies(DOCUMENT, people("CLERK"), credentials)
