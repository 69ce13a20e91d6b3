"""`motcua due`: when something is due and why, from the shipped catalogue; no server is asked.

Times without an offset are local (UTC+7). A batch answers each line by itself: a bad one gets its error, the others
still come.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, Any, Final

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from shared.catalogue import lookup
from shared.catalogue.model import (
    CalendarMissing,
    Catalogue,
    Procedure,
    ProcessingTime,
    SupplementClock,
    WorkingCalendar,
)
from shared.dossier.deadline import WORDS, Due, due, remaining
from shared.dossier.working_time import LOCAL
from shared.platform.catalogue import load_catalogue

OPEN: Final = ("", "..", None)
"""How a pause without an end is written."""
_MINUTE: Final = timedelta(minutes=1)
err = Console(stderr=True)


class Question(Exception):
    """What was asked cannot be answered, in one line."""


def due_command(
    *,
    received: Annotated[str | None, typer.Option(help="Valid reception, e.g. 2023-01-16T10:00.")] = None,
    limit: Annotated[str | None, typer.Option(help="5wd, 15d, 2mo, 8wh or same-day.")] = None,
    procedure: Annotated[str | None, typer.Option(help="Takes limit and supplement rule from the catalogue.")] = None,
    agency: Annotated[str | None, typer.Option(help="Takes this agency's office hours.")] = None,
    pause: Annotated[list[str] | None, typer.Option(help="FROM/TO; FROM/ is still open. May be repeated.")] = None,
    supplement: Annotated[str | None, typer.Option(help="pause (default) or restart.")] = None,
    batch: Annotated[Path | None, typer.Option(help="JSON lines {id, received, limit, pauses, supplement}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, or one per line.")] = False,
) -> None:
    """When a dossier is due, and why."""
    catalogue = load_catalogue()
    if batch is not None:
        if not as_json:
            raise typer.BadParameter("a batch answers in JSON: add --json")
        if not batch.is_file():
            raise typer.BadParameter(f"there is no file {batch}")
        with batch.open("rb") as lines:
            _answer_all(catalogue, lines, sys.stdout.buffer)
        return
    if received is None:
        raise typer.BadParameter("say when it was received: --received 2023-01-16T10:00")
    pauses = [text.partition("/")[::2] for text in pause or []]
    try:
        answer = _answer(catalogue, received, limit, pauses, supplement, procedure, agency)
    except Question as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    if as_json:
        typer.echo(orjson.dumps(answer).decode())
    else:
        _show(answer)


def _answer_all(catalogue: Catalogue, lines: IO[bytes], out: IO[bytes]) -> None:
    for line in lines:
        if line.strip():
            out.write(orjson.dumps(_answer_line(catalogue, line)) + b"\n")
    out.flush()


def _answer_line(catalogue: Catalogue, line: bytes) -> dict[str, Any]:
    asked: Any = None
    try:
        asked = orjson.loads(line)
        answer = _answer_asked(catalogue, asked)
    except orjson.JSONDecodeError:
        return {"id": None, "error": "not JSON"}
    except Question as wrong:
        return {"id": asked.get("id") if isinstance(asked, dict) else None, "error": str(wrong)}
    return {"id": asked.get("id"), **answer}


def _answer_asked(catalogue: Catalogue, asked: Any) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise Question("a line is a JSON object")
    received, limit, supplement, procedure, agency = (
        _text(asked, name) for name in ("received", "limit", "supplement", "procedure", "agency")
    )
    if received is None:
        raise Question("received is missing")
    return _answer(catalogue, received, limit, _pairs(asked.get("pauses")), supplement, procedure, agency)


def _text(asked: Mapping[str, Any], name: str) -> str | None:
    value = asked.get(name)
    if value is not None and not isinstance(value, str):
        raise Question(f"{name} is a text")
    return value


def _pairs(pauses: Any) -> list[tuple[Any, Any]]:
    if pauses is None:
        return []
    if not isinstance(pauses, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pauses):  # noqa: PLR2004 - from, to
        raise Question("pauses is a list of [from, to]")
    return [(start, end) for start, end in pauses]


def _answer(  # noqa: PLR0917 - one argument per field of the question
    catalogue: Catalogue,
    received: str,
    limit: str | None,
    pauses: list[tuple[Any, Any]],
    supplement: str | None,
    procedure: str | None,
    agency: str | None,
) -> dict[str, Any]:
    """The answer as JSON. Raises Question."""
    received_at = _instant(received, "received")
    on = received_at.astimezone(LOCAL).date()
    try:
        offered = lookup.procedure(catalogue, procedure, on) if procedure else None
        calendar = lookup.calendar_for(catalogue, _known(catalogue, agency, on), on)
        (open_at, closed), time_limit = _split(pauses), _limit(limit, offered)
        found = due(received_at, time_limit, calendar, closed, _clock(supplement, offered))
        is_paused = open_at is not None and open_at < found.due_at
        left = remaining(received_at, found.due_at, open_at, time_limit, calendar) if open_at and is_paused else None
        return _as_json(found, calendar, left)
    except (lookup.NotInCatalogue, CalendarMissing, ValueError, OverflowError) as wrong:
        raise Question(_one_line(wrong)) from wrong


def _known(catalogue: Catalogue, agency: str | None, on: Any) -> str | None:
    return lookup.agency(catalogue, agency, on).code if agency else None


def _limit(limit: str | None, offered: Procedure | None) -> ProcessingTime:
    if limit is not None:
        return ProcessingTime.parse(limit)
    if offered is None:
        raise Question("say the limit (5wd, 15d, 2mo, 8wh, same-day) or a procedure")
    return offered.processing_time


def _clock(supplement: str | None, offered: Procedure | None) -> SupplementClock:
    if supplement is None:
        return offered.supplement_clock if offered else SupplementClock.PAUSE
    if supplement not in ("pause", "restart"):
        raise Question("supplement is pause or restart")
    return SupplementClock(supplement.upper())


def _split(pauses: list[tuple[Any, Any]]) -> tuple[datetime | None, list[tuple[datetime, datetime]]]:
    """The beginning of an open pause, if any, and the closed ones."""
    open_at: datetime | None = None
    closed: list[tuple[datetime, datetime]] = []
    for start, end in pauses:
        if end in OPEN:
            begins = _instant(start, "pause")
            open_at = begins if open_at is None else min(open_at, begins)
        else:
            closed.append((_instant(start, "pause"), _instant(end, "pause")))
    return open_at, closed


def _instant(text: Any, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError) as wrong:
        raise Question(f"{name}: {str(text)[:40]!r} is no time like 2023-01-16T10:00") from wrong
    if at.year < 1900 or at.year > 2999:  # noqa: PLR2004 - arithmetic with offsets stays inside the calendar
        raise Question(f"{name}: no working calendar is published for {at.year}")
    return at.replace(tzinfo=LOCAL) if at.tzinfo is None else at


def _as_json(found: Due, calendar: WorkingCalendar, left: timedelta | None) -> dict[str, Any]:
    return {
        "due_at": _local(found.due_at) if left is None else None,
        "base_due_at": _local(found.base_due_at),
        "paused": left is not None,
        "remaining_minutes": None if left is None else left // _MINUTE,
        "steps": [
            {
                "from": _local(step.from_at),
                "to": _local(step.to_at),
                "counts": step.counts,
                "reason": step.reason,
                "law": step.law,
            }
            for step in found.steps
        ],
        "calendar_version": calendar.version,
    }


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL).isoformat()


def _one_line(wrong: Exception) -> str:
    if isinstance(wrong, ValidationError):
        return "; ".join(error["msg"].removeprefix("Value error, ") for error in wrong.errors())
    return str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__


def _show(answer: Mapping[str, Any]) -> None:
    def shown(text: str) -> str:
        return f"{datetime.fromisoformat(text):%H:%M %d/%m/%Y}"

    if answer["paused"]:
        left = answer["remaining_minutes"]
        typer.echo(f"Tạm dừng, còn lại {left // 60} giờ {left % 60} phút làm việc")
    else:
        typer.echo(f"Hẹn trả kết quả: {shown(answer['due_at'])}")
    table = Table("Từ", "Đến", "Tính", "Lý do", "Căn cứ", box=None, header_style="bold")
    for step in answer["steps"]:
        counts = f"{step['counts']:g}" if step["counts"] else "–"
        table.add_row(shown(step["from"]), shown(step["to"]), counts, WORDS[step["reason"]], step["law"])
    Console().print(table)
