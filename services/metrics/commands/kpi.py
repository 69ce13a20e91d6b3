"""`motcua kpi`: the figures of the running service, or of a file of events without any server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import httpx
import typer
from rich.console import Console

from services.metrics.acts.refold import Refold, refold
from services.metrics.adapters.topic import ends_of
from services.metrics.commands.asked import Asked, moment, province
from services.metrics.commands.fold import fold_file
from services.metrics.commands.output import AsJson, err, fail, table
from services.metrics.commands.whatif import whatif
from services.metrics.commands.why import why
from services.metrics.rules.stream import dossiers
from shared.catalogue.model import Catalogue
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load

_ANSWER_S: Final = 10.0


app = typer.Typer(help="Figures with their colours.", invoke_without_command=True, no_args_is_help=False)
app.command("fold")(fold_file)
app.command("why")(why)
app.command("whatif")(whatif)


@app.callback()
def kpi(
    context: typer.Context,
    *,
    indicator: Annotated[str | None, typer.Option(help="Id of an indicator; all by default.")] = None,
    agency: Annotated[str | None, typer.Option(help="Agency code; the province by default.")] = None,
    period: Annotated[
        str | None,
        typer.Option(help="2026, 2026-Q4, 2026-11, 2026-11-30, 2026-W48, 2026-11-C7; this month by default."),
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="What was true then: 2022-06-30 (its end) or an instant.")] = None,
    known_at: Annotated[str | None, typer.Option(help="What we showed then; with --as-of: what we knew then.")] = None,
    borders: Annotated[Literal["then", "today"], typer.Option(help="Agencies as they were, or as of today.")] = "then",
    as_json: AsJson = False,
) -> None:
    """Show the figures of the running service (METRICS_URL) with their colours; one indicator: of every agency."""
    if context.invoked_subcommand is not None:
        return
    catalogue = load_catalogue()
    if agency is None and indicator is None:
        agency = province(catalogue)
    asked = Asked(indicator, agency, period, moment(as_of), moment(known_at))
    if asked.is_inside_a_day and borders == "today":
        fail("today's borders are shown for the ends of days: give --as-of and --known-at as days.", 2)
    body = _refolded(asked, catalogue) if asked.is_inside_a_day else _ask(asked, borders)
    if as_json:
        body["rows"] = [row | {"agency": row["agency_code"]} for row in body["rows"]]
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        Console().print(table(body, catalogue))


def _refolded(asked: Asked, catalogue: Catalogue) -> dict[str, Any]:
    """The store knows the past by days: inside one, the topic itself is folded up to the instant."""
    err.print("An instant inside a day: folding the topic up to it, which takes longer.", style="dim")
    settings, stream = load(ServiceSettings), dossiers(catalogue)

    async def told() -> tuple[Mapping[int, int], Refold]:
        ends = await ends_of(settings, stream.topic)
        return ends, await refold(settings, stream, ends, limits=asked.limits)

    position, refolded = asyncio.run(told())
    rows = asked.rows(refolded.cells, stream, catalogue)
    return {"as_of": rows[0]["as_of"] if rows else None, "position": position, "refolded": True, "rows": rows}


def _ask(asked: Asked, borders: str) -> dict[str, Any]:
    given = {
        "borders": borders,
        "indicator": asked.indicator,
        "agency_code": asked.agency,
        "period": asked.period,
        "as_of": asked.as_of and asked.as_of.at.isoformat(),
        "known_at": asked.known_at and asked.known_at.at.isoformat(),
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    address = os.environ.get("METRICS_URL", "")
    if not address:
        fail("METRICS_URL is not set: start the stack with `motcua up`.")
    try:
        answer = httpx.get(f"{address}/api/kpi", params=parameters, timeout=_ANSWER_S)
    except httpx.HTTPError as error:
        fail(f"the metrics service at {address} does not answer ({type(error).__name__}).")
    body: dict[str, Any] = answer.json()
    if answer.is_error:
        wrong = "; ".join(each["message"] for each in body.get("errors") or ())
        fail(f"the metrics service says: {body.get('detail') or wrong or body.get('title')}", 2)
    return body
