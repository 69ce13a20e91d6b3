"""`motcua kpi fold FILE.jsonl`: the figures of a file of events, without any server; the fold is the live one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from services.metrics.commands.asked import Asked, moment, province
from services.metrics.commands.output import AsJson, err, fail, table
from services.metrics.rules.fold import Fold, Stream
from services.metrics.rules.moment import Moment
from services.metrics.rules.seen import Unreadable
from services.metrics.rules.stream import dossiers
from shared.platform.catalogue import load_catalogue


def fold_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One event a line: {change, facts}.")],
    *,
    indicator: Annotated[str | None, typer.Option(help="Id of an indicator; all by default.")] = None,
    agency: Annotated[str | None, typer.Option(help="Agency code; every one with data by default.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q4 or 2026-11; each month in it by default.")] = None,
    as_of: Annotated[str | None, typer.Option(help="What was true then: 2022-06-30 (its end) or an instant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fold a file of events; a line that is none is named and counted, and the fold goes on."""
    catalogue = load_catalogue()
    stream = dossiers(catalogue)
    until = moment(as_of)
    fold = Fold(stream)
    events, unreadable = _take(file, fold, stream, until)
    if not events:
        fail(f"{file}: no line is an event of a dossier.")
    moved = fold.drain()
    months = [period] if period else sorted({cell.period for cell in moved.cells})
    rows = [
        row for month in months for row in Asked(indicator, agency, month, until).rows(moved.cells, stream, catalogue)
    ]
    body: dict[str, Any] = {
        "as_of": rows[0]["as_of"] if rows else None,
        "dossiers": len(moved.rows),
        "events": events - fold.repeated,
        "repeated": fold.repeated,
        "unreadable": unreadable,
        "fold_version": stream.version,
        "catalogue_version": catalogue.version,
        "rows": rows,
    }
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
        return
    top = agency or province(catalogue)
    Console().print(table(body | {"rows": [row for row in rows if row["agency_code"] == top]}, catalogue))


def _take(file: Path, fold: Fold, stream: Stream, until: Moment | None) -> tuple[int, int]:
    """Events that were read, up to a time, and lines that are none."""
    events = unreadable = 0
    for number, line in _lines(file):
        try:
            event = stream.read(_key(line), line)
        except Unreadable as wrong:
            unreadable += 1
            err.print(f"{file}:{number}: {wrong.reason}", soft_wrap=True, markup=False, highlight=False)
            continue
        events += 1
        if until is None or event.change.at <= until.at:
            fold.take(event, 0, int(event.change.at.timestamp() * 1000))
    return events, unreadable


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if stripped := line.strip():
                yield number, stripped


def _key(line: bytes) -> bytes | None:
    """A line has no key of its own: it is its dossier's."""
    try:
        return str(orjson.loads(line)["facts"]["dossier_code"]).encode()
    except (ValueError, KeyError, TypeError):
        return None
