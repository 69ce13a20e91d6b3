"""Doubles of what intake talks to, and the files and forms that its tests file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import pikepdf
from PIL import Image

from services.intake.adapters.population_database import RegisterAnswer, RegisterPaper
from shared.contracts.facts import Facts, facts_of
from shared.contracts.feedback import FeedbackFacts
from shared.contracts.feedback import facts_of as feedback_facts_of
from shared.dossier.actions import Opening, Order
from shared.dossier.feedback.acts import FeedbackOpening, FeedbackOrder
from shared.dossier.feedback.state import Feedback
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.state import Dossier
from shared.platform.http import Away
from shared.platform.kafka import Record
from workflows.desk import DeskAway

NOW: Final = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""09:30 on a Monday, local time."""
PERSONAL_ID: Final = "080090123456"


class Clock:
    """Time that moves only when a test says so."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


class FakeDesk:
    """The workflow as intake sees it: the real lifecycle, in memory. `is_away` loses answers, not orders."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self.dossiers: dict[str, Dossier] = {}
        self.orders: list[Order] = []
        self.is_away = False
        self.is_deaf = False
        """Away before it heard anything."""
        self.refuses: Refused | None = None

    async def submit(self, opening: Opening, order: Order) -> Facts:
        if self.refuses:
            raise self.refuses
        dossier = Dossier(dossier_code=opening.dossier_code, root_code=opening.root_code)
        return self._take(self.dossiers.setdefault(opening.dossier_code, dossier), order)

    async def act(self, dossier_code: str, order: Order) -> Facts:
        return self._take(self._known(dossier_code), order)

    async def look(self, dossier_code: str) -> Facts:
        return facts_of(self._known(dossier_code))

    def _known(self, dossier_code: str) -> Dossier:
        if self.is_deaf:
            raise DeskAway("fake")
        if dossier_code not in self.dossiers:
            raise Unknown
        return self.dossiers[dossier_code]

    def _take(self, dossier: Dossier, order: Order) -> Facts:
        if self.is_deaf:
            raise DeskAway("fake")
        if dossier.ended:
            raise Refused("dossier_ended", "Hồ sơ đã kết thúc.")
        dossier.check(order, self._now())
        self.orders.append(order)
        dossier.take(order, self._now())
        if self.is_away:
            raise DeskAway("fake")
        return facts_of(dossier)


class FakeFeedbackDesk:
    """The feedback workflow as intake sees it: the real table, in memory. `is_away` loses answers, not orders."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self.known: dict[str, Feedback] = {}
        self.is_away = False

    async def submit(self, opening: FeedbackOpening, order: FeedbackOrder) -> FeedbackFacts:
        return self._take(self.known.setdefault(opening.feedback_code, Feedback(opening=opening)), order)

    async def act(self, feedback_code: str, order: FeedbackOrder) -> FeedbackFacts:
        return self._take(self.known[feedback_code], order)

    def _take(self, feedback: Feedback, order: FeedbackOrder) -> FeedbackFacts:
        feedback.check(order, self._now())
        feedback.take(order, self._now())
        if self.is_away:
            raise DeskAway("fake")
        return feedback_facts_of(feedback)


class FakePopulation:
    """Registers with the papers that a test put there."""

    def __init__(self) -> None:
        self.papers: list[RegisterPaper] = []
        self.is_match = True
        self.is_away = False
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def holds(self, kind: str, *, valid_to: date | None = None, is_active: bool = True) -> None:
        self.papers.append(RegisterPaper(kind, f"1/{kind}", date(2020, 1, 1), valid_to, is_active))

    async def look_up(
        self, personal_id: str, full_name: str, kinds: Sequence[str], dossier_code: str
    ) -> RegisterAnswer:
        if self.is_away:
            raise Away("population-database", "fake")
        assert dossier_code
        self.asked.append((personal_id, full_name, tuple(kinds)))
        papers = [paper for paper in self.papers if paper.kind in kinds] if self.is_match else []
        return RegisterAnswer(self.is_match, "20261123-0000001", "fake-1", papers)


class FakeResults:
    """Processing's signed files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def read(self, dossier_code: str) -> bytes:
        if dossier_code not in self.files:
            raise Refused("result_pending", "Kết quả chưa sẵn sàng.")
        return self.files[dossier_code]


class FakeGrave:
    """Where unreadable records go."""

    def __init__(self) -> None:
        self.buried: list[tuple[bytes | None, str]] = []

    async def bury(self, record: Record, reason: str) -> None:
        self.buried.append((record.value, reason))


def person(**changes: Any) -> dict[str, Any]:
    return {
        "full_name": "Nguyễn Thị Đào",
        "personal_id": PERSONAL_ID,
        "phone": "0901234567",
        "address": "12 đường Hùng Vương, phường Tân An",
    } | changes


def form(**changes: Any) -> dict[str, Any]:
    """A labour office's simplest online filing; `changes` override any field."""
    return {
        "procedure_code": "2.000192",
        "agency_code": "000.00.02.H39",
        "channel": "ONLINE",
        "applicant": person(),
        "return_way": "DESK",
        "documents": [],
        "guided": False,
        "assisted": False,
    } | changes


def a_pdf(*, pages: int = 1, text: str = "") -> bytes:
    """A small real PDF; `text` (ASCII) stands on each page."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode())
    return saved(pdf)


def saved(pdf: pikepdf.Pdf, **how: Any) -> bytes:
    target = BytesIO()
    pdf.save(target, **how)
    return target.getvalue()


def an_image(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **how: Any) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, "white").save(target, kind, **how)
    return target.getvalue()
