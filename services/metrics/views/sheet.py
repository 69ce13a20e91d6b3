"""The board as a file for spreadsheets: one line per unit and figure, exact counts, in the reader's language.

With a byte-order mark, so that spreadsheets read Vietnamese; fields are parted and decimals written as they are used to
in that language: `;` and a comma, in English a comma and a point.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from services.metrics.views.figures import Figure
from services.metrics.views.language import Words
from services.metrics.views.scene import Scene

BYTE_ORDER_MARK: Final = "\ufeff"

_HEADINGS: Final = (
    "Mã cơ quan", "Đơn vị", "Mã chỉ tiêu", "Tên chỉ tiêu", "Kỳ", "Tử số", "Mẫu số", "Giá trị", "Chỉ tiêu đặt ra", "Mức",
    "Số liệu đến",
)  # fmt: skip


def sheet(scene: Scene) -> str:
    """The agency itself, then the units right below it, in the order of the board."""
    text = io.StringIO()
    write = csv.writer(text, delimiter=";" if scene.asked.language == "vi" else ",", lineterminator="\r\n")
    write.writerow([scene.words(heading) for heading in _HEADINGS])
    names = {scene.asked.agency_code: scene.agency.name}
    names |= {row.code: row.name for units in scene.units.values() for row in units}
    for code, name in names.items():
        write.writerows(_lines(scene, code, name))
    return BYTE_ORDER_MARK + text.getvalue()


def file_name(scene: Scene) -> str:
    """`bang-000.00.00.H39-2026-11.csv`"""
    return f"bang-{scene.asked.agency_code}-{scene.asked.period.text}.csv"


def _lines(scene: Scene, code: str, name: str) -> Iterator[list[str]]:
    as_of = scene.known.reading.as_of
    stamp = scene.words.instant(as_of) if as_of else ""
    for id_, figure in scene.figures(code, scene.indicators.values()).items():
        words = scene.words
        yield [
            code, name, id_, words.name(figure.indicator), scene.asked.period.text, *_parts(figure),
            words.decimal(figure.value or ""), words.target(figure.indicator), _level(figure, words), stamp,
        ]  # fmt: skip


def _level(figure: Figure, words: Words) -> str:
    return words("không công bố: số đếm không khớp") if figure.is_withheld else words.level(figure.colour)


def _parts(figure: Figure) -> tuple[str, str]:
    if figure.is_hidden:
        return "", ""
    return str(figure.numerator), "" if figure.denominator is None else str(figure.denominator)
