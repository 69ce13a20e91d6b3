"""A real PostgreSQL and the signing authority's own process; everything else is a double."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.processing import api
from services.processing.acts import Door
from shared.catalogue.model import Catalogue
from shared.dossier.permission import Kind
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects
from shared.platform.tokens import DEMO_ISSUER, DEMO_KEY, mint
from shared.web.identity import Identity
from tests.services.processing.fakes import FakeApplicantFile, FakeDesk

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""09:30 on a Monday, local time."""
AGENCY = "000.00.03.H39"
OTHER_AGENCY = "000.00.05.H39"
MIGRATIONS = Path(api.__file__).parent / "migrations"

People = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), processes={"postgres", "signing_authority"}) as running:
        yield running


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
async def engine(stack: Stack) -> AsyncIterator[AsyncEngine]:
    """The service's schema, migrated and empty."""
    url = stack.environment("processing")["DATABASE_URL"]
    await database.migrate(url, "processing", MIGRATIONS)
    connected = database.engine(url)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE worklist, errand, holding, command, result_number, result"))
    yield connected
    await connected.dispose()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(NOW)


@pytest.fixture
def door(engine: AsyncEngine, desk: FakeDesk, catalogue: Catalogue, tmp_path: Path) -> Door:
    return Door(
        sessions=database.sessions(engine),
        desk=desk,
        catalogue=catalogue,
        objects=Objects(tmp_path, base64.b64encode(bytes(32)).decode()),
        file=FakeApplicantFile(),
        now=lambda: NOW,
    )


@pytest.fixture
async def people(door: Door) -> AsyncIterator[People]:
    """`people("CLERK")`: a client with the token of somebody who holds that role (several: comma) at the agency."""
    idp, service = (OKPKey.generate_key("Ed25519", {"kid": kid}) for kid in (DEMO_KEY, "service:intake"))
    jwks = json.dumps({"keys": [key.as_dict(private=False) for key in (idp, service)]})
    app = api.build(door, identity=Identity(jwks, production=False), readiness={}, environment="local")
    clients: list[httpx.AsyncClient] = []

    def client(roles: str, *, person: str = "", agency: str = AGENCY, kind: Kind = Kind.STAFF) -> httpx.AsyncClient:
        if kind is Kind.SERVICE:
            token = mint(json.dumps(service.as_dict(private=True)), issuer=roles, subject=roles, kind=kind)
        else:
            token = mint(
                json.dumps(idp.as_dict(private=True)),
                issuer=DEMO_ISSUER,
                subject=person or roles.lower().replace(",", "-"),
                kind=kind,
                grants=tuple((role, agency) for role in roles.split(",") if role),
            )
        made = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://processing",
            headers={"authorization": f"Bearer {token}"},
        )
        clients.append(made)
        return made

    yield client
    for each in clients:
        await each.aclose()
