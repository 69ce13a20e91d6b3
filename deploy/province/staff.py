"""Bot staff: each role looks into its worklist and acts on what it finds there."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx

from deploy.province.plan import Fate, Turn
from deploy.province.world import Life, Refusal, World
from shared.dossier.working_time import LOCAL

ROLES: Final = ("CLERK", "SPECIALIST", "UNIT_HEAD", "SIGNER", "RECORDS", "RETURN_CLERK", "ACCOUNTANT")
IDLE: Final = 0.3
"""Seconds a member of staff rests when there was nothing to do."""
AT_ONCE: Final = 6
"""Dossiers one role works on at the same time."""

WAIT: Final = frozenset({"papers_pending", "signature_pending", "parcel_pending", "fee_unpaid", "moved_on"})
"""Refusals after which a person simply tries again a little later."""

WEEK: Final = 7

ASK_AGAIN: Final = "Đề nghị ông/bà bổ sung bản rõ nét của giấy tờ nêu trên, vì bản đã nộp không đọc được."
SORRY: Final = "Cơ quan phối hợp chưa gửi kết quả xác minh đúng hạn."


class Staff:
    """One bot per role, with that role everywhere in the province."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def work(self, role: str) -> None:
        """Work on what is open until cancelled. Raises Refusal for what no person would expect."""
        gate = asyncio.Semaphore(AT_ONCE)
        busy: set[str] = set()

        async def handle(row: dict[str, Any]) -> None:
            async with gate:
                try:
                    await self._handle(role, row)
                except Refusal as no:
                    if no.code not in WAIT and no.status != httpx.codes.CONFLICT:
                        raise
                finally:
                    busy.discard(row["dossier_code"])

        lives = self._world.lives
        async with asyncio.TaskGroup() as group:
            while True:
                rows = await self._worklist(role)
                fresh = [row for row in rows if row["dossier_code"] in lives and row["dossier_code"] not in busy]
                for row in fresh:
                    busy.add(row["dossier_code"])
                    group.create_task(handle(row))
                await asyncio.sleep(IDLE)

    async def _worklist(self, role: str) -> list[dict[str, Any]]:
        asked = {"role": role, "limit": "200"}
        page = await self._world.call("processing", "GET", "/api/worklist", self._world.staff(role), params=asked)
        return list(page["rows"])

    async def _handle(self, role: str, row: dict[str, Any]) -> None:  # noqa: C901 - one line per task
        life = self._world.lives[row["dossier_code"]]
        act = self._world.act
        match row["task"]:
            case "RECEIVE" if row["stage"] == "SUBMITTED":
                await self._receive(life)
            case "TRANSFER" | "ROUTE":
                await act(life, role, {"kind": "transfer"})
            case "APPRAISE" if row["stage"] == "PROCESSING" and life.plan.fate is not Fate.WITHDRAWN_LATE:
                await self._appraise(life, is_claimed=bool(row["is_claimed"]))
            case "ANSWER":
                await act(life, role, {"kind": "answer_consult"})
            case "CHECK_DUTY":
                await act(life, role, {"kind": "duty_paid"})
            case "REVIEW":
                late = {"kind": "explain_overdue", "cause": "late_handover", "fault": "SUBJECTIVE"}
                first = [late] if life.plan.turn is Turn.OVERDUE else []
                await act(life, role, *first, {"kind": "approve_draft"})
            case "DECIDE_WITHDRAWAL":
                denied = {"kind": "deny_withdraw", "cause": "decision_under_way"}
                life.has_turned = life.plan.turn is Turn.WITHDRAWAL_DENIED
                await act(life, role, denied if life.has_turned else {"kind": "confirm_withdraw"})
            case "SIGN":
                await act(life, role, {"kind": "sign"})
            case "ISSUE":
                await act(life, role, {"kind": "number_and_issue"})
            case "RETURN":
                await self._return(life)

    # --- the desk -----------------------------------------------------------------------------------------------------

    async def _receive(self, life: Life) -> None:
        plan, act = life.plan, self._world.act
        if plan.fate is Fate.WITHDRAWN_EARLY:
            return
        if plan.fate is Fate.REJECTED:
            await act(life, "CLERK", {"kind": "reject", "cause": "wrong_agency"})
            return
        if plan.turn is Turn.COMPLETION and not life.requests:
            await act(life, "CLERK", self._request(life, "ask_completion"), words=ASK_AGAIN)
            self._await_papers(life)
            return
        at_once: list[dict[str, str]] = [{"kind": "accept"}]
        if plan.channel == "ONLINE":  # handed on at once (NĐ 61/2018 Điều 18.1)
            at_once.append({"kind": "transfer"})
        try:
            await act(life, "CLERK", *at_once)
        except Refusal as no:
            if no.code == "pre_fee_unpaid":
                await act(life, "CLERK", {"kind": "ask_pre_fee"})
                await self._take_cash(life)
            elif no.code == "papers_missing":
                await act(life, "CLERK", {"kind": "reject", "cause": "papers_missing"})
            else:
                raise

    def _request(self, life: Life, kind: str) -> dict[str, Any]:
        return {"kind": kind, "kinds": life.plan.papers[:1], "cause": "unreadable"}

    def _await_papers(self, life: Life) -> None:
        life.requests += 1
        life.asked = life.plan.papers[:1]

    async def _return(self, life: Life) -> None:
        if not life.plan.pays_online:
            await self._take_cash(life)
        if life.plan.return_way == "DESK":
            await self._world.act(life, "RETURN_CLERK", {"kind": "hand_over"})
        elif life.plan.return_way == "POST":
            path, token = f"/api/dossiers/{life.code}/dispatch", self._world.staff("RETURN_CLERK")
            await self._world.call("delivery", "POST", path, token, key=str(uuid.uuid4()))

    async def _take_cash(self, life: Life) -> None:
        seen = await self._world.call("intake", "GET", f"/api/tracking/{life.code}", "", secret=life.secret)
        if owed := int(seen["fee_owed_vnd"]):
            path, token = f"/api/dossiers/{life.code}/cash", self._world.staff("ACCOUNTANT")
            await self._world.call("payment", "POST", path, token, key=str(uuid.uuid4()), json={"amount_vnd": owed})

    # --- the unit -----------------------------------------------------------------------------------------------------

    async def _appraise(self, life: Life, *, is_claimed: bool) -> None:
        refused = life.plan.fate is Fate.REFUSED
        proposal = {"kind": "propose", "outcome": "REFUSED" if refused else "GRANTED"}
        if refused:
            proposal["ground"] = "conditions_not_met"
        if life.plan.fate is Fate.STOPPED:
            await self._world.act(life, "UNIT_HEAD", {"kind": "ask_stop", "cause": "subject_no_longer_exists"})
            await self._world.act(life, "SIGNER", {"kind": "stop"})
        elif not is_claimed and life.plan.number % 4 == 0:  # some are taken first and worked on later
            path, token = f"/api/dossiers/{life.code}/claim", self._world.staff("SPECIALIST")
            await self._world.call("processing", "POST", path, token, key=str(uuid.uuid4()))
        elif not is_claimed:
            await self._world.act(life, "SPECIALIST", {"kind": "claim"}, *(() if self._turns(life) else (proposal,)))
        elif self._turns(life):
            await self._turn(life)
        else:
            await self._world.act(life, "SPECIALIST", proposal)

    def _turns(self, life: Life) -> bool:
        """Whether something still happens before the proposal."""
        return not life.has_turned and life.plan.turn not in (None, Turn.COMPLETION, Turn.OVERDUE, Turn.CORRECTION)

    async def _turn(self, life: Life) -> None:
        act, turn = self._world.act, life.plan.turn
        if life.asked:  # the applicant is on the way with the papers
            return
        if turn is Turn.CONSULTATION:
            asked = {"agency_code": life.plan.consults, "limit": "2wd"}
            await act(life, "SPECIALIST", {"kind": "consult", "asked": [asked]})
        elif turn is Turn.DUTY:
            notice = f"{life.plan.number + 1}/TB-CT"
            await act(life, "SPECIALIST", {"kind": "ask_financial_duty", "notice_number": notice})
        elif turn is Turn.APOLOGY:
            await self._apologise(life)
        elif turn is Turn.SUPPLEMENT_TWICE and life.requests:
            wish = {"kind": "ask_override", "subject": "SUPPLEMENT_LIMIT", "ground": "new_facts_on_site"}
            await act(life, "UNIT_HEAD", wish)
            await act(life, "DESK_HEAD", {"kind": "override"})
            await self._ask_supplement(life)
        elif turn in (Turn.SUPPLEMENT, Turn.SUPPLEMENT_TWICE):
            await self._ask_supplement(life)
            if turn is Turn.SUPPLEMENT_TWICE:
                return
        elif turn is Turn.WITHDRAWAL_DENIED:  # the applicant is about to ask
            return
        life.has_turned = True

    async def _ask_supplement(self, life: Life) -> None:
        await self._world.act(life, "UNIT_HEAD", self._request(life, "ask_supplement"), words=ASK_AGAIN)
        self._await_papers(life)

    async def _apologise(self, life: Life) -> None:
        """A new day a week after the old one; the next one that is worked."""
        path, token = f"/api/dossiers/{life.code}/deadline", self._world.staff("UNIT_HEAD")
        due_at = (await self._world.call("processing", "GET", path, token))["due_at"]
        first = datetime.fromisoformat(due_at).astimezone(LOCAL).date() + timedelta(days=WEEK)
        await self._extend(life, first, tries=WEEK)
        await self._world.act(life, "SIGNER", {"kind": "send_apology"})

    async def _extend(self, life: Life, first: date, tries: int) -> None:
        asked = {"kind": "ask_extension", "cause": "verification_late", "fault": "OBJECTIVE"}
        for later in range(tries - 1):
            with contextlib.suppress(Refusal):
                day = (first + timedelta(days=later)).isoformat()
                return await self._world.act(life, "UNIT_HEAD", asked | {"new_due_on": day}, words=SORRY)
        day = (first + timedelta(days=tries)).isoformat()
        return await self._world.act(life, "UNIT_HEAD", asked | {"new_due_on": day}, words=SORRY)
