"""Accounts of the local stack's staff: who sits where in the sample province, with passwords made at the first start.

One file, `<root>/secrets/processing/accounts.json`, which the console reads at each start. Production has none.
"""

import json
import secrets
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.local.errors import StackError

PLACES: Final = {
    "so-tu-phap": ("000.00.03.H39", "Sở Tư pháp"),
    "so-cong-thuong": ("000.00.06.H39", "Sở Công Thương"),
    "so-xay-dung": ("000.00.09.H39", "Sở Xây dựng"),
    "long-an": ("001.00.40.H39", "UBND phường Long An"),
    "ben-luc": ("005.00.40.H39", "UBND xã Bến Lức"),
    "tinh": ("000.00.00.H39", "toàn tỉnh"),
}
"""Short name in logins → (agency code, name in titles). A grant covers the agency and everything below it."""

POSTS: Final = {
    "tiepnhan": ("CLERK", "Cán bộ tiếp nhận"),
    "chuyenvien": ("SPECIALIST", "Chuyên viên"),
    "truongphong": ("UNIT_HEAD", "Trưởng phòng"),
    "lanhdao": ("SIGNER", "Lãnh đạo ký"),
    "vanthu": ("RECORDS", "Văn thư"),
    "trakq": ("RETURN_CLERK", "Người trả kết quả"),
    "ketoan": ("ACCOUNTANT", "Kế toán"),
    "motcua": ("DESK_HEAD", "Người đứng đầu Bộ phận Một cửa"),
}
"""Short name in logins → (role, title)."""

OPERATOR: Final = ("vanhanh", (("OPERATOR", "000.00.00.H39"),))
"""Who looks after the machines: no dossier, no name."""

FIRST: Final = "tiepnhan.tinh"
"""The sign-in that the demonstration shows: sees what waits anywhere in the province."""


class Person(NamedTuple):
    """One account as the console's file has it."""

    person_code: str
    login: str
    title: str
    password: str
    grants: tuple[tuple[str, str], ...]


def people(kept: dict[str, str]) -> list[Person]:
    """Everybody of the sample; `kept` are passwords of an earlier start, by login."""
    found: list[Person] = []
    for place, (agency, where) in PLACES.items():
        for post, (role, title) in POSTS.items():
            login = f"{post}.{place}"
            password = kept.get(login) or _password()
            found.append(Person(f"CB-{len(found) + 1:04d}", login, f"{title}, {where}", password, ((role, agency),)))
    login, grants = OPERATOR
    found.append(Person("CB-0900", login, "Vận hành hệ thống", kept.get(login) or _password(), grants))
    return found


def text_of(before: str | None) -> str:
    """The file's text; passwords of an earlier one stay."""
    kept = {each["login"]: each["password"] for each in json.loads(before)} if before else {}
    return json.dumps([person._asdict() for person in people(kept)], ensure_ascii=False, indent=1)


def read(root: Path) -> list[dict[str, Any]]:
    """The accounts of a stack. Raises: StackError before its first start."""
    path = root / "secrets/processing/accounts.json"
    if not path.exists():
        raise StackError("there are no accounts yet: start the stack once with `motcua up`.")
    return list(json.loads(path.read_text()))


def _password() -> str:
    """Easily typed, hardly guessed: 60 bits in letters and digits that look unlike each other."""
    letters = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))
