"""Bots and feedback: citizens complain, a unit head assigns, a specialist answers, the citizen rates the answer."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final

from deploy.province.plan import Turn
from deploy.province.world import Complaint, Life, World

LOOK: Final = 1.0
"""Seconds between two looks, of citizens and of staff."""
LATE: Final = "Hồ sơ của tôi được trả trễ hẹn mà không có lời xin lỗi."
TWICE: Final = "Tôi bị yêu cầu bổ sung giấy tờ hai lần cho cùng một hồ sơ."
GENERAL: Final = "Đề nghị Bộ phận Một cửa bố trí thêm ghế chờ vào buổi sáng."
ANSWER: Final = "Cơ quan đã kiểm tra và rút kinh nghiệm. Xin cảm ơn ông/bà đã phản ánh."
COMPLAINS: Final = {Turn.OVERDUE: ("LATE_RETURN", LATE), Turn.SUPPLEMENT_TWICE: ("REPEATED_SUPPLEMENT", TWICE)}
"""What happened to a dossier → its owner's complaint."""


async def complain(world: World, life: Life) -> None:
    """Whoever had to wait or was asked twice complains; so does the first citizen, of the agency in general."""
    if life.plan.turn in COMPLAINS:
        subject, words = COMPLAINS[life.plan.turn]
        await _follow(world, life, await _of_dossier(world, life, {"subject": subject, "words": words}))
    if life.plan.number == 0:
        form = {"subject": "OTHER", "words": GENERAL, "agency_code": life.plan.agency_code}
        await _follow(world, life, await _give(world, "/api/feedback", form, token=world.citizen(life)))


async def _of_dossier(world: World, life: Life, form: dict[str, str]) -> Complaint:
    """With the account under which it was filed, else with the receipt."""
    if life.plan.channel == "ONLINE":
        return await _give(world, "/api/feedback", form | {"dossier_code": life.code}, token=world.citizen(life))
    return await _give(world, f"/api/tracking/{life.code}/feedback", form, secret=life.secret)


async def _give(world: World, path: str, form: dict[str, str], *, token: str = "", secret: str = "") -> Complaint:
    key = f"feedback-{uuid.uuid4()}"
    told = await world.call("intake", "POST", path, token, secret=secret, key=key, json=form)
    complaint = Complaint(told["feedback_code"], told["tracking_secret"])
    world.complaints[complaint.code] = complaint
    return complaint


async def _follow(world: World, life: Life, complaint: Complaint) -> None:
    """Look until there is an answer, then rate it."""
    path, secret = f"/api/tracking/feedback/{complaint.code}", complaint.secret
    while True:
        seen = await world.call("intake", "GET", path, "", secret=secret)
        if seen["facts"]["stage"] == "ANSWERED":
            break
        await asyncio.sleep(LOOK)
    rating = {"action": {"kind": "rate", "satisfied": life.plan.number % 3 != 1}}
    await world.call("intake", "POST", f"{path}/acts", "", secret=secret, key=str(uuid.uuid4()), json=rating)


async def answer(world: World) -> None:
    """The province's staff handle whatever complaint is open, until cancelled."""
    while True:
        for feedback in await _open(world, "RECEIVED", "UNIT_HEAD"):
            assign = {"action": {"kind": "assign", "assignee": "bot-specialist"}}
            await _act(world, feedback["feedback_code"], "UNIT_HEAD", assign)
        for feedback in await _open(world, "ASSIGNED", "SPECIALIST"):
            upheld = feedback["subject"] != "OTHER"
            said = {"action": {"kind": "answer", "upheld": upheld}, "words": ANSWER}
            await _act(world, feedback["feedback_code"], "SPECIALIST", said)
        await asyncio.sleep(LOOK)


async def _open(world: World, stage: str, role: str) -> list[dict[str, Any]]:
    """Ours at this stage, as the list shows them; without complaints nobody looks."""
    if not world.complaints:
        return []
    asked = {"stage": stage, "limit": "200"}
    page = await world.call("intake", "GET", "/api/feedback", world.staff(role), params=asked)
    return [each for each in page["feedback"] if each["feedback_code"] in world.complaints]


async def _act(world: World, code: str, role: str, said: dict[str, Any]) -> None:
    path, key = f"/api/feedback/{code}/acts", f"feedback-{uuid.uuid4()}"
    await world.call("intake", "POST", path, world.staff(role), key=key, json=said)
