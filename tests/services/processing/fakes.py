"""Doubles of processing's neighbours: the workflows as pure dossiers, and intake's private door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.contracts.facts import Facts, facts_of
from shared.dossier.actions import Order
from shared.dossier.refusal import Unknown
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

    async def search(self, text: str) -> Sequence[str]:
        self.searched.append(text)
        return self.found

    async def name_of(self, dossier_code: str) -> str:
        self.asked.append(dossier_code)
        return self.name
