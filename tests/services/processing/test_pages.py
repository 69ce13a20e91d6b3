"""The console without scripts: signing in, the worklist, a dossier carried from hand to hand, and every expected no."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from services.processing import acts, store
from services.processing.acts import Door
from services.processing.acts.accounts import IDLE, TRIES, wait_after
from services.processing.store import MOST_COUNTED, Filter
from services.processing.store.pulse import Pulse
from shared.contracts.facts import event_of, facts_of
from shared.dossier.lifecycle import Role, Stage, TaskKind
from shared.dossier.refusal import Refused
from tests import builders
from tests.services.processing.conftest import NOW, OTHER_AGENCY, Browser, Clock, Site
from tests.services.processing.fakes import NAME, FakeApplicantFile, FakeDesk, FakeSiblings

PROMISED = builders.terms(procedure_code="2.000635")
CODE = "000.00.03.H39-230110-0007"
PAGE = f"/desk/{CODE}"


async def hold(door: Door, desk: FakeDesk, stage: Stage) -> None:
    """A dossier at this stage, known to the workflow and to the worklist."""
    dossier = builders.a_dossier(stage, promised=PROMISED)
    desk.hold(dossier)
    await acts.remember(door, [event_of(dossier)])


async def press(browser: Browser, act: str, **typed: object) -> httpx.Response:
    """Opens the act's form and sends it."""
    page = await browser.get(f"{PAGE}/act/{act}")
    assert page.status_code == 200, page.text
    return await browser.send(page, f"{PAGE}/act", **typed)


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_a_page_sends_a_stranger_to_the_sign_in_page_and_back(site: Site) -> None:
    browser = await site.browser()
    answer = await browser.get(PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?next=%2Fdesk%2F" + CODE)
    page = await browser.get(answer.headers["location"])
    done = await browser.send(page, "/desk/sign-in", login="clerk", password="bốn từ dễ nhớ 1234")
    assert (done.status_code, done.headers["location"]) == (303, PAGE)


async def test_nobody_is_sent_to_another_site_after_signing_in(site: Site) -> None:
    browser = await site.browser()
    for evil in ("https://elsewhere.example/", "//elsewhere.example", "/desk//elsewhere.example", "/deskx"):
        page = await browser.http.get("/desk/sign-in", params={"next": evil})
        done = await browser.send(page, "/desk/sign-in", login="clerk", password="bốn từ dễ nhớ 1234")
        assert done.headers["location"] == "/desk"


async def test_wrong_passwords_are_never_told_apart_and_make_the_account_wait_longer(site: Site, clock: Clock) -> None:
    browser = await site.browser()
    answers = set()
    for login in ("clerk", "nobody"):
        page = await browser.get("/desk/sign-in")
        wrong = await browser.send(page, "/desk/sign-in", login=login, password="x")
        assert wrong.status_code == 401
        answers.add(re.sub(r'value="[^"]*"', "", wrong.text))
    assert len(answers) == 1
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in answers.pop()
    for _ in range(TRIES - 1):
        await browser.http.post("/desk/sign-in", data={"login": "clerk", "password": "x"})
    right = {"login": "clerk", "password": "bốn từ dễ nhớ 1234"}
    refused = await browser.http.post("/desk/sign-in", data=right)
    assert refused.status_code == 401
    assert "Thử lại sau 31 giây" in refused.text
    clock.at += timedelta(seconds=31)
    assert (await browser.http.post("/desk/sign-in", data=right)).status_code == 303


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_after(failures) for failures in range(TRIES - 1, TRIES + 8)]
    assert [wait and int(wait.total_seconds()) for wait in waits] == [None, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_the_cookie_is_not_in_the_database_and_dies_at_sign_out(site: Site, engine: AsyncEngine) -> None:
    browser = await site.browser("clerk")
    cookie = browser.http.cookies["session"]
    async with engine.connect() as connection:
        kept = str((await connection.execute(text("SELECT * FROM processing.session"))).all())
    assert cookie not in kept
    await browser.send(await browser.get("/desk"), "/desk/sign-out")
    copied = await site.browser()
    copied.http.cookies.set("session", cookie)
    assert (await copied.get("/desk")).status_code == 303


async def test_a_session_ends_after_a_quarter_of_an_hour_of_silence(site: Site, clock: Clock) -> None:
    browser = await site.browser("clerk")
    clock.at += IDLE
    assert (await browser.get("/desk")).status_code == 200
    clock.at += IDLE + timedelta(seconds=1)
    assert (await browser.get("/desk")).status_code == 303


async def test_another_post_is_another_cookie_and_other_rights(site: Site) -> None:
    browser = await site.browser("everybody")
    before = browser.http.cookies["session"]
    page = await browser.get("/desk/post")
    await browser.send(page, "/desk/post", post="SIGNER:000.00.03.H39")
    assert browser.http.cookies["session"] != before
    assert "lãnh đạo ký" in (await browser.get("/desk")).text
    other = await browser.send(await browser.get("/desk/post"), "/desk/post", post="SIGNER:000.00.05.H39")
    assert other.status_code == 409


async def test_a_locked_screen_shows_no_name_until_the_password_is_right(
    site: Site, door: Door, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    await browser.send(await browser.get("/desk"), "/desk/lock")
    locked = await browser.get(PAGE)
    assert NAME not in locked.text
    assert CODE not in re.sub(r'value="[^"]*"|href="[^"]*"', "", locked.text)
    assert (await browser.send(locked, "/desk/unlock", password="x")).status_code == 401
    opened = await browser.send(await browser.get(PAGE), "/desk/unlock", password="bốn từ dễ nhớ 1234")
    assert opened.headers["location"] == PAGE
    assert NAME in (await browser.get(PAGE)).text


async def test_a_form_of_another_site_or_session_changes_nothing(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    page = await browser.get(PAGE)
    foreign = await browser.http.post(f"{PAGE}/act", data={"act": "accept"}, headers={"sec-fetch-site": "cross-site"})
    forged = await browser.send(page, f"{PAGE}/act", csrf="0" * 64)
    assert (foreign.status_code, forged.status_code) == (403, 403)
    assert desk.asked == []


# --- what one sees ----------------------------------------------------------------------------------------------------


async def test_the_worklist_shows_each_task_once_with_its_words(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    page = (await (await site.browser("specialist")).get("/desk")).text
    assert page.count(f'href="{PAGE}"') == 1
    assert all(words in page for words in (NAME, "Đang xử lý", "chưa ai", "quá hạn", "Cần làm"))


async def test_a_dossier_of_another_agency_looks_like_none(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    stranger = await site.browser("stranger")
    foreign, unknown = await stranger.get(PAGE), await stranger.get("/desk/000.00.03.H39-230110-9999")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text.replace(CODE, "") == unknown.text.replace("000.00.03.H39-230110-9999", "")
    assert "Không tìm thấy hồ sơ này trong phạm vi của ông/bà." in foreign.text
    assert CODE not in (await stranger.get("/desk")).text
    assert CODE not in (await stranger.get("/desk?q=7")).text


async def test_names_that_cannot_be_fetched_are_missed_and_nothing_else(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    assert isinstance(door.file, FakeApplicantFile)
    door.file.away = True
    browser = await site.browser("clerk")
    page = await browser.get("/desk")
    assert "— (chưa tải được tên)" in page.text
    assert CODE in page.text
    assert (await press(browser, "accept")).status_code == 303


async def test_every_look_at_a_name_is_recorded_with_the_person(
    site: Site, door: Door, desk: FakeDesk, engine: AsyncEngine
) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    await browser.get("/desk")
    await browser.get(PAGE)
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT person_code, dossier_code FROM processing.reading"))).all()
    assert [tuple(row) for row in rows] == [("CB-clerk", CODE)] * 2
    assert "clerk" in (await browser.get(f"{PAGE}?tab=looks")).text


@pytest.mark.parametrize("typed", ["0007", "7", CODE[-8:]])
async def test_a_number_finds_the_dossier_of_my_unit(site: Site, door: Door, desk: FakeDesk, typed: str) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    page = await (await site.browser("clerk")).get(f"/desk?q={typed}")
    assert (PAGE in page.text) == (typed != CODE[-8:])


async def test_a_number_is_found_in_my_unit_however_many_others_gave_it_out(
    site: Site, door: Door, engine: AsyncEngine, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    base = facts_of(builders.a_dossier(Stage.SUBMITTED, promised=PROMISED))
    others = [
        base.model_copy(
            update={"dossier_code": f"{OTHER_AGENCY}-23{day:04d}-0007", "agency_competent": OTHER_AGENCY}
            | {"agency_reception": OTHER_AGENCY}
        )
        for day in range(101, 131)
    ] + [
        base.model_copy(update={"dossier_code": f"{OTHER_AGENCY}-230200-0007", "agency_reception": OTHER_AGENCY}),
        base.model_copy(update={"dossier_code": "000.00.03.H39-230111-0007"}),
    ]
    await acts.learn(door, others)
    page = (await (await site.browser("clerk")).get("/desk?q=7")).text
    order = re.findall(r'class="govuk-link code" href="/desk/([^"]+)"', page)
    assert order == [f"{OTHER_AGENCY}-230200-0007", "000.00.03.H39-230111-0007", CODE], "newest first, mine alone"


async def test_a_tab_counts_no_further_than_it_says(site: Site, door: Door) -> None:
    base = facts_of(builders.a_dossier(Stage.SUBMITTED, promised=PROMISED))
    codes = [f"000.00.03.H39-2301{n // 500 + 10}-{n % 500 + 1:04d}" for n in range(MOST_COUNTED + 5)]
    await acts.learn(door, [base.model_copy(update={"dossier_code": code}) for code in codes])
    scope = {Role.CLERK: frozenset({"000.00.03.H39"})}
    late = Filter(before=base.submitted_at)
    async with door.reads() as session:
        everything, none = await store.counts(session, scope, Filter(), late)
        of_another = await store.counts(session, scope, Filter(procedure_code="9.999999"))
    assert everything[TaskKind.RECEIVE] == MOST_COUNTED
    assert none.get(TaskKind.RECEIVE, 0) == 0
    assert sum(of_another[0].values()) == 0
    assert "hơn 999" in (await (await site.browser("clerk")).get("/desk")).text


async def test_a_scanned_receipt_opens_its_dossier(site: Site) -> None:
    answer = await (await site.browser("clerk")).get(f"/desk?q={CODE.lower()}")
    assert answer.headers["location"] == PAGE


async def test_a_search_by_name_asks_intake_and_shows_what_is_in_sight(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    assert isinstance(door.file, FakeApplicantFile)
    door.file.found = (CODE, "000.00.05.H39-230110-0001")
    page = await (await site.browser("clerk")).get("/desk?q=hong ngu")
    assert door.file.searched == ["hong ngu"]
    assert PAGE in page.text


# --- acting -----------------------------------------------------------------------------------------------------------


async def test_a_dossier_goes_from_counter_to_return_by_the_pages_alone(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    for login, act, typed in (
        ("clerk", "accept", {}),
        ("clerk", "transfer", {}),
        ("specialist", "claim", {}),
        ("specialist", "propose", {"outcome": "GRANTED"}),
        ("unit_head", "approve_draft", {}),
        ("signer", "sign", {}),
    ):
        done = await press(await site.browser(login), act, **typed)
        assert done.status_code == 303, (act, done.text)
        shown = await (await site.browser(login)).get(done.headers["location"])
        assert shown.status_code == 200
        assert "notice-good" in shown.text
    assert desk.dossiers[CODE].stage is Stage.NUMBERING
    lines = (await (await site.browser("clerk")).get(f"{PAGE}?tab=history")).text
    assert all(words in lines for words in ("Tiếp nhận", "Chuyển xử lý", "Nhận việc", "Trình duyệt", "Ký số"))


async def test_the_same_form_twice_is_one_act(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}/act/accept")
    first, second = [await browser.send(page, f"{PAGE}/act") for _ in range(2)]
    assert first.status_code == second.status_code == 303
    assert len(desk.asked) == 1


async def test_who_comes_second_is_told_who_was_first_and_loses_no_word(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    page = await head.get(f"{PAGE}/act/send_back")
    await press(await site.browser("everybody"), "approve_draft")
    typed = "Dự thảo còn sai tên tại trang hai, sửa lại."
    late = await head.send(page, f"{PAGE}/act", cause="draft_wrong", words=typed)
    assert late.status_code == 409
    assert "Hồ sơ vừa chuyển sang bước “Chờ ký” lúc 09:30 (người thao tác: trưởng phòng)" in late.text
    assert typed in late.text


async def test_a_wrong_field_comes_back_with_everything_typed(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    short = await press(head, "send_back", words="ngắn quá")
    assert short.status_code == 422
    assert "<title>Lỗi: " in short.text
    assert 'href="#f-words"' in short.text
    assert 'href="#f-cause"' in short.text
    assert ">ngắn quá</textarea>" in short.text
    assert desk.asked == []


async def test_an_outcome_nobody_knows_is_said_so_and_can_be_sent_again(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    page = await browser.get(f"{PAGE}/act/accept")
    desk.away = True
    unknown = await browser.send(page, f"{PAGE}/act")
    assert unknown.status_code == 503
    assert "Chưa biết kết quả." in unknown.text
    desk.away = False
    assert (await browser.send(unknown, f"{PAGE}/act")).status_code == 303
    assert len(desk.asked) == 1


async def test_what_was_typed_when_the_session_ended_comes_back(
    site: Site, door: Door, desk: FakeDesk, clock: Clock
) -> None:
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    page = await head.get(f"{PAGE}/act/send_back")
    clock.at += IDLE * 2
    typed = "Dự thảo còn sai tên tại trang hai, sửa lại."
    ended = await head.send(page, f"{PAGE}/act", cause="draft_wrong", words=typed)
    assert ended.status_code == 401
    assert "Đăng nhập" in ended.text
    again = await head.send(ended, "/desk/sign-in", login="unit_head", password="bốn từ dễ nhớ 1234")
    assert again.status_code == 200
    assert f">{typed}</textarea>" in again.text
    assert (await head.send(again, f"{PAGE}/act", cause="draft_wrong", words=typed)).status_code == 303


async def test_signing_asks_for_the_password_when_the_proof_is_old(
    site: Site, door: Door, desk: FakeDesk, clock: Clock
) -> None:
    await hold(door, desk, Stage.SIGNING)
    signer = await site.browser("signer")
    page = await signer.get(f"{PAGE}/act/sign")
    clock.at = NOW + timedelta(minutes=5, seconds=1)
    asked = await signer.send(page, f"{PAGE}/act")
    assert asked.status_code == 401
    assert "Xác nhận lại danh tính" in asked.text
    proved = await signer.send(asked, "/desk/unlock", password="bốn từ dễ nhớ 1234")
    assert proved.status_code == 200
    assert (await signer.send(proved, f"{PAGE}/act")).status_code == 303


async def test_ticked_rows_are_previewed_then_done_one_by_one(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    desk.asked.clear()
    specialist = await site.browser("specialist")
    page = await specialist.get("/desk")
    other = "000.00.03.H39-230110-9999"
    seen = await specialist.send(page, "/desk/bulk", code=[CODE, other], act="claim")
    assert "1 làm được, 1 không." in seen.text
    assert desk.asked == []
    done = await specialist.send(seen, "/desk/bulk/do")
    assert done.status_code == 200
    assert "Được 1, không được hoặc chưa biết 0." in done.text
    assert len(desk.asked) == 1
    assert "tôi" in (await specialist.get("/desk")).text


async def test_a_list_leaves_the_house_without_names(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    answer = await (await site.browser("clerk")).get("/desk/export.csv?view=tat-ca")
    assert CODE in answer.text
    assert NAME not in answer.text
    assert answer.headers["content-type"].startswith("text/csv")


async def test_who_is_absent_is_stood_in_for(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SIGNING)
    signer, clerk = await site.browser("signer"), await site.browser("clerk")
    assert CODE not in (await clerk.get("/desk?view=cho-ky")).text
    page = await signer.get("/desk/me")
    days = {"first_on": "23/11/2026", "last_on": "24/11/2026"}
    assert (await signer.send(page, "/desk/me/absence", to="CB-clerk", **days)).status_code == 303
    assert CODE in (await clerk.get("/desk?view=cho-ky")).text


async def test_english_is_a_switch_that_stays(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SUBMITTED)
    browser = await site.browser("clerk")
    assert '<html lang="en"' in (await browser.get("/desk?lang=en")).text
    page = (await browser.get(PAGE)).text
    assert "Next action" in page
    assert "Accept" in page
    assert "Submitted" in page


# --- what siblings do for the person ----------------------------------------------------------------------------------


async def test_cash_is_counted_by_payment_and_the_page_knows_it_at_once(
    site: Site, door: Door, desk: FakeDesk, siblings: FakeSiblings
) -> None:
    await hold(door, desk, Stage.RESULT_READY)
    siblings.answers = facts_of(desk.dossiers[CODE]).model_copy(
        update={"seq": 99, "fee_procedure": True, "paid_vnd": 8000}
    )
    done = await press(await site.browser("accountant"), "fee_paid", amount_vnd="8.000")
    assert done.status_code == 303, done.text
    assert siblings.asked[0][:3] == ("cash", "CB-accountant", 8000)
    assert "8.000 đồng" in (await (await site.browser("accountant")).get(f"{PAGE}?tab=payment")).text


async def test_a_refusal_of_a_sibling_is_said_on_the_page(
    site: Site, door: Door, desk: FakeDesk, siblings: FakeSiblings
) -> None:
    await hold(door, desk, Stage.RESULT_READY)
    siblings.refuses = Refused("wrong_amount", "Số tiền phải đúng bằng số phải nộp.")
    refused = await press(await site.browser("accountant"), "fee_paid", amount_vnd="1")
    assert refused.status_code == 409
    assert "Số tiền phải đúng bằng số phải nộp." in refused.text


async def test_money_that_is_no_number_is_corrected_before_anybody_is_asked(
    site: Site, door: Door, desk: FakeDesk, siblings: FakeSiblings
) -> None:
    await hold(door, desk, Stage.RESULT_READY)
    wrong = await press(await site.browser("accountant"), "fee_paid", amount_vnd="tám nghìn")
    assert (wrong.status_code, siblings.asked) == (422, [])


# --- signing ----------------------------------------------------------------------------------------------------------


async def test_a_result_can_be_signed_only_after_it_was_seen(
    site: Site, door: Door, desk: FakeDesk, clock: Clock
) -> None:
    await hold(door, desk, Stage.SIGNING)
    signer = await site.browser("signer")
    unseen = await signer.get("/desk/sign")
    assert "chưa xem" in unseen.text
    assert 'name="row"' not in unseen.text
    forged = await signer.send(unseen, "/desk/sign", row=f"{CODE} desk-forged")
    assert (forged.status_code, desk.asked) == (422, [])

    paper = await signer.get(f"/desk/sign/{CODE}")
    assert NAME in paper.text
    seen = await signer.get("/desk/sign")
    assert "Ký số 1 văn bản đã xem" in seen.text

    clock.at += timedelta(minutes=6)
    row = re.findall(r'name="row" value="([^"]+)"', seen.text)
    asked = await signer.send(seen, "/desk/sign", row=row)
    assert asked.status_code == 401
    again = await signer.send(asked, "/desk/unlock", password="bốn từ dễ nhớ 1234")
    done = await signer.send(again, "/desk/sign", row=re.findall(r'name="row" value="([^"]+)"', again.text))
    assert "Đã ký 1, chưa ký 0." in done.text
    assert desk.dossiers[CODE].stage is Stage.NUMBERING


async def test_only_signers_see_what_waits_to_be_signed(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.SIGNING)
    clerk = await site.browser("clerk")
    assert CODE not in (await clerk.get("/desk/sign")).text
    assert "Ký số" not in (await clerk.get("/desk")).text
    stranger = await site.browser("stranger")
    assert (await stranger.get(f"/desk/sign/{CODE}")).status_code == 404


# --- live -------------------------------------------------------------------------------------------------------------


async def test_an_open_list_hears_of_changes_in_its_agencies_only(door: Door, stack: Stack) -> None:
    pulse = Pulse(stack.environment("processing")["DATABASE_URL"])
    running = asyncio.create_task(pulse.run())
    async with pulse.watch(frozenset({"000.00.03.H39"})) as mine, pulse.watch(frozenset({"000.00.05.H39"})) as other:
        assert await mine.next(10)  # listening has begun
        await other.next(10)
        await acts.learn(door, [facts_of(builders.a_dossier(Stage.SUBMITTED, promised=PROMISED))])
        assert await mine.next(10)
        assert not await other.next(0.2)
    await pulse.shutdown()
    await running
