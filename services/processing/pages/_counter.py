"""What the counter's form understands of what was typed: the card, the procedure, what the register says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from services.processing.acts import counter as desk
from services.processing.pages._door import Console, Person
from services.processing.rules import card as cards
from services.processing.rules.counter import HELD, Needed, is_posted, search
from services.processing.rules.forms import DOCUMENT
from services.processing.rules.wording import Words
from services.processing.rules.worklist import scope_of
from services.processing.views import counter as views
from shared.catalogue import lookup
from shared.catalogue.model import Agency, OnlineLevel, Procedure
from shared.dossier.actions import Channel
from shared.dossier.lifecycle import Role
from shared.dossier.working_time import LOCAL
from shared.web.problem import Problem
from shared.web.sessions import Typed, first

AWAY: Final = "away"
_CARRIED: Final = frozenset({"held_for", "earlier", "register"})
_DROP: Final = "drop."
_NUMBER: Final = re.compile(r"\d{12}")
_REGISTER: Final = {
    AWAY: Words(
        "CSDL dân cư chưa trả lời. Có thể làm tiếp, hệ thống đối chiếu sau.",
        "The register does not answer. Go on; the system compares later.",
    ),
    "no": Words(
        "CSDL dân cư: số và họ tên không khớp. Kiểm tra lại theo thẻ.",
        "The register says that number and name do not belong together. Check the card.",
    ),
    "yes": Words("CSDL dân cư: số và họ tên khớp.", "The register confirms number and name."),
}
"""What the register said of the person, told as long as the form shows that person."""
_HIGHEST: Final = Words(
    "Thủ tục này có mức toàn trình; cơ quan nhà nước phải nộp trực tuyến.",
    "This procedure can be filed wholly online; state agencies have to.",
)


class Counter:
    """The form of one applicant. `typed` is all its memory: it travels with the page."""

    def __init__(self, console: Console, person: Person, typed: Typed) -> None:
        """Raises Problem 403 for somebody who sits at no counter."""
        self.console, self.person, self.typed = console, person, typed
        self._remarks: Sequence[Words] = ()
        on, catalogue = console.staff.today, console.door.catalogue
        mine = scope_of(catalogue, person.member.actor.grants, on).get(Role.CLERK, frozenset())
        self.places: Sequence[Agency] = [each for each in lookup.agencies_on(catalogue, on) if each.code in mine]
        if not self.places:
            raise Problem(403)
        held = min(grant.agency_code for grant in person.member.actor.grants if grant.role is Role.CLERK)
        wanted, codes = first(typed, "agency") or held, [each.code for each in self.places]
        self.agency = wanted if wanted in codes else codes[0]
        self.offered = views.offered(catalogue, self.agency, on)

    @property
    def found(self) -> list[Procedure]:
        """Procedures that fit the words looked for."""
        return search(self.offered, first(self.typed, "q"))

    @property
    def chosen(self) -> Procedure | None:
        """The procedure: the one that was chosen, unless other words are looked for; else the only one found."""
        found, wanted = self.found, first(self.typed, "procedure")
        chosen = next((each for each in self.offered if each.code == wanted), None)
        if chosen is not None and (not found or chosen in found):
            return chosen
        return found[0] if len(found) == 1 else None

    @property
    def is_away(self) -> bool:
        """Whether the register did not answer."""
        return first(self.typed, "register") == AWAY

    @property
    def channel(self) -> Channel:
        """By post as soon as one of its times was typed, else over the counter."""
        return Channel.POST if is_posted(self.typed) else Channel.IN_PERSON

    @property
    def needed(self) -> list[Needed]:
        """The procedure's papers."""
        chosen, catalogue = self.chosen, self.console.door.catalogue
        return views.needed(catalogue, chosen, self.typed, is_away=self.is_away) if chosen else []

    @property
    def remarks(self) -> Sequence[Words]:
        """What the clerk is told beside the fields."""
        said, chosen = first(self.typed, "register"), self.chosen
        is_full = chosen is not None and chosen.online_level is OnlineLevel.FULL
        is_state = is_full and first(self.typed, "applicant_type") == "STATE_AGENCY"
        register = [_REGISTER[said]] if said in _REGISTER else []
        return [*self._remarks, *register, *([_HIGHEST] if is_state else [])]

    @property
    def carried(self) -> Mapping[str, Sequence[str]]:
        """What the form takes along unseen."""
        return {
            name: texts
            for name, texts in self.typed.items()
            if name.startswith((HELD, DOCUMENT, "pages.")) or name in _CARRIED
        }

    @property
    def next(self) -> str:
        """The field where the hands go on."""
        if not first(self.typed, "personal_id"):
            return "card"
        for name in ("full_name", "phone"):
            if not first(self.typed, name):
                return name
        if self.chosen is None:
            return "procedure" if first(self.typed, "q") else "q"
        missing = next((each.kind for each in self.needed if each.is_missing), "")
        is_told = first(self.typed, "told_online") or is_posted(self.typed)
        return f"file.{missing}" if missing else "main" if is_told else "told_online"

    async def understand(self) -> None:
        """Card, procedure and register, as far as they were given; the form's fields are filled."""
        self._remarks = _read_card(self.typed)
        for name in self.typed.get("do", ()):
            if name.startswith(_DROP):
                kind = name.removeprefix(_DROP)
                self.typed.pop(DOCUMENT + kind, None)
                self.typed.pop(f"pages.{kind}", None)
        if (chosen := self.chosen) is not None:
            self.typed["procedure"] = [chosen.code]
            await self._ask_register(chosen)

    async def _ask_register(self, chosen: Procedure) -> None:
        """Once for a person and a procedure: each question is a reading of somebody's data."""
        typed = self.typed
        number, name = first(typed, "personal_id"), first(typed, "full_name")
        asked_for = hashlib.sha256(f"{chosen.code} {number} {name}".encode()).hexdigest()[:16]
        if not _NUMBER.fullmatch(number) or not name or first(typed, "held_for") == asked_for:
            return
        for old in [each for each in typed if each.startswith(HELD) or each in _CARRIED]:
            del typed[old]
        asked = {
            "procedure_code": chosen.code, "agency_code": self.agency, "personal_id": number, "full_name": name,
            "reference": first(typed, "command_id"),
        }  # fmt: skip
        door = self.console.door
        held = await desk.held(door, self.person.member.actor, asked)
        if held is None:
            typed["register"] = [AWAY]
            return
        typed["held_for"] = [asked_for]
        typed |= views.carried(held.papers)
        typed["register"] = [AWAY if held.is_away else {None: "", True: "yes", False: "no"}[held.is_match]]
        if before := await desk.earlier(door, number, chosen.code, [self.agency]):
            typed["earlier"] = [
                f"{each.dossier_code} {each.submitted_at.astimezone(LOCAL):%H:%M %d/%m/%Y}" for each in before
            ]


def _read_card(typed: Typed) -> Sequence[Words]:
    """The card's fields into the form's; the raw text goes no further than here."""
    raw = first(typed, "card")
    typed.pop("card", None)
    if not raw:
        return []
    try:
        card = cards.parse(raw)
    except cards.NotACard:
        return [cards.NO_CARD]
    typed["personal_id"], typed["full_name"] = [card.personal_id], [card.full_name]
    typed["birth_on"] = [f"{card.birth_on:%d/%m/%Y}"] if card.birth_on else [""]
    if card.address:
        typed["address"] = [card.address]
    return card.remarks
