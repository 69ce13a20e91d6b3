"""Unit heads decide on one page: what each draft says, read before decided, one or several, and late ones told so."""

from __future__ import annotations

import re

import httpx
import pytest

from services.processing import acts
from services.processing.acts import Door
from shared.contracts.facts import facts_of
from shared.dossier import actions
from shared.dossier.lifecycle import Role, Stage
from tests import builders
from tests.services.processing.conftest import Browser, Site
from tests.services.processing.fakes import NAME, FakeApplicantFile, FakeDesk
from tests.services.processing.test_pages import CODE, PAGE, PROMISED, hold, press

LIST = "/desk/approve"
ONE = f"{LIST}/{CODE}"
WORDS = "Dự thảo còn sai tên tại trang hai, sửa lại."


def ticks(page: httpx.Response) -> list[str]:
    return re.findall(r'type="checkbox" name="row" value="([^"]+)"', page.text)


async def looked(site: Site, door: Door, desk: FakeDesk) -> tuple[Browser, httpx.Response]:
    """A unit head who has read the one draft, and the list after it."""
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    assert (await head.get(ONE)).status_code == 200
    return head, await head.get(LIST)


async def test_a_draft_can_be_decided_only_after_it_was_read(site: Site, door: Door, desk: FakeDesk) -> None:
    await hold(door, desk, Stage.REVIEW)
    head = await site.browser("unit_head")
    unread = await head.get(LIST)
    assert CODE in unread.text
    assert "chưa xem" in unread.text
    assert "Đề nghị cấp" in unread.text
    assert ticks(unread) == []
    seq = desk.dossiers[CODE].seq
    for name in ("row", "only"):
        forged = await head.send(unread, LIST, **{name: f"{CODE} desk-forged-1 {seq}"})
        assert forged.status_code == 422
        assert "Có dự thảo chưa xem." in forged.text
    assert desk.asked == []
    draft = await head.get(ONE)
    assert NAME in draft.text
    assert "Trình duyệt" in draft.text, "who proposed and when"
    assert len(ticks(await head.get(LIST))) == 1


@pytest.mark.parametrize("field", ["only", "row"])
async def test_one_click_or_a_tick_sends_it_to_the_signer(site: Site, door: Door, desk: FakeDesk, field: str) -> None:
    head, page = await looked(site, door, desk)
    done = await head.send(page, LIST, **{field: ticks(page), "act": "approve_draft"})
    assert done.status_code == 200
    assert "Được 1, không được hoặc chưa biết 0." in done.text
    assert desk.dossiers[CODE].stage is Stage.SIGNING
    assert "Không có dự thảo nào chờ duyệt." in (await head.get(LIST)).text


async def test_a_draft_goes_back_with_a_cause_and_words(site: Site, door: Door, desk: FakeDesk) -> None:
    head, page = await looked(site, door, desk)
    short = await head.send(page, LIST, row=ticks(page), act="send_back", words="ngắn quá")
    assert short.status_code == 422
    assert ">ngắn quá</textarea>" in short.text
    assert desk.asked == []
    done = await head.send(short, LIST, row=ticks(short), act="send_back", cause="draft_wrong", words=WORDS)
    assert "Được 1," in done.text
    assert desk.dossiers[CODE].stage is Stage.PROCESSING
    assert isinstance(door.file, FakeApplicantFile)
    assert list(door.file.words.values()) == [WORDS]


async def test_who_comes_second_is_told_who_was_first_and_keeps_the_words(
    site: Site, door: Door, desk: FakeDesk
) -> None:
    head, page = await looked(site, door, desk)
    await press(await site.browser("everybody"), "approve_draft")
    late = await head.send(page, LIST, row=ticks(page), act="send_back", cause="draft_wrong", words=WORDS)
    assert late.status_code == 409
    assert "Hồ sơ vừa chuyển sang bước “Chờ ký” lúc 09:30 (người thao tác: trưởng phòng)." in late.text
    assert WORDS in late.text
    assert desk.dossiers[CODE].stage is Stage.SIGNING
    assert (await head.get(ONE)).headers["location"] == PAGE


async def test_a_refusal_names_its_ground(site: Site, door: Door, desk: FakeDesk) -> None:
    dossier = builders.a_dossier(Stage.PROCESSING, promised=PROMISED)
    proposal = actions.Propose(outcome=actions.Outcome.REFUSED, ground="not_entitled")
    dossier.take(builders.order(Role.SPECIALIST, proposal), builders.AT)
    desk.hold(dossier)
    await acts.learn(door, [facts_of(dossier)])
    page = await (await site.browser("unit_head")).get(LIST)
    assert "Đề nghị từ chối" in page.text
    assert "không thuộc đối tượng" in page.text


async def test_nothing_ticked_is_said(site: Site, door: Door, desk: FakeDesk) -> None:
    head, page = await looked(site, door, desk)
    answer = await head.send(page, LIST, act="approve_draft")
    assert answer.status_code == 422
    assert "Chọn ít nhất một dự thảo đã xem." in answer.text


@pytest.mark.parametrize("login", ["clerk", "specialist", "signer", "stranger"])
async def test_only_unit_heads_see_drafts_and_nobody_else_decides(
    site: Site, door: Door, desk: FakeDesk, login: str
) -> None:
    await hold(door, desk, Stage.REVIEW)
    browser = await site.browser(login)
    page = await browser.get(LIST)
    assert CODE not in page.text
    assert "Duyệt dự thảo</a>" not in page.text
    assert (await browser.get(ONE)).status_code == 404
    token = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    row = f"{CODE} desk-forged-1 {desk.dossiers[CODE].seq}"
    forged = await browser.http.post(LIST, data={"csrf": token, "row": row, "act": "approve_draft"})
    assert forged.status_code == 422
    assert desk.asked == []
