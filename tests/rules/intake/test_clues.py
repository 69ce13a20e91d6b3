"""What a clerk types finds whom it should, whatever the tones; pairs of words stand for long names."""

from __future__ import annotations

import pytest

from services.intake.rules.clues import Clue, clues_of, wanted
from services.intake.rules.person import Person

HOA = Person(full_name="Đặng Thị Hoà", personal_id="080190123456", phone="0901234567")


def finds(text: str, *, exact: bool = False) -> bool:
    group = wanted(text).exact if exact else wanted(text).loose
    return bool(group) and set(group) <= clues_of(HOA)


@pytest.mark.parametrize(
    "typed", ["dang thi hoa", "Đặng Thị Hòa", "ĐẶNG THỊ HOÀ", "thi hoa", "hoa", "dang", " Dang, thi hoa "]
)
def test_a_name_is_found_without_its_tones(typed: str) -> None:
    assert finds(typed)


@pytest.mark.parametrize(
    ("typed", "is_exact"),
    [
        ("Đặng Thị Hòa", True),
        ("đặng thị hoà", True),
        ("dang thi hoa", False),
        ("Đặng Thị Hoá", False),
        ("đang thị hòa", False),
    ],
)
def test_right_tones_are_told_from_wrong_ones_wherever_the_mark_sits(typed: str, *, is_exact: bool) -> None:
    assert finds(typed, exact=True) == is_exact


@pytest.mark.parametrize("typed", ["080190123456", "0901234567", "0901 234 567", "4567"])
def test_numbers_find_the_person(typed: str) -> None:
    assert finds(typed)
    assert wanted(typed).exact == ()


@pytest.mark.parametrize("typed", ["nguyen thi hoa", "dang hoa", "080190123457", "0901", "1234"])
def test_others_are_not_found(typed: str) -> None:
    assert not finds(typed)


def test_a_text_without_a_letter_asks_for_nothing() -> None:
    assert wanted("  -- !! ") == ((), ())
    assert wanted("123") == ((), ())


def test_the_end_of_a_phone_is_no_number_of_a_person() -> None:
    assert Clue("id", "4567") not in clues_of(HOA)
    assert Clue("phone_end", "4567") in clues_of(HOA)
