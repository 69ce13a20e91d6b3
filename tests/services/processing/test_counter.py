"""The counter without scripts: card, procedure, papers, guidance, one dossier; and everything that goes wrong."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.processing.acts.accounts import IDLE
from services.processing.adapters.intake_desk import FormRefused, FoundPaper, HeldPapers
from services.processing.pages._uploads import LARGEST, MOST_UNKNOWN
from shared.catalogue.model import FeeTiming
from shared.contracts.facts import Facts
from shared.dossier import actions
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.refusal import Refused
from shared.dossier.state import Dossier
from tests import builders
from tests.services.processing.conftest import Browser, Clock, Site
from tests.services.processing.fakes import FakeApplicantFile, FakeDesk, FakeIntakeDesk

URL = "/desk/counter"
CARD = "080195360748||Lục Bạch Yến Phụng|09031995|Nữ|Tổ 5 ấp Vành Khuyên, xã Bến Lức, tỉnh Tây Ninh|25042021"
PERSON = {"personal_id": "080195360748", "full_name": "Lục Bạch Yến Phụng", "phone": "0394718526"}
TOLD = {"told_online": "yes", "told_post": "yes", "return_way": "DESK"}
SCAN = {"file.TK-TL": ("tờ khai của Yến.pdf", b"%PDF-1.7 scan")}
PROMISED = builders.terms(procedure_code="2.000635", components=("TK-TL",))


def a_filing(*, is_read: bool = True) -> Dossier:
    """A dossier as it is right after a filing at the desk; `is_read`: machines have read its papers."""
    dossier = Dossier(dossier_code=builders.CODE, root_code=builders.CODE)
    paper = actions.Paper(kind="TK-TL", filed=True)
    filing = actions.RegisterAtDesk(
        terms=PROMISED, channel=actions.Channel.IN_PERSON, return_way=actions.ReturnWay.DESK, papers=(paper,)
    )
    dossier.take(builders.order(Role.CLERK, filing), builders.AT)
    if is_read:
        digitize(dossier)
    return dossier


def digitize(dossier: Dossier) -> None:
    dossier.take(builders.order(Role.SYSTEM, actions.RecordDigitized(kinds=("TK-TL",))), builders.AT)


@pytest.fixture(autouse=True)
def opens(intake: FakeIntakeDesk, desk: FakeDesk) -> None:
    """Every filing becomes this dossier."""

    def made(key: str, body: Mapping[str, Any]) -> Facts:
        return desk.hold(a_filing())

    intake.opens = made


async def update(browser: Browser, page: httpx.Response | None = None, /, **typed: object) -> httpx.Response:
    """What Enter does."""
    return await browser.send(page or await browser.get(URL), URL, do="update", **typed)


async def ready(browser: Browser) -> dict[str, object]:
    """A filled form of the simplest dossier, with its scan at intake."""
    page = await browser.send_files(await browser.get(URL), URL, SCAN, do="update", q="trich luc", **PERSON)
    assert page.status_code == 200, page.text
    return browser.unseen(page, URL) | {"procedure": "2.000635"} | PERSON | TOLD


def value(page: httpx.Response, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page.text)
    assert found, f"no field {name}"
    return html.unescape(found[1])


# --- who, what --------------------------------------------------------------------------------------------------------


async def test_the_counter_is_the_clerks(site: Site) -> None:
    clerk, specialist = await site.browser("clerk"), await site.browser("specialist")
    assert f'href="{URL}"' in (await clerk.get("/desk")).text
    assert f'href="{URL}"' not in (await specialist.get("/desk")).text
    assert (await specialist.get(URL)).status_code == 403


@pytest.mark.parametrize("asked", ["khai sinh", "Khai Sinh", "sinh khai", "kh si", "1.001193"])
async def test_a_procedure_is_found_without_accents_and_in_any_order(site: Site, asked: str) -> None:
    page = await update(await site.browser("counter"), q=asked)
    assert "Đăng ký khai sinh" in page.text
    assert "Đăng ký kết hôn" not in page.text
    assert value(page, "q") == asked


async def test_the_only_one_found_is_chosen_and_its_promises_shown(site: Site) -> None:
    page = await update(await site.browser("counter"), q="dang ky khai tu")
    assert 'value="1.000656"' in page.text
    one = await update(await site.browser("counter"), q="cong nhan ho ngheo")
    assert re.search(r'value="1\.011607" checked', one.text)
    assert "15 ngày làm việc" in one.text
    assert re.search(r"Hạn trả dự kiến.*?17:00 thứ \w+ \d\d/12/2026", one.text, re.DOTALL)
    assert "Giấy đề nghị rà soát hộ nghèo" in one.text


async def test_what_is_received_online_only_is_said_before_anything_is_typed(site: Site) -> None:
    page = await update(await site.browser("counter"), q="tam ngung kinh doanh")
    assert "chỉ tiếp nhận trực tuyến" in page.text


async def test_a_card_fills_the_form_and_leaves_no_raw_text(site: Site) -> None:
    page = await update(await site.browser("counter"), card=CARD, phone="0394 718 526")
    assert [value(page, name) for name in ("personal_id", "full_name", "birth_on", "phone")] == [
        "080195360748", "Lục Bạch Yến Phụng", "09/03/1995", "0394 718 526",
    ]  # fmt: skip
    assert value(page, "address").startswith("Tổ 5 ấp Vành Khuyên")
    assert CARD not in html.unescape(page.text)
    assert "25042021" not in page.text


async def test_a_text_that_is_no_card_gets_a_sentence_and_nothing_typed_is_lost(site: Site) -> None:
    browser = await site.browser("counter")
    page = await update(browser, card="HCĐ-2022|abc", q="ket hon", procedure="1.000894", told_post="no", **PERSON)
    assert page.status_code == 200
    assert "Không đọc được mã trên thẻ." in page.text
    assert "HCĐ" not in page.text
    assert [value(page, name) for name in PERSON] == list(PERSON.values())
    assert re.search(r'name="told_post"[^>]*value="no" checked', page.text)
    lost = await update(browser, card="080195360748||Luc Bach Yen Phung|09031995|Nu|Xa Ben Luc|25042021")
    assert "Đọc được số, chưa đọc được tên. Nhập tên theo thẻ." in lost.text
    assert (value(lost, "personal_id"), value(lost, "full_name")) == ("080195360748", "")


# --- nobody is asked twice --------------------------------------------------------------------------------------------


async def test_a_paper_the_state_holds_is_not_asked_for(site: Site, intake: FakeIntakeDesk) -> None:
    intake.held_papers = HeldPapers(
        is_match=True,
        is_away=False,
        papers=(
            FoundPaper(kind="GIAY-CHUNG-SINH", verdict="REUSED", source="POPULATION_DATABASE"),
            FoundPaper(kind="CCCD", verdict="NOT_FOUND", source="NONE"),
        ),
    )
    browser = await site.browser("counter")
    page = await update(browser, q="1.001193", **PERSON)
    assert "Không phải nộp: đã có ở CSDL quốc gia về dân cư." in page.text
    assert 'name="file.GIAY-CHUNG-SINH"' not in page.text
    assert "Còn thiếu 2." in page.text
    assert 'name="file.CCCD"' in page.text
    assert "Chưa thấy trong kho: cần nộp." in page.text
    [asked] = intake.asked
    assert (asked["personal_id"], asked["procedure_code"]) == ("080195360748", "1.001193")
    assert asked["reference"] == value(page, "command_id")
    again = await update(browser, page, q="1.001193", procedure="1.001193", **PERSON)
    assert "Không phải nộp: đã có ở CSDL quốc gia về dân cư." in again.text
    assert len(intake.asked) == 1, "the register is asked once for a person and procedure"
    await update(browser, again, q="1.001193", procedure="1.001193", **PERSON | {"full_name": "Lục Bạch Yến"})
    assert len(intake.asked) == 2


async def test_a_silent_register_stops_nobody(site: Site, intake: FakeIntakeDesk) -> None:
    paper = FoundPaper(kind="GIAY-CHUNG-SINH", verdict="NOT_FOUND", source="NONE")
    intake.held_papers = HeldPapers(is_match=None, is_away=True, papers=(paper,))
    page = await update(await site.browser("counter"), q="1.001193", **PERSON)
    assert "CSDL dân cư chưa trả lời. Có thể làm tiếp" in page.text
    assert "Còn thiếu 2." in page.text, "what the register may hold is not asked for meanwhile"
    intake.away = True
    silent = await update(await site.browser("counter"), q="1.001193", **PERSON)
    assert silent.status_code == 200
    assert "Còn thiếu 3." in silent.text


async def test_a_name_that_is_not_the_numbers_is_said(site: Site, intake: FakeIntakeDesk) -> None:
    paper = FoundPaper(kind="CCCD", verdict="OWNER_DIFFERS", source="NONE")
    intake.held_papers = HeldPapers(is_match=False, is_away=False, papers=(paper,))
    page = await update(await site.browser("counter"), q="1.001193", **PERSON)
    assert "số và họ tên không khớp" in page.text


async def test_the_same_wish_a_moment_ago_is_shown(site: Site, desk: FakeDesk) -> None:
    clerk = await site.browser("clerk")
    await clerk.http.post(URL, data=await ready(clerk) | {"do": "file"})
    file = clerk_file(site)
    file.found = [builders.CODE]
    page = await update(clerk, q="trich luc", **PERSON)
    assert "Người này vừa nộp thủ tục này lúc 09:30 10/01/2023." in page.text
    assert f'href="/desk/{builders.CODE}"' in page.text
    assert file.searched[-1] == "080195360748"


def clerk_file(site: Site) -> FakeApplicantFile:
    file = site.app.state.door.file
    assert isinstance(file, FakeApplicantFile)
    return file


# --- papers -----------------------------------------------------------------------------------------------------------


async def test_a_scan_goes_to_intake_at_once_and_stays_in_the_form(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    page = await browser.send_files(await browser.get(URL), URL, SCAN, do="update", q="trich luc")
    assert "Đã tải lên (2 trang)." in page.text
    assert "Còn thiếu 0." in page.text
    [(identity, sent)] = intake.uploads.items()
    assert sent == (f"{value(page, 'command_id')}/TK-TL", "TK-TL", "tờ khai của Yến.pdf", b"%PDF-1.7 scan")
    assert value(page, "paper.TK-TL") == identity
    kept = await update(browser, page, q="trich luc", procedure="2.000635")
    assert value(kept, "paper.TK-TL") == identity
    dropped = await browser.send(kept, URL, do="drop.TK-TL", procedure="2.000635")
    assert "Còn thiếu 1." in dropped.text
    assert 'name="file.TK-TL"' in dropped.text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("file_type", "Nội dung tệp không phải PDF, JPG hoặc PNG, dù tên tệp ghi gì."),
        ("file_active", "Tệp PDF có mã lệnh hoặc tệp nhúng, không nhận."),
        ("file_encrypted", "Tệp có mật khẩu, hãy gỡ mật khẩu rồi tải lại."),
        ("something_new", "Lý do của hệ thống bên cạnh."),
    ],
)
async def test_a_refused_scan_says_what_to_do(site: Site, intake: FakeIntakeDesk, code: str, words: str) -> None:
    browser = await site.browser("clerk")
    page = await browser.get(URL)
    intake.refuses = Refused(code, "Lý do của hệ thống bên cạnh.")
    refused = await browser.send_files(page, URL, SCAN, do="update", q="trich luc", procedure="2.000635", **PERSON)
    assert refused.status_code == 422
    assert words in refused.text
    assert 'href="#f-file.TK-TL"' in refused.text
    assert value(refused, "full_name") == PERSON["full_name"]
    assert "paper.TK-TL" not in refused.text


async def test_a_scan_that_is_far_too_large_is_read_to_its_end_and_refused(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    page = await browser.get(URL)
    huge = {"file.TK-TL": ("a.pdf", b"%PDF-" + bytes(4 * LARGEST))}
    refused = await browser.send_files(page, URL, huge, do="file", q="trich luc", **PERSON, **TOLD)
    assert refused.status_code == 422
    assert "Tệp lớn hơn 10 MB. Quét ở 200–300 dpi rồi tải lại" in refused.text
    assert value(refused, "phone") == PERSON["phone"]
    assert (intake.uploads, intake.filed) == ({}, {})


async def test_a_file_of_a_foreign_form_never_reaches_intake(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    forged = await browser.http.post(URL, data={"csrf": "0" * 64, "do": "update"}, files=SCAN)
    without = await browser.http.post(URL, data={"do": "update"}, files=SCAN)
    cross = await browser.http.post(URL, files=SCAN, headers={"sec-fetch-site": "cross-site"})
    assert {forged.status_code, without.status_code, cross.status_code} == {403}
    assert intake.uploads == {}


async def test_a_body_that_is_no_form_is_refused(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    head = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"nothing", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n', b"--x--" * 3):
        assert (await browser.http.post(URL, content=body, headers=head)).status_code in {400, 403}
    assert intake.uploads == {}


async def test_a_stranger_is_read_no_further_than_a_form_may_be_long(site: Site, intake: FakeIntakeDesk) -> None:
    nobody, clerk = await site.browser(), await site.browser("clerk")
    large = {"file.TK-TL": ("a.pdf", bytes(MOST_UNKNOWN))}
    assert (await nobody.http.post(URL, data={"do": "file"}, files=large)).status_code == 413
    wordy = {"csrf": Browser.unseen(await clerk.get(URL), URL)["csrf"], "address": "x" * (1024 * 1024)}
    assert (await clerk.http.post(URL, data=wordy, files=SCAN)).status_code == 413
    many = {f"file.{n}": ("a.pdf", b"%PDF-") for n in range(41)}
    assert (await clerk.http.post(URL, data={"csrf": wordy["csrf"]}, files=many)).status_code == 413
    assert len(intake.uploads) <= 40


async def test_a_state_agency_is_told_that_it_files_online(site: Site) -> None:
    page = await update(await site.browser("clerk"), q="trich luc", applicant_type="STATE_AGENCY")
    assert "cơ quan nhà nước phải nộp trực tuyến" in page.text


# --- filing -----------------------------------------------------------------------------------------------------------


async def test_one_form_one_dossier_accepted_with_its_receipt(
    site: Site, intake: FakeIntakeDesk, desk: FakeDesk
) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    done = await browser.http.post(URL, data=form | {"do": "file"})
    assert (done.status_code, done.headers["location"]) == (303, f"/desk/{builders.CODE}/received")
    [(body, _)] = intake.filed.values()
    assert body == {
        "procedure_code": "2.000635",
        "agency_code": "000.00.03.H39",
        "channel": "IN_PERSON",
        "applicant_type": "CITIZEN",
        "applicant": PERSON | {"email": "", "address": "", "birth_on": None},
        "return_way": "DESK",
        "documents": [{"kind": "TK-TL", "document_id": next(iter(intake.uploads))}],
        "guided": True,
        "exemption": None,
    }
    assert desk.dossiers[builders.CODE].stage is Stage.ACCEPTED
    page = await browser.get(done.headers["location"])
    assert "Đã tiếp nhận hồ sơ" in page.text
    assert "Vì sao hạn trả là ngày này?" in page.text
    assert "hạn gốc" in page.text
    receipt = await browser.get(f"/desk/{builders.CODE}/forms/01")
    assert (receipt.status_code, receipt.content) == (200, b"%PDF-receipt")
    assert "frame-ancestors 'self'" in receipt.headers["content-security-policy"]
    assert builders.CODE in (await browser.get("/desk")).text, "the clerk's own list is right at once"


async def test_a_double_click_is_one_dossier(site: Site, intake: FakeIntakeDesk, desk: FakeDesk) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    answers = await asyncio.gather(*(browser.http.post(URL, data=form | {"do": "file"}) for _ in range(3)))
    assert {answer.headers.get("location") for answer in answers} == {f"/desk/{builders.CODE}/received"}
    assert len(intake.filed) == 1
    assert desk.dossiers[builders.CODE].seq == 3, "registered, read, accepted: once each"
    other = await browser.http.post(URL, data=form | {"do": "file", "full_name": "Lục Bạch Yến"})
    assert other.status_code == 409
    assert "Biểu mẫu này đã dùng để ghi nhận một hồ sơ." in other.text
    assert value(other, "command_id") != form["command_id"][0]  # type: ignore[index]


async def test_a_dossier_of_the_post_is_registered_with_its_times(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    form = {name: texts for name, texts in (await ready(browser)).items() if not name.startswith("told_")}
    half = await browser.http.post(URL, data=form | {"do": "file", "posted_at": "08:05 20/11/2026"})
    assert half.status_code == 422
    assert re.findall(r'<a href="#f-([^"]+)">', half.text) == ["minutes_signed_at"]
    assert value(half, "posted_at") == "08:05 20/11/2026"
    times = {"posted_at": "08:05 20/11/2026", "minutes_signed_at": "14:30 21/11/2026"}
    assert (await browser.http.post(URL, data=form | {"do": "file"} | times)).status_code == 303
    [(body, _)] = intake.filed.values()
    assert (body["channel"], body["minutes_signed_at"]) == ("POST", "2026-11-21T14:30:00+07:00")


async def test_what_the_card_did_not_say_is_told_with_the_errors(site: Site) -> None:
    lost = "080195360748||Luc Bach Yen Phung|09031995|Nu|Xa Ben Luc|25042021"
    page = await (browser := await site.browser("clerk")).send(await browser.get(URL), URL, do="file", card=lost)
    assert page.status_code == 422
    assert "Đọc được số, chưa đọc được tên. Nhập tên theo thẻ." in page.text


async def test_guidance_is_answered_not_assumed(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    silent = {name: texts for name, texts in form.items() if not name.startswith("told_")}
    refused = await browser.http.post(URL, data=silent | {"do": "file"})
    assert refused.status_code == 422
    assert 'href="#f-told_online"' in refused.text
    assert 'href="#f-told_post"' in refused.text
    assert intake.filed == {}
    await browser.http.post(URL, data=form | {"do": "file", "told_post": "no"})
    [(body, _)] = intake.filed.values()
    assert body["guided"] is False


async def test_an_empty_form_names_all_that_is_missing_in_the_order_of_the_page(site: Site) -> None:
    browser = await site.browser("counter")
    page = await browser.send(await browser.get(URL), URL, do="file", return_way="POST", birth_on="31/02/1990")
    assert page.status_code == 422
    named = re.findall(r'<a href="#f-([^"]+)">', page.text)
    assert named == [
        "personal_id", "full_name", "birth_on", "phone", "address", "procedure", "told_online", "told_post",
    ]  # fmt: skip
    assert "<title>Lỗi: Tiếp nhận tại quầy – Một Cửa</title>" in page.text
    papers = await browser.send(await browser.get(URL), URL, do="file", procedure="1.000894", **PERSON, **TOLD)
    assert re.findall(r'<a href="#f-([^"]+)">', papers.text) == ["file.TK-KH", "file.XN-HN"]


async def test_what_intake_finds_wrong_stands_at_its_field(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    intake.refuses = FormRefused(["#/applicant/phone", "#/applicant/personal_id"])
    page = await browser.http.post(URL, data=form | {"do": "file"})
    assert page.status_code == 422
    assert "Nhập số CCCD gồm 12 chữ số." in page.text
    assert "Nhập số điện thoại Việt Nam" in page.text
    assert value(page, "paper.TK-TL") == next(iter(intake.uploads))


async def test_an_unknown_outcome_is_sent_again_with_the_same_key(site: Site, intake: FakeIntakeDesk) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    intake.away = True
    page = await browser.http.post(URL, data=form | {"do": "file"})
    assert page.status_code == 503
    assert "Chưa biết kết quả." in page.text
    assert [value(page, "command_id")] == form["command_id"]
    intake.away = False
    assert (await browser.http.post(URL, data=form | {"do": "file"})).status_code == 303
    assert len(intake.filed) == 1


async def test_reception_waits_for_the_machines_that_read_the_papers(
    site: Site, intake: FakeIntakeDesk, desk: FakeDesk
) -> None:
    slow = a_filing(is_read=False)

    def opens_slowly(key: str, body: Mapping[str, Any]) -> Facts:
        asyncio.get_running_loop().call_later(0.4, digitize, slow)
        return desk.hold(slow)

    intake.opens = opens_slowly
    browser = await site.browser("clerk")
    done = await browser.http.post(URL, data=await ready(browser) | {"do": "file"})
    assert done.status_code == 303
    assert slow.stage is Stage.ACCEPTED


async def test_a_dossier_that_cannot_be_accepted_yet_is_registered_and_says_so(
    site: Site, intake: FakeIntakeDesk, desk: FakeDesk
) -> None:
    fee = builders.fee(timing=FeeTiming.BEFORE)

    def opens_with_a_fee(key: str, body: Mapping[str, Any]) -> Facts:
        dossier = builders.a_dossier(Stage.SUBMITTED, promised=builders.terms(procedure_code="2.000635", fees=[fee]))
        return desk.hold(dossier)

    intake.opens = opens_with_a_fee
    browser = await site.browser("clerk")
    done = await browser.http.post(URL, data=await ready(browser) | {"do": "file"})
    page = await browser.get(done.headers["location"])
    assert "Đã ghi nhận hồ sơ" in page.text
    assert "Đã tiếp nhận hồ sơ" not in page.text
    assert 'name="act" value="accept"' in page.text


# --- sessions, secrets ------------------------------------------------------------------------------------------------


async def test_a_session_that_ends_keeps_what_was_typed_and_sent(
    site: Site, clock: Clock, intake: FakeIntakeDesk, desk: FakeDesk
) -> None:
    browser = await site.browser("clerk")
    form = await ready(browser)
    clock.at += IDLE + timedelta(seconds=1)
    again = {"file.TK-TL": ("b.pdf", b"%PDF-other")}
    ended = await browser.http.post(URL, data=form | {"do": "file"}, files=again)
    assert ended.status_code == 401
    assert "Đã hết thời gian đăng nhập." in ended.text
    assert len(intake.uploads) == 1, "nobody is signed in: no file is taken"
    filled = await browser.send(ended, "/desk/sign-in", login="clerk", password="bốn từ dễ nhớ 1234")
    assert [value(filled, name) for name in PERSON] == list(PERSON.values())
    assert value(filled, "paper.TK-TL") == next(iter(intake.uploads))
    assert re.search(r'name="told_online"[^>]*value="yes" checked', filled.text)
    sent = browser.unseen(filled, URL) | {"procedure": "2.000635", "do": "file"} | PERSON | TOLD
    assert (await browser.http.post(URL, data=sent)).status_code == 303
    assert len(intake.filed) == 1


async def test_no_person_stands_in_our_tables(site: Site, engine: AsyncEngine) -> None:
    browser = await site.browser("clerk")
    await browser.http.post(URL, data=await ready(browser) | {"do": "file", "card": CARD})
    async with engine.connect() as connection:
        names = (
            await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'processing'"))
        ).scalars()
        for name in list(names):
            rows = str((await connection.execute(text(f"SELECT t::text FROM processing.{name} t"))).all())  # noqa: S608
            assert not any(mark in rows for mark in (*PERSON.values(), "Vành Khuyên")), name
