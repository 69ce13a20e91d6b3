"""`motcua catalogue`: check the data, show a procedure as it is on a day, compare versions, publish one."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from shared.catalogue import lookup
from shared.catalogue.lint import warnings
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue, Procedure
from shared.platform.catalogue import CatalogueError, load_catalogue
from shared.platform.publishing import ARCHIVE, differences, publish, published, versions

WORKING: Final = "working"
"""In place of a version: the data as they are now."""
app = typer.Typer(name="catalogue", help="The catalogue: procedures, agencies, fees, limits, calendars.")
out, err = Console(), Console(stderr=True)

Folder = Annotated[Path | None, typer.Argument(help="Folder of *.yaml; the shipped one by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today by default.")]
Archive = Annotated[Path, typer.Option(help="Folder of the published versions.")]


@app.command()
def check(folder: Folder = None, *, on: On = None) -> None:
    """Say what is wrong as `file:line: message`; exit 1 when anything is. Warnings do not fail."""
    catalogue, day = _loaded(folder), _day(on)
    for text in warnings(catalogue, day):
        err.print(f"warning: {text}", soft_wrap=True, markup=False, highlight=False)
    years = [row.year for row in catalogue.calendar_years]
    out.print(
        f"{catalogue.version}: {len(catalogue.procedures_by_code)} procedures in {len(catalogue.procedures)} versions, "
        f"{len(catalogue.agencies_by_code)} agencies, {len(catalogue.essential_services)} essential services, "
        f"calendar {catalogue.calendar_version} of {min(years)}-{max(years)}: nothing wrong",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def show(
    procedure: Annotated[str, typer.Argument(help="Code, e.g. 1.001193.")],
    *,
    on: On = None,
    agency: Annotated[str | None, typer.Option(help="Who decides it: its fees and calendar.")] = None,
    as_json: AsJson = False,
) -> None:
    """A procedure as it is on a day: limit, channels, papers, fees, who decides it."""
    catalogue, day = _loaded(None), _day(on)
    try:
        row = lookup.procedure(catalogue, procedure, day)
        promised = _promised(catalogue, row, agency, day)
    except NotInCatalogue as missing:
        _fail([str(missing)], 2)
    if as_json:
        sys.stdout.write(json.dumps(row.model_dump(mode="json") | promised, ensure_ascii=False) + "\n")
        return
    table = Table(box=None, show_header=False, title=f"{row.code} {row.name}", title_justify="left")
    for title, value in (_lines(catalogue, row) | promised).items():
        table.add_row(title, str(value))
    out.print(table)


def _promised(catalogue: Catalogue, row: Procedure, agency: str | None, on: date) -> dict[str, Any]:
    if agency is None:
        return {"agencies": [each.code for each in lookup.competent_agencies(catalogue, row, on)]}
    terms = lookup.terms(catalogue, row.code, agency, row.channels[0], on)
    return {
        "agency": agency,
        "fees_vnd": {fee.code: fee.amount_vnd for fee in terms.fees},
        "digitization_required": terms.digitization_required,
        "calendar": terms.calendar.version,
    }


def _lines(catalogue: Catalogue, row: Procedure) -> dict[str, Any]:
    names = catalogue.document_kinds_by_code
    return {
        "version": f"{row.version}, {row.valid_from} – {row.valid_to or ''}",
        "field": row.field,
        "levels": ", ".join(row.levels),
        "limit": f"{row.processing_time}" + (f" + {row.verification_time}" if row.verification_time else ""),
        "legs": ", ".join(f"{leg.name} {leg.processing_time}" for leg in row.legs) or "–",
        "clock starts": f"{row.clock_start}; after a supplement {row.supplement_clock}",
        "channels": ", ".join(map(str, row.channels)) + f" ({row.online_level}, level {row.online_level_2022} of 2011)",
        "papers": "; ".join(names[part.kind].name for part in row.components),
        "fees": "; ".join(f"{fee.name} {fee.timing}" for fee in row.fees) or "none",
        "result": names[row.result_kind].name + (", by post" if row.post_return else ""),
        "essential service": row.e25 or "–",
        "law": row.law,
    }


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A published version, or `working`.")],
    new: Annotated[str, typer.Argument(help="Another one.")],
    *,
    archive: Archive = ARCHIVE,
    as_json: AsJson = False,
) -> None:
    """What differs between two versions, row by row and field by field."""
    found = differences(_version(old, archive), _version(new, archive))
    if as_json:
        sys.stdout.write(json.dumps([each._asdict() for each in found], ensure_ascii=False) + "\n")
        return
    for each in found:
        typer.echo(str(each))
    err.print(f"{len(found)} differences", highlight=False)


@app.command("publish")
def publish_command(
    folder: Folder = None,
    *,
    note: Annotated[str, typer.Option(help="Why, for those who compare later.")] = "",
    on: On = None,
    archive: Archive = ARCHIVE,
) -> None:
    """Keep this version for ever; refused while next year's holidays are missing or the version has other content."""
    catalogue = _loaded(folder)
    try:
        path, is_new = publish(catalogue, _day(on), datetime.now(UTC), note=note, archive=archive)
    except CatalogueError as wrong:
        _fail(wrong.problems)
    out.print(f"{catalogue.version} {'is published' if is_new else 'was published before'}: {path}", soft_wrap=True)


@app.command("versions")
def versions_command(*, archive: Archive = ARCHIVE) -> None:
    """All published versions, oldest first."""
    for version in versions(archive):
        typer.echo(version)


def _version(name: str, archive: Path) -> Catalogue:
    if name == WORKING:
        return _loaded(None)
    try:
        return published(name, archive)
    except CatalogueError as wrong:
        _fail(wrong.problems, 2)


def _loaded(folder: Path | None) -> Catalogue:
    try:
        return load_catalogue(folder)
    except CatalogueError as wrong:
        _fail(wrong.problems)


def _day(on: datetime | None) -> date:
    return on.date() if on else date.today()  # noqa: DTZ011 - the desks' own day


def _fail(lines: Any, code: int = 1) -> NoReturn:
    for line in lines:
        err.print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(code)
