"""What a limited application says of itself, and what it does while the database is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import MetaData

from shared.platform.database import engine, sessions
from shared.platform.rate import rate_table
from shared.web.app import application, openapi_document
from shared.web.counting import Limits, too_many
from shared.web.identity import public
from shared.web.limits import TRACKING, limited
from tests.limiting import at


def made(limits: Limits | None) -> FastAPI:
    app = application(title="", version="1", readiness={}, environment="local", limits=limits)

    @app.get("/guess/{code}")
    @public("a secret opens it")
    @limited(TRACKING)
    async def guess(code: str) -> None:
        raise {"tired": too_many(7), "exhausted": too_many(125)}.get(code, LookupError())

    return app


@pytest.fixture
async def nowhere() -> AsyncIterator[Limits]:
    """Limits whose database nobody answers for."""
    away = engine("postgresql+asyncpg://nobody:x@127.0.0.1:9/motcua")
    yield Limits(sessions(away), rate_table(MetaData()), key=b"k", now=lambda: datetime.now(UTC))
    await away.dispose()


def test_the_document_tells_of_limits() -> None:
    answers = openapi_document(made(None))["paths"]["/guess/{code}"]["get"]["responses"]
    assert answers["429"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
    assert "tracking" in answers["429"]["description"]


@pytest.mark.parametrize(
    ("code", "language", "said"),
    [
        ("tired", "vi", "Đã thử quá nhiều lần. Thử lại sau 7 giây."),
        ("tired", "en", "Tried too often. Try again in 7 seconds."),
        ("exhausted", "vi", "Đã thử quá nhiều lần. Thử lại sau 3 phút."),
        ("exhausted", "en", "Tried too often. Try again in 3 minutes."),
    ],
)
async def test_a_refusal_says_when_to_try_again_in_both_languages(code: str, language: str, said: str) -> None:
    async with at(made(None)) as http:
        answer = await http.get(f"/guess/{code}", headers={"accept-language": language})
    assert (answer.status_code, answer.json()["detail"]) == (429, said)
    assert answer.headers["retry-after"] == ("7" if code == "tired" else "125")


async def test_while_the_database_is_away_the_door_answers_for_itself(nowhere: Limits) -> None:
    async with at(made(nowhere)) as http:
        assert (await http.get("/guess/tired")).headers["retry-after"] == "7"
        assert (await http.get("/guess/bug")).status_code == 500
        assert (await http.get("/elsewhere")).status_code == 404
