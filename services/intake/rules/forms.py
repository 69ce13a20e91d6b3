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

from services.intake.rules import wording
from services.intake.rules.person import Person
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue
from shared.contracts.facts import ConsultationFacts, Event, Facts
from shared.dossier.actions import Outcome, ReturnWay
from shared.dossier.deadline import standing
from shared.dossier.lifecycle import CHANGES, MOVES, STAGES, Act, Form, Role, Stage

ACTS: Final[Mapping[str, Act]] = {change: act for act, change in CHANGES.items()}
TITLES: Final[Mapping[Form, str]] = {
    Form.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    Form.SUPPLEMENT_REQUEST: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    Form.REJECTION: "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
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
REASONS: Final[Mapping[Act, str]] = {
    Act.LAPSE: "quá thời hạn hoàn thiện hồ sơ.",
    Act.FEE_LAPSE: "quá thời hạn nộp phí, lệ phí.",
    Act.SUPPLEMENT_EXPIRED: "quá thời hạn bổ sung hồ sơ.",
    Act.CONFIRM_WITHDRAW: "người nộp đề nghị rút hồ sơ.",
}
"""Ends that say their own reason; for the others an officer wrote it."""
ASKED_BY: Final[Mapping[Act, str]] = {
    Act.CONFIRM_WITHDRAW: "Người nộp hồ sơ đề nghị rút hồ sơ",
    Act.STOP: "Đơn vị giải quyết đề nghị dừng giải quyết hồ sơ",
    Act.SUPPLEMENT_EXPIRED: "Đơn vị giải quyết, do hồ sơ không được bổ sung đúng hạn",
}
"""Who asked for the stop (mẫu 05)."""
TRANSFERRED: Final = 4
"""The portal's status from which on the competent agency has the dossier."""
HANDED_ON: Final = frozenset({Act.ASSIGN, Act.CLAIM, Act.REASSIGN, Act.TRANSFER_COMPETENCE})
ONE_STOP: Final = "Bộ phận Tiếp nhận và Trả kết quả"


class Desk(NamedTuple):
    """Where applicants turn to: the portal's public address and the desks' telephone."""

    site: str
    phone: str


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
    code: str
    label: str = "Mã hồ sơ"
    mark: str
    """What is written at the left of the date, after its label: a dossier code, a letter's number, a day."""
    above: str
    agency: str
    desk: str = ONE_STOP
    dated: str
    qr: str = ""
    lead: tuple[str, ...] = ()
    """A label and a name, or nothing."""
    lines: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    small: bool = False
    """The table in small letters."""
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
    if act is Act.NUMBER_AND_ISSUE and event.facts.outcome is Outcome.REFUSED:
        return Form.REJECTION  # a result that says no (NĐ 61/2018 Đ19.8)
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
    what: Printed,
    events: Sequence[Event],
    person: Person,
    words: str,
    catalogue: Catalogue,
    secret: str,
    desk: Desk,
) -> Sheet:
    """What stands on this form. `words`: the officer's own; `secret`: of the receipt."""
    facts, at = what.event.facts, what.event.change.at
    on = wording.local_day(at)
    at_the_desk = what.form is Form.RECEIPT or facts.received_at is None
    agency_code = facts.agency_reception if at_the_desk else facts.agency_competent
    agency, above = wording.agency(catalogue, agency_code, on)
    common = {
        "form": number_of(what.form, facts.rule_set),
        "title": title_of(what.form, facts.rule_set),
        "code": facts.dossier_code,
        "mark": facts.dossier_code,
        "agency": agency,
        "above": above,
        "dated": f"{wording.place(catalogue, agency_code, on)}, {wording.letter_day(on)}",
        "qr": "" if what.form is Form.CONTROL_SLIP else _qr(wording.tracking(desk.site, facts.dossier_code)),
    }
    match what.form:
        case Form.RECEIPT:
            own = _receipt(facts, at, person, catalogue, secret)
        case Form.SUPPLEMENT_REQUEST:
            own = _request(facts, person, words, catalogue, desk, on)
        case Form.APOLOGY:
            own = _apology(facts, person, words, catalogue, desk, on)
        case Form.CONTROL_SLIP:
            own = _slip(facts, events, catalogue, on)
        case _:
            own = _notice(what, person, words, catalogue, desk, on)
    return Sheet.model_validate(common | own)


def register(rows: Sequence[tuple[Facts, Person]], agency_code: str, on: date, catalogue: Catalogue) -> Sheet:
    """The handover book of an agency's desk for the dossiers it received on a day."""
    agency, above = wording.agency(catalogue, agency_code, on)
    rule_set = lookup.rule_set(catalogue, on).code
    return Sheet(
        paper="a4",
        landscape=True,
        form=number_of(Form.REGISTER, rule_set),
        title=TITLES[Form.REGISTER],
        code=f"{agency_code} – {on:%d/%m/%Y}",
        label="Hồ sơ nhận ngày",
        mark=f"{on:%d/%m/%Y}",
        small=True,
        agency=agency,
        above=above,
        dated=f"{wording.place(catalogue, agency_code, on)}, {wording.letter_day(on)}",
        head=(
            *("STT", "Mã hồ sơ", "Thủ tục hành chính", "Số bộ", "Người nộp", "Địa chỉ, điện thoại", "Cơ quan chủ trì"),
            *("Nhận", "Hẹn trả", "Chuyển", "Có kết quả", "Trả", "Cách nhận", "Ký nhận", "Ghi chú"),
        ),
        widths=(0.7, 2.2, 2.2, 0.7, 1.7, 2.3, 1.6, 1.3, 1.3, 1.3, 1.3, 1.3, 1.5, 0.9, 1.2),
        rows=tuple(
            (
                str(place),
                facts.dossier_code,
                wording.procedure(catalogue, facts, on),
                "1",
                person.full_name,
                ", ".join(part for part in (person.address, wording.telephone(person.phone)) if part),
                wording.agency(catalogue, facts.agency_competent, on)[0],
                wording.instant(facts.received_at),
                wording.instant(facts.due_at),
                wording.instant(facts.portal_times.get(TRANSFERRED)),
                wording.instant(facts.ended_at if facts.result_code else None),
                wording.instant(facts.returned_at),
                WAYS[facts.return_way],
                "",
                STAGES[facts.stage].label,
            )
            for place, (facts, person) in enumerate(rows, start=1)
        ),
        signatures=("Người lập sổ", "Trưởng Bộ phận Một cửa"),
    )


def _receipt(facts: Facts, at: datetime, person: Person, catalogue: Catalogue, secret: str) -> dict[str, object]:
    on = wording.local_day(at)
    way = WAYS[facts.return_way]
    if facts.return_way is ReturnWay.DESK:
        way += f" – {wording.agency(catalogue, facts.agency_reception, on)[0]}"
    return {
        "lead": ("Tiếp nhận hồ sơ của", person.full_name),
        "lines": (
            *_who(person),
            ("Nội dung yêu cầu giải quyết", wording.procedure(catalogue, facts, on)),
            ("Số lượng hồ sơ", "01 (bộ)"),
            ("Thời gian giải quyết theo quy định", _limit(catalogue, facts)),
            ("Thời gian nhận hồ sơ", wording.instant(facts.received_at or at)),
            ("Thời gian trả kết quả", wording.instant(facts.due_at)),
            ("Nhận kết quả", way),
            ("Phí, lệ phí còn phải nộp", wording.money(facts.fee_owed_vnd)),
            ("Vào Sổ theo dõi hồ sơ, số thứ tự", facts.dossier_code.rpartition("-")[2]),
            ("Mã tra cứu", secret),
        ),
        **_components(facts, catalogue, tuple(part.kind for part in facts.components)),
        "signatures": ("Người nộp hồ sơ", "Người tiếp nhận hồ sơ"),
    }


def _request(  # noqa: PLR0917 - what a form is made of
    facts: Facts, person: Person, words: str, catalogue: Catalogue, desk: Desk, on: date
) -> dict[str, object]:
    return {
        "label": "Số",
        "mark": f"{facts.dossier_code}/HDHS",
        "lead": ("Hồ sơ của", person.full_name),
        "lines": (
            *_of(facts, person, catalogue, on),
            ("Nộp giấy tờ trước", wording.instant(facts.asked_until)),
        ),
        **_components(facts, catalogue, facts.asked),
        "paragraphs": (f"Lý do: {_reason(words, desk)}", _questions(desk)),
        "signatures": ("Người nộp hồ sơ", "Người hướng dẫn"),
    }


def _notice(  # noqa: PLR0917 - what a form is made of
    what: Printed, person: Person, words: str, catalogue: Catalogue, desk: Desk, on: date
) -> dict[str, object]:
    facts, change = what.event.facts, what.event.change
    act = ACTS[change.change]
    stopped = what.form is Form.STOP_NOTICE
    return {
        "label": "Số",
        "mark": f"{facts.dossier_code}/{'TB' if stopped else 'TC'}",
        "lead": ("Hồ sơ của", person.full_name),
        "lines": (
            *_of(facts, person, catalogue, on),
            *(_stop(what.event) if stopped else ()),
        ),
        "paragraphs": (
            f"Lý do: {_reason(words or REASONS.get(act, ''), desk)}",
            "Ông/bà có quyền nộp lại hồ sơ khi đủ điều kiện, hoặc khiếu nại, khởi kiện theo quy định của pháp luật.",
            _questions(desk),
        ),
        "signatures": ("Người nộp hồ sơ", "Người ra thông báo"),
    }


def _stop(event: Event) -> tuple[tuple[str, str], ...]:
    before = event.change.from_stage
    return (
        ("Người đề nghị", ASKED_BY[ACTS[event.change.change]]),
        ("Giai đoạn xử lý", STAGES[before].label if before else ""),
        ("Quyết định", f"Dừng giải quyết hồ sơ từ {wording.instant(event.change.at)}"),
        ("Phí, lệ phí đã nộp", wording.money(event.facts.paid_vnd)),
    )


def _apology(  # noqa: PLR0917 - what a form is made of
    facts: Facts, person: Person, words: str, catalogue: Catalogue, desk: Desk, on: date
) -> dict[str, object]:
    return {
        "label": "Số",
        "mark": f"{facts.dossier_code}/PXL",
        "lead": ("Kính gửi", person.full_name),
        "lines": (
            ("Mã hồ sơ", facts.dossier_code),
            ("Nội dung yêu cầu giải quyết", wording.procedure(catalogue, facts, on)),
            ("Tiếp nhận", wording.instant(facts.received_at)),
            ("Hẹn trả lần đầu", wording.instant(facts.due_at_original)),
            ("Hẹn trả lại", wording.instant(facts.due_at)),
        ),
        "paragraphs": (
            f"Lý do chậm: {_reason(words, desk)}",
            "Cơ quan giải quyết xin lỗi ông/bà vì sự chậm trễ này và mong nhận được sự thông cảm.",
            _questions(desk),
        ),
        "signatures": ("Thủ trưởng cơ quan giải quyết",),
    }


def _of(facts: Facts, person: Person, catalogue: Catalogue, on: date) -> tuple[tuple[str, str], ...]:
    return (
        *_who(person),
        ("Nội dung yêu cầu giải quyết", wording.procedure(catalogue, facts, on)),
        ("Mã hồ sơ", facts.dossier_code),
    )


def _reason(words: str, desk: Desk) -> str:
    """The officer's words; a cause's code is nothing for a citizen."""
    return words or f"ông/bà gọi {desk.phone} để được giải thích."


def _questions(desk: Desk) -> str:
    return f"Cần hỏi thêm, ông/bà liên hệ người ký phiếu này, điện thoại {desk.phone}."


def _slip(facts: Facts, events: Sequence[Event], catalogue: Catalogue, on: date) -> dict[str, object]:
    ended, due_at = facts.ended_at, facts.due_at
    return {
        "lines": (
            ("Mã hồ sơ", facts.dossier_code),
            ("Thủ tục hành chính", wording.procedure(catalogue, facts, on)),
            ("Cơ quan giải quyết", wording.agency(catalogue, facts.agency_competent, on)[0]),
            *(
                ("Cơ quan phối hợp", f"{wording.agency(catalogue, asked.agency_code, on)[0]}, {_answered(asked)}")
                for asked in facts.consultations
            ),
            ("Hẹn trả", wording.instant(due_at)),
            (
                "Kết quả giải quyết",
                STANDINGS[standing(ended, due_at)] if ended and due_at else STAGES[facts.stage].label,
            ),
        ),
        "head": ("Giao", "Nhận", "Thời gian", "Việc", "Kết quả", "Ký nhận"),
        "widths": (2.1, 1.8, 1.4, 2.2, 1.1, 0.9),
        "small": True,
        "rows": tuple(
            (
                _giver(event, catalogue, on),
                _taker(event),
                wording.instant(event.change.at),
                STAGES[event.change.to_stage].label,
                _result(event),
                "",
            )
            for event in events
            if event.change.from_stage is not event.change.to_stage or ACTS.get(event.change.change) in HANDED_ON
        ),
        "signatures": ("Người lập phiếu",),
    }


def _answered(asked: ConsultationFacts) -> str:
    return f"trả lời {wording.instant(asked.answered_at)}" if asked.answered_at else "chưa trả lời"


def _giver(event: Event, catalogue: Catalogue, on: date) -> str:
    agency = wording.agency(catalogue, event.change.agency_code, on)[0] if event.change.agency_code else ""
    return ", ".join(part for part in (ROLES[event.change.role], agency) if part)


def _result(event: Event) -> str:
    """Against the appointment: at the end early, on time or late, on the way late or not yet."""
    facts, at = event.facts, event.change.at
    if facts.due_at is None or event.change.to_stage in (Stage.ON_THE_WAY, Stage.RETURNED):
        return ""
    if event.change.to_stage is Stage.RESULT_READY and facts.ended_at:
        return STANDINGS[standing(facts.ended_at, facts.due_at)]
    return STANDINGS["LATE"] if at > facts.due_at else "Trong hạn"


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
                wording.paper(catalogue, kind),
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
            ("Số điện thoại", wording.telephone(person.phone)),
            ("Email", person.email),
            ("Số định danh", person.personal_id),
        )
        if value
    )


def _limit(catalogue: Catalogue, facts: Facts) -> str:
    on = wording.local_day(facts.received_at or facts.submitted_at)
    try:
        limit = lookup.procedure(catalogue, facts.procedure_code, on).processing_time
    except NotInCatalogue:
        return "–"
    return LIMITS[limit.unit].format(limit.amount)


LIMITS: Final = {
    "WORKING_DAY": "{} ngày làm việc",
    "CALENDAR_DAY": "{} ngày",
    "MONTH": "{} tháng",
    "WORKING_HOUR": "{} giờ làm việc",
    "SAME_DAY": "trong ngày",
}


def _qr(text: str) -> str:
    svg = BytesIO()
    segno.make(text, error="m").save(svg, kind="svg", border=1, xmldecl=False)
    return svg.getvalue().decode()
