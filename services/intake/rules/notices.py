"""What applicants are told of their dossier: which changes, and the words of each, by mail and by SMS.

No personal data but the address goes into a message, and nothing of the result: whoever reads it on a strange screen
learns a code, a procedure, a date, an amount. SMS are unaccented, as operators bill them, and at most 160 characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from services.intake.rules.person import Person
from shared.catalogue import lookup
from shared.catalogue.lookup import NotInCatalogue
from shared.catalogue.model import Catalogue
from shared.contracts.facts import Event, Facts
from shared.dossier.actions import About, ReturnWay
from shared.dossier.lifecycle import CHANGES, Act
from shared.dossier.working_time import LOCAL

SMS_LENGTH: Final = 160


class Way(StrEnum):
    """How an applicant is reached."""

    MAIL = "MAIL"
    SMS = "SMS"


class Words(NamedTuple):
    """Subject of the mail, and the sentence that mail and SMS share; fields in braces come from `_fields`."""

    subject: str
    sentence: str


class Message(NamedTuple):
    """Ready to send."""

    to: str
    subject: str
    text: str


_CLOSED: Final = Words(
    "Hồ sơ không được tiếp nhận", "Hồ sơ {code} không được tiếp nhận. Lý do ghi trong phiếu từ chối."
)
_RETURNED: Final = Words("Đã trả kết quả", "Đã trả kết quả hồ sơ {code}. Cảm ơn ông/bà.")
_FILED: Final = Words("Đã nhận hồ sơ", "Đã nhận hồ sơ {code}. Kết quả kiểm tra có trong 8 giờ làm việc.")
_STOPPED: Final = Words("Dừng giải quyết hồ sơ", "Đã dừng giải quyết hồ sơ {code}. Lý do ghi trong thông báo.")
_WITHDRAWN: Final = Words("Đã rút hồ sơ", "Hồ sơ {code} đã được rút theo yêu cầu của ông/bà.")
_DUE: Final = "hẹn trả kết quả {due}."

SAID: Final[Mapping[str, Words]] = {
    CHANGES[act]: words
    for act, words in {
        Act.SUBMIT: _FILED,
        Act.REGISTER_AT_DESK: _FILED,
        Act.REGISTER_FROM_POST: _FILED,
        Act.ASK_COMPLETION: Words(
            "Cần hoàn thiện hồ sơ", "Hồ sơ {code} cần hoàn thiện {papers} giấy tờ trước {until}."
        ),
        Act.ASK_PRE_FEE: Words(
            "Nộp phí, lệ phí", "Hồ sơ {code} chờ nộp {owed} đồng phí, lệ phí trước {until} để được tiếp nhận."
        ),
        Act.FEE_PAID: Words("Đã nhận phí, lệ phí", "Đã nhận {paid} đồng phí, lệ phí của hồ sơ {code}."),
        Act.REJECT: _CLOSED,
        Act.LAPSE: _CLOSED,
        Act.FEE_LAPSE: _CLOSED,
        Act.ACCEPT: Words("Đã tiếp nhận hồ sơ", "Hồ sơ {code} đã được tiếp nhận, " + _DUE),
        Act.ACCEPT_AND_FINISH: _RETURNED,
        Act.ASK_SUPPLEMENT: Words(
            "Cần bổ sung giấy tờ", "Hồ sơ {code} cần bổ sung {papers} giấy tờ trước {until}; thời hạn tạm dừng."
        ),
        Act.SUPPLEMENT_DELIVERED: Words("Đã nhận giấy tờ bổ sung", "Hồ sơ {code} đã được bổ sung, " + _DUE),
        Act.ASK_FINANCIAL_DUTY: Words(
            "Nghĩa vụ tài chính", "Hồ sơ {code} chờ nộp nghĩa vụ tài chính theo thông báo {duty_notice}."
        ),
        Act.DUTY_PAID: Words("Đã hoàn thành nghĩa vụ tài chính", "Hồ sơ {code} được giải quyết tiếp, " + _DUE),
        Act.SEND_APOLOGY: Words("Xin lỗi và hẹn lại", "Xin lỗi ông/bà: hồ sơ {code} chậm, nay " + _DUE),
        Act.NUMBER_AND_ISSUE: Words("Đã có kết quả", "Hồ sơ {code} đã có kết quả. {collect}"),
        Act.NOTIFY_READY: Words("Kết quả đang chờ nhận", "Kết quả hồ sơ {code} vẫn chờ ông/bà nhận. {collect}"),
        Act.DISPATCH: Words("Kết quả đang trên đường", "Kết quả hồ sơ {code} đã giao bưu chính chuyển đến ông/bà."),
        Act.HAND_OVER: _RETURNED,
        Act.DELIVERED: _RETURNED,
        Act.DELIVER_ELECTRONIC: _RETURNED,
        Act.CAME_BACK: Words(
            "Bưu chính không phát được", "Kết quả hồ sơ {code} không phát được, mời nhận tại Một cửa."
        ),
        Act.STOP: _STOPPED,
        Act.SUPPLEMENT_EXPIRED: _STOPPED,
        Act.WITHDRAW: _WITHDRAWN,
        Act.CONFIRM_WITHDRAW: _WITHDRAWN,
        Act.DENY_WITHDRAW: Words("Không rút được hồ sơ", "Hồ sơ {code} không rút được và được giải quyết tiếp."),
        Act.OPEN_CORRECTION: Words("Đính chính kết quả", "Kết quả được đính chính miễn phí, hồ sơ {code}, " + _DUE),
        Act.TRANSFER_COMPETENCE: Words(
            "Cơ quan giải quyết mới", "Hồ sơ {code} chuyển cơ quan mới; thời hạn không đổi."
        ),
    }.items()
}
"""Change → words. What is not here is the offices' own affair."""
_FEE_DUE: Final = Words("Nhắc nộp phí, lệ phí", "Nhắc: hồ sơ {code} chờ nộp {owed} đồng phí, lệ phí trước {until}.")
_COLLECT: Final[Mapping[ReturnWay, str]] = {
    ReturnWay.DESK: "Mời nhận tại Bộ phận Một cửa.",
    ReturnWay.POST: "Kết quả sẽ gửi qua bưu chính.",
    ReturnWay.ELECTRONIC: "Mời tải về trên Cổng dịch vụ công.",
}


def words_of(event: Event) -> Words | None:
    """What the applicant is told of this change; None when it is none of their business."""
    if event.change.change == CHANGES[Act.REMIND]:
        return _FEE_DUE if event.change.cause == About.FEE else None
    return SAID.get(event.change.change)


def ways_of(person: Person) -> Mapping[Way, str]:
    """The addresses somebody gave."""
    return {Way.SMS: person.phone} | ({Way.MAIL: person.email} if person.email else {})


def message(event: Event, way: Way, person: Person, catalogue: Catalogue, site: str) -> Message | None:
    """The message of this change; None when nothing is said, or the person cannot be reached this way."""
    words, to = words_of(event), ways_of(person).get(way)
    if words is None or to is None:
        return None
    sentence = words.sentence.format_map(_fields(event.facts))
    if way is Way.SMS:
        return Message(to, "", unaccented(sentence))
    facts = event.facts
    lines = [
        f"Kính gửi {person.full_name},",
        sentence,
        f"Thủ tục: {_procedure(catalogue, facts)}",
        *(f"Giấy tờ cần nộp: {_paper(catalogue, kind)}" for kind in facts.asked),
        f"Tra cứu bằng mã hồ sơ và mã trên giấy tiếp nhận: {site}",
        "Thư này được gửi tự động, xin không trả lời.",
    ]
    return Message(to, f"{words.subject} – {facts.dossier_code}", "\n\n".join(lines) + "\n")


def unaccented(text: str) -> str:
    """`Đã nhận` → `Da nhan`: what fits an SMS of 160 characters."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if letter.isascii())


def _fields(facts: Facts) -> Mapping[str, str]:
    collect = _COLLECT[facts.return_way]
    if facts.fee_owed_vnd and facts.return_way is not ReturnWay.POST:
        collect += f" Còn nộp {_grouped(facts.fee_owed_vnd)} đồng."
    return {
        "code": facts.dossier_code,
        "papers": str(len(facts.asked)),
        "until": _day(facts.asked_until),
        "owed": _grouped(facts.fee_owed_vnd),
        "paid": _grouped(facts.paid_vnd),
        "due": _time(facts.due_at),
        "duty_notice": facts.duty_notice or "",
        "collect": collect,
    }


def _procedure(catalogue: Catalogue, facts: Facts) -> str:
    on = facts.submitted_at.astimezone(LOCAL).date()
    try:
        return lookup.procedure(catalogue, facts.procedure_code, on).name
    except NotInCatalogue:
        return facts.procedure_code


def _paper(catalogue: Catalogue, kind: str) -> str:
    found = catalogue.document_kinds_by_code.get(kind)
    return found.name if found else kind


def _grouped(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(LOCAL):%d/%m/%Y}" if at else "khi có thông báo"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(LOCAL):%H:%M %d/%m/%Y}" if at else "khi có thông báo"
