"""The search for people in bytes: every place where they must not be, every disguise they might wear."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final
from urllib.parse import quote, quote_plus

import asyncpg
from temporalio.client import Client

from deploy.local.processes import PROCESSES
from deploy.local.topics import TOPICS
from tests.journeys.people import Person
from tests.journeys.town import SERVICES, Town

OUTSIDERS: Final = ("carrier", "population_database", "mailbox")
"""Institutions that are told about people by law, in their own books, and everybody's own mailbox: exempt ledgers."""

type Sources = Iterator[tuple[str, bytes]]


def disguises(text: str) -> Mapping[str, bytes]:
    """Forms in which the text could stand in bytes, by name. In hexadecimal as PostgreSQL prints binary columns."""
    plain = text.encode()
    forms = {
        "UTF-8": plain,
        "UTF-8, letters taken apart": unicodedata.normalize("NFD", text).encode(),
        "UTF-16 little": text.encode("utf-16-le"),
        "UTF-16 big": text.encode("utf-16-be"),
        "JSON": json.dumps(text)[1:-1].encode(),
        "Python": ascii(text)[1:-1].encode(),
        "bytes in Python": repr(plain)[2:-1].encode(),
        "URL": quote(text).encode(),
        "form": quote_plus(text).encode(),
        "hexadecimal": plain.hex().encode(),
    }
    forms |= {f"base64 at {shift}": _base64(plain, shift) for shift in range(3)}
    return {name: form for name, form in forms.items() if name == "UTF-8" or form != plain}


def _base64(plain: bytes, shift: int) -> bytes:
    """What surely stands in the base64 of any text that holds these bytes at this place modulo three."""
    coded = base64.b64encode(bytes(shift) + plain).rstrip(b"=")
    sure_from = (shift * 8 + 5) // 6
    return coded[sure_from : (shift + len(plain)) * 8 // 6]


def search(sources: Iterable[tuple[str, bytes]], people: Iterable[Person]) -> list[str]:
    """`<place>: <whose> as <disguise>` for every mark that was found; never the mark itself."""
    wanted = [
        (f"mark {number} of {person.account} as {name}", form)
        for person in people
        for number, mark in enumerate(person.marks())
        for name, form in disguises(mark).items()
    ]
    return [f"{place}: {what}" for place, data in sources for what, form in wanted if form in data]


def everywhere(town: Town) -> Sources:
    """All places of invariant I10: engine, topics, tables, logs, figures, pages, and the document store as it lies."""
    return chain(_engine(town), _histories(town), _topics(town), _tables(town), _files(town), _pages(town))


def ledgers(town: Town, names: Iterable[str]) -> Sources:
    """What simulators wrote down."""
    for name in names:
        path = town.stack.root / f"data/{name}/ledger.jsonl"
        if path.exists():
            yield f"ledger of {name}", path.read_bytes()


def _engine(town: Town) -> Sources:
    """The engine's database, cell by cell: a cell that spans pages is torn apart in the file."""
    path = town.stack.root / "data/temporal/temporal.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the catalogue
            yield f"temporal table {table}", b"\n".join(_cell(cell) for row in rows for cell in row)
    connection.close()


def _cell(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _histories(town: Town) -> Sources:
    """Every dossier's history as the engine hands it out (its payloads are plain JSON), and what its list shows."""

    async def read() -> list[tuple[str, bytes]]:
        client = await Client.connect(town.stack.address("temporal"))
        found: list[tuple[str, bytes]] = []
        async for listed in client.list_workflows():
            history = await client.get_workflow_handle(listed.id, run_id=listed.run_id).fetch_history()
            found.append((f"history of {listed.id}", b"".join(event.SerializeToString() for event in history.events)))
            found.append((f"listing of {listed.id}", repr(listed.typed_search_attributes).encode()))
        return found

    yield from asyncio.run(read())


def _topics(town: Town) -> Sources:
    for topic in TOPICS:
        parts: list[bytes] = []
        for record in town.records(topic.name):
            parts += [record.key or b"", record.value or b"", *chain(*((n.encode(), v) for n, v in record.headers))]
        yield f"topic {topic.name}", b"\n".join(parts)


def _tables(town: Town) -> Sources:
    """Row dumps of every schema. Intake's too: its people are sealed, so even there nobody stands in clear."""

    async def read(service: str) -> list[tuple[str, bytes]]:
        connection = await asyncpg.connect(town.stack.environment(service)["DATABASE_URL"].replace("+asyncpg", ""))
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
            assert tables, f"{service} has no tables"
            return [
                (
                    f"table {service}.{name}",
                    "\n".join(
                        row["row"]
                        for row in await connection.fetch(f'SELECT t::text AS row FROM {service}."{name}" t')  # noqa: S608 - names from the catalogue
                    ).encode(),
                )
                for (name,) in tables
            ]
        finally:
            await connection.close()

    for service in SERVICES:
        yield from asyncio.run(read(service))


def _files(town: Town) -> Sources:
    """Logs, broker segments, stored documents, ledgers of those who are told of codes and money only."""
    root = town.stack.root
    logs = sorted((root / "log").iterdir())
    assert len(logs) > len(PROCESSES), "a process without a log"
    for path in (*logs, *(root / "data/kafka").rglob("*.log"), *(root / "data/objects").rglob("*")):
        if path.is_file():
            yield str(path.relative_to(root)), path.read_bytes()
    yield from ledgers(town, [process.name for process in PROCESSES if process.name not in OUTSIDERS])


def _pages(town: Town) -> Sources:
    for service in SERVICES:
        yield f"metrics of {service}", town.ask(service, "GET", "/metrics").raise_for_status().content
        yield f"readiness of {service}", town.ask(service, "GET", "/readyz").content
    for path in ("/board", "/api/kpi"):
        yield path, town.ask("metrics", "GET", path).raise_for_status().content
