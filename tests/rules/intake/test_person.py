"""Persons as declared: the tests of identity_and_documents §1."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.rules.person import Person, birth_year, personal_id, phone
from tests.services.intake import fakes


@pytest.mark.parametrize(
    ("number", "year"), [("080090123456", 1990), ("080190123456", 1990), ("080305123456", 2005), ("096299123456", 2099)]
)
def test_a_personal_id_says_the_year_of_birth(number: str, year: int) -> None:
    assert personal_id(number) == number
    assert birth_year(number) == year


@pytest.mark.parametrize("number", ["000090123456", "097090123456", "08009012345", "08009012345a", "٠٨٠٠٩٠١٢٣٤٥٦", ""])
def test_what_is_no_personal_id(number: str) -> None:
    with pytest.raises(ValueError, match="not a personal id"):
        personal_id(number)


@pytest.mark.parametrize("written", ["0901234567", "090 123 4567", "090.123.4567", "+84901234567", "+84 90-123-4567"])
def test_a_phone_is_kept_in_one_form(written: str) -> None:
    assert phone(written) == "+84901234567"


@pytest.mark.parametrize("written", ["090123456", "09012345678", "0101234567", "+1 555 123 4567", "điện thoại", ""])
def test_what_is_no_phone(written: str) -> None:
    with pytest.raises(ValueError, match="phone"):
        phone(written)


def test_a_landline_has_eleven_digits() -> None:
    assert phone("02723826000") == "+842723826000"


def test_a_name_is_kept_as_on_the_card_in_one_unicode_form() -> None:
    decomposed = "NGUYÊ\u0303N  THI\u0323 ĐÀO "
    assert Person.model_validate(fakes.person(full_name=decomposed)).full_name == "NGUYỄN THỊ ĐÀO"


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "12345"},
        {"full_name": "A\u202eB"},
        {"full_name": "A\nB"},
        {"full_name": " "},
        {"full_name": "A" * 201},
        {"email": "nobody"},
        {"email": "a@b"},
        {"address": "x\x00y"},
        {"birth_on": "31/12/1990"},
        {"nickname": "Đào"},
    ],
)
def test_what_a_person_may_not_declare(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Person.model_validate(fakes.person(**changes))
    assert "0901234567" not in str(refused.value)
    assert "input_value" not in str(refused.value)


def test_empty_fields_are_no_fields() -> None:
    person = Person.model_validate(fakes.person(email="", address="  "))
    assert (person.email, person.address) == (None, None)
