"""The counter in a real browser on the real stack: keys alone, without scripts, bad files, ended sessions, and back."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pikepdf
import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from deploy.province.papers import a_pdf, a_scan
from shared.dossier.working_time import LOCAL
from tests.browser import browser, chromium, painted, violations
from tests.journeys.people import BORN, YEN, Person
from tests.journeys.test_5_console import BIRTH_AGAIN, NOT_NOW, WAY, Desks, by_mouse
from tests.journeys.town import Town

__all__ = ["browser", "chromium"]

BIRTH: Final = "1.001193"
RECEIVED: Final = re.compile(r"/desk/([0-9.H]+-\d{6}-\d{4,6})/received$")
MB: Final = 1024 * 1024


@pytest.fixture
async def desks(browser: Browser, town: Town, request: pytest.FixtureRequest) -> AsyncIterator[Desks]:
    opened = Desks(browser, town, scripts="without" not in request.node.name)
    yield opened
    await opened.close()


def card(person: Person, born: str = "09031995", sex: str = "Nữ") -> str:
    """The QR text of an identity card."""
    return f"{person.personal_id}||{person.full_name}|{born}|{sex}|{person.address}|25042021"


def scan(kind: str, name: str = "") -> FilePayload:
    return {"name": name or f"{kind}.pdf", "mimeType": "application/pdf", "buffer": a_pdf(kind, 1)}


def scripted() -> bytes:
    """A PDF that would run something."""
    pdf = pikepdf.open(BytesIO(a_pdf("TK-DKL", 2)))
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    target = BytesIO()
    pdf.save(target)
    return target.getvalue()


async def counter(desks: Desks, town: Town) -> Page:
    page = await desks.of("tiepnhan")
    await page.goto(f"{town.url('processing')}/desk/counter")
    return page


async def enter(page: Page, field: str, text: str) -> None:
    """Types into a field and presses Enter: the form answers with what it understood."""
    await page.fill(field, text)
    async with page.expect_navigation():
        await page.press(field, "Enter")


async def fill(page: Page, person: Person = YEN, procedure: str = "dang ky lai khai sinh") -> None:
    """Card, procedure, phone, guidance: all but the papers."""
    await enter(page, "#f-card", card(person))
    await enter(page, "#f-q", procedure)
    await page.fill("#f-phone", person.phone)
    for answer in ("told_online", "told_post"):
        await page.check(f"input[name={answer}][value=yes]")


async def attach(page: Page, **files: FilePayload) -> None:
    for kind, file in files.items():
        await page.set_input_files(f'[name="file.{kind.replace("_", "-")}"]', file)


async def press_main(page: Page) -> str:
    """The main button; the code of the dossier that it made."""
    async with page.expect_navigation():
        await page.click("[data-main]")
    found = RECEIVED.search(page.url)
    assert found, await page.locator("main").inner_text()
    return found[1]


async def accepted(page: Page) -> None:
    """Until the machines have read the papers; the page has a button for a clerk who does not wait."""
    for _ in range(20):
        heading = await page.locator("h1").inner_text()
        if heading.startswith("Đã tiếp nhận hồ sơ"):
            return
        await page.reload()
    raise AssertionError(await page.locator("main").inner_text())


async def filings(town: Town) -> int:
    return await count(town, "filing")


async def papers(town: Town) -> int:
    return await count(town, "document")


async def count(town: Town, table: str) -> int:
    """Rows of a table of intake; the town asks in a loop of its own."""
    rows = await asyncio.to_thread(town.rows, "intake", f"SELECT count(*) AS n FROM intake.{table}")  # noqa: S608
    return int(rows[0]["n"])


async def readings(town: Town) -> list[tuple[str, str]]:
    """(dossier or reference, what) of everything that staff read at intake."""
    rows = await asyncio.to_thread(town.rows, "intake", "SELECT dossier_code, what FROM intake.reading")
    return [(row["dossier_code"], row["what"]) for row in rows]


# --- one dossier ------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
async def test_a_simple_dossier_by_keys_alone(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    page.on("filechooser", lambda _: None)  # caught from now on: caught at the key press, the browser may be too late
    await painted(page)
    keys = page.keyboard
    before = await filings(town)
    async with page.expect_navigation():
        await keys.type(card(YEN))  # the card's field has the focus
        await keys.press("Enter")
    await painted(page)
    await keys.type(YEN.phone)  # now the phone, the first thing that no card says
    await keys.press("F2")
    async with page.expect_navigation():
        await keys.type("dang ky lai khai sinh")
        await keys.press("Enter")
    await painted(page)
    for kind in ("TK-DKL", "BAN-SAO-CU"):
        assert await page.evaluate("document.activeElement.id") == f"f-file.{kind}"
        async with page.expect_file_chooser() as choosing:
            await keys.press("Enter" if kind == "TK-DKL" else "Space")
        await (await choosing.value).set_files(scan(kind))
        await keys.press("Tab")
    await page.keyboard.press("Space")
    await keys.press("Tab")
    await keys.press("Space")
    async with page.expect_navigation():
        await keys.press("F9")
    found = RECEIVED.search(page.url)
    assert found, await page.locator("main").inner_text()
    await accepted(page)
    assert await page.evaluate("document.activeElement.textContent") == "In giấy tiếp nhận và hẹn trả kết quả"
    receipt = await page.request.get(f"{town.url('processing')}/desk/{found[1]}/forms/01")
    assert (receipt.status, receipt.headers["content-type"]) == (200, "application/pdf")
    assert (await receipt.body()).startswith(b"%PDF-")
    assert await filings(town) == before + 1
    events = await asyncio.to_thread(town.told, found[1], "accepted")
    assert (events[0]["change"]["change"], events[0]["facts"]["guided"]) == ("registered_at_desk", True)
    assert desks.said == []


async def carry(desks: Desks, town: Town, code: str) -> None:
    """From the counter to the hand-over, by the console alone."""
    for post, act in WAY[1:]:
        page = await desks.of(post)
        for _ in range(40):
            await by_mouse(page, code, act)
            await page.wait_for_load_state()
            if f"done={act}" in page.url:
                break
            said = await page.locator("main").inner_text()
            assert NOT_NOW.search(said), f"{act}: {said}"
        assert f"done={act}" in page.url, act
    await asyncio.to_thread(town.told, code, "handed_over")


@pytest.mark.timeout(600)
async def test_from_the_counter_to_the_return_by_the_console_alone(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    await fill(page)
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    code = await press_main(page)
    await accepted(page)
    await carry(desks, town, code)
    await page.goto(f"{town.url('processing')}/desk/{code}?tab=papers")
    await page.click("text=Kết quả giải quyết")
    await expect(page.locator("iframe.viewer")).to_be_visible()
    signed = await page.request.get(f"{town.url('processing')}/desk/{code}/result/file")
    assert (signed.status, (await signed.body())[:5]) == (200, b"%PDF-")


@pytest.mark.timeout(600)
async def test_the_same_without_scripts(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    await fill(page)
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    code = await press_main(page)
    await accepted(page)
    await carry(desks, town, code)


@pytest.mark.timeout(300)
async def test_a_double_click_without_scripts_is_one_dossier(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    await fill(page)
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    before = await filings(town)
    await page.dblclick("[data-main]", no_wait_after=True)
    await page.wait_for_url(RECEIVED)
    await accepted(page)
    assert await filings(town) == before + 1


@pytest.mark.timeout(300)
async def test_nobody_is_asked_for_what_the_state_holds(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    year = 1900 + int(BORN.personal_id[3]) // 2 * 100 + int(BORN.personal_id[4:6])
    sex = "Nữ" if int(BORN.personal_id[3]) % 2 else "Nam"
    await enter(page, "#f-card", card(BORN, f"0101{year}", sex))
    await enter(page, "#f-q", BIRTH)
    await expect(page.locator(".notice", has_text="số và họ tên khớp.")).to_be_visible()
    assert await page.locator(".papers .held").count() == 2
    assert await page.locator(".papers input[type=file]").count() == 1
    await page.fill("#f-phone", BORN.phone)
    for answer in ("told_online", "told_post"):
        await page.check(f"input[name={answer}][value=yes]")
    await attach(page, TK_KS=scan("TK-KS"))
    code = await press_main(page)
    await accepted(page)
    await page.goto(f"{town.url('processing')}/desk/{code}?tab=papers")
    reused = page.locator("tr", has_text="dùng lại")
    await expect(reused).to_have_count(2)
    await expect(reused.first).to_contain_text("CSDL quốc gia về dân cư")
    assert any(place.startswith("desk-") for place, what in await readings(town) if what == "papers held")


@pytest.mark.timeout(300)
async def test_a_dossier_of_the_post_is_registered_at_the_counter(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    await enter(page, "#f-card", card(YEN))
    await enter(page, "#f-q", "dang ky lai khai sinh")
    await page.fill("#f-phone", YEN.phone)
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    await page.click("text=Hồ sơ gửi qua bưu chính")
    now = datetime.now(LOCAL)
    await page.fill("#f-posted_at", f"{now - timedelta(days=2):%H:%M %d/%m/%Y}")
    await page.fill("#f-minutes_signed_at", f"{now - timedelta(minutes=5):%H:%M %d/%m/%Y}")
    code = await press_main(page)
    await accepted(page)
    [first, *_] = await asyncio.to_thread(town.told, code, "accepted")
    assert (first["change"]["change"], first["facts"]["channel"]) == ("registered_from_post", 3)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scripts", ["with", "without"])
async def test_bad_files_are_refused_with_a_sentence(desks: Desks, town: Town, tmp_path: Path, scripts: str) -> None:
    page = await counter(desks, town)
    await fill(page)
    before, stored = await filings(town), await papers(town)
    zipped: FilePayload = {"name": "to khai.pdf", "mimeType": "application/pdf", "buffer": b"PK\x03\x04" + bytes(2000)}
    active: FilePayload = {"name": "ban sao.pdf", "mimeType": "application/pdf", "buffer": scripted()}
    await attach(page, TK_DKL=zipped, BAN_SAO_CU=active)
    async with page.expect_navigation():
        await page.click("[data-main]")
    summary = page.locator(".govuk-error-summary")
    await expect(summary).to_contain_text("Nội dung tệp không phải PDF, JPG hoặc PNG")
    await expect(summary).to_contain_text("Tệp PDF có mã lệnh hoặc tệp nhúng, không nhận.")
    assert await page.input_value("#f-full_name") == YEN.full_name
    huge = tmp_path / "scan.pdf"
    with huge.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        os.truncate(file.fileno(), 300 * MB)
    await page.set_input_files('[name="file.TK-DKL"]', huge)
    if scripts == "with":
        await expect(page.locator(".too-large")).to_contain_text("Tệp lớn hơn 10 MB. Quét ở 200–300 dpi rồi tải lại.")
        assert await page.input_value('[name="file.TK-DKL"]') == "", "it is not sent at all"
    else:
        async with page.expect_navigation(timeout=120_000):
            await page.click("[data-main]")
        await expect(summary).to_contain_text("Tệp lớn hơn 10 MB. Quét ở 200–300 dpi rồi tải lại")
        assert await page.input_value("#f-phone") == YEN.phone
    assert (await filings(town), await papers(town)) == (before, stored), "nothing is half done"
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    await press_main(page)
    assert await filings(town) == before + 1


@pytest.mark.timeout(300)
async def test_a_session_that_ends_at_the_counter_loses_nothing(desks: Desks, town: Town) -> None:
    page = await counter(desks, town)
    await fill(page)
    await attach(page, TK_DKL=scan("TK-DKL"))
    await enter(page, "#f-phone", YEN.phone)  # one scan is at intake already
    before = await filings(town)
    await page.context.clear_cookies()
    async with page.expect_navigation():
        await page.click("[data-main]")
    await expect(page.locator(".notice[role=status]")).to_contain_text("nội dung đã nhập vẫn còn")
    await desks.sign_in(page, "tiepnhan")
    assert [await page.input_value(f"#f-{name}") for name in ("personal_id", "full_name", "phone")] == [
        YEN.personal_id, YEN.full_name, YEN.phone,
    ]  # fmt: skip
    assert await page.is_checked("input[name=told_post][value=yes]")
    await expect(page.locator(".papers .sent")).to_have_count(1)
    await attach(page, BAN_SAO_CU=scan("BAN-SAO-CU"))
    await press_main(page)
    assert await filings(town) == before + 1


# --- later papers, looks, notes ---------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
async def test_a_supplement_comes_over_the_counter_and_every_look_is_written_down(desks: Desks, town: Town) -> None:
    filed = town.file(YEN, BIRTH_AGAIN, ["TK-DKL", "BAN-SAO-CU"], channel="IN_PERSON", guided=True)
    town.take_in(filed.code)
    url = f"{town.url('processing')}/desk/{filed.code}"
    head = await desks.of("truongphong")
    await head.goto(f"{url}/act/ask_supplement")
    await head.check('input[name=kinds][value="BAN-SAO-CU"]')
    await head.select_option("[name=cause]", "unreadable")
    await head.fill("#f-words", "Bản sao giấy khai sinh bị mờ ở trang một, xin nộp lại bản rõ.")
    async with head.expect_navigation():
        await head.click("[data-main]")
    assert "done=ask_supplement" in head.url, await head.locator("main").inner_text()

    clerk = await desks.of("tiepnhan")
    await clerk.goto(f"{url}/act/supplement_delivered")
    await clerk.set_input_files(
        '[name="file.BAN-SAO-CU"]', {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": a_scan("BAN-SAO-CU", 7)}
    )
    async with clerk.expect_navigation():
        await clerk.click("[data-main]")
    assert "done=supplement_delivered" in clerk.url, await clerk.locator("main").inner_text()

    await clerk.goto(f"{url}?tab=papers")
    await clerk.click("text=Bản sao giấy tờ hộ tịch đã cấp")
    picture = clerk.locator(".viewer img")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    await clerk.goto(f"{url}?tab=notes")
    await clerk.fill("#f-note", f"Đã gọi số {YEN.phone} báo nhận bản mới.")
    async with clerk.expect_navigation():
        await clerk.click("text=Lưu ghi chú")
    await expect(clerk.locator(".notes .words")).to_contain_text("báo nhận bản mới")

    await head.goto(f"{url}?tab=looks")
    looks = await head.locator("tbody").inner_text()
    assert "giấy tờ: Bản sao giấy tờ hộ tịch đã cấp" in looks
    assert (filed.code, "paper BAN-SAO-CU") in await readings(town)
    assert desks.said == []


# --- everybody --------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_no_new_page_hinders_anybody(desks: Desks, town: Town, language: str) -> None:
    page = await counter(desks, town)
    found: dict[str, Any] = {}

    async def look(name: str) -> None:
        for width in (1280, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.locator("h1").count() == 1, name
            assert (await page.title()).endswith(" – Một Cửa")
            assert await page.locator("html").get_attribute("lang") == language
            overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{name} scrolls sideways at {width}"
            if wrong := await violations(page):
                found[f"{name} at {width}"] = wrong

    await page.goto(f"{town.url('processing')}/desk/counter?lang={language}")
    await look("empty")
    await enter(page, "#f-card", "không phải thẻ")
    await enter(page, "#f-q", "khai sinh")
    await look("several procedures, no card")
    await fill(page)
    async with page.expect_navigation():
        await page.click("[data-main]")
    await look("errors")
    await attach(page, TK_DKL=scan("TK-DKL"), BAN_SAO_CU=scan("BAN-SAO-CU"))
    for answer in ("told_online", "told_post"):
        await page.check(f"input[name={answer}][value=yes]")
    code = await press_main(page)
    await look("received")
    for tab in ("papers", "notes", "looks"):
        await page.goto(f"{town.url('processing')}/desk/{code}?tab={tab}")
        await look(tab)
    await page.goto(f"{town.url('processing')}/desk/{code}?tab=papers")
    await page.click(".worklist a")
    await expect(page.locator("iframe.viewer")).to_be_visible()
    await look("paper")
    assert found == {}
