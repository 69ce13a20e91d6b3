"""Two clerks on one dossier (SR-09): the second is told which role did what at which time, and loses no word."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import pytest

from services.processing import acts
from services.processing.acts import Door
from services.processing.acts.accounts import IDLE
from shared.contracts.facts import event_of
from shared.dossier import actions
from shared.dossier.actions import By, Order
from shared.dossier.lifecycle import Role, Stage
from tests.services.processing.conftest import NOW, PASSWORD, Browser, Clock, Site
from tests.services.processing.fakes import FakeDesk
from tests.services.processing.test_pages import CODE, PAGE, hold, press

WORDS = "Dự thảo còn sai tên tại trang hai, sửa lại."


async def test_the_form_says_who_was_first_shows_what_changed_and_keeps_everything_typed(
    site: Site, door: Door, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    page = await head.get(f"{PAGE}/act/send_back")
    await press(await site.browser("everybody"), "approve_draft")
    late = await head.send(page, f"{PAGE}/act", cause="draft_wrong", words=WORDS)
    assert late.status_code == 409
    assert "Hồ sơ vừa chuyển sang bước “Chờ ký” lúc 09:30 (người thao tác: trưởng phòng)." in late.text
    changed = late.text.partition("Thay đổi từ lúc mở trang")[2].partition("</ol>")[0]
    assert "09:30 23/11/2026: Đồng ý trình ký (trưởng phòng" in changed
    kept = late.text.partition('id="kept"')[2].partition("</textarea>")[0]
    assert WORDS in kept
    assert "Lý do: Dự thảo có sai sót" in kept


async def test_a_change_at_the_same_stage_is_told_too_and_the_form_stays_open(
    site: Site, door: Door, desk: FakeDesk
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    head, other = await site.browser("unit_head"), await site.browser("everybody")
    page = await head.get(f"{PAGE}/act/reassign")
    assert (await press(other, "reassign", person_code="CB-everybody")).status_code == 303
    late = await head.send(page, f"{PAGE}/act", person_code="CB-specialist")
    assert late.status_code == 409
    assert "Hồ sơ vừa thay đổi lúc 09:30: “Giao lại” (người thao tác: trưởng phòng)." in late.text
    assert desk.dossiers[CODE].holder == "CB-everybody", "the first one's act stands"
    assert '<option value="CB-specialist" selected' in late.text
    again = await head.send(late, f"{PAGE}/act", person_code="CB-specialist")
    assert again.status_code == 303, "having seen what changed the second may decide anew"


async def test_what_machines_wrote_meanwhile_stops_nobody(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.PROCESSING)
    head = await site.browser("unit_head")
    page = await head.get(f"{PAGE}/act/reassign")
    dossier = desk.dossiers[CODE]
    dossier.take(
        Order(
            command_id="own-record_digitized-1",
            by=By(role=Role.SYSTEM),
            actions=(actions.RecordDigitized(kinds=()),),
        ),
        NOW,
    )
    await acts.remember(door, [event_of(dossier)])
    assert (await head.send(page, f"{PAGE}/act", person_code="CB-specialist")).status_code == 303


async def test_the_same_claim_twice_is_one_act_and_no_refusal(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    desk.asked.clear()
    specialist = await site.browser("specialist")
    page = await specialist.get(f"{PAGE}/act/claim")
    answers = [await specialist.send(page, f"{PAGE}/act") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(desk.asked) == 1


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_bulk_page_says_it_row_by_row(site: Site, door: Door, desk: FakeDesk, language: str) -> None:
    await hold(door, desk, Stage.PROCESSING)
    head, other = await site.browser("unit_head"), await site.browser("everybody")
    seen = await head.http.post(
        "/desk/bulk",
        params={"lang": language},
        data={"csrf": await token(head), "code": CODE, "act": "reassign"},
    )
    assert seen.status_code == 200, seen.text
    await press(other, "reassign", person_code="CB-everybody")
    late = await head.send(seen, "/desk/bulk/do", person_code="CB-specialist")
    assert late.status_code == 409
    first = {
        "vi": "Hồ sơ vừa thay đổi lúc 09:30: “Giao lại” (người thao tác: trưởng phòng).",
        "en": "The dossier has just changed at 09:30: “Reassign” (by: unit head).",
    }
    assert first[language] in late.text
    assert desk.dossiers[CODE].holder == "CB-everybody"
    assert "specialist" in late.text.partition('id="kept"')[2].partition("</textarea>")[0], "what was chosen is kept"
    again = await head.send(late, "/desk/bulk/do")
    assert again.status_code == 200
    assert desk.dossiers[CODE].holder == "CB-specialist", "sent again upon what is known now"


async def test_the_preview_names_who_was_faster(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    clerk, other = await site.browser("clerk"), await site.browser("everybody")
    page = await clerk.get("/desk")
    await press(other, "transfer")
    seen = await clerk.send(page, "/desk/bulk", code=CODE, act="transfer")
    assert "đã chuyển bước (“Chuyển xử lý” lúc 09:30 23/11/2026, cán bộ tiếp nhận)" in seen.text


async def test_of_fifty_claims_at_once_one_wins_and_all_others_are_told(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.ACCEPTED)
    await press(await site.browser("clerk"), "transfer")
    before = desk.dossiers[CODE].seq
    people = [await site.browser("specialist"), await site.browser("everybody")]
    forms = [(person, await person.get(f"{PAGE}/act/claim")) for person in people for _ in range(25)]
    answers = await asyncio.gather(*(person.send(page, f"{PAGE}/act") for person, page in forms))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 409: 49}
    assert desk.dossiers[CODE].seq == before + 1


async def test_a_bulk_form_comes_back_after_the_session_ended(
    site: Site, door: Door, desk: FakeDesk, clock: Clock
) -> None:
    await hold(door, desk, Stage.PROCESSING)
    head = await site.browser("unit_head")
    typed = {"csrf": await token(head), "code": CODE, "act": "reassign"}
    seen = await head.http.post("/desk/bulk", data=typed)
    clock.at += IDLE * 2
    ended = await head.send(seen, "/desk/bulk/do", person_code="CB-specialist")
    assert ended.status_code == 401
    again = await head.send(ended, "/desk/sign-in", login="unit_head", password=PASSWORD)
    assert again.status_code == 200
    assert '<option value="CB-specialist" selected' in again.text
    done = await head.send(again, "/desk/bulk/do", person_code="CB-specialist")
    assert "Được 1," in done.text
    assert desk.dossiers[CODE].holder == "CB-specialist"


async def token(browser: Browser) -> str:
    page = await browser.get("/desk")
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]
