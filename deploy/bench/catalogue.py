"""`motcua bench catalogue`: seconds to load and check the shipped catalogue and one of 2,000 procedures, in one run."""

from __future__ import annotations

import json
import platform
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml
from rich.console import Console
from rich.table import Table

from shared.platform.catalogue import DATA, load_catalogue

PROCEDURES: Final = 2000
RUNS: Final = 5
err = Console(stderr=True)


def catalogue_bench(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False
) -> None:
    """Seconds to load: the shipped catalogue, and the same grown to 2,000 procedures."""
    with tempfile.TemporaryDirectory() as folder:
        report = {"shipped": _measured(DATA), "grown": _measured(_grown(Path(folder)))}
    table = Table(box=None, title=f"{platform.machine()}, Python {platform.python_version()}; median of {RUNS}")
    for title in ("", "procedures", "seconds", "from", "to"):
        table.add_column(title, justify="right")
    for name, row in report.items():
        table.add_row(name, str(row["procedures"]), *(f"{row[key]:.3f}" for key in ("seconds", "least", "most")))
    err.print(table)
    if as_json:
        sys.stdout.write(json.dumps(report) + "\n")


def _measured(folder: Path) -> dict[str, Any]:
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        catalogue = load_catalogue(folder)
        seconds.append(time.perf_counter() - began)
    return {
        "procedures": len(catalogue.procedures_by_code),
        "seconds": round(statistics.median(seconds), 4),
        "least": round(min(seconds), 4),
        "most": round(max(seconds), 4),
    }


def _grown(folder: Path) -> Path:
    """The shipped data with copies of its procedures under other codes."""
    rows = []
    for file in sorted(DATA.glob("*.yaml")):
        text = file.read_text()
        (folder / file.name).write_text(text)
        rows += yaml.safe_load(text).get("procedures", [])
    more = [row | {"code": f"9.{number:06d}"} for number, row in enumerate(islice(cycle(rows), PROCEDURES - len(rows)))]
    grown = yaml.safe_dump({"procedures": more}, allow_unicode=True, sort_keys=False)
    (folder / "procedures-more.yaml").write_text(grown)
    return folder
