"""The worklist's CSV comes back: a dry run per row, the confirming step, and a sentence for every wrong file."""

from __future__ import annotations

import httpx
import pytest

from services.processing.acts import Door
from shared.dossier.lifecycle import Stage
from tests.services.processing.conftest import Browser, Site
from tests.services.processing.fakes import FakeDesk, FakeIntakeDesk
from tests.services.processing.test_pages import CODE, hold, press

FILE = "/desk/bulk/file"
FOREIGN = "000.00.05.H39-230110-0001"
UNKNOWN = "000.00.03.H39-230110-9999"


async def bring(browser: Browser, data: bytes, act: str = "claim") -> httpx.Response:
    page = await browser.get(FILE)
    assert page.status_code == 200
    return await browser.send_files(page, FILE, {"list": ("viec.csv", data)}, act=act)


async def at_work(site: Site, door: Door, desk: FakeDesk) -> Browser:
    """A dossier that waits to be claimed, and a specialist."""
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    desk.asked.clear()
    return await site.browser("specialist")


async def test_the_list_goes_out_and_comes_back_and_nothing_is_done_before_the_second_step(
    site: Site, door: Door, desk: FakeDesk
) -> None:
    specialist = await at_work(site, door, desk)
    out = await specialist.get("/desk/export.csv?view=tat-ca")
    seen = await bring(specialist, out.content)
    assert "1 làm được, 0 không." in seen.text
    assert desk.asked == []
    done = await specialist.send(seen, "/desk/bulk/do")
    assert (done.status_code, len(desk.asked)) == (200, 1)
    assert "Được 1, không được hoặc chưa biết 0." in done.text
    repeated = await specialist.send(seen, "/desk/bulk/do")
    assert "Được 1," in repeated.text
    assert len(desk.asked) == 1, "the same form twice is one act"


async def test_the_english_list_comes_back_too(site: Site, door: Door, desk: FakeDesk) -> None:
    specialist = await at_work(site, door, desk)
    await specialist.get("/desk?lang=en")
    out = await specialist.get("/desk/export.csv?view=tat-ca")
    assert "Dossier code" in out.text
    seen = await bring(specialist, out.content)
    assert Browser.unseen(seen, "/desk/bulk/do")["row"][0].startswith(CODE)


async def test_each_line_is_answered_with_its_number(site: Site, door: Door, desk: FakeDesk) -> None:
    specialist = await at_work(site, door, desk)
    lines = ["Mã hồ sơ,Ghi chú", f"{CODE},gấp", f"{UNKNOWN},", f"{FOREIGN},", "Nguyễn Văn A,", f"{CODE},"]
    seen = await bring(specialist, "\n".join(lines).encode())
    assert "1 làm được, 4 không." in seen.text
    rows = [part.partition("</tr>")[0] for part in seen.text.split("<tr>")[2:]]
    nothing = "Không tìm thấy hồ sơ này trong phạm vi của ông/bà."
    expected = {3: nothing, 4: nothing, 5: "không phải mã hồ sơ", 6: "trùng với dòng 2"}
    for line, sentence in expected.items():
        row = next(row for row in rows if f">{line}</td>" in row)
        assert sentence in row, "another agency's dossier and none look alike"
    assert "Nguyễn Văn A" not in seen.text, "what is no code is not shown"
    assert Browser.unseen(seen, "/desk/bulk/do")["row"][0].startswith(CODE)
    assert len(Browser.unseen(seen, "/desk/bulk/do")["row"]) == 1


async def test_a_note_is_kept_once_after_its_act(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk
) -> None:
    specialist = await at_work(site, door, desk)
    seen = await bring(specialist, f"Mã hồ sơ,Ghi chú\n{CODE},Gọi lại trước thứ Tư\n".encode())
    assert intake.noted == {}
    intake.away = True
    unknown = await specialist.send(seen, "/desk/bulk/do")
    assert "Chưa biết" in unknown.text
    intake.away = False
    again = await specialist.send(unknown, "/desk/bulk/do")
    assert "Được 1," in again.text
    assert list(intake.noted.values()) == ["Gọi lại trước thứ Tư"]
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04", "Dòng 1: tệp không phải CSV."),
        ("Tên\nA\n".encode(), "Dòng 1: không có cột “Mã hồ sơ”."),
        (f"Mã hồ sơ\n{CODE}\n".encode() + b"\xff\n", "Dòng 3: chữ trong tệp không phải UTF-8."),
        (("Mã hồ sơ\n" + f"{CODE}\n" * 101).encode(), "Dòng 102: tệp có hơn 100 hồ sơ."),
        (b"x" * (1024 * 1024 + 1), "Tệp lớn hơn 1 MB."),
        (b"x" * (11 * 1024 * 1024), "Tệp lớn hơn 1 MB."),
    ],
    ids=["kind", "column", "encoding", "rows", "size", "huge"],
)
async def test_a_wrong_file_gets_a_sentence_and_the_chosen_act_stays(
    site: Site, desk: FakeDesk, data: bytes, sentence: str
) -> None:
    answer = await bring(await site.browser("specialist"), data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'href="#f-list"' in answer.text
    assert 'value="claim" checked' in answer.text
    assert desk.asked == []


async def test_a_form_without_a_file_or_an_act_says_so(site: Site) -> None:
    browser = await site.browser("unit_head")
    page = await browser.get(FILE)
    assert 'value="claim"' not in page.text, "a unit head claims nothing"
    missing = await browser.send_files(page, FILE, {}, act="assign")
    assert "Chọn tệp CSV trước khi bấm." in missing.text
    no_act = await browser.send_files(page, FILE, {"list": ("a.csv", b"x")})
    assert "Chọn việc cần làm." in no_act.text
    forbidden = await browser.send_files(page, FILE, {"list": ("a.csv", b"x")}, act="reject")
    assert forbidden.status_code == 422


async def test_a_form_from_elsewhere_is_not_read(site: Site) -> None:
    browser = await site.browser("specialist")
    forged = await browser.http.post(FILE, data={"act": "claim", "csrf": "x"}, files={"list": ("a.csv", b"x")})
    assert forged.status_code == 403
