"""`motcua kpi whatif`: the stored facts of a period judged again under another limit, target or calendar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.metrics.acts.stored import through
from services.metrics.commands.asked import Asked, answered, check_agency, whose
from services.metrics.commands.output import SHAPES, AsJson, fail, value_words
from services.metrics.commands.scenario import scenario
from services.metrics.rules.measures import Measures
from services.metrics.rules.stream import dossiers
from services.metrics.rules.value import Parts, value_of
from services.metrics.rules.whatif import Outcome, Recount
from services.metrics.store import Question, Reading
from services.metrics.views import day_of, figures, roll_up
from services.metrics.views.figures import agency_name
from shared.catalogue.calendar import CalendarMissing
from shared.catalogue.lookup import indicators_on
from shared.catalogue.model import Catalogue, Indicator
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load


def whatif(
    *,
    limit: Annotated[list[str] | None, typer.Option(help="PROCEDURE=3wd; may be repeated.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="INDICATOR=60, as it is shown; may be repeated.")] = None,
    day_off: Annotated[list[str] | None, typer.Option(help="2026-11-20, off for everybody; may be repeated.")] = None,
    agency: Annotated[str | None, typer.Option(help="Agency code; every one with dossiers by default.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q4 or 2026-11; this month by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count the period again as it would have been, and show each figure that would be another; changes nothing."""
    catalogue, at = load_catalogue(), datetime.now(UTC)
    question = Asked(None, agency, period).question(at)
    on = day_of(question.period, at)
    check_agency(catalogue, agency)
    given = scenario(catalogue, on, limits=limit or (), targets=target or (), days_off=day_off or ())
    recount = Recount(given, measures=Measures.of(catalogue), catalogue=catalogue, at=at, on=on)
    try:
        reading = answered(
            through(
                load(ServiceSettings),
                dossiers(catalogue),
                question,
                whose(catalogue, agency, question.period, on),
                recount.take,
            )
        )
    except CalendarMissing as missing:
        fail(f"{missing}: the scenario needs it.")
    outcomes = [each for each in recount.outcomes() if agency in {None, each.agency_code}]
    _check(outcomes, reading, catalogue, on)
    rows = {row.id: row for row in indicators_on(catalogue, on)}
    body = {
        "as_of": reading.as_of and reading.as_of.isoformat(),
        "judged_at": at.isoformat(),
        "position": reading.position,
        "figures": len(outcomes),
        "equals_stored": True,
        "rows": [_row(each, rows[each.indicator], question) for each in outcomes if each.is_changed],
    }
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        _show(body, catalogue, rows, on)


def _check(outcomes: Sequence[Outcome], reading: Reading, catalogue: Catalogue, on: date) -> None:
    """What is compared with must be the real figures. Ends the command with 1 when facts and cells differ."""
    totals = roll_up(reading.counts, catalogue, on)
    rows = {row.id: row for row in indicators_on(catalogue, on)}
    for each in outcomes:
        [real] = figures(totals, catalogue, [rows[each.indicator]], [each.agency_code], on)
        if (each.was, each.was_colour) != ((real.numerator, real.denominator), real.colour):
            fail(f"{each.indicator} of {each.agency_code}: stored facts and figures differ; run `motcua verify`.")


def _row(each: Outcome, indicator: Indicator, question: Question) -> dict[str, Any]:
    return {
        "indicator": each.indicator,
        "agency": each.agency_code,
        "period": question.period.text,
        "was": _side(indicator, each.was, each.was_colour),
        "would_be": _side(indicator, each.would_be, each.would_be_colour),
    }


def _side(indicator: Indicator, parts: Parts, level: str) -> dict[str, Any]:
    value = value_of(indicator, *parts)
    return {"numerator": parts[0], "denominator": parts[1], "value": value, "colour": str(level)}


def _show(body: Mapping[str, Any], catalogue: Catalogue, rows: Mapping[str, Indicator], on: date) -> None:
    console = Console()
    if not body["rows"]:
        console.print(f"Nothing changes: all {body['figures']} figures and colours stay as they are.", highlight=False)
        return
    shown = Table("Đơn vị", "Chỉ tiêu", "Thật", "Sẽ là", box=None, header_style="bold")
    for row in body["rows"]:
        name = agency_name(catalogue, row["agency"], on)
        indicator = rows[row["indicator"]]
        shown.add_row(name, indicator.name, _words(indicator, row["was"]), _words(indicator, row["would_be"]))
    console.print(shown)


def _words(indicator: Indicator, side: Mapping[str, Any]) -> str:
    word, style = SHAPES[side["colour"]]
    level = f"[{style}] {word} [/]" if style else word
    return f"{level} {value_words(indicator, side['value'])} ({side['numerator']}/{side['denominator']})"
