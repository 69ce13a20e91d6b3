"""The doors for operators: `motcua kpi` asks the running service, `motcua verify` proves its figures from the topic.

The refold reads the whole topic with a plain consumer and folds it in memory with the same rules; live cells must be
equal, absent ones included. Both change nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn

import httpx
import typer
from aiokafka import TopicPartition
from rich.console import Console
from rich.table import Table

from services.metrics import store
from services.metrics.adapters.topic import reader
from services.metrics.rules.fold import Cell, fold
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Seen, Unreadable, read
from services.metrics.store import Break
from services.metrics.views import target_words
from shared.catalogue.indicator import Show
from shared.catalogue.model import AgencyKind, Catalogue
from shared.contracts.facts import TOPIC
from shared.dossier.working_time import LOCAL
from shared.platform import database
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ProcessSettings, ServiceSettings, load

SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "green": ("● Xanh", "white on #0b6e4f"),
    "yellow": ("◆ Vàng", "black on #ffd93d"),
    "orange": ("▲ Cam", "black on #e8710a"),
    "red": ("■ Đỏ", "white on #8f0d1f"),
    "none": ("○", ""),
}
"""Colour never stands alone: shape and word go with it."""

_UNITS: Final[Mapping[Show, str]] = {Show.PERCENT: " %", Show.DAYS: " ngày"}
_LISTED: Final = 20
_QUIET_S: Final = 20.0
_ANSWER_S: Final = 10.0

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


# --- motcua kpi -------------------------------------------------------------------------------------------------------


def kpi(
    *,
    indicator: Annotated[str | None, typer.Option(help="Id of an indicator; all by default.")] = None,
    agency: Annotated[str | None, typer.Option(help="Agency code; the province by default.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q4 or 2026-11; this month by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the figures of the running service (METRICS_URL) with their colours; one indicator: of every agency."""
    catalogue = load_catalogue()
    if agency is None and indicator is None:
        agency = next(row.code for row in reversed(catalogue.agencies) if row.kind is AgencyKind.PROVINCE)
    asked = {"indicator": indicator, "agency_code": agency, "period": period}
    body = _ask({name: value for name, value in asked.items() if value is not None})
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        Console().print(_table(body, catalogue))


def _ask(parameters: Mapping[str, str]) -> dict[str, Any]:
    address = os.environ.get("METRICS_URL", "")
    if not address:
        _fail("METRICS_URL is not set: start the stack with `motcua up`.")
    try:
        answer = httpx.get(f"{address}/api/kpi", params=parameters, timeout=_ANSWER_S)
    except httpx.HTTPError as error:
        _fail(f"the metrics service at {address} does not answer ({type(error).__name__}).")
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        _fail(f"the metrics service says: {body.get('detail') or body.get('title')}", 2)
    return body


def _table(body: Mapping[str, Any], catalogue: Catalogue) -> Table:
    """One line per figure; words as on the board."""
    indicators = {row.id: row for row in catalogue.indicators}
    table = Table(box=None, header_style="bold", caption=f"Số liệu đến {_local(body['as_of'])}", caption_justify="left")
    for title in ("Đơn vị", "Chỉ tiêu"):
        table.add_column(title)
    table.add_column("Mức", no_wrap=True)
    for title in ("Giá trị", "Hồ sơ"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Đích", no_wrap=True)
    before = ""
    for row in body["rows"]:
        indicator = indicators[row["indicator"]]
        word, style = SHAPES[row["colour"]]
        is_count = row["denominator"] is None
        value = "không phát sinh" if row["value"] is None else row["value"] + _UNITS.get(indicator.shown, "")
        table.add_row(
            "" if row["agency_code"] == before else catalogue.agencies_by_code[row["agency_code"]][-1].name,
            indicator.name,
            "" if is_count else f"[{style}] {word} [/]" if style else word,
            value if is_count else value.replace(".", ","),
            "" if indicator.shown is not Show.PERCENT else f"{row['numerator']}/{row['denominator']}",
            target_words(indicator),
        )
        before = row["agency_code"]
    return table


def _local(as_of: str | None) -> str:
    return f"{datetime.fromisoformat(as_of).astimezone(LOCAL):%H:%M:%S %d/%m/%Y}" if as_of else "chưa có"


# --- motcua verify ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A cell whose live count is not what the topic says."""

    cell: Cell
    live: int
    refolded: int


@dataclass(frozen=True)
class Refold:
    """What the topic says up to a position."""

    cells: Mapping[Cell, int]
    dossiers: int
    records: int
    repeated: int
    unreadable: int
    broken: tuple[str, ...]
    """Dossiers whose events on the topic are not 1..n."""


@dataclass(frozen=True)
class Proof:
    """The answer of `motcua verify`; good when nothing differs and nothing is broken."""

    differences: tuple[Difference, ...]
    breaks: tuple[Break, ...]
    refold: Refold
    position: Mapping[int, int]
    seconds: float

    @property
    def kpi_equals_refold(self) -> bool:
        return not self.differences

    @property
    def is_continuous(self) -> bool:
        return not self.breaks and not self.refold.broken

    def summary(self) -> dict[str, Any]:
        """For `--json` and the demo."""
        return {
            "kpi_equals_refold": self.kpi_equals_refold,
            "is_continuous": self.is_continuous,
            "cells": len(self.refold.cells),
            "dossiers": self.refold.dossiers,
            "records": self.refold.records,
            "repeated": self.refold.repeated,
            "unreadable": self.refold.unreadable,
            "differences": [
                {
                    **each.cell._asdict(),
                    "until": each.cell.until.isoformat(),
                    "live": each.live,
                    "refold": each.refolded,
                }
                for each in self.differences
            ],
            "broken": sorted({*self.refold.broken, *(each.dossier_code for each in self.breaks)}),
            "position": dict(self.position),
            "seconds": round(self.seconds, 2),
        }


def verify(*, as_json: AsJson = False) -> None:
    """Refold the whole topic and compare with the live figures; exit 1 when one cell or one event differs."""
    proof = asyncio.run(prove(load(ServiceSettings)))
    summary = proof.summary()
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        console = Console()
        for name in ("dossiers", "records", "repeated", "unreadable", "cells", "seconds"):
            console.print(f"{name:>20}  {summary[name]}")
        for difference in summary["differences"][:_LISTED]:
            console.print(f"          difference  {difference}", style="red", soft_wrap=True)
        for code in summary["broken"][:_LISTED]:
            console.print(f"              broken  {code}", style="red")
        good = proof.kpi_equals_refold and proof.is_continuous
        console.print("● every figure equals the refold, no event is missing" if good else "■ the figures are wrong")
    if not (proof.kpi_equals_refold and proof.is_continuous):
        raise typer.Exit(1)


async def prove(settings: ServiceSettings, topic: str = TOPIC) -> Proof:
    """Live cells and position in one snapshot, then the topic up to that position. Safe while dossiers are moving."""
    began = time.monotonic()
    engine = database.engine(settings.database_url.get_secret_value(), pool_size=1)
    try:
        async with database.sessions(engine)() as session:
            live, position, breaks = await store.snapshot(session, topic)
    finally:
        await engine.dispose()
    told = await refold(settings, position, topic)
    return Proof(compare(live, told.cells), tuple(breaks), told, position, time.monotonic() - began)


def compare(live: Mapping[Cell, int], refolded: Mapping[Cell, int]) -> tuple[Difference, ...]:
    """The cells that differ; one that is missing counts 0 on its side."""
    pairs = ((cell, live.get(cell, 0), refolded.get(cell, 0)) for cell in sorted({*live, *refolded}))
    return tuple(Difference(cell, a, b) for cell, a, b in pairs if a != b)


async def refold(settings: ProcessSettings, position: Mapping[int, int], topic: str = TOPIC) -> Refold:
    """Reads each partition from its beginning to `position` and folds in memory.

    Raises: TimeoutError when the topic does not give what the position promises.
    """
    partitions = {TopicPartition(topic, number): end for number, end in position.items() if end}
    known: dict[str, Seen] = {}
    seqs: dict[str, int] = {}
    cells: Counter[Cell] = Counter()
    measures = Measures.of(load_catalogue())
    counts = Counter(records=0, repeated=0, unreadable=0)
    if not partitions:  # aiokafka cannot stop a consumer that was told to read nothing
        return Refold({}, 0, 0, 0, 0, ())
    consumer = reader(settings)
    await consumer.start()
    try:
        consumer.assign(list(partitions))
        for each in partitions:
            consumer.seek(each, 0)
        read_at = time.monotonic()
        while any([await consumer.position(each) < end for each, end in partitions.items()]):
            batch = await consumer.getmany(timeout_ms=500, max_records=10_000)
            if batch:
                read_at = time.monotonic()
            elif time.monotonic() - read_at > _QUIET_S:
                raise TimeoutError("the topic ends before the position of the figures")
            for partition, records in batch.items():
                events = []
                for record in records:
                    if record.offset >= partitions[partition]:
                        break
                    counts["records"] += 1
                    try:
                        event = read(record.key, record.value)
                    except Unreadable:
                        counts["unreadable"] += 1
                        continue
                    code, bit = event.seen.dossier_code, 1 << event.seen.seq
                    counts["repeated"] += bool(seqs.get(code, 0) & bit)
                    seqs[code] = seqs.get(code, 0) | bit
                    events.append(event)
                folded = fold(known, events, measures)
                known |= {code: event.seen for code, event in folded.changed.items()}
                cells.update(folded.deltas)
    finally:
        await consumer.stop()
    return Refold(
        cells={cell: count for cell, count in cells.items() if count},
        dossiers=len(known),
        records=counts["records"],
        repeated=counts["repeated"],
        unreadable=counts["unreadable"],
        broken=tuple(sorted(code for code, mask in seqs.items() if mask & (mask + 2) or not mask & 2)),
    )


def _fail(line: str, code: int = 1) -> NoReturn:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(code)
