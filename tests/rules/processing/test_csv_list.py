"""The worklist's CSV comes back: what a spreadsheet may have made of it, and a sentence for each file that is none."""

from __future__ import annotations

import pytest

from services.processing.rules.csv_list import Line, NotAList, read_list

A, B = "000.00.03.H39-230110-0007", "000.00.03.H39-230110-0008"
BOM = "\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        f"{BOM}Mã hồ sơ,Thủ tục,Ghi chú\r\n{A},Khai sinh,gấp\r\n{B},,\r\n",
        f"Thủ tục;Ghi chú;Mã hồ sơ\n;gấp;{A}\n\n;;{B}",
        f"Dossier code\tNote\n {A.lower()} \tgấp\n{B}\n",
        f'NOTE,"Dossier code"\n"gấp","{A}"\n,{B}\n',
    ],
)
def test_whatever_a_spreadsheet_made_of_it_is_read(text: str) -> None:
    first, second = read_list(text.encode(), 100)
    assert (first.code, first.note, first.why_not) == (A, "gấp", None)
    assert (second.code, second.note, second.why_not) == (B, "", None)


def test_lines_are_numbered_as_the_reader_of_the_file_sees_them() -> None:
    text = f'Mã hồ sơ,Ghi chú\n{A},"hai\ndòng"\n\nNguyễn Văn A,\n{A},\n{B},{"x" * 2001}\n'
    good, name, twice, wordy = read_list(text.encode(), 100)
    assert good == Line(2, A, "hai dòng")
    assert (name.number, name.code) == (5, ""), "what is no code may be a name, and is not shown again"
    assert [str(line.why_not and line.why_not.vi) for line in (name, twice, wordy)] == [
        "không phải mã hồ sơ, mẫu 000.00.03.H39-230110-0007",
        "trùng với dòng 2",
        "ghi chú dài quá 2.000 chữ cái",
    ]
    assert [line.number for line in (twice, wordy)] == [6, 7]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04 a spreadsheet", "Dòng 1: tệp không phải CSV."),
        (b"%PDF-1.7", "Dòng 1: tệp không phải CSV."),
        (f"Mã hồ sơ\n{A}\n".encode("utf-16"), "Dòng 1: chữ trong tệp không phải UTF-8."),
        (f"Mã hồ sơ\n{A}\n".encode() + b"ghi ch\xfa\n", "Dòng 3: chữ trong tệp không phải UTF-8."),
        (f"Mã hồ sơ\n{A}\0\n".encode(), "Dòng 2: chữ trong tệp không phải UTF-8."),
        (f"Mã,Tên\n{A},x\n".encode(), "Dòng 1: không có cột “Mã hồ sơ”."),
        (b"", "Dòng 1: tệp trống."),
        ("Mã hồ sơ\n\n".encode(), "Dòng 2: tệp không có hồ sơ nào."),
        (f'Mã hồ sơ,x\n{A},"không khép\n'.encode(), "Dòng 2: không theo dạng CSV."),
        (f"Mã hồ sơ\n{A}\n{B}\n{A}\n".encode(), "Dòng 4: tệp có hơn 2 hồ sơ. Tách thành nhiều tệp."),
    ],
)
def test_a_file_that_is_no_list_gets_a_sentence_with_its_line(data: bytes, sentence: str) -> None:
    with pytest.raises(NotAList) as no:
        read_list(data, 2)
    assert no.value.words.vi.startswith(sentence)
    assert no.value.words.en.startswith(f"Line {sentence[5]}: ")
