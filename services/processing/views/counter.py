"""View models of the counter: procedures found, papers to bring or not to ask for, price and expected due time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from services.processing.adapters.intake_desk import FoundPaper
from services.processing.rules.counter import HELD, REUSED, Needed
from services.processing.rules.forms import DOCUMENT, Option
from services.processing.rules.time_left import limit_words, weekday
from services.processing.rules.wording import Words
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import CalendarMissing, Catalogue, Exemption, FeeTiming, OnlineLevel, Procedure
from shared.dossier.actions import Channel
from shared.dossier.deadline import due
from shared.dossier.working_time import LOCAL
from shared.web.html import dong
from shared.web.i18n import Language, teller

_W = Words
EXEMPTIONS: Final[Mapping[Exemption, Words]] = {
    Exemption.CHILD: _W("Trẻ em", "Child"),
    Exemption.POOR: _W("Hộ nghèo", "Poor household"),
    Exemption.ELDERLY: _W("Người cao tuổi", "Elderly"),
    Exemption.DISABLED: _W("Người khuyết tật", "Disabled"),
    Exemption.MERIT: _W("Người có công", "Person of merit"),
    Exemption.ETHNIC_MINORITY: _W("Đồng bào dân tộc thiểu số", "Ethnic minority"),
    Exemption.DIFFICULT_AREA: _W("Xã đặc biệt khó khăn", "Especially difficult commune"),
    Exemption.STUDENT: _W("Sinh viên", "Student"),
    Exemption.ON_TIME: _W("Đăng ký đúng hạn", "Registered on time"),
}
TYPES: Final = {
    "CITIZEN": _W("Cá nhân", "Citizen"),
    "ENTERPRISE": _W("Doanh nghiệp", "Enterprise"),
    "STATE_AGENCY": _W("Cơ quan nhà nước", "State agency"),
    "OTHER": _W("Tổ chức khác", "Other organisation"),
}
ANSWERS: Final = {"yes": _W("Có", "Yes"), "no": _W("Chưa", "Not yet")}
_SOURCES: Final = {
    "POPULATION_DATABASE": _W("CSDL quốc gia về dân cư", "the population database"),
    "EARLIER_RESULT": _W("kết quả của hồ sơ", "the result of dossier"),
}


class PaperView(NamedTuple):
    """One line of the checklist: `state` is held, sent or open; `name` of its file field."""

    kind: str
    name: str
    state: str
    words: str
    is_required: bool


class Promise(NamedTuple):
    """What the catalogue promises to whoever files now; `refused` says why it does not."""

    limit: str = ""
    due: str = ""
    fee: str = ""
    online: str = ""
    refused: str = ""


def offered(catalogue: Catalogue, agency_code: str, on: date) -> list[Procedure]:
    """Procedures that this agency decides today."""
    place = lookup.agency(catalogue, agency_code, on)
    return [each for each in lookup.procedures_on(catalogue, on) if lookup.is_competent(each, place)]


def needed(
    catalogue: Catalogue, procedure: Procedure, typed: Mapping[str, Sequence[str]], *, is_away: bool
) -> list[Needed]:
    """The procedure's papers with what is known of each. While a register is silent, what it may hold is not asked."""
    found = held_of(typed)
    return [
        Needed(
            each.kind,
            lookup.document_kind(catalogue, each.kind).name,
            each.required,
            is_held=found[each.kind].verdict == REUSED if each.kind in found else False,
            document_id=next(iter(typed.get(DOCUMENT + each.kind, ())), ""),
        )
        if not (is_away and each.kind in found and found[each.kind].verdict != REUSED)
        else Needed(each.kind, lookup.document_kind(catalogue, each.kind).name, is_required=False)
        for each in procedure.components
    ]


def paper_views(
    papers: Sequence[Needed], typed: Mapping[str, Sequence[str]], *, is_away: bool, language: Language
) -> list[PaperView]:
    """The checklist in finished words."""
    found = held_of(typed)
    return [_paper(each, found.get(each.kind), typed, is_away=is_away, language=language) for each in papers]


def _paper(
    paper: Needed,
    found: FoundPaper | None,
    typed: Mapping[str, Sequence[str]],
    *,
    is_away: bool,
    language: Language,
) -> PaperView:
    say = teller(language)
    if paper.is_held and found is not None:
        where = _SOURCES[found.source].said(language)
        if found.source == "EARLIER_RESULT":
            where = f"{where} {found.reference}"
        words = say("Không phải nộp: đã có ở {where}.", where=where)
        return PaperView(paper.kind, paper.name, "held", words, paper.is_required)
    if paper.document_id:
        pages = next(iter(typed.get(f"pages.{paper.kind}", ())), "1")
        return PaperView(paper.kind, paper.name, "sent", say("Đã tải lên ({n} trang).", n=pages), paper.is_required)
    words = say("Không bắt buộc.") if not paper.is_required else say("Cần nộp.")
    if found is not None:
        words = _why(found, is_away=is_away, language=language)
    return PaperView(paper.kind, paper.name, "open", words, paper.is_required)


def _why(found: FoundPaper, *, is_away: bool, language: Language) -> str:
    """Why a paper that the State might have is asked for all the same."""
    say = teller(language)
    if is_away:
        return say("CSDL dân cư chưa trả lời: có thể làm tiếp, hệ thống đối chiếu sau.")
    if found.verdict == "EXPIRED" and found.valid_to is not None:
        return say("Bản đã có hết hạn {day}: cần nộp.", day=f"{found.valid_to:%d/%m/%Y}")
    if found.verdict == "OWNER_DIFFERS":
        return say("Số và tên không khớp CSDL dân cư: kiểm tra lại, hoặc nộp bản giấy.")
    return say("Chưa thấy trong kho: cần nộp.")


def held_of(typed: Mapping[str, Sequence[str]]) -> dict[str, FoundPaper]:
    """What the register said before, as the form carries it along."""
    found = {}
    for name, texts in typed.items():
        if name.startswith(HELD):
            verdict, source, until, reference = (*texts[0].split("|"), "", "", "", "")[:4]
            found[name.removeprefix(HELD)] = FoundPaper(
                kind=name.removeprefix(HELD), verdict=verdict, source=source, reference=reference or None,
                valid_to=date.fromisoformat(until) if until else None,
            )  # fmt: skip
    return found


def carried(papers: Sequence[FoundPaper]) -> dict[str, list[str]]:
    """The same for the form."""
    return {
        HELD + each.kind: [
            f"{each.verdict}|{each.source}|{each.valid_to or ''}|{each.reference or ''}"
        ]
        for each in papers
    }  # fmt: skip


def promise(
    catalogue: Catalogue,
    procedure: Procedure,
    agency_code: str,
    now: datetime,
    *,
    channel: Channel,
    exemption: str,
    language: Language,
) -> Promise:
    """Limit, due time and fee for a dossier received at this moment."""
    say, on = teller(language), now.astimezone(LOCAL).date()
    group = exemption if exemption in set(Exemption) else None
    online = say("Nộp trực tuyến được toàn trình.") if procedure.online_level is OnlineLevel.FULL else ""
    try:
        terms = lookup.terms(catalogue, procedure.code, agency_code, int(channel), on, exemption=group)
        at = due(now, terms.processing_time, terms.calendar).due_at.astimezone(LOCAL)
    except NotInCatalogue as no:
        sentence = say("Thủ tục này chỉ tiếp nhận trực tuyến; hướng dẫn người nộp dùng cổng dịch vụ công.")
        return Promise(refused=sentence if no.code == "channel_closed" else say("Cơ quan này không giải quyết."))
    except CalendarMissing:
        return Promise(limit=limit_words(str(procedure.processing_time), language), online=online)
    total = sum(fee.amount_vnd for fee in terms.fees)
    first = any(fee.timing is FeeTiming.BEFORE and fee.amount_vnd for fee in terms.fees)
    fee = say("không thu") if not total else f"{dong(total)}{' · ' + say('thu trước khi tiếp nhận') if first else ''}"
    return Promise(
        limit=limit_words(str(terms.processing_time), language),
        due=f"{at:%H:%M} {weekday(at, language)} {at:%d/%m/%Y}",
        fee=fee,
        online=online,
    )


def exemptions(procedure: Procedure, language: Language) -> list[Option]:
    """Who pays less here."""
    groups = dict.fromkeys(group for fee in procedure.fees for group in fee.exemptions)
    return [Option(group.value, EXEMPTIONS[group].said(language)) for group in groups]
