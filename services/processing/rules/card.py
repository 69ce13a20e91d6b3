"""The QR text of an identity card, as a reader types it: seven fields split by `|`, in an order that is data.

Readers that act as keyboards lose accents, and a Vietnamese typing mode bends letters; digits come through. So number
and dates are taken first, and a name only when nothing shows that its letters were harmed. The raw text is not kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from services.processing.rules.wording import Words

FIELDS: Final = ("personal_id", "old_id", "full_name", "birth_on", "sex", "address", "issued_on")
"""Order on the card; newer cards append more, which nobody needs here."""
_NUMBER: Final = re.compile(r"0(0[1-9]|[1-8]\d|9[0-6])\d{9}")
_DAY: Final = re.compile(r"(\d{2})(\d{2})(\d{4})")
_LONGEST: Final = 200
_ACCENTS: Final = 4
"""Letters with marks that any name with its address has; fewer were lost, or put there by a typing mode."""

NO_CARD: Final = Words(
    "Không đọc được mã trên thẻ. Quét lại, hoặc nhập số CCCD và họ tên theo thẻ.",
    "The card's code could not be read. Scan again, or type number and name from the card.",
)
NO_NAME: Final = Words(
    "Đọc được số, chưa đọc được tên. Nhập tên theo thẻ.",
    "The number was read, the name was not. Type it from the card.",
)
CONTRADICTS: Final = Words(
    "Số trên thẻ không khớp ngày sinh hoặc giới tính ghi trên thẻ. Kiểm tra lại thẻ.",
    "The number does not fit the birth date or sex on the card. Check the card.",
)


class Card(NamedTuple):
    """What could be read for certain; empty texts and no date were not. `remarks` tell the clerk what to do."""

    personal_id: str
    full_name: str = ""
    birth_on: date | None = None
    address: str = ""
    remarks: tuple[Words, ...] = ()


class NotACard(ValueError):
    """The text holds no identity number where a card has it."""


def parse(text: str) -> Card:
    """The card's fields. Raises NotACard; says nothing of what the text held."""
    parts = [part.strip() for part in unicodedata.normalize("NFC", text).strip().split("|")]
    if not _NUMBER.fullmatch(parts[0]):
        raise NotACard
    given = dict(zip(FIELDS, parts, strict=False))
    born = _day(given.get("birth_on", ""))
    name, address = _texts(given, is_whole=born is not None)
    remarks = [NO_NAME] if not name else []
    if born and _contradicts(parts[0], born, given.get("sex", "")):
        remarks.append(CONTRADICTS)
    return Card(parts[0], name, born, address, tuple(remarks))


def _texts(given: Mapping[str, str], *, is_whole: bool) -> tuple[str, str]:
    """Name and address; empty when they are cut off or show that letters were lost on the way."""
    name, address = given.get("full_name", ""), given.get("address", "")
    has_accents = sum(not letter.isascii() for letter in name + address) >= _ACCENTS
    is_cut = "issued_on" not in given
    if not is_whole or not has_accents or not _is_text(name) or any(letter.isdigit() for letter in name):
        return "", ""
    return name, "" if is_cut or not _is_text(address) else address


def _is_text(text: str) -> bool:
    """Letters of a language, not what a reader puts where it knew none."""
    harmed = "?" in text or any(unicodedata.category(letter) in {"Cc", "Cf", "Co", "So"} for letter in text)
    return 1 < len(text) <= _LONGEST and not harmed


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def _contradicts(number: str, born: date, sex: str) -> bool:
    """Whether century, sex and year in the number differ from what stands beside it (NĐ 137/2015/NĐ-CP)."""
    century, woman = divmod(int(number[3]), 2)
    year = 1900 + 100 * century + int(number[4:6])
    said = {"nam": 0, "nữ": 1, "nu": 1}.get(sex.casefold())
    return year != born.year or said not in {None, woman}
