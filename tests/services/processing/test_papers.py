"""Papers on the dossier page: brought, looked at with a record, printed; parcels that came back; notes."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.processing import acts, store
from services.processing.acts import Door
from services.processing.acts.accounts import IDLE
from services.processing.adapters.intake_desk import DossierPapers, FoundPaper, StoredPaper
from shared.contracts.facts import event_of, facts_of
from shared.dossier import actions
from shared.dossier.lifecycle import Role, Stage
from shared.dossier.refusal import Refused
from tests import builders
from tests.services.processing.conftest import NOW, Browser, Clock, Site
from tests.services.processing.fakes import NOON, FakeDesk, FakeIntakeDesk
from tests.services.processing.test_pages import CODE, PAGE, PROMISED, hold

SCAN = {"file.TK-LLTP": ("a.pdf", b"%PDF-1.7")}
PAPER = StoredPaper(
    document_id="a" * 32, kind="TK-LLTP", media_type="application/pdf", pages=3, uploaded_at=NOON, digitized_at=NOON
)
PICTURE = StoredPaper(document_id="b" * 32, kind="CCCD", media_type="image/jpeg", pages=1, uploaded_at=NOON)


async def asked_for_papers(door: Door, desk: FakeDesk, *, before: bool) -> None:
    """A dossier whose applicant was asked for one paper, before acceptance or after."""
    if before:
        dossier = builders.a_dossier(Stage.SUBMITTED, promised=PROMISED)
        ask = builders.order(Role.CLERK, actions.AskCompletion(kinds=("TK-LLTP",), cause="unreadable"))
    else:
        dossier = builders.a_dossier(Stage.PROCESSING, promised=PROMISED)
        ask = builders.order(Role.UNIT_HEAD, actions.AskSupplement(kinds=("TK-LLTP",), cause="unreadable"))
    dossier.take(ask, builders.AT)
    desk.hold(dossier)
    await acts.remember(door, [event_of(dossier)])


# --- bringing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["complete", "supplement_delivered"])
async def test_papers_are_brought_over_the_counter(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk, act: str
) -> None:
    before = act == "complete"
    await asked_for_papers(door, desk, before=before)
    dossier = desk.dossiers[CODE]

    def opens(key: str, given: object) -> object:
        kinds = ("TK-LLTP",)
        action = actions.Complete(kinds=kinds) if before else actions.SupplementDelivered(kinds=kinds)
        dossier.take(builders.order(Role.CLERK, action, command_id=key), builders.AT)
        return facts_of(dossier)

    intake.opens = opens  # type: ignore[assignment]
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}/act/{act}")
    assert 'name="file.TK-LLTP" type="file"' in page.text
    empty = await browser.send_files(page, f"{PAGE}/papers", {})
    assert empty.status_code == 422
    assert 'href="#f-file.TK-LLTP"' in empty.text
    done = await browser.send_files(page, f"{PAGE}/papers", SCAN)
    assert (done.status_code, done.headers["location"].partition("@")[0]) == (303, f"{PAGE}?done={act}")
    [given] = intake.brought
    assert given == {"TK-LLTP": next(iter(intake.uploads))}
    assert dossier.stage is (Stage.SUBMITTED if before else Stage.PROCESSING)
    assert CODE in (await browser.get("/desk")).text or not before


async def test_a_refused_paper_is_named_and_nothing_is_brought(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk
) -> None:
    await asked_for_papers(door, desk, before=True)
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}/act/complete")
    intake.refuses = Refused("file_active", "")
    refused = await browser.send_files(page, f"{PAGE}/papers", SCAN)
    assert refused.status_code == 422
    assert "Tệp PDF có mã lệnh hoặc tệp nhúng, không nhận." in refused.text
    assert intake.brought == []


async def test_bringing_is_the_tables_affair(site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("clerk")
    token = Browser.unseen(await browser.get("/desk"), "/desk/lock")["csrf"]
    typed = {"csrf": token, "act": "complete", "command_id": "desk-0123456789", "paper.TK-LLTP": "a" * 32}
    answer = await browser.http.post(f"{PAGE}/papers", data=typed)
    assert answer.status_code in {403, 409, 422}
    stranger = await site.browser("stranger")
    token = Browser.unseen(await stranger.get("/desk"), "/desk/lock")["csrf"]
    foreign = await stranger.http.post(f"{PAGE}/papers", data=typed | {"csrf": token}, files=SCAN)
    assert foreign.status_code == 404
    assert intake.brought == []


async def test_a_parcel_that_came_back_is_recorded_by_the_return_clerk(site: Site, door: Door, desk: FakeDesk) -> None:
    promised = builders.terms(procedure_code="2.000635")
    dossier = builders.a_dossier(Stage.ON_THE_WAY, promised=promised, return_way=actions.ReturnWay.POST)
    desk.hold(dossier)
    await acts.remember(door, [event_of(dossier)])
    clerk = await site.browser("return_clerk")
    page = await clerk.get(PAGE)
    assert 'name="act" value="came_back"' in page.text
    done = await clerk.send(page, f"{PAGE}/act")
    assert (done.status_code, dossier.stage) == (303, Stage.RESULT_READY)


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(intake: FakeIntakeDesk) -> FakeIntakeDesk:
    """Two scans and a paper that the State had."""
    found = FoundPaper(kind="GKS", verdict="REUSED", source="POPULATION_DATABASE")
    intake.stored = DossierPapers(documents=(PAPER, PICTURE), lookups=(found,))
    intake.files = {PAPER.document_id: b"%PDF-paper", PICTURE.document_id: b"\xff\xd8\xffpicture"}
    return intake


async def readings(engine: AsyncEngine) -> list[tuple[str, str]]:
    query = "SELECT person_code, what FROM processing.reading WHERE what <> 'name' ORDER BY id"
    async with engine.connect() as connection:
        return [(row[0], row[1]) for row in await connection.execute(text(query))]


async def test_papers_are_listed_with_their_origin(
    site: Site, door: Door, desk: FakeDesk, stored: FakeIntakeDesk
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    page = await (await site.browser("specialist")).get(f"{PAGE}?tab=papers")
    assert f'href="{PAGE}/papers/{PAPER.document_id}"' in page.text
    assert "đã số hóa · 3 trang" in page.text
    assert "Người nộp, 12:00 23/11/2026" in page.text
    assert f'href="{PAGE}/forms/01?seq=2"' in page.text
    stored.away = True
    away = await (await site.browser("specialist")).get(f"{PAGE}?tab=papers")
    assert away.status_code == 200
    assert "Chưa tải được danh sách tệp." in away.text


@pytest.mark.parametrize(("paper", "tag"), [(PAPER, "<iframe"), (PICTURE, "<img")], ids=["pdf", "picture"])
async def test_each_look_at_a_paper_is_framed_closed_and_written_down(  # noqa: PLR0917 - a paper and its look
    site: Site, door: Door, desk: FakeDesk, stored: FakeIntakeDesk, engine: AsyncEngine, paper: StoredPaper, tag: str
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("specialist")
    path = f"{PAGE}/papers/{paper.document_id}"
    page = await browser.get(path)
    assert re.search(rf'{tag}[^>]* src="{path}/file[#"]', page.text)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert await readings(engine) == []
    file = await browser.get(f"{path}/file")
    assert (file.status_code, file.content) == (200, stored.files[paper.document_id])
    assert (file.headers["content-type"], file.headers["x-content-type-options"]) == (paper.media_type, "nosniff")
    policy = file.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert ("sandbox" in policy) == (paper is PICTURE)
    assert await readings(engine) == [("CB-specialist", f"paper:{paper.kind}")]
    head = await (await site.browser("unit_head")).get(f"{PAGE}?tab=looks")
    assert "giấy tờ" in head.text
    assert "specialist" in head.text
    other = await (await site.browser("clerk")).get(f"{PAGE}?tab=looks")
    assert "specialist" not in other.text
    assert "chính mình" in other.text


async def test_papers_of_others_are_out_of_sight(
    site: Site, door: Door, desk: FakeDesk, stored: FakeIntakeDesk, engine: AsyncEngine
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    stranger, clerk = await site.browser("stranger"), await site.browser("clerk")
    for path in (
        f"papers/{PAPER.document_id}",
        f"papers/{PAPER.document_id}/file",
        "forms/01",
        "result",
        "result/file",
    ):
        assert (await stranger.get(f"{PAGE}/{path}")).status_code == 404, path
    unknown = [await clerk.get(f"{PAGE}/papers/{end}") for end in ("c" * 32, "c" * 32 + "/file", "x", "../../etc")]
    assert {answer.status_code for answer in unknown} == {404}
    assert (await clerk.get(f"{PAGE}/result")).status_code == 404, "there is none yet"
    assert await readings(engine) == []


async def test_a_signed_result_is_looked_at_where_it_lies(
    site: Site, door: Door, desk: FakeDesk, engine: AsyncEngine
) -> None:
    await hold(door, desk, Stage.RESULT_READY)
    address = await door.objects.put(CODE, b"%PDF-signed")
    async with door.sessions.begin() as session:
        await store.reserve_number(session, CODE, 1, "000.00.03.H39", 2023)
        await store.record_signed(session, CODE, 1, store.SignedFile(address, NOW), "0" * 64)
    browser = await site.browser("return_clerk")
    listed = await browser.get(f"{PAGE}?tab=papers")
    assert f'href="{PAGE}/result"' in listed.text
    assert "Kết quả giải quyết" in (await browser.get(f"{PAGE}/result")).text
    assert (await browser.get(f"{PAGE}/result/file")).content == b"%PDF-signed"
    assert await readings(engine) == [("CB-return_clerk", "result")]


# --- notes ------------------------------------------------------------------------------------------------------------

NOTE = "Người nộp sẽ quay lại chiều thứ Năm."


async def leave(browser: Browser, page: httpx.Response, words: str) -> httpx.Response:
    return await browser.http.post(
        f"{PAGE}/comments?tab=notes", data=Browser.unseen(page, f"{PAGE}/comments?tab=notes") | {"note": words}
    )


async def test_notes_are_left_once_and_shown_with_role_and_time(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk, engine: AsyncEngine
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}?tab=notes")
    assert "Chỉ ghi dữ liệu cá nhân khi thật cần" in page.text
    assert "Chưa có ghi chú nào." in page.text
    for _ in range(2):
        done = await leave(browser, page, NOTE)
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?tab=notes")
    assert list(intake.noted.values()) == [NOTE]
    shown = await (await site.browser("specialist")).get(f"{PAGE}?tab=notes")
    assert NOTE in shown.text
    assert "cán bộ tiếp nhận · 12:00 23/11/2026" in shown.text
    assert await readings(engine) == [("CB-specialist", "note")]


@pytest.mark.parametrize("words", ["", "   ", "x" * 2_001])
async def test_a_note_that_is_none_or_too_long_is_said_and_kept(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk, words: str
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("clerk")
    answer = await leave(browser, await browser.get(f"{PAGE}?tab=notes"), words)
    assert answer.status_code == 422
    assert 'href="#f-note"' in answer.text
    assert words.strip() in answer.text
    assert intake.noted == {}


async def test_a_note_survives_a_session_and_a_silent_intake(
    site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk, clock: Clock
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}?tab=notes")
    intake.away = True
    away = await leave(browser, page, NOTE)
    assert away.status_code == 503
    assert "Chưa biết kết quả." in away.text
    intake.away = False
    clock.at += IDLE + timedelta(seconds=1)
    ended = await leave(browser, page, NOTE)
    assert ended.status_code == 401
    again = await browser.send(ended, "/desk/sign-in", login="clerk", password="bốn từ dễ nhớ 1234")
    assert NOTE in again.text
    assert (await leave(browser, again, NOTE)).status_code == 303


async def test_a_stranger_leaves_no_note(site: Site, door: Door, desk: FakeDesk, intake: FakeIntakeDesk) -> None:
    await hold(door, desk, Stage.PROCESSING)
    stranger = await site.browser("stranger")
    token = Browser.unseen(await stranger.get("/desk"), "/desk/lock")["csrf"]
    typed = {"csrf": token, "note": NOTE, "command_id": "desk-0123456789/note"}
    assert (await stranger.http.post(f"{PAGE}/comments", data=typed)).status_code == 404
    assert intake.noted == {}
