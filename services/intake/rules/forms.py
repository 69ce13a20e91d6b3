"""The printed forms of the one-stop desk: which of them a dossier has, and what stands on each.

TT 01/2018/TT-VPCP numbers six forms, TT 03/2025/TT-VPCP seven (its texts unverified); the rule set of the dossier's
reception decides. Every value comes from the events, the applicant's data, the catalogue and the officer's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Final, Literal, NamedTuple

import segno
from pydantic import BaseModel, ConfigDict

from services.intake.rules.person import Person
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Event, Facts
from shared.dossier.actions import ReturnWay
from shared.dossier.deadline import standing
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Form, Role, Stage
from shared.dossier.working_time import LOCAL

ACTS: Final[Mapping[str, Act]] = {change: act for act, change in CHANGES.items()}
TITLES: Final[Mapping[Form, str]] = {
    Form.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    Form.SUPPLEMENT_REQUEST: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    Form.REJECTION: "Phiếu từ chối tiếp nhận, giải quyết hồ sơ",
    Form.APOLOGY: "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết",
    Form.STOP_NOTICE: "Thông báo dừng giải quyết hồ sơ",
    Form.CONTROL_SLIP: "Phiếu kiểm soát quá trình giải quyết hồ sơ",
    Form.REGISTER: "Sổ theo dõi hồ sơ",
}
OLD_TITLES: Final[Mapping[Form, str]] = {Form.APOLOGY: "Phiếu xin lỗi và hẹn lại ngày trả kết quả"}
NUMBERS: Final[Mapping[str, Mapping[Form, str]]] = {
    "ND61": {Form.STOP_NOTICE: "", Form.CONTROL_SLIP: "05", Form.REGISTER: "06"},
    "ND118": {},
}
"""Numbers that differ from those of 2025; none = a plain notice without a form."""
CIRCULARS: Final[Mapping[str, str]] = {"ND61": "TT 01/2018/TT-VPCP", "ND118": "TT 03/2025/TT-VPCP"}

ROLES: Final[Mapping[Role, str]] = {
    Role.APPLICANT: "Người nộp",
    Role.CLERK: "Cán bộ tiếp nhận",
    Role.SPECIALIST: "Chuyên viên",
    Role.UNIT_HEAD: "Trưởng đơn vị",
    Role.SIGNER: "Lãnh đạo ký",
    Role.RECORDS: "Văn thư",
    Role.RETURN_CLERK: "Người trả kết quả",
    Role.ACCOUNTANT: "Kế toán",
    Role.DESK_HEAD: "Trưởng Bộ phận Một cửa",
    Role.SYSTEM: "Hệ thống",
    Role.PARTNER: "Đối tác",
}
WAYS: Final[Mapping[ReturnWay, str]] = {
    ReturnWay.DESK: "Nhận trực tiếp tại Bộ phận Một cửa",
    ReturnWay.POST: "Qua dịch vụ bưu chính công ích",
    ReturnWay.ELECTRONIC: "Bản điện tử trên Cổng dịch vụ công",
}
STANDINGS: Final = {"EARLY": "Trước hạn", "ON_TIME": "Đúng hạn", "LATE": "Quá hạn"}
HANDED_ON: Final = frozenset({Act.ASSIGN, Act.CLAIM, Act.REASSIGN, Act.TRANSFER_COMPETENCE})
DESK: Final = "Bộ phận Tiếp nhận và Trả kết quả"


class Printed(NamedTuple):
    """A form that a change of the dossier produced."""

    form: Form
    event: Event


class Sheet(BaseModel):
    """All that the layout needs; texts only."""

    model_config = ConfigDict(frozen=True)

    paper: Literal["a4", "a5"] = "a5"
    landscape: bool = False
    form: str
    title: str
    number: str = ""
    code: str
    above: str
    agency: str
    desk: str = DESK
    dated: str
    qr: str = ""
    lead: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()


def printed(events: Sequence[Event]) -> tuple[Printed, ...]:
    """The forms of a dossier in their order; the control slip stands for all of its events, with the newest."""
    found = [Printed(form, event) for event in events if (form := form_of(event))]
    if events and events[-1].facts.received_at:
        found.append(Printed(Form.CONTROL_SLIP, events[-1]))
    return tuple(found)


def form_of(event: Event) -> Form | None:
    """What the table prints at this change; the slip is no paper of a single change."""
    act = ACTS.get(event.change.change)
    move = MOVES.get((event.change.from_stage, act)) if act else None
    return None if move is None or move.prints is Form.CONTROL_SLIP else move.prints


def number_of(form: Form, rule_set: str) -> str:
    """`Mẫu số 05 – TT 01/2018/TT-VPCP`; empty for a plain notice."""
    number = NUMBERS.get(rule_set, {}).get(form, form.value)
    return f"Mẫu số {number} – {CIRCULARS[rule_set]}" if number else ""


def title_of(form: Form, rule_set: str) -> str:
    """The form's name under the decree that binds the dossier."""
    return OLD_TITLES.get(form, TITLES[form]) if rule_set == "ND61" else TITLES[form]


def sheet(  # noqa: PLR0917 - what a form is made of
    what: Printed, events: Sequence[Event], person: Person, words: str, catalogue: Catalogue, secret: str, site: str
) -> Sheet:
    """What stands on this form. `words`: the officer's own; `secret`: of the receipt; `site`: public address."""
    facts, at = what.event.facts, what.event.change.at
    on = at.astimezone(LOCAL).date()
    agency_code = facts.agency_reception if what.form in (Form.RECEIPT, Form.REJECTION) else facts.agency_competent
    agency, above = _agency(catalogue, agency_code, on)
    common = {
        "form": number_of(what.form, facts.rule_set),
        "title": title_of(what.form, facts.rule_set),
        "code": facts.dossier_code,
        "agency": agency,
        "above": above,
        "dated": f"Ngày {on.day} tháng {on.month} năm {on.year}",
    }
    match what.form:
        case Form.RECEIPT:
            own = _receipt(facts, at, person, catalogue, secret, site)
        case Form.SUPPLEMENT_REQUEST:
            own = _request(facts, person, words, catalogue, on)
        case Form.APOLOGY:
            own = _apology(facts, events, person, words, catalogue, on)
        case Form.CONTROL_SLIP:
            own = _slip(facts, events, catalogue, on)
        case _:
            own = _notice(what, person, words, catalogue, on)
    return Sheet.model_validate(common | own)


def register(rows: Sequence[tuple[Facts, Person]], agency_code: str, on: date, catalogue: Catalogue) -> Sheet:
    """The handover book of an agency's desk for the dossiers it received on a day."""
    agency, above = _agency(catalogue, agency_code, on)
    rule_set = next(row.code for row in catalogue.rule_sets if row.in_force(on))
    return Sheet(
        paper="a4",
        landscape=True,
        form=number_of(Form.REGISTER, rule_set),
        title=TITLES[Form.REGISTER],
        code=f"{agency_code} – {on:%d/%m/%Y}",
        agency=agency,
        above=above,
        dated=f"Ngày {on.day} tháng {on.month} năm {on.year}",
        head=(
            *("STT", "Mã hồ sơ", "Thủ tục hành chính", "Số bộ", "Người nộp", "Địa chỉ, điện thoại", "Cơ quan chủ trì"),
            *("Nhận", "Hẹn trả", "Có kết quả", "Trả", "Phương thức nhận", "Ký nhận", "Ghi chú"),
        ),
        widths=(0.5, 2.1, 2.6, 0.5, 1.9, 2.4, 1.7, 1.2, 1.2, 1.2, 1.2, 1.6, 0.9, 1.2),
        rows=tuple(
            (
                str(place),
                facts.dossier_code,
                _procedure(catalogue, facts, on),
                "1",
                person.full_name,
                ", ".join(part for part in (person.address, person.phone) if part),
                _agency(catalogue, facts.agency_competent, on)[0],
                _shown(facts.received_at),
                _shown(facts.due_at),
                _shown(facts.ended_at if facts.result_code else None),
                _shown(facts.returned_at),
                WAYS[facts.return_way],
                "",
                STAGES[facts.stage].label,
            )
            for place, (facts, person) in enumerate(rows, start=1)
        ),
        signatures=("Người lập sổ", "Trưởng Bộ phận Một cửa"),
    )


def _receipt(  # noqa: PLR0917 - what a form is made of
    facts: Facts, at: datetime, person: Person, catalogue: Catalogue, secret: str, site: str
) -> dict[str, object]:
    on = at.astimezone(LOCAL).date()
    return {
        "qr": _qr(f"{site}/tra-cuu/{facts.dossier_code}"),
        "lead": f"Tiếp nhận hồ sơ của: {person.full_name}",
        "lines": (
            *_who(person),
            ("Nội dung yêu cầu giải quyết", _procedure(catalogue, facts, on)),
            ("Số lượng hồ sơ", "01 (bộ)"),
            ("Thời gian giải quyết theo quy định", _limit(catalogue, facts)),
            ("Thời gian nhận hồ sơ", _shown(facts.received_at or at)),
            ("Thời gian trả kết quả", _shown(facts.due_at)),
            ("Nhận kết quả", WAYS[facts.return_way]),
            ("Phí, lệ phí còn phải nộp", f"{facts.fee_owed_vnd:,} đồng".replace(",", ".")),
            ("Mã tra cứu", secret),
        ),
        **_components(facts, catalogue, tuple(part.kind for part in facts.components)),
        "signatures": ("Người nộp hồ sơ", "Người tiếp nhận hồ sơ"),
    }


def _request(facts: Facts, person: Person, words: str, catalogue: Catalogue, on: date) -> dict[str, object]:
    return {
        "number": f"{facts.dossier_code}/HDHS",
        "lead": f"Hồ sơ của: {person.full_name}",
        "lines": (
            *_who(person),
            ("Nội dung yêu cầu giải quyết", _procedure(catalogue, facts, on)),
            ("Mã hồ sơ", facts.dossier_code),
            ("Bổ sung trước", _shown(facts.asked_until)),
        ),
        **_components(facts, catalogue, facts.asked),
        "paragraphs": (f"Lý do: {words}" if words else "Yêu cầu hoàn thiện hồ sơ gồm các giấy tờ nêu trên.",),
        "signatures": ("Người nộp hồ sơ", "Người hướng dẫn"),
    }


def _notice(what: Printed, person: Person, words: str, catalogue: Catalogue, on: date) -> dict[str, object]:
    facts, change = what.event.facts, what.event.change
    reason = words or (f"Mã lý do: {change.cause or facts.cause}" if change.cause or facts.cause else "")
    before = STAGES[change.from_stage].label if change.from_stage else ""
    stopped = what.form is Form.STOP_NOTICE
    return {
        "number": f"{facts.dossier_code}/{'TB' if stopped else 'TC'}",
        "lead": f"Hồ sơ của: {person.full_name}",
        "lines": (
            *_who(person),
            ("Nội dung yêu cầu giải quyết", _procedure(catalogue, facts, on)),
            ("Mã hồ sơ", facts.dossier_code),
            *((("Giai đoạn xử lý", before),) if stopped else ()),
            *((("Phí, lệ phí đã nộp", f"{facts.paid_vnd:,} đồng".replace(",", ".")),) if stopped else ()),
        ),
        "paragraphs": (
            f"Lý do: {reason}" if reason else "",
            "Ông/bà có quyền nộp lại hồ sơ khi đủ điều kiện, hoặc khiếu nại, khởi kiện theo quy định của pháp luật.",
        ),
        "signatures": ("Người nộp hồ sơ", "Người ra thông báo"),
    }


def _apology(  # noqa: PLR0917 - what a form is made of
    facts: Facts, events: Sequence[Event], person: Person, words: str, catalogue: Catalogue, on: date
) -> dict[str, object]:
    asked = next((event for event in reversed(events) if event.change.change == CHANGES[Act.ASK_EXTENSION]), None)
    cause = words or (f"Mã lý do: {asked.change.cause}" if asked and asked.change.cause else "")
    return {
        "number": f"{facts.dossier_code}/PXL",
        "lead": f"Kính gửi: {person.full_name}",
        "lines": (
            ("Mã hồ sơ", facts.dossier_code),
            ("Nội dung yêu cầu giải quyết", _procedure(catalogue, facts, on)),
            ("Tiếp nhận", _shown(facts.received_at)),
            ("Hẹn trả lần đầu", _shown(facts.due_at_original)),
            ("Hẹn trả lại", _shown(facts.due_at)),
        ),
        "paragraphs": (
            f"Lý do chậm: {cause}" if cause else "",
            "Cơ quan giải quyết xin lỗi ông/bà vì sự chậm trễ này và mong nhận được sự thông cảm.",
        ),
        "signatures": ("Thủ trưởng cơ quan giải quyết",),
    }


def _slip(facts: Facts, events: Sequence[Event], catalogue: Catalogue, on: date) -> dict[str, object]:
    ended, due_at = facts.ended_at, facts.due_at
    return {
        "lines": (
            ("Mã hồ sơ", facts.dossier_code),
            ("Thủ tục hành chính", _procedure(catalogue, facts, on)),
            ("Cơ quan giải quyết", _agency(catalogue, facts.agency_competent, on)[0]),
            *(
                ("Cơ quan phối hợp", f"{_agency(catalogue, asked.agency_code, on)[0]}, {_shown(asked.answered_at)}")
                for asked in facts.consultations
            ),
            ("Hẹn trả", _shown(due_at)),
            (
                "Kết quả giải quyết",
                STANDINGS[standing(ended, due_at)] if ended and due_at else STAGES[facts.stage].label,
            ),
        ),
        "head": ("Giao", "Nhận", "Thời gian", "Việc", "Ghi chú"),
        "widths": (2.2, 2.2, 1.5, 2.4, 1.4),
        "rows": tuple(
            (
                f"{ROLES[event.change.role]}, {_agency(catalogue, event.change.agency_code or '', on)[0]}".rstrip(", "),
                _taker(event),
                _shown(event.change.at),
                STAGES[event.change.to_stage].label,
                event.change.cause or "",
            )
            for event in events
            if event.change.from_stage is not event.change.to_stage or ACTS.get(event.change.change) in HANDED_ON
        ),
    }


def _taker(event: Event) -> str:
    tasks = STAGES[event.change.to_stage].tasks
    if tasks:
        return ", ".join(ROLES[role] for role in tasks)
    return ROLES[Role.APPLICANT] if event.change.to_stage in (Stage.RETURNED, Stage.INTAKE_INCOMPLETE) else ""


def _components(facts: Facts, catalogue: Catalogue, kinds: Sequence[str]) -> dict[str, object]:
    if not kinds:
        return {}
    state = {
        part.kind: "Tái sử dụng" if part.reused else "Đã số hóa" if part.digitized else "" for part in facts.components
    }
    return {
        "head": ("STT", "Thành phần hồ sơ", "Bản chính", "Chứng thực", "Bản sao", "Ghi chú"),
        "widths": (0.6, 5, 1, 1.1, 0.9, 1.6),
        "rows": tuple(
            (
                str(place),
                _document(catalogue, kind),
                "",
                "",
                "1" if state.get(kind) == "Đã số hóa" else "",
                state.get(kind, ""),
            )
            for place, kind in enumerate(kinds, start=1)
        ),
    }


def _who(person: Person) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label, value)
        for label, value in (
            ("Địa chỉ", person.address),
            ("Số điện thoại", person.phone),
            ("Email", person.email),
            ("Số định danh", person.personal_id),
        )
        if value
    )


def _agency(catalogue: Catalogue, code: str, on: date) -> tuple[str, str]:
    """Name of an agency and of the one above it on that day; its code when the catalogue no longer knows it."""
    try:
        here = lookup.agency(catalogue, code, on)
        above = lookup.agency(catalogue, here.parent, on).name if here.parent else ""
    except NotInCatalogue:
        return code, ""
    return here.name, above


def _procedure(catalogue: Catalogue, facts: Facts, on: date) -> str:
    day = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
    for each in (day, on):
        try:
            return lookup.procedure(catalogue, facts.procedure_code, each).name
        except NotInCatalogue:
            continue
    return facts.procedure_code


def _limit(catalogue: Catalogue, facts: Facts) -> str:
    on = (facts.received_at or facts.submitted_at).astimezone(LOCAL).date()
    limit = lookup.procedure(catalogue, facts.procedure_code, on).processing_time
    return LIMITS[limit.unit].format(limit.amount)


LIMITS: Final = {
    "WORKING_DAY": "{} ngày làm việc",
    "CALENDAR_DAY": "{} ngày",
    "MONTH": "{} tháng",
    "WORKING_HOUR": "{} giờ làm việc",
    "SAME_DAY": "trong ngày",
}


def _document(catalogue: Catalogue, kind: str) -> str:
    try:
        return lookup.document_kind(catalogue, kind).name
    except NotInCatalogue:
        return kind


def _shown(at: datetime | None) -> str:
    return f"{at.astimezone(LOCAL):%H giờ %M, %d/%m/%Y}" if at else "–"


def _qr(text: str) -> str:
    svg = BytesIO()
    segno.make(text, error="m").save(svg, kind="svg", border=1, xmldecl=False)
    return svg.getvalue().decode()
