"""What applicants are told of their dossier: which changes, and the words of each, by mail and by SMS.

Every change of the national portal's status is told at once, with agency and times (NĐ 224/2026 Đ15.1g, unverified),
and what the applicant has to know or do besides. No personal data but the address goes into a message, and nothing of
the result: whoever reads it on a strange screen learns a code, a procedure, a date, an amount. SMS are unaccented, as
operators bill them, and at most SMS_LENGTH characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from services.intake.rules import wording
from services.intake.rules.person import Person
from shared.catalogue.model import Catalogue
from shared.contracts.facts import WAITS_FOR_APPLICANT, Event, Facts
from shared.dossier.actions import About, ReturnWay
from shared.dossier.lifecycle import CHANGES, Act

SMS_LENGTH: Final = 160
STALE: Final = timedelta(hours=24)
"""News older than this is none: a topic read again from its beginning wakes nobody."""
LONGEST_PAUSE: Final = timedelta(hours=1)
_MOBILE: Final = re.compile(r"\+84[35789]\d{8}")
_WORD: Final = r"[A-Za-z0-9!#$%&*+/=?^_{|}~-]+"
_MAILBOX: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
"""RFC 5321 dot-string in ASCII: what can only ever be one address, in a header as in a command."""


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


_IN_TIME: Final = "Cơ quan trả lời trong 8 giờ làm việc."
_DUE: Final = "hẹn trả kết quả: {due}."
_AGAIN: Final = "Ông/bà có thể nộp lại hồ sơ."
_FILED: Final = Words("Đã nhận hồ sơ", "Đã nhận hồ sơ {code}. " + _IN_TIME)
_RETURNED: Final = Words("Đã trả kết quả", "Đã trả kết quả hồ sơ {code}. Cảm ơn ông/bà.")
_STOPPED: Final = "Dừng giải quyết hồ sơ"
_NOT_TAKEN: Final = "Hồ sơ không được tiếp nhận"
_WITHDRAWN: Final = Words("Đã rút hồ sơ", "Hồ sơ {code} đã được rút theo yêu cầu của ông/bà.")

SAID: Final[Mapping[str, Words]] = {
    CHANGES[act]: words
    for act, words in {
        Act.SUBMIT: _FILED,
        Act.REGISTER_AT_DESK: _FILED,
        Act.REGISTER_FROM_POST: _FILED,
        Act.ASK_COMPLETION: Words(
            "Cần hoàn thiện hồ sơ", "Hồ sơ {code} còn thiếu {papers} giấy tờ. Mời ông/bà nộp trước {until}."
        ),
        Act.COMPLETE: Words("Đã nhận giấy tờ còn thiếu", "Đã nhận giấy tờ còn thiếu của hồ sơ {code}. " + _IN_TIME),
        Act.ASK_PRE_FEE: Words(
            "Cần nộp phí, lệ phí", "Hồ sơ {code} chờ nộp {owed} phí, lệ phí trước {until} để được tiếp nhận."
        ),
        Act.FEE_PAID: Words("Đã nhận phí, lệ phí", "Đã nhận {paid} phí, lệ phí của hồ sơ {code}."),
        Act.REJECT: Words(_NOT_TAKEN, "Hồ sơ {code} không được tiếp nhận. Lý do ghi trong phiếu từ chối."),
        Act.LAPSE: Words(_NOT_TAKEN, "Hồ sơ {code} không được tiếp nhận vì quá hạn hoàn thiện. " + _AGAIN),
        Act.FEE_LAPSE: Words(_NOT_TAKEN, "Hồ sơ {code} không được tiếp nhận vì quá hạn nộp phí, lệ phí. " + _AGAIN),
        Act.ACCEPT: Words("Đã tiếp nhận hồ sơ", "Hồ sơ {code} đã được tiếp nhận, " + _DUE),
        Act.ACCEPT_AND_FINISH: _RETURNED,
        Act.FORWARD: Words("Chuyển nơi có thẩm quyền", "Hồ sơ {code} đã chuyển đến Bộ phận Một cửa có thẩm quyền."),
        Act.TRANSFER: Words("Hồ sơ đang được giải quyết", "Hồ sơ {code} đã chuyển cơ quan giải quyết, " + _DUE),
        Act.ASK_SUPPLEMENT: Words(
            "Cần bổ sung giấy tờ",
            "Hồ sơ {code} cần bổ sung {papers} giấy tờ trước {until}; khi đủ sẽ hẹn lại ngày trả kết quả.",
        ),
        Act.SUPPLEMENT_DELIVERED: Words("Đã nhận giấy tờ bổ sung", "Hồ sơ {code} đã được bổ sung, " + _DUE),
        Act.ASK_FINANCIAL_DUTY: Words(
            "Cần thực hiện nghĩa vụ tài chính", "Hồ sơ {code} chờ nộp nghĩa vụ tài chính theo thông báo {duty_notice}."
        ),
        Act.DUTY_PAID: Words("Đã ghi nhận nghĩa vụ tài chính", "Hồ sơ {code} được giải quyết tiếp, " + _DUE),
        Act.SEND_APOLOGY: Words("Xin lỗi và hẹn lại", "Xin lỗi ông/bà vì hồ sơ {code} bị chậm, nay " + _DUE),
        Act.NUMBER_AND_ISSUE: Words("Đã có kết quả", "Hồ sơ {code} đã có kết quả. {collect}"),
        Act.NOTIFY_READY: Words("Kết quả đang chờ nhận", "Kết quả hồ sơ {code} vẫn chờ ông/bà nhận. {collect}"),
        Act.DISPATCH: Words("Kết quả đang trên đường", "Kết quả hồ sơ {code} đã giao bưu chính chuyển đến ông/bà."),
        Act.HAND_OVER: _RETURNED,
        Act.DELIVERED: _RETURNED,
        Act.DELIVER_ELECTRONIC: _RETURNED,
        Act.CAME_BACK: Words(
            "Bưu chính không phát được", "Kết quả hồ sơ {code} không phát được, mời ông/bà nhận tại Bộ phận Một cửa."
        ),
        Act.STOP: Words(_STOPPED, "Đã dừng giải quyết hồ sơ {code}. Lý do ghi trong thông báo."),
        Act.SUPPLEMENT_EXPIRED: Words(
            _STOPPED, "Đã dừng giải quyết hồ sơ {code} vì quá hạn bổ sung giấy tờ. " + _AGAIN
        ),
        Act.WITHDRAW: _WITHDRAWN,
        Act.ASK_WITHDRAW: Words("Đã nhận yêu cầu rút hồ sơ", "Đã nhận yêu cầu rút hồ sơ {code} của ông/bà."),
        Act.CONFIRM_WITHDRAW: _WITHDRAWN,
        Act.DENY_WITHDRAW: Words("Không rút được hồ sơ", "Hồ sơ {code} không rút được và được giải quyết tiếp."),
        Act.OPEN_CORRECTION: Words("Đính chính kết quả", "Kết quả được đính chính miễn phí, hồ sơ {code}, " + _DUE),
        Act.TRANSFER_COMPETENCE: Words(
            "Cơ quan giải quyết mới", "Hồ sơ {code} chuyển sang cơ quan giải quyết mới, ngày hẹn trả không đổi."
        ),
    }.items()
}
"""Change → words. What is not here is the offices' own affair."""
REMINDED: Final[Mapping[str, Words]] = {
    About.FEE.lower(): Words(
        "Nhắc nộp phí, lệ phí", "Nhắc ông/bà: hồ sơ {code} chờ nộp {owed} phí, lệ phí trước {until}."
    )
}
"""What a reminder was about → words; the others remind the offices."""
_COLLECT: Final[Mapping[ReturnWay, str]] = {
    ReturnWay.DESK: "Mời ông/bà nhận tại Bộ phận Một cửa.",
    ReturnWay.POST: "Kết quả sẽ gửi qua bưu chính.",
    ReturnWay.ELECTRONIC: "Mời ông/bà tải về trên Cổng dịch vụ công.",
}


def words_of(event: Event) -> Words | None:
    """What the applicant is told of this change; None when it is none of their business."""
    if event.change.change == CHANGES[Act.REMIND]:
        return REMINDED.get(event.change.cause or "")
    return SAID.get(event.change.change)


def is_news(at: datetime, now: datetime) -> bool:
    """Whether a change of that time is still worth telling."""
    return at > now - STALE


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries: 1, 2, 4 … minutes, at most LONGEST_PAUSE."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), LONGEST_PAUSE)


def ways_of(person: Person) -> Mapping[Way, str]:
    """The addresses somebody gave that can be written to: mobile numbers, plain mailboxes."""
    mail, sms = person.email or "", person.phone
    return {way: to for way, to, fits in ((Way.MAIL, mail, _MAILBOX), (Way.SMS, sms, _MOBILE)) if fits.fullmatch(to)}


def message(event: Event, way: Way, to: str, catalogue: Catalogue, site: str, phone: str) -> Message | None:  # noqa: PLR0917 - what a message is made of
    """The message of this change; None when nothing is said. `phone`: whom to call with questions."""
    words = words_of(event)
    if words is None:
        return None
    sentence = words.sentence.format_map(_fields(event.facts))
    if way is Way.SMS:
        return Message(to, "", unaccented(sentence))
    return Message(
        to, f"{words.subject} – {event.facts.dossier_code}", _letter(sentence, event, catalogue, site, phone)
    )


def unaccented(text: str) -> str:
    """`Đã nhận` → `Da nhan`: what fits an SMS."""
    apart = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if letter.isascii())


def _letter(sentence: str, event: Event, catalogue: Catalogue, site: str, phone: str) -> str:
    """The mail: what happened, which papers, the dossier, where to look, whom to call."""
    facts, on = event.facts, wording.local_day(event.change.at)
    desk = wording.agency(catalogue, facts.agency_reception, on)[0]
    known = (
        ("Mã hồ sơ", facts.dossier_code),
        ("Thủ tục", wording.procedure(catalogue, facts, on)),
        ("Cơ quan giải quyết", wording.agency(catalogue, facts.agency_competent, on)[0]),
        ("Nộp", wording.instant(facts.submitted_at)),
        ("Tiếp nhận", wording.instant(facts.received_at, "")),
        ("Hẹn trả kết quả", wording.instant(facts.due_at, "")),
        ("Có kết quả", wording.instant(facts.ended_at if facts.result_code else None, "")),
        ("Trả kết quả", wording.instant(facts.returned_at, "")),
    )
    asked = facts.asked if facts.stage in WAITS_FOR_APPLICANT else ()
    papers = [f"- {wording.paper(catalogue, kind)}" for kind in asked]
    parts = (
        "Kính gửi ông/bà,",
        sentence,
        "\n".join(["Giấy tờ cần nộp:", *papers]) if papers else "",
        "\n".join(f"{label}: {value}" for label, value in known if value),
        f"Theo dõi hồ sơ: {wording.tracking(site, facts.dossier_code)} (cần mã tra cứu trên giấy tiếp nhận).",
        f"Cần hỏi thêm, ông/bà gọi {phone} hoặc đến Bộ phận Một cửa của {desk}.",
        "Thư này được gửi tự động, ông/bà không cần trả lời.",
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _fields(facts: Facts) -> Mapping[str, str]:
    collect = _COLLECT[facts.return_way]
    if facts.fee_owed_vnd and facts.return_way is not ReturnWay.POST:
        collect += f" Còn nộp {wording.money(facts.fee_owed_vnd)}."
    return {
        "code": facts.dossier_code,
        "papers": str(len(facts.asked)),
        "until": wording.instant(facts.asked_until, "hạn đã báo"),
        "owed": wording.money(facts.fee_owed_vnd),
        "paid": wording.money(facts.paid_vnd),
        "due": wording.instant(facts.due_at, "sẽ báo sau"),
        "duty_notice": facts.duty_notice or "của cơ quan thuế",
        "collect": collect,
    }
