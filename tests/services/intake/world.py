"""The world of intake's tests: a running service, its callers' tokens, and how a test speaks to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.activities import IntakeWork
from services.intake.acts import Door
from shared.dossier.permission import Kind
from shared.platform import tokens
from tests.services.intake import fakes


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Issuers of tokens, as the local stack has them."""

    people: OKPKey
    service: OKPKey

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [key.as_dict(private=False) for key in (self.people, self.service)]})

    def citizen(self, code: str = "citizen-1") -> dict[str, str]:
        return self._header(self.people, "motcua-local", code, Kind.CITIZEN)

    def staff(self, role: str = "CLERK", agency: str = "000.00.02.H39", code: str = "clerk-1") -> dict[str, str]:
        return self._header(self.people, "motcua-local", code, Kind.STAFF, ((role, agency),))

    def processing(self) -> dict[str, str]:
        return self._header(self.service, "service:processing", "service:processing", Kind.SERVICE)

    @staticmethod
    def _header(key: OKPKey, issuer: str, code: str, kind: Kind, grants: Any = ()) -> dict[str, str]:
        token = tokens.mint(
            json.dumps(key.as_dict(private=True)), issuer=issuer, subject=code, kind=kind, grants=grants
        )
        return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, kw_only=True, repr=False)
class World:
    """A running intake and everything around it that a test may turn."""

    door: Door
    http: httpx.AsyncClient
    keys: Keys
    clock: fakes.Clock
    desk: fakes.FakeDesk
    feedback: fakes.FakeFeedbackDesk
    population: fakes.FakePopulation
    results: fakes.FakeResults
    work: IntakeWork
    store: AsyncEngine

    async def upload(
        self, kind: str, data: bytes | None = None, name: str = "a.pdf", who: dict[str, str] | None = None
    ) -> httpx.Response:
        files = {"file": (name, data if data is not None else fakes.a_pdf())}
        return await self.http.post(
            "/api/documents", files=files, data={"kind": kind}, headers=who or self.keys.citizen()
        )

    async def papers(self, *kinds: str, who: dict[str, str] | None = None) -> list[dict[str, str]]:
        """Uploads one paper of each kind; what a form says of them."""
        given = []
        for kind in kinds:
            answer = await self.upload(kind, who=who)
            given.append({"kind": kind, "document_id": answer.json()["document_id"]})
        return given

    async def file(self, form: dict[str, Any], key: str = "key-1", who: dict[str, str] | None = None) -> httpx.Response:
        headers = (who or self.keys.citizen()) | {"Idempotency-Key": key}
        return await self.http.post("/api/dossiers", json=form, headers=headers)

    async def a_dossier(self, who: dict[str, str] | None = None, key: str = "key-1", **changes: Any) -> dict[str, Any]:
        """A filed dossier of two papers; the answer."""
        form = fakes.form(documents=await self.papers("DON-GPLD", "GPLD", who=who), **changes)
        answer = await self.file(form, key, who)
        assert answer.status_code == 201, answer.text
        filed: dict[str, Any] = answer.json()
        return filed

    async def count(self, table: str) -> int:
        async with self.store.connect() as connection:
            return int((await connection.execute(text(f'SELECT count(*) FROM intake."{table}"'))).scalar_one())  # noqa: S608


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["type"] == f"https://motcua.vn/problems/{problem['code']}"
    return answer.status_code, problem["code"]
