"""What a result says: its number and symbol, its title, its ground, its date line. Words of NĐ 30/2020/NĐ-CP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.processing.rules.worklist import path_of
from shared.catalogue.lookup import NotInCatalogue, agency, document_kind, procedure
from shared.catalogue.model import Catalogue, Procedure
from shared.contracts.facts import Facts
from shared.dossier.actions import Outcome
from shared.dossier.working_time import LOCAL

NOTICE: Final = "TB"
"""Symbol of a notice (thông báo): a refusal is one (NĐ 61/2018 Điều 19.8)."""

GROUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "conditions_not_met": "Hồ sơ không đủ điều kiện giải quyết theo quy định của pháp luật.",
        "false_papers": "Giấy tờ trong hồ sơ không đúng sự thật.",
        "not_entitled": "Người nộp hồ sơ không thuộc đối tượng được giải quyết.",
        "planning_conflict": "Nội dung đề nghị không phù hợp quy hoạch đã được phê duyệt.",
        "disputed": "Đối tượng của hồ sơ đang có tranh chấp.",
        "duplicate": "Nội dung đề nghị đã được giải quyết trong hồ sơ khác.",
    }
)
"""Grounds of a refusal as the applicant reads them; one that is not listed is printed with its code."""


class Decision(BaseModel):
    """What was decided, by whom and when."""

    model_config = ConfigDict(frozen=True)

    dossier_code: str
    procedure_code: str
    agency_code: str
    signer_code: str
    outcome: Outcome
    decided_at: datetime


class Sheet(BaseModel):
    """Everything the printed result shows; `name` is the only personal datum and lives no longer than the sheet."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    title: str
    about: str
    number: str
    above: str
    agency: str
    dated: str
    name: str
    dossier_code: str
    procedure: str
    procedure_code: str
    ground: str
    signer_code: str
    decided: str


def symbol_of(catalogue: Catalogue, procedure_code: str, outcome: Outcome, on: date) -> str:
    """The kind of paper that the result is, as it stands in its number: `GKS`, `GPXD`; a refusal is a notice."""
    if outcome is Outcome.REFUSED:
        return NOTICE
    return _procedure(catalogue, procedure_code, on).result_kind


def result_code(number: int, year: int, symbol: str, agency_code: str) -> str:
    """`15/2026/GKS-000.01.21.H39`: number of that agency and year, kind of paper, agency."""
    return f"{number}/{year}/{symbol}-{agency_code}"


def local_day(at: datetime) -> date:
    """The civil day at UTC+7: numbers and catalogue versions go by it."""
    return at.astimezone(LOCAL).date()


def sheet_of(catalogue: Catalogue, decision: Decision, code: str, name: str, cause: str | None) -> Sheet:
    """The sheet of one result. `code` is its number and symbol, `cause` the ground that was proposed."""
    on = local_day(decision.decided_at)
    offered = _procedure(catalogue, decision.procedure_code, on)
    names = [_agency_name(catalogue, each, on) for each in path_of(catalogue, decision.agency_code, on)]
    return Sheet(
        outcome=decision.outcome,
        title=_title(catalogue, offered, decision.outcome),
        about="Về việc giải quyết thủ tục hành chính",
        number=code,
        above=names[1] if len(names) > 1 else "",
        agency=names[0],
        dated=f"{_place(names[-1])}, ngày {on.day:02d} tháng {on.month:02d} năm {on.year}",
        name=name,
        dossier_code=decision.dossier_code,
        procedure=offered.name,
        procedure_code=decision.procedure_code,
        ground=ground_of(cause),
        signer_code=decision.signer_code,
        decided=f"{decision.decided_at.astimezone(LOCAL):%H:%M:%S %d/%m/%Y}",
    )


def ground_of(cause: str | None) -> str:
    """The sentence of a ground."""
    usual = GROUNDS["conditions_not_met"]
    return GROUNDS.get(cause, f"{usual} (mã lý do: {cause})") if cause else usual


def _procedure(catalogue: Catalogue, code: str, on: date) -> Procedure:
    """The version of that day, else the newest: a procedure may be abolished while its dossiers are under way."""
    try:
        return procedure(catalogue, code, on)
    except NotInCatalogue:
        versions = catalogue.procedures_by_code.get(code)
        if not versions:
            raise
        return versions[-1]


def _title(catalogue: Catalogue, offered: Procedure, outcome: Outcome) -> str:
    if outcome is Outcome.REFUSED:
        return "Thông báo từ chối giải quyết hồ sơ"
    try:
        return document_kind(catalogue, offered.result_kind).name
    except NotInCatalogue:
        return "Kết quả giải quyết thủ tục hành chính"


def _agency_name(catalogue: Catalogue, code: str, on: date) -> str:
    try:
        return agency(catalogue, code, on).name.replace("UBND", "Ủy ban nhân dân")
    except NotInCatalogue:
        return code


def _place(province: str) -> str:
    """`Ủy ban nhân dân tỉnh Long An` → `Long An`."""
    return province.partition("tỉnh ")[2] or province


def is_issued(facts: Facts) -> bool:
    """Whether the result has left the agency: before that its file is nobody's (portal status 9 or 10)."""
    return not facts.portal_times.keys().isdisjoint({9, 10})
