"""`motcua kpi why`: which dossiers keep a figure from its target, how many to the next colour, whose hours it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from services.metrics.acts.attribution import Attribution, attributed
from services.metrics.acts.stored import through
from services.metrics.commands.asked import Asked, answered, check_agency, of_dossiers, province, whose
from services.metrics.commands.hours import hours, seconds_of, sums_of
from services.metrics.commands.output import SHAPES, AsJson, err, table
from services.metrics.rules.attribution import calendars
from services.metrics.rules.band import bands_of
from services.metrics.rules.measures import Measures
from services.metrics.rules.seen import Seen
from services.metrics.rules.stream import dossiers
from services.metrics.rules.why import least
from services.metrics.store import Question, Reading
from services.metrics.views import day_of
from services.metrics.views.dossiers import keeps
from shared.catalogue.model import Catalogue, Indicator
from shared.platform.catalogue import load_catalogue
from shared.platform.settings import ServiceSettings, load

LISTED: Final = 200
"""The most dossiers that are named; all of them are counted and charged."""


def why(
    *,
    indicator: Annotated[str, typer.Option(help="Id of an indicator that counts dossiers.")],
    agency: Annotated[str | None, typer.Option(help="Agency code; the province by default.")] = None,
    period: Annotated[str | None, typer.Option(help="2026, 2026-Q4 or 2026-11; this month by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a figure has its colour: what is missing to the next one, which dossiers, and whose working hours."""
    catalogue, at = load_catalogue(), datetime.now(UTC)
    asked = Asked(indicator, agency or province(catalogue), period)
    question = asked.question(at)
    row = of_dossiers(catalogue, indicator, day_of(question.period, at))
    check_agency(catalogue, asked.agency)
    reading, missing, charges = answered(_asked(asked, question, row, catalogue))
    [figure] = asked.rows_of(reading.counts, question, catalogue)
    body = {
        **figure,
        "as_of": reading.as_of and reading.as_of.isoformat(),
        "judged_at": at.isoformat(),
        "position": reading.position,
        "least": _least(figure, row, catalogue, question),
        "missing": len(missing),
        "dossiers": [seconds_of(code, charges.each.get(code)) for code in islice(sorted(missing), LISTED)],
        "attribution": sums_of(charges),
    }
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        _show(body, catalogue)


async def _asked(
    asked: Asked, question: Question, row: Indicator, catalogue: Catalogue
) -> tuple[Reading, dict[str, int], Attribution]:
    """What is stored, the newest event's number of each missing dossier, and whose hours they took."""
    settings, stream = load(ServiceSettings), dossiers(catalogue)
    kept = keeps(Measures.of(catalogue), row, "missing", question.at)
    missing: dict[str, int] = {}

    def take(seen: Seen) -> None:
        if kept(seen):
            missing[seen.dossier_code] = seen.seq

    them = whose(catalogue, asked.agency, question.period, day_of(question.period, question.at))
    reading = await through(settings, stream, question, them, take)
    if missing:
        err.print(f"Reading the events of {len(missing)} dossiers from the log.", style="dim")
    listed = frozenset(islice(sorted(missing), LISTED))
    charges = await attributed(
        settings, stream.topic, reading.position, missing, listed, calendars(catalogue), question.at
    )
    return reading, missing, charges


def _least(
    figure: Mapping[str, Any], row: Indicator, catalogue: Catalogue, question: Question
) -> dict[str, Any] | None:
    if figure["denominator"] is None:
        return None
    on = day_of(question.period, question.at)
    found = least(figure["numerator"], figure["denominator"], row, bands_of(catalogue, row, figure["agency"], on))
    return {"count": found.count, "colour": str(found.colour)} if found else None


def _show(body: Mapping[str, Any], catalogue: Catalogue) -> None:
    console = Console()
    console.print(table({**body, "rows": [body]}, catalogue))
    if fixed := body["least"]:
        console.print(f"Sửa ít nhất {fixed['count']} hồ sơ để lên {SHAPES[fixed['colour']][0]}.")
    console.print(f"Chưa đạt: {body['missing']} hồ sơ.")
    if not body["missing"]:
        return
    console.print(hours(body["attribution"]))
    if uncharged := body["attribution"]["uncharged"]:
        console.print(f"Không tính được giờ của {uncharged} hồ sơ: thiếu sự kiện hoặc lịch làm việc.")
    for dossier in body["dossiers"]:
        console.print(dossier["dossier_code"], highlight=False)
    if (more := body["missing"] - len(body["dossiers"])) > 0:
        console.print(f"… và {more} hồ sơ nữa")
