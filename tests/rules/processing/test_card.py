"""Identity cards as readers type them: whole, with lost accents, bent by a typing mode, cut off, and no cards."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processing.rules.card import CONTRADICTS, NO_NAME, Card, NotACard, parse

ADDRESS = "Tổ 5 ấp Vành Khuyên, xã Bến Lức, tỉnh Tây Ninh"
WHOLE = f"080195360748|301234567|Lục Bạch Yến Phụng|09031995|Nữ|{ADDRESS}|25042021"


def bare(text: str) -> str:
    """As a reader types it that knows no accents."""
    parts = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
    return "".join(letter for letter in parts if unicodedata.category(letter) != "Mn")


def test_a_whole_card_gives_number_name_birth_and_address() -> None:
    assert parse(WHOLE) == Card("080195360748", "Lục Bạch Yến Phụng", date(1995, 3, 9), ADDRESS)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("301234567", ""),
        f"  {WHOLE}\r\n",
        WHOLE + "||Lục Văn Tám|Trần Thị Bảy|",
        unicodedata.normalize("NFD", WHOLE),
    ],
    ids=["no old number", "blanks and a line end", "a newer card with more fields", "letters taken apart"],
)
def test_the_same_card_as_other_readers_and_cards_have_it(text: str) -> None:
    assert parse(text) == parse(WHOLE)


@pytest.mark.parametrize(
    "text",
    [
        bare(WHOLE),
        WHOLE.replace("Lục Bạch Yến Phụng", "L?c B?ch Y?n Ph?ng"),
        WHOLE.replace("Lục", "L\ufffdc"),
        WHOLE.replace("Lục", "Lu5c"),
        bare(WHOLE).replace("Luc", "Lục"),
        WHOLE[:30],
        "080195360748",
        "080195360748|301234567|Lục Bạch",
    ],
    ids=["accents lost", "question marks", "unknown letters", "VNI", "Telex", "cut in the name", "number", "cut"],
)
def test_a_harmed_name_is_left_to_the_clerk_and_the_number_taken(text: str) -> None:
    card = parse(text)
    assert (card.personal_id, card.full_name, card.address) == ("080195360748", "", "")
    assert card.remarks[0] == NO_NAME


def test_an_address_that_is_cut_off_is_not_taken() -> None:
    card = parse(WHOLE.rpartition("|")[0])
    assert (card.full_name, card.address) == ("Lục Bạch Yến Phụng", "")


@pytest.mark.parametrize("text", [WHOLE.replace("09031995", "09031996"), WHOLE.replace("|Nữ|", "|Nam|")])
def test_a_number_that_contradicts_the_card_is_said(text: str) -> None:
    assert parse(text).remarks == (CONTRADICTS,)


def test_a_day_that_is_none_is_left_out_with_all_that_follows_it() -> None:
    card = parse(WHOLE.replace("09031995", "31021995"))
    assert (card.birth_on, card.full_name) == (None, "")


@pytest.mark.parametrize(
    "text",
    ["", "|", "000.01.21.H39-230505-0033", "https://example.vn/a|b", "099195360748|1|A|09031995", "08019536074|a|b"],
)
def test_other_texts_are_no_cards(text: str) -> None:
    with pytest.raises(NotACard):
        parse(text)


@given(st.text(max_size=400))
def test_no_text_breaks_it(text: str) -> None:
    try:
        card = parse(text)
    except NotACard:
        return
    assert card.personal_id.isdecimal()


@given(st.integers(min_value=0, max_value=len(WHOLE)))
def test_no_cut_gives_a_wrong_name(length: int) -> None:
    try:
        card = parse(WHOLE[:length])
    except NotACard:
        return
    assert card.full_name in {"", "Lục Bạch Yến Phụng"}
    assert card.address in {"", ADDRESS}
