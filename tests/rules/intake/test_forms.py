"""The printed forms: which change prints which, under which number, with every field of the law, as they looked."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pypdf
import pytest
from PIL import Image

from services.intake.adapters.press import Press
from services.intake.rules import forms, wording
from services.intake.rules.forms import Printed
from shared.dossier.actions import Outcome
from shared.dossier.lifecycle import MOVES, Act, Form
from tests.forms import (
    CATALOGUE,
    DESK,
    PERSON,
    PICTURES,
    RULE_SETS,
    SECRET,
    TOLERANCE,
    WORDS,
    Sample,
    difference,
    lived,
    pages,
    path_of,
    samples,
)

SAMPLES = tuple(samples())
BY_NAME = {sample.name: sample for sample in SAMPLES}
A5, A4_ACROSS = (420, 595), (842, 595)
"""Points."""
OF_EVERYBODY = ("0901234567", "dao.nguyen@example.vn", "080190123456", "phường Long An")
FIELDS = {
    Form.RECEIPT: (
        "Nguyễn Thị Đào", *OF_EVERYBODY, "Cấp Giấy xác nhận tình trạng hôn nhân", "01 (bộ)", "3 ngày làm việc", "10:20",
        "17:00", "Nhận trực tiếp tại Bộ phận Một cửa – Sở Tư pháp", "200.000", "0007", SECRET, "Căn cước", "Bản chính",
        "NGƯỜI NỘP HỒ SƠ", "NGƯỜI TIẾP NHẬN HỒ SƠ",
    ),
    Form.SUPPLEMENT_REQUEST: (
        "Nguyễn Thị Đào", *OF_EVERYBODY, "/HDHS", "Căn cước", "Lý do: Tờ khai thiếu chữ ký", "02723000000", "11:35",
    ),
    Form.REJECTION: ("Nguyễn Thị Đào", *OF_EVERYBODY, "/TC", "Lý do: Tờ khai thiếu chữ ký", "02723000000"),
    Form.APOLOGY: (
        "Kính gửi: Nguyễn Thị Đào", "Tiếp nhận:", "Hẹn trả lần đầu:", "Hẹn trả lại:", "Lý do chậm: Tờ khai", "xin lỗi",
        "THỦ TRƯỞNG CƠ QUAN GIẢI QUYẾT",
    ),
    Form.STOP_NOTICE: (
        "Nguyễn Thị Đào", *OF_EVERYBODY, "Người đề nghị:", "Giai đoạn xử lý: Đang xử lý",
        "Quyết định: Dừng giải quyết hồ sơ từ 12:00", "Phí, lệ phí đã nộp: 0", "khiếu nại",
    ),
    Form.CONTROL_SLIP: (
        "Cơ quan phối hợp: Sở Tài chính, chưa trả lời", "Giao", "Nhận", "Ký nhận", "Trước hạn", "Đã trả kết quả",
        "Kết quả giải quyết: Trước hạn",
    ),
    Form.REGISTER: (
        "Nguyễn Thị Đào", "0901234567", "Sở Tư pháp", "Nhận", "Hẹn trả", "Chuyển", "Có kết quả", "Cách nhận", "Ký",
        "Ghi chú", "Yêu cầu bổ sung giấy tờ",
    ),
}  # fmt: skip
"""Fields of each form (lifecycle §8; TT 01/2018 and, unverified, TT 03/2025)."""


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    made = Press()
    yield made
    made.close()


def test_there_are_the_forms_of_both_circulars() -> None:
    numbers = {
        year: sorted(sample.sheet.form.partition(" – ")[0] for sample in SAMPLES if sample.name.startswith(year))
        for year in ("2023", "2026")
    }
    assert numbers["2023"] == ["", *(f"Mẫu số 0{number}" for number in range(1, 7))], "and one plain notice"
    assert numbers["2026"] == [f"Mẫu số 0{number}" for number in range(1, 8)]
    assert {sample.form for sample in SAMPLES} == set(Form)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_form_looks_as_its_golden_picture(name: str) -> None:
    sample = BY_NAME[name]
    for number, picture in enumerate(pages(sample)):
        path = path_of(sample, number)
        assert path.exists(), "draw it with `make golden`, and look at it"
        found = difference(picture, Image.open(path).convert("L"))
        assert found <= TOLERANCE, f"{name} differs by {found:.2f}: look at it, then `make golden`"
    assert not path_of(sample, number + 1).exists()


def test_no_picture_is_left_of_a_form_that_is_no_more() -> None:
    drawn = {path.stem.removesuffix("-2") for path in PICTURES.glob("*.png")}
    assert drawn == set(BY_NAME)


def test_a_changed_word_is_seen() -> None:
    """The comparison is no formality: another time on one line is beyond the tolerance between two drawings."""
    sample = BY_NAME["2026-01-receipt"]
    lines = tuple(
        (label, "09:00 01/01/2027") if "trả kết quả" in label else (label, v) for label, v in sample.sheet.lines
    )
    changed = sample._replace(sheet=sample.sheet.model_copy(update={"lines": lines}))
    [one], [other], [again] = pages(sample), pages(changed), pages(sample)
    assert difference(one, again) == 0
    assert difference(one, other) > TOLERANCE


@pytest.mark.parametrize("name", BY_NAME)
async def test_the_printed_file_has_its_size_its_fonts_and_every_field(press: Press, name: str) -> None:
    sample = BY_NAME[name]
    pdf = pypdf.PdfReader(BytesIO(await press.printed(sample.sheet, sample.at)))
    [page] = pdf.pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (
        A4_ACROSS if sample.form is Form.REGISTER else A5
    )
    text = " ".join(page.extract_text().replace("\N{NO-BREAK SPACE}", " ").replace("\N{ZERO WIDTH SPACE}", "").split())
    for field in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập – Tự do – Hạnh phúc",
        "SỞ TƯ PHÁP",
        *FIELDS[sample.form],
    ):
        assert field in text, f"{name} lacks {field!r}: {text}"
    assert "+84" not in text
    assert not any(
        code in text for code in ("Mã lý do", "blurred", "incomplete", "court_order", "many_dossiers", "None")
    )
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert fonts
    assert all(
        "/FontFile3" in str(f["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()) for f in fonts
    )


def test_the_qr_leads_to_the_dossier_and_no_further() -> None:
    assert wording.tracking("https://x", "000.00.03.H39-230110-0007") == "https://x/tra-cuu/000.00.03.H39-230110-0007"
    for sample in SAMPLES:
        inner = sample.form in (Form.CONTROL_SLIP, Form.REGISTER)
        assert (sample.sheet.qr == "") == inner, "what stays inside the offices has none"


def test_a_refused_result_is_form_03_of_the_agency_that_refused() -> None:
    events = lived("ND118", Act.NUMBER_AND_ISSUE, Outcome.REFUSED)
    [_, rejection, _] = forms.printed(events)
    assert (rejection.form, rejection.event) == (Form.REJECTION, events[-1])
    assert [each.form for each in forms.printed(lived("ND118", Act.NUMBER_AND_ISSUE))] == [
        Form.RECEIPT, Form.CONTROL_SLIP,
    ]  # fmt: skip
    sheet = forms.sheet(rejection, events, PERSON, WORDS, CATALOGUE, SECRET, DESK)
    assert sheet.title == "Phiếu từ chối tiếp nhận giải quyết hồ sơ"


@pytest.mark.parametrize("rule_set", RULE_SETS)
def test_without_an_officer_s_words_no_technical_code_is_printed(rule_set: str) -> None:
    events = lived(rule_set, Act.REJECT)
    what = Printed(Form.REJECTION, events[-1])
    sheet = forms.sheet(what, events, PERSON, "", CATALOGUE, SECRET, DESK)
    assert "Lý do: ông/bà gọi 02723000000 để được giải thích." in sheet.paragraphs
    assert "incomplete" not in sheet.model_dump_json()


def test_every_act_that_stops_says_who_asked() -> None:
    stopping = {act for (_, act), move in MOVES.items() if move.prints is Form.STOP_NOTICE}
    assert stopping == set(forms.ASKED_BY)


@pytest.mark.parametrize(
    ("month", "day", "written"),
    [(2, 9, "ngày 09 tháng 02 năm"), (5, 9, "ngày 09 tháng 5 năm"), (11, 23, "ngày 23 tháng 11 năm")],
)
def test_days_are_written_as_letters_write_them(month: int, day: int, written: str) -> None:
    on = RULE_SETS["ND118"].date().replace(month=month, day=day)
    assert wording.letter_day(on) == f"{written} 2026"


async def test_the_longest_code_and_a_long_list_stay_on_the_paper(press: Press) -> None:
    sample: Sample = BY_NAME["2026-02-supplement_request"]
    long = sample.sheet.model_copy(
        update={"code": "H39" + ".123" * 8 + "-261231-999999", "mark": "H39" + ".123" * 8 + "-261231-999999/HDHS"}
        | {"rows": sample.sheet.rows * 40}
    )
    pdf = pypdf.PdfReader(BytesIO(await press.printed(long, sample.at)))
    assert len(pdf.pages) > 1
    assert f"trang 2/{len(pdf.pages)}" in pdf.pages[1].extract_text()
