"""A real PostgreSQL and the signing authority's own process; everything else is a double."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.processing import api, pages
from services.processing.acts import Door
from services.processing.acts.accounts import Staff
from services.processing.store import accounts
from shared.catalogue.model import Catalogue
from shared.dossier.lifecycle import Role
from shared.dossier.permission import Kind
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects
from shared.platform.tokens import DEMO_ISSUER, DEMO_KEY, mint
from shared.web.identity import Identity
from tests.services.processing.fakes import FakeApplicantFile, FakeDesk, FakeIntakeDesk, FakeSiblings

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""09:30 on a Monday, local time."""
AGENCY = "000.00.03.H39"
OTHER_AGENCY = "000.00.05.H39"
COMMUNE = "001.00.40.H39"
PROVINCE = "000.00.00.H39"
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
        await connection.execute(
            text(
                "TRUNCATE worklist, errand, holding, command, result_number, result, happening, reading, session,"
                " account, account_grant, delegation, saved_view, dead_letter, rate, interrupted"
            )
        )
    yield connected
    await connected.dispose()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk(NOW)


@pytest.fixture
def siblings() -> FakeSiblings:
    return FakeSiblings()


@pytest.fixture
def intake(desk: FakeDesk) -> FakeIntakeDesk:
    return FakeIntakeDesk(desk)


@pytest.fixture
def door(  # noqa: PLR0917 - one double each
    engine: AsyncEngine,
    desk: FakeDesk,
    siblings: FakeSiblings,
    intake: FakeIntakeDesk,
    catalogue: Catalogue,
    tmp_path: Path,
) -> Door:
    return Door(
        sessions=database.sessions(engine),
        desk=desk,
        catalogue=catalogue,
        objects=Objects(tmp_path, base64.b64encode(bytes(32)).decode()),
        file=FakeApplicantFile(),
        siblings=siblings,
        intake=intake,
        now=lambda: NOW,
    )


@pytest.fixture
async def people(door: Door) -> AsyncIterator[People]:
    """`people("CLERK")`: a client with the token of somebody who holds that role (several: comma) at the agency."""
    issuers = (DEMO_KEY, "service:intake", "service:metrics")
    keys = {kid: OKPKey.generate_key("Ed25519", {"kid": kid}) for kid in issuers}
    jwks = json.dumps({"keys": [key.as_dict(private=False) for key in keys.values()]})
    app = api.build(door, identity=Identity(jwks, production=False), readiness={}, environment="local")
    clients: list[httpx.AsyncClient] = []

    def client(roles: str, *, person: str = "", agency: str = AGENCY, kind: Kind = Kind.STAFF) -> httpx.AsyncClient:
        if kind is Kind.SERVICE:
            token = mint(json.dumps(keys[roles].as_dict(private=True)), issuer=roles, subject=roles, kind=kind)
        else:
            token = mint(
                json.dumps(keys[DEMO_KEY].as_dict(private=True)),
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


PASSWORD = "bốn từ dễ nhớ 1234"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Cheap, because each test signs somebody in."""
ROLES = ("CLERK", "SPECIALIST", "UNIT_HEAD", "SIGNER", "RECORDS", "RETURN_CLERK", "ACCOUNTANT", "DESK_HEAD")


@dataclass
class Clock:
    """Time as the tests move it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def site(door: Door, clock: Clock) -> AsyncIterator[Site]:
    """The console with one account per role at AGENCY, one at another agency, and one with every role."""
    staff = Staff(door.sessions, clock)
    people: dict[str, tuple[tuple[str, str], ...]] = {role.lower(): ((role, AGENCY),) for role in ROLES}
    people["operator"] = (("OPERATOR", PROVINCE),)
    people |= {"stranger": (("CLERK", OTHER_AGENCY),), "everybody": tuple((role, AGENCY) for role in ROLES)}
    people["counter"] = (("CLERK", COMMUNE),)
    async with door.sessions.begin() as session:
        for login, grants in people.items():
            held = [accounts.DatedGrant(Role(role), agency, date(2022, 1, 1)) for role, agency in grants]
            await accounts.keep(session, accounts.Account(f"CB-{login}", login, login, HASH), held)
    app = api.build(door, identity=None, readiness={}, environment="local", uploads=pages.UPLOADS)
    pages.attach(app, pages.console(replace(door, now=clock), staff, secure=False, help_phone="0272"))
    async with AsyncExitStack() as stack:
        yield Site(app, staff, stack)


@dataclass
class Site:
    """Browsers without scripts: each keeps its cookies, sends forms as the page has them, follows no redirect."""

    app: FastAPI
    staff: Staff
    stack: AsyncExitStack

    async def browser(self, login: str = "", password: str = PASSWORD) -> Browser:
        """A browser; signed in when a login is given."""
        headers = {"sec-fetch-site": "same-origin", "accept": "text/html"}
        client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://desk", headers=headers)
        browser = Browser(await self.stack.enter_async_context(client))
        if login:
            answer = await browser.http.post("/desk/sign-in", data={"login": login, "password": password})
            assert answer.status_code == 303, answer.text
        return browser


@dataclass
class Browser:
    """One of them."""

    http: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def send(self, page: httpx.Response, action: str, **typed: object) -> httpx.Response:
        """Posts the page's form with this action: its hidden fields, and what is typed."""
        return await self.http.post(action, data=self.unseen(page, action) | typed)

    async def send_files(
        self, page: httpx.Response, action: str, files: Mapping[str, tuple[str, bytes]], **typed: object
    ) -> httpx.Response:
        """The same with scans: fields first, as the page has them."""
        data = self.unseen(page, action) | typed
        return await self.http.post(action, data=data, files=files or {"": ("", b"")})

    @staticmethod
    def unseen(page: httpx.Response, action: str) -> dict[str, Any]:
        """The hidden fields of the page's form with this action."""
        form = next(part for part in page.text.split("<form")[1:] if f'action="{action}"' in part)
        form = form.partition("</form>")[0]
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        data: dict[str, Any] = {}
        for name, value in hidden:
            data.setdefault(name, []).append(html.unescape(value))
        return data
