"""Procedures found without accents; what was typed as a filing or as a list of corrections."""

from __future__ import annotations

from datetime import date

import pytest

from services.processing.rules.counter import Needed, fold, moment_of, read, refused_fields, search
from shared.catalogue.lookup import procedures_on
from shared.platform.catalogue import load_catalogue

OFFERED = procedures_on(load_catalogue(), date(2026, 11, 23))
TYPED = {
    "procedure": ["2.000635"], "personal_id": [" 080195360748 "], "full_name": ["Lục Bạch Yến Phụng"],
    "phone": ["0394718526"], "return_way": ["DESK"], "told_online": ["yes"], "told_post": ["no"],
}  # fmt: skip


def names(asked: str) -> list[str]:
    return [each.name for each in search(OFFERED, asked)]


def test_accents_case_and_order_do_not_matter() -> None:
    assert set(names("ĐĂNG KÝ KẾT HÔN")) == set(names("dang ky ket hon")) == set(names("hon ket dang"))
    assert names("dang ky ket hon")[0] == "Đăng ký kết hôn"


def test_words_side_by_side_come_first_and_shorter_names_before_longer_ones() -> None:
    assert names("khai tu")[:2] == ["Đăng ký khai tử", "Đăng ký lại khai tử"]
    found = names("khai sinh")
    assert found[0] == "Đăng ký khai sinh"
    assert found == sorted(found, key=len)


def test_typed_accents_come_first() -> None:
    assert "từ" in names("từ")[0].lower().split()


@pytest.mark.parametrize("asked", ["", "  ", "không có thủ tục này", "%", "1.00489"])
def test_what_fits_nothing_finds_nothing(asked: str) -> None:
    assert names(asked) == []


def test_a_code_finds_its_procedure() -> None:
    assert [each.code for each in search(OFFERED, " 2.000635 ")] == ["2.000635"]


def test_folding_keeps_letters_and_digits() -> None:
    assert fold("Cấp ĐỔI, giấy-phép 1.001193") == ["cap", "doi", "giay", "phep", "1.001193"]


def test_a_whole_form_is_the_body_of_a_filing() -> None:
    paper = Needed("TK-TL", "Tờ khai", is_required=True, document_id="a" * 32)
    found = read(TYPED, "000.00.03.H39", [paper])
    assert found.wrong == ()
    assert found.body is not None
    assert found.body["applicant"]["personal_id"] == "080195360748"
    assert found.body["documents"] == [{"kind": "TK-TL", "document_id": "a" * 32}]
    assert found.body["guided"] is False


def test_a_day_that_is_none_and_a_way_that_is_not_offered_are_named() -> None:
    typed = TYPED | {"birth_on": ["30/02/1990"], "return_way": ["ELECTRONIC"]}
    assert [each.name for each in read(typed, "000.00.03.H39", []).wrong] == ["birth_on", "return_way"]


def test_a_paper_the_state_holds_or_that_nobody_needs_is_not_missing() -> None:
    papers = [
        Needed("A", "A", is_required=True, is_held=True),
        Needed("B", "B", is_required=False),
        Needed("C", "C", is_required=True),
    ]
    assert [each.name for each in read(TYPED, "000.00.03.H39", papers).wrong] == ["file.C"]


def test_places_of_the_body_become_fields_of_the_page() -> None:
    named = refused_fields(["#/applicant/phone", "#/applicant/full_name", "#/channel", "#/documents/0"])
    assert [each.name for each in named] == ["full_name", "phone"]


def test_a_dossier_of_the_post_has_its_times_and_nobody_to_guide() -> None:
    typed = {name: texts for name, texts in TYPED.items() if not name.startswith("told_")}
    typed |= {"posted_at": ["8:05 09/05/2023"], "minutes_signed_at": ["14h30 10/05/2023"]}
    body = read(typed, "000.00.03.H39", []).body
    assert body is not None
    assert (body["channel"], body["guided"]) == ("POST", False)
    assert body["posted_at"] == "2023-05-09T08:05:00+07:00"
    assert body["minutes_signed_at"] == "2023-05-10T14:30:00+07:00"
    half = read(typed | {"minutes_signed_at": [""]}, "000.00.03.H39", [])
    assert [each.name for each in half.wrong] == ["minutes_signed_at"]


@pytest.mark.parametrize("text", ["", "09/05/2023", "25:00 09/05/2023", "14:05 31/02/2023", "14:05", "hôm qua"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moment_of(text) is None
