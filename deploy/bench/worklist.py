"""`motcua bench worklist`: what a clerk waits for at a full list, measured through the pages themselves.

A database of its own is filled with open tasks of a province; then signed-in clerks of one commune and one of the whole
province load the list, filter it, search by number and act on living workflows, several at once. The console runs in
this process, over its own ASGI; Temporal, its worker, Kafka and PostgreSQL are real. Only names are a double.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import platform
import random
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateIndex, DropIndex
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from deploy.bench.floor import offices
from deploy.local.stack import Stack
from services.processing import acts, api, pages
from services.processing.acts import Door
from services.processing.acts.accounts import Staff, seed
from services.processing.store.tables import worklist
from shared.catalogue.lookup import agencies_on, terms
from shared.catalogue.model import AgencyKind, Catalogue
from shared.contracts.facts import Facts, facts_of
from shared.dossier import actions
from shared.dossier.actions import By, Channel, Opening, Order, Paper, ReturnWay
from shared.dossier.codes import dossier_code
from shared.dossier.lifecycle import Role
from shared.dossier.state import Dossier
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.objects import Objects
from workflows.desk import DossierDesk

PROCEDURE: Final = "2.000635"
PASSWORD: Final = secrets.token_urlsafe(12)
MOST: Final = {
    "list, one commune": 100, "list, whole province": 100, "list of one procedure": 100, "search by number": 200,
    "act, alone": 300, "act, clerks with hands": 300, "act, without a pause": None,
}  # fmt: skip
"""Milliseconds that p95 may take on two cores; without a pause the answer is how many acts a second fit."""
HANDS: Final = 2.0
"""Seconds in which a person reads and reaches for the next button, in the mean: nobody is faster all day."""
_BATCH: Final = 100_000
_PATIENCE: Final = 60.0
"""Seconds until a dossier that is not read means that something is broken."""
_DAILY: Final = 100
"""Dossiers that one commune takes in each day: so many numbers there are to search for."""
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


class Watched:
    """The desk with a clock: how long the Updates of clicks take."""

    def __init__(self, desk: DossierDesk) -> None:
        self._desk = desk
        self.seconds = 0.0

    async def act(self, dossier_code: str, order: Order) -> Facts:
        began = time.perf_counter()
        try:
            return await self._desk.act(dossier_code, order)
        finally:
            self.seconds += time.perf_counter() - began

    async def look(self, dossier_code: str) -> Facts:
        return await self._desk.look(dossier_code)


class Sql:
    """A clock on the statements of an engine, from sending to answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.seconds, self.statements = 0.0, 0
        event.listen(engine.sync_engine, "before_cursor_execute", self._begin)
        event.listen(engine.sync_engine, "after_cursor_execute", self._end)

    def _begin(self, _connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: object) -> None:
        context.began = time.perf_counter()

    def _end(self, _connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: object) -> None:
        self.seconds += time.perf_counter() - context.began
        self.statements += 1


def worklist_bench(
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="Open tasks in the list.")] = 1_000_000,
    requests: Annotated[int, typer.Option(min=20, help="Requests of each kind.")] = 200,
    at_once: Annotated[int, typer.Option(min=1, help="Clerks at once, for acts.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """p50 and p95 of list, search and act with a full worklist."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "var", processes={"workflows", "postgres"}) as stack,
        offices(stack.address("temporal"), "--offices-only"),
    ):
        report = asyncio.run(_measured(stack, rows, requests, at_once))
    _print(report, f"{rows} rows, {at_once} clerks, {os.cpu_count()} cores, {platform.machine()}")
    if as_json:
        sys.stdout.write(json.dumps({"rows": rows, **report}) + "\n")


def _print(report: dict[str, Any], title: str) -> None:
    """What people wait for; then where the time of each goes, so that one knows what to mend."""
    table = Table(box=None, title=title)
    for name in ("", "p50 ms", "p95 ms", "may be", "bytes", "a second"):
        table.add_column(name, justify="right")
    parts = Table(box=None, title="of the mean time, ms (an act is the click and the list after it)")
    for name in ("", "update", "SQL", "statements", "pages, waiting"):
        parts.add_column(name, justify="right")
    for name, row in report.items():
        may_be = "–" if MOST[name] is None else str(MOST[name])
        table.add_row(name, str(row["p50"]), str(row["p95"]), may_be, str(row["bytes"]), str(row["per_second"]))
        parts.add_row(name, *(str(row[part]) for part in ("update", "sql", "statements", "rest")))
    err.print(table)
    err.print(parts)


async def _measured(stack: Stack, rows: int, requests: int, at_once: int) -> dict[str, Any]:
    url = stack.environment("processing")["DATABASE_URL"]
    await database.migrate(url, "processing", Path(api.__file__).parent / "migrations")
    engine, catalogue = database.engine(url), load_catalogue()
    client = await Client.connect(stack.address("temporal"), data_converter=pydantic_data_converter)
    desk = Watched(DossierDesk(client))
    communes = [row.code for row in agencies_on(catalogue, datetime.now(UTC).date(), AgencyKind.COMMUNE)]
    door = Door(
        sessions=database.sessions(engine), desk=desk, catalogue=catalogue, file=Nobody(),
        objects=Objects(stack.root, base64.b64encode(bytes(32)).decode()),
    )  # fmt: skip
    await _fill(engine, catalogue, communes, rows)
    held = await _hold(door, DossierDesk(client), catalogue, communes[0], 3 * requests)
    err.print(f"{len(held)} workflows to act on", highlight=False)
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
    forms = [await _form(commune, code, "ask_pre_fee") for code in held]
    timed = partial(_timed, desk, Sql(engine))
    alone, human, pressed = forms[:requests], forms[requests : 2 * requests], forms[2 * requests :]
    report = {
        "list, one commune": await timed(lambda _: commune.get("/desk"), requests, 1),
        "list, whole province": await timed(lambda _: province.get("/desk"), requests, 1),
        "list of one procedure": await timed(lambda _: province.get(f"/desk?procedure={PROCEDURE}"), requests, 1),
        "search by number": await timed(lambda n: province.get(f"/desk?q={n % _DAILY + 1}"), requests, 1),
        "act, alone": await timed(lambda n: _press(commune, *alone[n]), requests, 1),
        "act, clerks with hands": await timed(lambda n: _press(commune, *human[n]), requests, at_once, pause=HANDS),
        "act, without a pause": await timed(lambda n: _press(commune, *pressed[n]), requests, at_once),
    }
    await engine.dispose()
    return report


async def _fill(engine: AsyncEngine, catalogue: Catalogue, communes: Sequence[str], rows: int) -> None:
    """Open tasks of all kinds over the communes, due within a month around today."""
    base = _sample(catalogue, communes[0], f"{communes[0]}-250101-0001")
    kinds = ["RECEIVE CLERK", "TRANSFER CLERK", "CHECK_SUPPLEMENT CLERK", "APPRAISE SPECIALIST", "SIGN SIGNER"]
    statement = text(
        """
        INSERT INTO processing.worklist (dossier_code, seq, role, task, agency_code, due_order, facts)
        SELECT code, 3, split_part(kind, ' ', 2), split_part(kind, ' ', 1), agency, now() + due,
               CAST(:base AS jsonb) || jsonb_build_object('dossier_code', code, 'agency_competent', agency)
        FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n,
            LATERAL (SELECT (CAST(:agencies AS text[]))[1 + n % CAST(:many AS integer)] AS agency,
                (CAST(:kinds AS text[]))[1 + n / 7 % 5] AS kind,
                make_interval(mins => CAST(n * 7919 % 43200 - 4320 AS integer)) AS due) AS made,
            LATERAL (SELECT agency || '-' || to_char(date '2024-01-01' + CAST(n / :many / :daily AS integer), 'YYMMDD')
                || '-' || to_char(n / :many % :daily + 1, 'FM0000') AS code) AS coded
        ON CONFLICT DO NOTHING
        """
    )
    given = {
        "base": base.model_dump_json(), "agencies": list(communes), "many": len(communes), "kinds": kinds,
        "daily": _DAILY,
    }  # fmt: skip
    indexes = sorted(worklist.indexes, key=lambda index: str(index.name))
    async with engine.begin() as connection:
        for index in indexes:  # made at the end, in a fraction of the time
            await connection.execute(DropIndex(index))
    for first in range(1, rows, _BATCH):
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("SET LOCAL synchronous_commit = off"))
            await connection.execute(statement, given | {"first": first, "last": min(first + _BATCH - 1, rows)})
        err.print(f"{min(first + _BATCH - 1, rows)} rows", highlight=False)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("SET statement_timeout = 0"))
        for index in indexes:
            await connection.execute(CreateIndex(index))
        await connection.execute(text("VACUUM ANALYZE processing.worklist"))


async def _hold(door: Door, desk: DossierDesk, catalogue: Catalogue, agency: str, count: int) -> list[str]:
    """Living dossiers whose papers were read: they can be acted on. Their codes."""
    gate, today = asyncio.Semaphore(16), datetime.now(UTC).date()

    async def file(number: int) -> Facts:
        code = dossier_code(agency, today, number)
        opening, order = _filing(catalogue, agency, code)
        async with gate:
            facts = await desk.submit(opening, order)
            async with asyncio.timeout(_PATIENCE):
                while not all(paper.digitized for paper in facts.components):
                    await asyncio.sleep(0.2)
                    facts = await desk.look(code)
        return facts

    filed = await asyncio.gather(*(file(number) for number in range(1, count + 1)))
    await acts.learn(door, filed)
    return [facts.dossier_code for facts in filed]


def _filing(catalogue: Catalogue, agency: str, code: str) -> tuple[Opening, Order]:
    promised = terms(catalogue, PROCEDURE, agency, int(Channel.ONLINE), datetime.now(UTC).date())
    opening = Opening(
        dossier_code=code, root_code=code, agency_code=agency, procedure_code=PROCEDURE, channel=Channel.ONLINE
    )
    papers = tuple(Paper(kind=kind, filed=True) for kind in promised.components)
    filing = actions.Submit(terms=promised, channel=Channel.ONLINE, return_way=ReturnWay.DESK, papers=papers)
    by = By(role=Role.APPLICANT, agency_code=agency)
    return opening, Order(command_id=f"submit-{code}", by=by, actions=(filing,))


def _sample(catalogue: Catalogue, agency: str, code: str) -> Facts:
    """The facts that every filled row carries."""
    opening, order = _filing(catalogue, agency, code)
    dossier = Dossier(dossier_code=opening.dossier_code, root_code=opening.root_code)
    dossier.take(order, datetime.now(UTC) - timedelta(minutes=5))
    return facts_of(dossier)


async def _signed_in(app: Any, login: str) -> Clerk:
    headers = {"sec-fetch-site": "same-origin"}
    clerk = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk", headers=headers)
    answer = await clerk.post("/desk/sign-in", data={"login": login, "password": PASSWORD})
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError("the measuring clerk could not sign in")
    return clerk


async def _form(clerk: Clerk, code: str, act: str) -> tuple[str, dict[str, str]]:
    """(address, hidden fields) of an act's form, as the page has them."""
    page = (await clerk.get(f"/desk/{code}/act/{act}")).text
    form = page.partition(f'action="/desk/{code}/act"')[2].partition("</form>")[0]
    hidden = dict(part.partition('" value="')[::2] for part in form.split('type="hidden" name="')[1:])
    return f"/desk/{code}/act", {name: rest.partition('"')[0] for name, rest in hidden.items()}


async def _press(clerk: Clerk, address: str, fields: dict[str, str]) -> httpx.Response:
    """From the click to the list that holds it."""
    done = await clerk.post(address, data=fields)
    if done.status_code != httpx.codes.SEE_OTHER:
        raise RuntimeError(f"an act was answered {done.status_code}")
    return await clerk.get("/desk")


async def _timed(
    desk: Watched,
    sql: Sql,
    ask: Callable[[int], Awaitable[httpx.Response]],
    requests: int,
    at_once: int,
    *,
    pause: float = 0.0,
) -> dict[str, Any]:
    """Clerks side by side, each with a pause of this mean before its next one."""
    numbers, chance = iter(range(requests)), random.Random(1)
    seconds, sizes = list[float](), list[int]()

    async def clerk() -> None:
        for number in numbers:
            await asyncio.sleep(chance.expovariate(1 / pause) if pause else 0)
            began = time.perf_counter()
            answer = await ask(number)
            seconds.append(time.perf_counter() - began)
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"a page was answered {answer.status_code}")
            sizes.append(len(answer.content))

    desk.seconds, sql.seconds, sql.statements, began = 0.0, 0.0, 0, time.perf_counter()
    await asyncio.gather(*(clerk() for _ in range(at_once)))
    took, cuts = time.perf_counter() - began, statistics.quantiles(seconds, n=20)
    parts = {"update": desk.seconds, "sql": sql.seconds, "rest": sum(seconds) - desk.seconds - sql.seconds}
    each = {name: round(part / requests * 1000, 1) for name, part in parts.items()}
    return each | {
        "p50": round(cuts[9] * 1000, 1),
        "p95": round(cuts[18] * 1000, 1),
        "bytes": max(sizes),
        "per_second": round(requests / took, 1),
        "statements": round(sql.statements / requests, 1),
    }
