"""A list of dossiers that comes back as CSV: which codes stand on which line, or a sentence that says what is wrong.

The file is the worklist's own, whatever a spreadsheet made of it: comma, semicolon or tab, more columns, another order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from services.processing.rules.wording import Words
from shared.dossier.codes import is_dossier_code

CODE_HEADS: Final = frozenset({"mã hồ sơ", "dossier code"})
NOTE_HEADS: Final = frozenset({"ghi chú", "note"})
LONGEST_NOTE: Final = 2_000
"""Letters of a note, as on the dossier's own page."""
_OTHER_KINDS: Final = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff")
"""How spreadsheets, packed files, PDF and pictures begin."""
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_W = Words
_HOW: Final = _W("Lưu danh sách dạng “CSV UTF-8” rồi nạp lại.", "Save the list as “CSV UTF-8” and load it again.")

_LIKE: Final = "000.00.03.H39-230110-0007"
_NO_CODE: Final = _W(f"không phải mã hồ sơ, mẫu {_LIKE}", f"no dossier code, such as {_LIKE}")


class Line(NamedTuple):
    """One dossier of the file; `number` counts lines from 1, the heading's. `why_not` is empty for a good one."""

    number: int
    code: str
    note: str = ""
    why_not: Words | None = None


class NotAList(Exception):
    """The file as a whole cannot be used; `words` say on which line, and what to do."""

    def __init__(self, number: int, vi: str, en: str) -> None:
        self.words = Words(f"Dòng {number}: {vi}", f"Line {number}: {en}")
        super().__init__(self.words.vi)


def read_list(data: bytes, most: int) -> list[Line]:
    """The dossiers in the file's order; blank lines are none. Raises NotAList: kind, encoding, columns, size."""
    lines: list[Line] = []
    first_on: dict[str, int] = {}
    for number, code, note in _cells(_text(data)):
        if len(lines) == most:
            vi, en = f"tệp có hơn {most} hồ sơ. Tách thành nhiều tệp.", f"more than {most} dossiers. Split the file."
            raise NotAList(number, vi, en)
        lines.append(_line(number, code, note, first_on.setdefault(code, number)))
    if not lines:
        raise NotAList(2, "tệp không có hồ sơ nào.", "the file holds no dossier.")
    return lines


def _text(data: bytes) -> str:
    if data.startswith(_OTHER_KINDS):
        raise NotAList(1, f"tệp không phải CSV. {_HOW.vi}", f"this is no CSV file. {_HOW.en}")
    try:
        text = data.decode("utf-8-sig")
        wrong_at = text.find("\0")
        before = text[: max(wrong_at, 0)].count("\n")
    except UnicodeDecodeError as error:
        wrong_at, before = error.start, data[: error.start].count(b"\n")
    if data.startswith(_WIDE) or wrong_at >= 0:
        raise NotAList(before + 1, f"chữ trong tệp không phải UTF-8. {_HOW.vi}", f"the text is not UTF-8. {_HOW.en}")
    return text


def _cells(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, code, note) of each line that is not blank."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number, code_at, note_at = 1, None, None
    try:
        for row in rows:
            if number == 1:
                code_at, note_at = _columns(row)
            elif any(cell.strip() for cell in row):
                yield number, _cell(row, code_at).upper(), _cell(row, note_at)
            number = rows.line_num + 1
    except csv.Error as error:
        raise NotAList(number, f"không theo dạng CSV. {_HOW.vi}", f"this is no CSV. {_HOW.en}") from error
    if code_at is None:
        raise NotAList(1, "tệp trống.", "the file is empty.")


def _delimiter(text: str) -> str:
    """What the heading is split by: spreadsheets choose it by the language of the machine."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _columns(heading: Sequence[str]) -> tuple[int, int | None]:
    """Where code and note stand."""
    heads = [head.strip().casefold() for head in heading]
    code_at = _place(heads, CODE_HEADS)
    if code_at is None:
        raise NotAList(
            1,
            "không có cột “Mã hồ sơ”. Dùng tệp tải từ danh sách việc và giữ dòng tiêu đề.",
            "there is no column “Dossier code”. Use the file of the worklist and keep its heading.",
        )
    return code_at, _place(heads, NOTE_HEADS)


def _place(heads: Sequence[str], names: frozenset[str]) -> int | None:
    return next((place for place, head in enumerate(heads) if head in names), None)


def _cell(row: Sequence[str], place: int | None) -> str:
    """In one line: what stands on several comes as one with blanks."""
    return " ".join(row[place].split()) if place is not None and place < len(row) else ""


def _line(number: int, code: str, note: str, first_on: int) -> Line:
    if not is_dossier_code(code):
        return Line(number, "", "", _NO_CODE)  # what is no code is not shown: it may be a name
    if first_on != number:
        return Line(number, code, "", _W(f"trùng với dòng {first_on}", f"the same as line {first_on}"))
    if len(note) > LONGEST_NOTE:
        return Line(number, code, "", _W("ghi chú dài quá 2.000 chữ cái", "the note is longer than 2,000 letters"))
    return Line(number, code, note)
