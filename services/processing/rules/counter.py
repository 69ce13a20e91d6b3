"""The counter's form: finding a procedure without accents, and what was typed as the body of a filing. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final, NamedTuple

from services.processing.rules.forms import FILE, Wrong, parse_day
from services.processing.rules.wording import Words
from shared.catalogue.model import Procedure
from shared.dossier.working_time import LOCAL

MOST_FOUND: Final = 8
HELD: Final = "held."
REUSED: Final = "REUSED"
GUIDANCE: Final = ("told_online", "told_post")
"""Two questions that the directive wants asked of everybody; neither has an answer before it was given."""
POSTAL: Final = ("posted_at", "minutes_signed_at")
"""When the post took it, and when its consignment was signed over to the desk (QĐ 45/2016/QĐ-TTg Điều 7.4)."""
_MOMENT: Final = re.compile(r"(\d{1,2})[:h](\d{2}) +(.+)")
_W = Words

SAYS: Final[Mapping[str, Words]] = {
    "procedure": _W("Chọn thủ tục.", "Choose the procedure."),
    "personal_id": _W("Nhập số CCCD gồm 12 chữ số.", "Write the 12 digits of the identity number."),
    "full_name": _W("Nhập họ và tên theo thẻ.", "Write the full name as on the card."),
    "phone": _W(
        "Nhập số điện thoại Việt Nam, ví dụ 0901 234 567.", "Write a Vietnamese phone number, such as 0901 234 567."
    ),
    "email": _W(
        "Nhập đúng thư điện tử, ví dụ ten@example.vn, hoặc để trống.", "Write the e-mail address, or leave it empty."
    ),
    "address": _W("Nhập địa chỉ nhận kết quả.", "Write the address for the result."),
    "birth_on": _W("Nhập ngày sinh dạng 09/05/1990, hoặc để trống.", "Write the day as 09/05/1990, or leave it empty."),
    "posted_at": _W(
        "Nhập giờ, ngày trên dấu bưu chính, dạng 14:05 09/05/2023.", "Write the time of the postmark: 14:05 09/05/2023."
    ),
    "minutes_signed_at": _W(
        "Nhập giờ, ngày ký biên bản giao nhận, dạng 14:05 09/05/2023.",
        "Write when the handover minutes were signed: 14:05 09/05/2023.",
    ),
    "return_way": _W("Chọn cách nhận kết quả.", "Choose how the result is returned."),
    "told_online": _W(
        "Trả lời câu: đã hướng dẫn nộp trực tuyến?", "Answer whether filing online was explained."
    ),
    "told_post": _W(
        "Trả lời câu: đã hướng dẫn dịch vụ bưu chính công ích?", "Answer whether the public post was explained."
    ),
}  # fmt: skip
"""What to do about each field, in the order of the page."""


class Needed(NamedTuple):
    """One paper of the procedure; `is_held`: the State has it, so it is not asked."""

    kind: str
    name: str
    is_required: bool
    is_held: bool = False
    document_id: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the counter waits for it."""
        return self.is_required and not self.is_held and not self.document_id


class Found(NamedTuple):
    """What can be filed of what was typed; `body` is None while something is wrong."""

    body: Mapping[str, Any] | None
    wrong: Sequence[Wrong] = ()


def fold(text: str) -> list[str]:
    """Words without accents, in lower case; `đ` is `d`."""
    bare = (letter for letter in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(letter) != "Mn")
    return "".join(letter if letter.isalnum() or letter == "." else " " for letter in bare).replace("đ", "d").split()


def search(offered: Iterable[Procedure], asked: str) -> list[Procedure]:
    """Procedures whose name has all words asked for, or beginnings of them, in any order.

    First those with the very accents that were typed, then those that have the words side by side, shorter names first.
    """
    wanted, typed = fold(asked), unicodedata.normalize("NFC", asked.lower()).split()
    if not wanted:
        return []

    def place(each: Procedure) -> tuple[bool, bool, int, str]:
        is_exact = asked.isascii() or _has(each.name.lower().split(), typed)
        return not is_exact, " ".join(wanted) not in " ".join(fold(each.name)), len(each.name), each.code

    found = (each for each in offered if each.code == asked.strip() or _has(fold(each.name), wanted))
    return sorted(found, key=place)[:MOST_FOUND]


def _has(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(any(word.startswith(part) for word in words) for part in wanted)


def read(typed: Mapping[str, Sequence[str]], agency_code: str, papers: Sequence[Needed] | None) -> Found:
    """The body of a filing at the desk, or what has to be corrected. `papers` is None without a procedure."""
    born = _one(typed, "birth_on")
    wrong = [Wrong(name, SAYS[name]) for name in _absent(typed, is_chosen=papers is not None)]
    if born and parse_day(born) is None:
        wrong.append(Wrong("birth_on", SAYS["birth_on"]))
    wrong += [Wrong(f"{FILE}{each.kind}", _bring(each.name)) for each in papers or () if each.is_missing]
    if wrong:
        return Found(None, in_order(wrong))
    day = parse_day(born)
    is_post = is_posted(typed)
    times = {name: at.isoformat() for name in POSTAL if (at := moment_of(_one(typed, name)))} if is_post else {}
    person = {name: _one(typed, name) for name in ("full_name", "personal_id", "phone", "email", "address")}
    body: dict[str, Any] = {
        "procedure_code": _one(typed, "procedure"),
        "agency_code": agency_code,
        "channel": "POST" if is_post else "IN_PERSON",
        "applicant_type": _one(typed, "applicant_type") or "CITIZEN",
        "applicant": person | {"birth_on": day.isoformat() if day else None},
        "return_way": _one(typed, "return_way"),
        "documents": [
            {"kind": each.kind, "document_id": each.document_id} for each in papers or () if each.document_id
        ],
        "guided": not is_post and all(_one(typed, name) == "yes" for name in GUIDANCE),
        "exemption": _one(typed, "exemption") or None,
        **times,
    }
    return Found(body)


def is_posted(typed: Mapping[str, Sequence[str]]) -> bool:
    """Whether the dossier came by post: then its times are typed."""
    return any(_one(typed, name) for name in POSTAL)


def moment_of(text: str) -> datetime | None:
    """The local instant written `14:05 09/05/2023`; None when it is none."""
    found = _MOMENT.fullmatch(text)
    day = parse_day(found[3]) if found else None
    try:
        return datetime.combine(day, time(int(found[1]), int(found[2])), LOCAL) if found and day else None
    except ValueError:
        return None


def refused_fields(pointers: Iterable[str]) -> tuple[Wrong, ...]:
    """What intake found wrong, by the place in the body (`#/applicant/phone`), as words at the field."""
    names = [pointer.rsplit("/", 1)[-1] for pointer in pointers]
    known = [Wrong(name, SAYS[name]) for name in names if name in SAYS]
    return in_order(known)


def in_order(wrong: Iterable[Wrong]) -> tuple[Wrong, ...]:
    """In the order of the page, each once."""
    places = ["personal_id", "full_name", "birth_on", "phone", "email", "address", "procedure", *POSTAL]
    places += ["return_way"]
    places += [FILE, *GUIDANCE]

    def place(each: Wrong) -> int:
        name = FILE if each.name.startswith(FILE) else each.name
        return places.index(name) if name in places else len(places)

    return tuple(sorted(dict.fromkeys(wrong), key=place))


def _absent(typed: Mapping[str, Sequence[str]], *, is_chosen: bool) -> Iterable[str]:
    yield from (name for name in ("personal_id", "full_name", "phone") if not _one(typed, name))
    if not is_chosen:
        yield "procedure"
    if _one(typed, "return_way") not in {"DESK", "POST"}:
        yield "return_way"
    if _one(typed, "return_way") == "POST" and not _one(typed, "address"):
        yield "address"
    if is_posted(typed):  # nobody stands there to be told
        yield from (name for name in POSTAL if moment_of(_one(typed, name)) is None)
    else:
        yield from (name for name in GUIDANCE if _one(typed, name) not in {"yes", "no"})


def _bring(name: str) -> Words:
    return _W(f"Tải lên bản quét: {name}.", f"Upload the scan: {name}.")


def _one(typed: Mapping[str, Sequence[str]], name: str) -> str:
    texts = typed.get(name, ())
    return texts[0].strip() if texts else ""
