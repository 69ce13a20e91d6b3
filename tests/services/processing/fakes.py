"""Doubles of processing's neighbours: the workflows as pure dossiers, and intake's private door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from services.processing.adapters.intake_desk import DossierPapers, HeldPapers, Note, PrintedForm, StoredPaper
from shared.contracts.facts import Facts, facts_of
from shared.dossier.actions import Order
from shared.dossier.lifecycle import Form, Role
from shared.dossier.permission import Actor
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.state import Dossier
from shared.platform.http import Away
from workflows.desk import DeskAway

NAME = "Nguyễn Thị Hồng Ngự"
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


class FakeDesk:
    """Keeps dossiers as the workflow does, without Temporal. While `away`, nothing is answered."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.dossiers: dict[str, Dossier] = {}
        self.asked: list[str] = []
        self.away = False

    def hold(self, dossier: Dossier) -> Facts:
        """From now on this dossier is alive."""
        self.dossiers[dossier.dossier_code] = dossier
        return facts_of(dossier)

    async def act(self, dossier_code: str, order: Order) -> Facts:
        dossier = self._found(dossier_code)
        self.asked.append(order.command_id)
        dossier.check(order, self.now)
        dossier.take(order, self.now)
        return facts_of(dossier)

    async def look(self, dossier_code: str) -> Facts:
        return facts_of(self._found(dossier_code))

    def _found(self, dossier_code: str) -> Dossier:
        if self.away:
            raise DeskAway("timeout")
        if dossier_code not in self.dossiers:
            raise Unknown
        return self.dossiers[dossier_code]


class FakeApplicantFile:
    """Knows one name, and remembers for whom it was asked."""

    def __init__(self, name: str = NAME) -> None:
        self.name = name
        self.asked: list[str] = []
        self.words: dict[str, str] = {}
        self.searched: list[str] = []
        self.found: Sequence[str] = ()
        self.away = False

    async def keep_words(self, dossier_code: str, command_id: str, words: str) -> None:
        assert dossier_code
        self.words[command_id] = words

    async def names_of(self, dossier_codes: Sequence[str]) -> dict[str, str]:
        if self.away:
            raise Away("intake", "ConnectError")
        return dict.fromkeys(dossier_codes, self.name)

    async def search(self, text: str, agency_codes: Collection[str]) -> Sequence[str]:
        assert agency_codes
        self.searched.append(text)
        return self.found

    async def name_of(self, dossier_code: str) -> str:
        self.asked.append(dossier_code)
        return self.name


class FakeSiblings:
    """Payment, delivery and intake as one double: remembers who asked what, answers or refuses as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, object, str]] = []
        self.answers: Facts | None = None
        self.refuses: Refused | None = None

    async def take_cash(self, actor: Actor, dossier_code: str, command_id: str, amount_vnd: int) -> Facts:
        return self._done("cash", actor, amount_vnd, f"{dossier_code} {command_id}")

    async def dispatch(self, actor: Actor, dossier_code: str, command_id: str) -> Facts:
        return self._done("dispatch", actor, None, f"{dossier_code} {command_id}")

    async def correct(self, actor: Actor, dossier_code: str, command_id: str, cause: str) -> Facts:
        return self._done("correct", actor, cause, f"{dossier_code} {command_id}")

    def _done(self, what: str, actor: Actor, of: object, place: str) -> Facts:
        if self.refuses is not None:
            raise self.refuses
        self.asked.append((what, actor.person_code, of, place))
        assert self.answers is not None
        return self.answers


class FakeIntakeDesk:
    """Intake's doors for people as one double: keeps what it was given, says what a test told it to say."""

    def __init__(self, desk: FakeDesk) -> None:
        self._desk = desk
        self.uploads: dict[str, tuple[str, str, str, bytes]] = {}
        self.asked: list[Mapping[str, str]] = []
        self.filed: dict[str, tuple[Mapping[str, Any], str]] = {}
        self.brought: list[Mapping[str, str]] = []
        self.said: list[Note] = []
        self.noted: dict[str, str] = {}
        self.held_papers = HeldPapers(is_match=True, is_away=False, papers=())
        self.refuses: Exception | None = None
        self.opens: Callable[[str, Mapping[str, Any]], Facts] | None = None
        self.stored = DossierPapers(documents=())
        self.files: dict[str, bytes] = {}
        self.away = False

    async def upload(self, actor: Actor, key: str, kind: str, name: str, data: bytes) -> StoredPaper:
        self._try()
        identity = sha256(f"{actor.person_code} {key} {kind}".encode() + data).hexdigest()[:32]
        self.uploads[identity] = (key, kind, name, data)
        return StoredPaper(document_id=identity, kind=kind, media_type="application/pdf", pages=2, uploaded_at=NOON)

    async def held(self, actor: Actor, asked: Mapping[str, str]) -> HeldPapers:
        self._try(actor)
        self.asked.append(asked)
        return self.held_papers

    async def file(self, actor: Actor, key: str, body: Mapping[str, Any]) -> Facts:
        self._try(actor)
        if key in self.filed:
            known, code = self.filed[key]
            if known != body:
                raise Refused("idempotency_key_reused", "Khóa này đã dùng cho một hồ sơ có nội dung khác.")
            return await self._desk.look(code)
        assert self.opens is not None
        facts = self.opens(key, body)
        self.filed[key] = (body, facts.dossier_code)
        return facts

    async def bring(self, actor: Actor, dossier_code: str, key: str, given: Mapping[str, str]) -> Facts:
        self._try(actor, dossier_code)
        self.brought.append(given)
        assert self.opens is not None
        return self.opens(key, given)

    async def papers(self, actor: Actor, dossier_code: str) -> DossierPapers:
        self._try(actor, dossier_code)
        return self.stored

    async def paper(self, actor: Actor, dossier_code: str, document_id: str) -> bytes:
        self._try(actor, dossier_code)
        return self.files[document_id]

    async def forms(self, actor: Actor, dossier_code: str) -> list[PrintedForm]:
        self._try(actor, dossier_code)
        return [PrintedForm(form=Form.RECEIPT, number="01", title="Giấy tiếp nhận", seq=2, at=NOON)]

    async def form(self, actor: Actor, dossier_code: str, form: Form, seq: int | None) -> bytes:
        self._try(actor, dossier_code)
        assert seq is None or seq > 0
        if form is not Form.RECEIPT:
            raise Unknown
        return b"%PDF-receipt"

    async def notes(self, actor: Actor, dossier_code: str) -> list[Note]:
        self._try(actor, dossier_code)
        return self.said

    async def note(self, actor: Actor, dossier_code: str, key: str, words: str) -> None:
        self._try(dossier_code)
        if key not in self.noted:
            self.noted[key] = words
            self.said.append(Note(at=NOON, author=actor.person_code, role=Role.CLERK, words=words))

    def _try(self, *told: object) -> None:
        assert all(told)
        if self.away:
            raise Away("intake", "ConnectError")
        if self.refuses is not None:
            raise self.refuses
