"""Who files: the applicant as declared, brought into one form (identity_and_documents §1)."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared.dossier.written import Day

_PLACES: Final = range(1, 97)
"""Provinces of birth registration, with gaps that the population database knows better."""
_PHONE: Final = re.compile(r"0(?:[35789]\d{8}|2\d{9})")
_EMAIL: Final = re.compile(r"[^\s@<>\"']{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def plain(text: str) -> str:
    """Unicode NFC, one blank between words. Raises ValueError for control and formatting characters."""
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co"} for letter in text):
        raise ValueError("control characters are not text")
    return " ".join(unicodedata.normalize("NFC", text).split())


def personal_id(text: str) -> str:
    """12 digits: place of birth registration, century and sex, year, six digits; no check digit (NĐ 137/2015/NĐ-CP)."""
    if not re.fullmatch(r"[0-9]{12}", text) or int(text[:3]) not in _PLACES:
        raise ValueError("not a personal id")
    return text


def birth_year(personal_number: str) -> int:
    """The year of birth that the number says: its fourth digit counts centuries from 1900 by twos."""
    return 1900 + int(personal_number[3]) // 2 * 100 + int(personal_number[4:6])


def phone(text: str) -> str:
    """E.164 of a Vietnamese number: `0901234567` → `+84901234567`."""
    digits = re.sub(r"[ .-]", "", text)
    local = "0" + digits.removeprefix("+84") if digits.startswith("+84") else digits
    if not _PHONE.fullmatch(local):
        raise ValueError("not a Vietnamese phone number")
    return "+84" + local[1:]


def _name(text: str) -> str:
    name = plain(text)
    if not any(letter.isalpha() for letter in name):
        raise ValueError("a name has letters")
    return name


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("not an e-mail address")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _nothing(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


FullName = Annotated[Text, AfterValidator(_name)]
PersonalId = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{12}$"), AfterValidator(personal_id), Field(examples=["080090123456"])
]


class Person(BaseModel):
    """The owner of a dossier. Kept sealed; shown only through intake's doors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    full_name: FullName
    personal_id: PersonalId
    phone: Annotated[str, StringConstraints(max_length=20), AfterValidator(phone), Field(examples=["0901234567"])]
    email: Annotated[Annotated[Text, AfterValidator(_email)] | None, BeforeValidator(_nothing)] = None
    address: Annotated[Annotated[Text, AfterValidator(plain)] | None, BeforeValidator(_nothing)] = None
    birth_on: Day | None = None
