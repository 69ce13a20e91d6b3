"""`motcua rebuild`: the tables of the figures filled anew from the topic."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from services.metrics.acts.proof import prove
from services.metrics.acts.rebuild import rebuild as rebuilt
from services.metrics.commands.output import AsJson
from services.metrics.rules.stream import dossiers
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load


def rebuild(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing: say whether it would.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold the whole topic and put the result in the place of what is stored; the service may go on folding."""
    settings, stream = load(ServiceSettings), dossiers(load_catalogue())
    if dry_run:
        proof = asyncio.run(prove(settings, stream))
        said = proof.summary() | {"would_change": not proof.kpi_equals_refold}
    else:
        said = asyncio.run(rebuilt(settings, stream)) | {"would_change": False}
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    console = Console()
    for name in ("dossiers", "events", "repeated", "unreadable", "seconds"):
        console.print(f"{name:>20}  {said[name]}")
    if dry_run:
        console.print(
            "■ a rebuild would change figures" if said["would_change"] else "● a rebuild would change nothing"
        )
