"""An application as a service makes it, with doors that show each habit; no server, no socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field

from shared.dossier.permission import Actor, Kind, Resource, Right
from shared.dossier.refusal import Refused
from shared.platform.http import Answered, Away
from shared.platform.tokens import DEMO_ISSUER, mint
from shared.web.app import application
from shared.web.etag import demand_match, etag, not_modified
from shared.web.identity import Identity, allows, caller, demand, public

KEY = OKPKey.generate_key("Ed25519", {"kid": "local-idp"})
JWKS = json.dumps({"keys": [KEY.as_dict(private=False)]})
AGENCY, OTHER = "000.00.06.H39", "000.00.07.H39"

type Headers = Callable[..., dict[str, str]]


class Paper(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str = Field(pattern=r"^[A-Z]+$")
    pages: int = Field(ge=1)


class Filing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    full_name: str
    papers: list[Paper] = []


@pytest.fixture
def app() -> FastAPI:
    async def works() -> None: ...

    made = application(
        title="Test",
        version="1.0.0",
        readiness={"database": works},
        environment="local",
        identity=Identity(JWKS, production=False),
        uploads={r"/api/documents": 5000},
        body_limit=1000,
    )

    @made.get("/api/work/{agency_code}")
    @allows(Right.READ_WORKLIST)
    async def work(agency_code: str, actor: Annotated[Actor, Depends(caller(Kind.STAFF))]) -> dict[str, str]:
        demand(actor, Right.READ_WORKLIST, Resource(agency_path=(agency_code,)))
        return {"person": actor.person_code}

    @made.post("/api/dossiers")
    @public("a test door")
    async def file(filing: Filing) -> dict[str, int]:
        return {"papers": len(filing.papers)}

    @made.post("/api/documents")
    @public("a test door")
    async def upload(file: UploadFile) -> dict[str, int]:
        return {"size": len(await file.read())}

    @made.get("/api/dossier", response_model=None)
    @public("a test door")
    async def dossier(request: Request, response: Response) -> Response | dict[str, int]:
        if unchanged := not_modified(request, 7):
            return unchanged
        response.headers["ETag"] = etag(7)
        return {"seq": 7}

    @made.put("/api/dossier")
    @public("a test door")
    async def change(request: Request) -> dict[str, int]:
        demand_match(request, 7)
        return {"seq": 8}

    @made.get("/api/{outcome}")
    @public("a test door")
    async def fail(outcome: str) -> Response:
        if outcome == "elsewhere":
            return RedirectResponse("/api/dossier", 303)
        raise {
            "refused": Refused("not_open", "Hồ sơ đã kết thúc.", ("withdraw", "sign")),
            "away": Away("gateway", "ReadTimeout", retry_after=9),
            "database": ConnectionRefusedError("password authentication failed for 079123456789"),
            "answered": Answered("payment", 422, {"code": "odd"}),
            "bug": ValueError("Nguyễn Văn A 079123456789"),
        }[outcome]

    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as connected:
        yield connected


@pytest.fixture
def bearer() -> Headers:
    """Headers of a caller: kind and grants as given."""

    def make(kind: Kind = Kind.STAFF, *grants: tuple[str, str]) -> dict[str, str]:
        private = json.dumps(KEY.as_dict(private=True))
        token = mint(private, issuer=DEMO_ISSUER, subject="cb-0001", kind=kind, grants=grants)
        return {"Authorization": f"Bearer {token}"}

    return make
