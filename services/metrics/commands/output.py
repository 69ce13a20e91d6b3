"""How the commands of metrics speak."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from services.metrics.views import target_words
from shared.catalogue.indicator import Show
from shared.catalogue.model import Catalogue, Indicator
from shared.dossier.working_time import LOCAL

SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "green": ("● Xanh", "white on #0b6e4f"),
    "yellow": ("◆ Vàng", "black on #ffd93d"),
    "orange": ("▲ Cam", "black on #e8710a"),
    "red": ("■ Đỏ", "white on #8f0d1f"),
    "none": ("○", ""),
}
"""Colour never stands alone: shape and word go with it."""


_UNITS: Final[Mapping[Show, str]] = {Show.PERCENT: " %", Show.DAYS: " ngày"}

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
err = Console(stderr=True)


def fail(line: str, code: int = 1) -> NoReturn:
    """One line on the terminal; 1 = it failed, 2 = it was used wrongly."""
    err.print(line, soft_wrap=True, markup=False, highlight=False)
    raise typer.Exit(code)


def table(body: Mapping[str, Any], catalogue: Catalogue) -> Table:
    """One line per figure below the name of its unit; words as on the board."""
    indicators = {row.id: row for row in catalogue.indicators}
    shown = Table(box=None, header_style="bold", caption=f"Số liệu đến {_local(body['as_of'])}", caption_justify="left")
    shown.add_column("Chỉ tiêu")
    shown.add_column("Mức", no_wrap=True)
    for title in ("Giá trị", "Hồ sơ"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_column("Đích", no_wrap=True)
    months, before = {row["period"] for row in body["rows"]}, ("", "")
    for row in body["rows"]:
        indicator, place = indicators[row["indicator"]], (row["agency_code"], row["period"])
        word, style = SHAPES[row["colour"]]
        is_count, is_share = row["denominator"] is None, indicator.shown is Show.PERCENT
        value = "không công bố" if row["is_hidden"] else value_words(indicator, row["value"])
        if place != before:
            shown.add_row(f"[bold]{_name(row, catalogue, is_dated=len(months) > 1)}[/]")
        shown.add_row(
            indicator.name,
            "" if is_count else f"[{style}] {word} [/]" if style else word,
            value,
            f"{row['numerator']}/{row['denominator']}" if is_share and not row["is_hidden"] else "",
            target_words(indicator),
        )
        before = place
    return shown


def value_words(indicator: Indicator, value: str | None) -> str:
    """`54,39 %`, with its unit; the words for nothing to judge."""
    return "không phát sinh" if value is None else value.replace(".", ",") + _UNITS.get(indicator.shown, "")


def _local(as_of: str | None) -> str:
    return f"{datetime.fromisoformat(as_of).astimezone(LOCAL):%H:%M:%S %d/%m/%Y}" if as_of else "chưa có"


def _name(row: Mapping[str, Any], catalogue: Catalogue, *, is_dated: bool) -> str:
    known = catalogue.agencies_by_code.get(row["agency_code"])
    name = known[-1].name if known else row["agency_code"]
    return f"{name}, {row['period']}" if is_dated else name
