"""`motcua verify`: proves the stored figures, or a published certificate, from the topic. Changes nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console

from services.metrics.acts.proof import prove
from services.metrics.acts.refold import counted, refold
from services.metrics.commands.asked import period
from services.metrics.commands.output import AsJson, fail
from services.metrics.rules.certificate import FORM, canonical, hash_of, row, sealed
from services.metrics.rules.fold import Stream
from services.metrics.rules.stream import dossiers
from services.metrics.store import Question
from services.metrics.views import day_of, figures, proved, roll_up
from shared.catalogue.model import Catalogue
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load

_LISTED: Final = 20


def verify(
    certificate: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A published certificate; else what is stored.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Refold the topic and compare bytes with the live figures, or with a certificate; exit 1 when they differ."""
    settings, catalogue = load(ServiceSettings), load_catalogue()
    stream = dossiers(catalogue)
    if certificate is None:
        proof = asyncio.run(prove(settings, stream))
        summary = proof.summary()
    else:
        summary = asyncio.run(_certified(certificate, settings, stream, catalogue))
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        _show(summary)
    if not summary["equal"]:
        raise typer.Exit(1)


async def _certified(file: Path, settings: ServiceSettings, stream: Stream, catalogue: Catalogue) -> dict[str, Any]:
    """Whether a certificate is what the topic says up to its position."""
    given = _readable(file)
    versions = {
        "certificate": FORM,
        "fold_version": stream.version,
        "catalogue_version": catalogue.version,
    }
    if other := [name for name, version in versions.items() if given.get(name) != version]:
        fail(f"{file} was made by another version ({', '.join(other)}): verify it with that release.")
    position = {int(partition): at for partition, at in given["position"].items()}
    told = await refold(settings, stream, position)
    rows = _rows(given, counted(told.cells, stream, _question(given)), catalogue)
    stands_on = {name: part for name, part in given.items() if name not in {"rows", "hash", "certificate"}}
    mine = sealed(stands_on, rows)
    wrong = [[ours, theirs] for ours, theirs in zip(mine["rows"], given["rows"], strict=False) if ours != theirs]
    return {
        "equal": canonical(mine) == canonical(given),
        "hash": mine["hash"],
        "is_sealed": given["hash"] == hash_of(given),
        "positions": position,
        "dossiers": told.dossiers,
        "events": told.events,
        "records": told.records,
        "repeated": told.repeated,
        "unreadable": told.unreadable,
        "broken": list(told.broken),
        "differences": [{"refold": ours, "certificate": theirs} for ours, theirs in wrong],
    }


def _readable(file: Path) -> dict[str, Any]:
    """The certificate. Ends the command when it is none."""
    try:
        given: Any = orjson.loads(file.read_bytes())
    except ValueError:
        fail(f"{file} is not JSON.", 2)
    parts = {"certificate", "position", "rows", "hash", "period", "agency_code", "judged_at", "hides_below"}
    if not isinstance(given, dict) or not parts <= given.keys():
        fail(f"{file} is not a certificate of Một Cửa.", 2)
    try:
        _question(given)
        is_whole = all(int(partition) >= 0 and int(at) >= 0 for partition, at in given["position"].items())
    except (ValueError, TypeError, AttributeError):
        is_whole = False
    if not is_whole or not isinstance(given["rows"], list):
        fail(f"{file} is not a certificate of Một Cửa.", 2)
    return given


def _question(given: dict[str, Any]) -> Question:
    return Question(period(given["period"]), datetime.fromisoformat(given["judged_at"]))


def _rows(given: dict[str, Any], counts: dict[tuple[str, str, str], int], catalogue: Catalogue) -> list[dict[str, Any]]:
    asked = _question(given)
    totals = roll_up(counts, catalogue, on := day_of(asked.period, asked.at))
    scopes = [given["agency_code"]] if given["agency_code"] else sorted({scope for _, scope in totals})
    found = figures(totals, catalogue, proved(catalogue, on), scopes, on, hides_below=given["hides_below"])
    return [row(each, asked.period.text) for each in found]


def _show(summary: dict[str, Any]) -> None:
    console = Console()
    for name in ("dossiers", "events", "repeated", "unreadable", "cells", "days", "seconds", "hash"):
        if name in summary:
            console.print(f"{name:>20}  {summary[name]}")
    for difference in summary["differences"][:_LISTED]:
        console.print(f"          difference  {difference}", style="red", soft_wrap=True)
    for partition in summary.get("partitions", ()):
        console.print(f"  dossiers' rows differ  partition {partition}", style="red")
    for code in summary.get("wrong_dossiers", ())[:_LISTED]:
        console.print(f"       wrong dossier  {code}", style="red")
    for code in summary["broken"][:_LISTED]:
        console.print(f"              broken  {code}", style="red")
    console.print(
        "● every figure equals the refold, no event is missing" if summary["equal"] else "■ the figures are wrong"
    )
