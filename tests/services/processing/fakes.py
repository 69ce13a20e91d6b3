"""Doubles of processing's neighbours: the workflows as pure dossiers, and intake's private door."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.contracts.facts import Facts, facts_of
from shared.dossier.actions import Order
from shared.dossier.permission import Actor
from shared.dossier.refusal import Refused, Unknown
from shared.dossier.state import Dossier
from shared.platform.http import Away
from workflows.desk import DeskAway

NAME = "Nguyễn Thị Hồng Ngự"


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
