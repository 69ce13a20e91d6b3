"""Who lives in these journeys: marked people, so that a byte search can tell whether one of them got out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from deploy.simulators import population_database


@dataclass(frozen=True)
class Person:
    """An invented citizen. `account` is opaque and may travel; nothing else of it may."""

    account: str
    full_name: str
    personal_id: str
    phone: str
    email: str
    address: str

    def as_declared(self) -> dict[str, str]:
        """The applicant of a filing."""
        return {
            "full_name": self.full_name,
            "personal_id": self.personal_id,
            "phone": self.phone,
            "email": self.email,
            "address": self.address,
        }

    def as_browser(self) -> bytes:
        """A header as a careless client sends it."""
        return f"browser of {self.full_name} {self.personal_id} {self.phone} {self.email}".encode()

    def marks(self) -> tuple[str, ...]:
        """What must never be seen outside intake's doors. The phone without its first digit fits both notations."""
        return (self.full_name, self.personal_id, self.phone[1:], self.email, self.address)


OANH: Final = Person(
    "cd-71001", "Trịnh Thị Hoàng Oanh Vũ", "080187731904", "0977310461", "hoang.oanh.7731@example.vn",
    "Số 47/9 hẻm Sẻ Nâu, phường Long An, tỉnh Tây Ninh",
)  # fmt: skip
SON: Final = Person(
    "cd-71002", "Quách Đình Sơn Ca", "080079482615", "0868205937", "son.ca.8682@example.vn",
    "Ngách 12 ngõ Chích Chòe, phường Tân An, tỉnh Tây Ninh",
)  # fmt: skip
YEN: Final = Person(
    "cd-71003", "Lục Bạch Yến Phụng", "080195360748", "0394718526", "bach.yen.3947@example.vn",
    "Tổ 5 ấp Vành Khuyên, xã Bến Lức, tỉnh Tây Ninh",
)  # fmt: skip


def registered(*kinds: str) -> Person:
    """Somebody under whose number the register holds all these papers, with the name that stands there."""
    today = datetime.now(population_database.LOCAL_TIME).date()
    for number in count(415_203):
        identity = f"080090{number:06d}"
        papers = [population_database.document(identity, kind, today) for kind in kinds]
        if all(paper and paper.status == "ACTIVE" for paper in papers):
            name = population_database.person(identity).name
            return Person(
                "cd-71004", name, identity, "0912604837", "dang.ky.9126@example.vn", "Số 3 đường Chiền Chiện, Tây Ninh"
            )
    raise AssertionError("numbers do not end")


BORN: Final = registered("GIAY-CHUNG-SINH", "CCCD")
"""Registers a birth with nothing but a declaration: the rest is looked up."""

PEOPLE: Final = (OANH, SON, YEN, BORN)
