"""The answers of metrics' door for programs are what its OpenAPI document says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest

from services.metrics import store
from services.metrics.__main__ import build
from services.metrics.api import document
from services.metrics.rules.days import Days
from services.metrics.rules.measures import Measures
from services.metrics.store import Question, Reading, lists
from services.metrics.views import Door
from shared.catalogue.model import Catalogue
from tests.contract import PATIENT, Case, answers_as_documented, contract
from tests.services.metrics.conftest import Log
from tests.services.metrics.lives import Told
from tests.services.metrics.test_doors import JUSTICE, RECORD, SERVICE, Everybody

DOCUMENT: Final = document()
KNOWN: Final = {
    "agency_code": JUSTICE,
    "procedure_code": RECORD,
    "indicator": "on_time_share",
    "period": "2026-11",
    "as_of": "2026-11-20",
    "known_at": "2026-11-21",
}
NOW: Final = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.fixture
async def http(log: Log, lives: list[list[Told]], catalogue: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    """The service's API over what it has folded."""
    records = [(record.key, record.value) for life in lives[:30] for record in life]
    await log.tell(records)
    async with log.folded_by(log.folding()):
        await log.all_folded(len(records))

    async def read(asked: Question) -> Reading:
        async with log.sessions() as session:
            return await store.standing(session, log.stream, asked, log.topic)

    async def read_days(spans: Sequence[Days], at: datetime) -> list[Reading]:
        async with log.sessions() as session:
            return await lists.of_days(session, log.stream, Measures.of(catalogue), spans, at, log.topic)

    app = build(Door(read, catalogue, lambda: NOW, 0, read_days=read_days), identity=Everybody())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as client:
        yield client


@contract(DOCUMENT).parametrize()
@PATIENT
async def test_answers_are_what_the_document_says(case: Case, http: httpx.AsyncClient) -> None:
    await answers_as_documented(case, http, SERVICE, KNOWN)
