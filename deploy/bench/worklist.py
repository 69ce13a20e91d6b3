"""`motcua bench worklist`: what a clerk waits for at a full list, measured through the pages themselves.

A database of its own is filled with open tasks of a province; then signed-in clerks of one commune and one of the whole
province load the list, search by number and act, several at once. Names and the workflow are doubles in this process:
what is measured is the console with its database.
"""

from __future__ import annotations

import asyncio
import base64
import json
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.processing import acts, api, pages
from services.processing.acts import Door
from services.processing.acts.accounts import Staff, seed
from shared.catalogue.lookup import agencies_on, terms
from shared.catalogue.model import AgencyKind, Catalogue
from shared.contracts.facts import Facts, facts_of
from shared.dossier import actions
from shared.dossier.actions import By, Channel, Opening, Order, Paper, ReturnWay
from shared.dossier.lifecycle import Role
from shared.dossier.refusal import Unknown
from shared.dossier.state import Dossier
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects

PROCEDURE: Final = "2.000635"
PASSWORD: Final = secrets.token_urlsafe(12)
MOST: Final = {"list, one commune": 100, "list, whole province": 100, "search by number": 200, "act": 300}
"""Milliseconds that p95 may take on two cores."""
_BATCH: Final = 100_000
err = Console(stderr=True)

type Clerk = httpx.AsyncClient


class Nobody:
    """Intake as a double: one name for everybody."""

    async def names_of(self, dossier_codes: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(dossier_codes, "Nguyễn Thị Hồng Ngự")

    async def name_of(self, dossier_code: str) -> str:
        return dossier_code

    async def search(self, text: str, agency_codes: Collection[str]) -> Sequence[str]:
        return [text, *agency_codes][:0]

    async def keep_words(self, dossier_code: str, command_id: str, words: str) -> None:
        """Keeps nothing."""


class Desk:
    """The workflows as pure dossiers in this process."""

    def __init__(self) -> None:
        self.dossiers: dict[str, Dossier] = {}

    async def act(self, dossier_code: str, order: Order) -> Facts:
        dossier = self._found(dossier_code)
        now = datetime.now(UTC)
        dossier.check(order, now)
        dossier.take(order, now)
        return facts_of(dossier)

    async def look(self, dossier_code: str) -> Facts:
        return facts_of(self._found(dossier_code))

    def _found(self, dossier_code: str) -> Dossier:
        if dossier_code not in self.dossiers:
            raise Unknown
        return self.dossiers[dossier_code]


def worklist_bench(
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="Open tasks in the list.")] = 1_000_000,
    requests: Annotated[int, typer.Option(min=20, help="Requests of each kind.")] = 200,
    at_once: Annotated[int, typer.Option(min=1, help="Clerks at once, for acts.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """p50 and p95 of list, search and act with a full worklist."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "var", processes={"postgres"}) as stack:
        report = asyncio.run(_measured(stack, rows, requests, at_once))
    table = Table(box=None, title=f"{rows} rows, {platform.machine()}, Python {platform.python_version()}")
    for title in ("", "p50 ms", "p95 ms", "may be", "bytes"):
        table.add_column(title, justify="right")
    for name, row in report.items():
        table.add_row(name, f"{row['p50']:.0f}", f"{row['p95']:.0f}", str(MOST[name]), str(row["bytes"]))
    err.print(table)
    if as_json:
        sys.stdout.write(json.dumps({"rows": rows, **report}) + "\n")


async def _measured(stack: Stack, rows: int, requests: int, at_once: int) -> dict[str, Any]:
    url = stack.environment("processing")["DATABASE_URL"]
    await database.migrate(url, "processing", Path(api.__file__).parent / "migrations")
    engine, catalogue, desk = database.engine(url), load_catalogue(), Desk()
    communes = [row.code for row in agencies_on(catalogue, datetime.now(UTC).date(), AgencyKind.COMMUNE)]
    door = Door(
        sessions=database.sessions(engine), desk=desk, catalogue=catalogue, file=Nobody(),
        objects=Objects(stack.root, base64.b64encode(bytes(32)).decode()),
    )  # fmt: skip
    await _fill(engine, catalogue, communes, rows)
    await _hold(door, desk, catalogue, communes[0], requests)
    staff = Staff(door.sessions, door.now)
    accounts = [("commune", communes[0]), ("province", "000.00.00.H39")]
    people = [
        {
            "person_code": f"CB-{login}",
            "login": login,
            "title": login,
            "password": PASSWORD,
            "grants": [["CLERK", code]],
        }
        for login, code in accounts
    ]
    await seed(staff, json.dumps(people))
    app = api.build(door, identity=None, readiness={}, environment="local")
    pages.attach(app, pages.console(door, staff, secure=False, help_phone=""))
    commune, province = [await _signed_in(app, login) for login, _ in accounts]
    codes = list(desk.dossiers)
    report = {
        "list, one commune": await _timed(lambda _: commune.get("/desk"), requests, 1),
        "list, whole province": await _timed(lambda _: province.get("/desk"), requests, 1),
        "search by number": await _timed(lambda n: province.get(f"/desk?q={n % 9_000 + 1}"), requests, 1),
        "act": await _timed(lambda n: _press(commune, codes[n], "ask_pre_fee"), requests, at_once),
    }
    await engine.dispose()
    return report


async def _fill(engine: AsyncEngine, catalogue: Catalogue, communes: Sequence[str], rows: int) -> None:
    """Open tasks of all kinds over the communes, due within a month around today."""
    base = facts_of(_filed(catalogue, communes[0], f"{communes[0]}-250101-0001"))
    kinds = ["RECEIVE CLERK", "TRANSFER CLERK", "CHECK_SUPPLEMENT CLERK", "APPRAISE SPECIALIST", "SIGN SIGNER"]
    statement = text(
        """
        INSERT INTO processing.worklist (dossier_code, seq, role, task, agency_code, due_order, facts)
        SELECT code, 3, split_part(kind, ' ', 2), split_part(kind, ' ', 1), agency, now() + due,
               CAST(:base AS jsonb) || jsonb_build_object('dossier_code', code, 'agency_competent', agency)
        FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) AS n,
            LATERAL (SELECT (CAST(:agencies AS text[]))[1 + n % CAST(:many AS integer)] AS agency,
                (CAST(:kinds AS text[]))[1 + n / 7 % 5] AS kind,
                make_interval(mins => (n * 7919 % 43200) - 4320) AS due) AS made,
            LATERAL (SELECT agency || '-25' || to_char(101 + n / 400000, 'FM0000') || '-'
                || to_char(n % 10000, 'FM0000') || to_char(n / 10000 % 100, 'FM00') AS code) AS coded
        ON CONFLICT DO NOTHING
        """
    )
    given = {"base": base.model_dump_json(), "agencies": list(communes), "many": len(communes), "kinds": kinds}
    for first in range(1, rows, _BATCH):
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(statement, given | {"first": first, "last": min(first + _BATCH - 1, rows)})
        err.print(f"{min(first + _BATCH - 1, rows)} rows", highlight=False)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("SET statement_timeout = 0"))
        await connection.execute(text("VACUUM ANALYZE processing.worklist"))


async def _hold(door: Door, desk: Desk, catalogue: Catalogue, agency: str, count: int) -> None:
    """Dossiers that can be acted on."""
    for number in range(count):
        code = f"{agency}-261128-{number + 1:04d}"
        desk.dossiers[code] = _filed(catalogue, agency, code)
    await acts.learn(door, [facts_of(dossier) for dossier in desk.dossiers.values()])


def _filed(catalogue: Catalogue, agency: str, code: str) -> Dossier:
    now = datetime.now(UTC) - timedelta(minutes=5)
    promised = terms(catalogue, PROCEDURE, agency, int(Channel.ONLINE), now.date())
    dossier = Dossier(
        **Opening(
            dossier_code=code, root_code=code, agency_code=agency, procedure_code=PROCEDURE, channel=Channel.ONLINE
        ).model_dump(include={"dossier_code", "root_code"})
    )
    papers = tuple(Paper(kind=kind, filed=True) for kind in promised.components)
    filing = actions.Submit(terms=promised, channel=Channel.ONLINE, return_way=ReturnWay.DESK, papers=papers)
    read = actions.RecordDigitized(kinds=promised.components)
    orders = (
        (By(role=Role.APPLICANT, agency_code=agency), filing),
        (By(role=Role.SYSTEM, agency_code=agency), read),
    )
    for by, action in orders:
        dossier.take(Order(command_id=f"{action.kind}-{code}", by=by, actions=(action,)), now)
    return dossier


async def _signed_in(app: Any, login: str) -> Clerk:
    headers = {"sec-fetch-site": "same-origin"}
    clerk = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk", headers=headers)
    answer = await clerk.post("/desk/sign-in", data={"login": login, "password": PASSWORD})
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError("the measuring clerk could not sign in")
    return clerk


async def _press(clerk: Clerk, code: str, act: str) -> httpx.Response:
    """From the click to the list that holds it."""
    page = (await clerk.get(f"/desk/{code}/act/{act}")).text
    hidden = dict(part.partition('" value="')[::2] for part in page.split('type="hidden" name="')[1:])
    fields = {name: rest.partition('"')[0] for name, rest in hidden.items()}
    began = time.perf_counter()
    done = await clerk.post(f"/desk/{code}/act", data=fields)
    if done.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError(f"an act was answered {done.status_code}")
    listed = await clerk.get("/desk")
    listed.extensions["seconds"] = time.perf_counter() - began
    return listed


async def _timed(ask: Callable[[int], Awaitable[httpx.Response]], requests: int, at_once: int) -> dict[str, Any]:
    gate, seconds, sizes = asyncio.Semaphore(at_once), list[float](), list[int]()

    async def one(number: int) -> None:
        async with gate:
            began = time.perf_counter()
            answer = await ask(number)
            taken = time.perf_counter() - began
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"a page was answered {answer.status_code}")
        seconds.append(float(answer.extensions.get("seconds", taken)))
        sizes.append(len(answer.content))

    await asyncio.gather(*(one(number) for number in range(requests)))
    cuts = statistics.quantiles(seconds, n=20)
    return {"p50": round(cuts[9] * 1000, 1), "p95": round(cuts[18] * 1000, 1), "bytes": max(sizes)}
