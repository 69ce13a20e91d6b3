"""`motcua bench due`: microseconds per derivation, beside counting worked minutes one by one, in the same run."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from shared.catalogue import lookup
from shared.catalogue.model import ProcessingTime, SupplementClock, WorkingCalendar
from shared.dossier.deadline import due
from shared.dossier.working_time import DAY, local, midnight
from shared.platform.catalogue import load_catalogue

err = Console(stderr=True)

RECEIVED: Final = datetime(2023, 1, 10, 2, tzinfo=UTC)
PAUSES: Final = (
    (datetime(2023, 1, 18, 3, tzinfo=UTC), datetime(2023, 1, 30, 3, tzinfo=UTC)),
    (datetime(2023, 2, 8, 3, tzinfo=UTC), datetime(2023, 2, 14, 7, 30, tzinfo=UTC)),
)
"""Over Tết, and a plain one."""
SHAPES: Final = (
    ("30wd, two pauses", "30wd", PAUSES, SupplementClock.PAUSE),
    ("30wd, two restarts", "30wd", PAUSES, SupplementClock.RESTART),
    ("30wd", "30wd", (), SupplementClock.PAUSE),
    ("15d, two pauses", "15d", PAUSES, SupplementClock.PAUSE),
    ("8wh", "8wh", (), SupplementClock.PAUSE),
    ("same day", "same-day", (), SupplementClock.PAUSE),
)
RUNS: Final = 7
TIMES: Final = 3_000
SLOW_TIMES: Final = 20


def due_times(*, as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Microseconds per due time with its derivation, and of counting the same days minute by minute."""
    calendar = lookup.calendar_for(load_catalogue(), None, date(2023, 1, 10))
    rows: dict[str, dict[str, float]] = {}
    for name, text, pauses, policy in SHAPES:
        limit = ProcessingTime.parse(text)

        def derive(limit: ProcessingTime = limit, pauses: Any = pauses, policy: SupplementClock = policy) -> object:
            return due(RECEIVED, limit, calendar, pauses, policy).steps

        rows[name] = _spread(derive, TIMES)
    last = due(RECEIVED, ProcessingTime.parse("30wd"), calendar, PAUSES).due_at
    rows["counting minutes"] = _spread(lambda: _minutes(calendar, last), SLOW_TIMES)
    table = Table("", "µs", "from", "to", box=None, title=f"Python {platform.python_version()}, {platform.machine()}")
    for name, row in rows.items():
        table.add_row(name, *(f"{row[key]:.1f}" for key in ("median_us", "lowest_us", "highest_us")))
    err.print(table)
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")


def _spread(work: Callable[[], object], times: int) -> dict[str, float]:
    """Median, lowest and highest of some runs, in microseconds for one."""
    work()
    runs = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        runs.append((time.perf_counter() - began) / times * 1e6)
    figures = {"median_us": statistics.median(runs), "lowest_us": min(runs), "highest_us": max(runs)}
    return {name: round(value, 1) for name, value in figures.items()}


def _minutes(calendar: WorkingCalendar, until: datetime) -> int:
    """The obvious way: looks at each minute between reception and due time."""
    day, last, counted = local(RECEIVED).date(), local(until).date(), 0
    while day <= last:
        for minute in range(24 * 60):
            clock = (midnight(day).replace(hour=minute // 60, minute=minute % 60)).time()
            counted += calendar.is_worked(day) and any(opens <= clock < closes for opens, closes in calendar.shifts)
        day += DAY
    return counted
