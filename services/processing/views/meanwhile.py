"""Who was first, in one sentence."""

from __future__ import annotations

from services.processing.rules.meanwhile import Changes, decisive
from services.processing.rules.wording import ROLES
from services.processing.views.dossier import act_words
from services.processing.views.worklist import stage_words
from shared.contracts.facts import Facts
from shared.dossier.records import Change
from shared.dossier.working_time import LOCAL
from shared.web.i18n import Language, teller


def who_was_first(facts: Facts, changes: Changes, language: Language) -> str:
    """Which role did what at which time; `changes` are those since the page was made, at least one."""
    _, last = (decisive(changes) or changes)[-1]
    who, at = ROLES[last.role].said(language), f"{last.at.astimezone(LOCAL):%H:%M}"
    if changes[0][1].from_stage is facts.stage:
        return teller(language)(
            "Hồ sơ vừa thay đổi lúc {at}: “{act}” (người thao tác: {who}).",
            at=at, act=act_words(last, language), who=who,
        )  # fmt: skip
    return teller(language)(
        "Hồ sơ vừa chuyển sang bước “{stage}” lúc {at} (người thao tác: {who}).",
        stage=stage_words(facts, language), at=at, who=who,
    )  # fmt: skip


def last_words(change: Change, language: Language) -> str:
    """`“Nhận việc” lúc 09:30 23/11/2026, chuyên viên`: what somebody did last, behind a row that cannot be done."""
    at = f"{change.at.astimezone(LOCAL):%H:%M %d/%m/%Y}"
    return teller(language)(
        "“{act}” lúc {at}, {who}", act=act_words(change, language), at=at, who=ROLES[change.role].said(language)
    )
