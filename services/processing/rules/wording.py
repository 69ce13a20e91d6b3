"""The words of the console: the button of every act, the name of every role, task, change and cause, in two languages.

One word, one act: the button is the move of the lifecycle table, the line of the history and the printed form's verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.dossier.actions import Channel, Fault, Outcome, ReturnWay, Subject
from shared.dossier.lifecycle import Act, Role, Stage, TaskKind


class Words(NamedTuple):
    """Vietnamese first, English for the switch."""

    vi: str
    en: str

    def said(self, language: str) -> str:
        """In this language; anything but `en` is Vietnamese."""
        return self.en if language == "en" else self.vi


_W = Words

# fmt: off
BUTTONS: Final[Mapping[Act, Words]] = MappingProxyType({
    Act.SUBMIT: _W("Nộp hồ sơ", "Submit"),
    Act.REGISTER_AT_DESK: _W("Ghi nhận tại quầy", "Register at desk"),
    Act.REGISTER_FROM_POST: _W("Nhận từ bưu chính", "Register from post"),
    Act.ACCEPT: _W("Tiếp nhận", "Accept"),
    Act.ACCEPT_AND_FINISH: _W("Tiếp nhận và trả ngay", "Accept and finish"),
    Act.ASK_COMPLETION: _W("Yêu cầu hoàn thiện", "Ask to complete"),
    Act.COMPLETE: _W("Nộp phần còn thiếu", "Complete"),
    Act.LAPSE: _W("Kết thúc do không hoàn thiện", "Close as incomplete"),
    Act.ASK_PRE_FEE: _W("Yêu cầu nộp phí trước", "Ask fee first"),
    Act.REJECT: _W("Từ chối tiếp nhận", "Reject"),
    Act.FORWARD: _W("Chuyển nơi có thẩm quyền", "Forward"),
    Act.ROUTE_UNKNOWN: _W("Chưa rõ thẩm quyền", "Competence unknown"),
    Act.TRANSFER: _W("Chuyển xử lý", "Transfer"),
    Act.ASSIGN: _W("Giao việc", "Assign"),
    Act.CLAIM: _W("Nhận việc", "Claim"),
    Act.REASSIGN: _W("Giao lại", "Reassign"),
    Act.RECORD_VERIFICATION: _W("Ghi kết quả xác minh", "Record verification"),
    Act.CONSULT: _W("Lấy ý kiến", "Consult"),
    Act.ANSWER_CONSULT: _W("Trả lời ý kiến", "Answer"),
    Act.GO_ON: _W("Làm tiếp, không chờ", "Go on"),
    Act.ASK_SUPPLEMENT: _W("Yêu cầu bổ sung", "Ask for supplement"),
    Act.SUPPLEMENT_DELIVERED: _W("Nộp bổ sung", "Deliver supplement"),
    Act.SUPPLEMENT_EXPIRED: _W("Hết hạn bổ sung", "Supplement expired"),
    Act.ASK_FINANCIAL_DUTY: _W("Yêu cầu nghĩa vụ tài chính", "Ask financial duty"),
    Act.PROPOSE: _W("Trình duyệt", "Propose"),
    Act.APPROVE_DRAFT: _W("Đồng ý trình ký", "Approve"),
    Act.SEND_BACK: _W("Trả lại để sửa", "Send back"),
    Act.SIGN: _W("Ký số", "Sign"),
    Act.DECLINE_SIGNATURE: _W("Không ký, trả lại", "Decline"),
    Act.NUMBER_AND_ISSUE: _W("Vào số, phát hành", "Number and issue"),
    Act.ASK_EXTENSION: _W("Đề nghị hẹn lại", "Ask for a new date"),
    Act.SEND_APOLOGY: _W("Xin lỗi và hẹn lại", "Send apology"),
    Act.WITHDRAW: _W("Rút hồ sơ", "Withdraw"),
    Act.ASK_WITHDRAW: _W("Xin rút hồ sơ", "Ask to withdraw"),
    Act.CONFIRM_WITHDRAW: _W("Đồng ý cho rút", "Confirm"),
    Act.DENY_WITHDRAW: _W("Không đồng ý cho rút", "Deny"),
    Act.ASK_STOP: _W("Đề nghị dừng giải quyết", "Ask to stop"),
    Act.STOP: _W("Dừng giải quyết", "Stop"),
    Act.ASK_OVERRIDE: _W("Đề nghị ngoại lệ", "Ask for an override"),
    Act.OVERRIDE: _W("Quyết định ngoại lệ", "Override"),
    Act.OPEN_CORRECTION: _W("Đính chính kết quả", "Correct the result"),
    Act.EXPLAIN_OVERDUE: _W("Ghi nguyên nhân trễ", "Record cause of delay"),
    Act.FEE_PAID: _W("Ghi nhận đã thu", "Record payment"),
    Act.DUTY_PAID: _W("Ghi nhận đã thu", "Record payment"),
    Act.HAND_OVER: _W("Trả kết quả tại quầy", "Hand over"),
    Act.DISPATCH: _W("Bàn giao bưu chính", "Hand to post"),
    Act.DELIVERED: _W("Đã phát", "Delivered"),
    Act.CAME_BACK: _W("Chuyển hoàn", "Came back"),
})
"""The text on the button of each act that people press. What machines do has none: timers, records, own moves."""

UNPRESSED: Final = frozenset({
    Act.FEE_LAPSE, Act.CONSULT_OVERDUE, Act.NOTIFY_READY, Act.DELIVER_ELECTRONIC, Act.TRANSFER_COMPETENCE,
    Act.RECORD_DIGITIZED, Act.RECORD_REUSED, Act.RECORD_SIGNATURE, Act.RECORD_PARCEL, Act.MARK_OVERDUE, Act.REMIND,
})
"""Acts without a button: the system's own, and the reorganisation that happens by decree."""

DANGEROUS: Final = frozenset({Act.REJECT, Act.STOP, Act.LAPSE, Act.SUPPLEMENT_EXPIRED, Act.DECLINE_SIGNATURE})
"""Acts whose button is red."""

LIKELY: Final = (
    Act.CLAIM, Act.ACCEPT, Act.TRANSFER, Act.ANSWER_CONSULT, Act.PROPOSE, Act.APPROVE_DRAFT, Act.SIGN,
    Act.NUMBER_AND_ISSUE, Act.HAND_OVER, Act.DISPATCH, Act.CONFIRM_WITHDRAW, Act.DUTY_PAID, Act.STOP,
    Act.SEND_APOLOGY, Act.OVERRIDE, Act.ASSIGN, Act.CAME_BACK, Act.FEE_PAID,
)
"""Which of the open acts is a form on the dossier page itself; the first one that is open."""

ROLES: Final[Mapping[Role, Words]] = MappingProxyType({
    Role.APPLICANT: _W("người nộp", "applicant"),
    Role.CLERK: _W("cán bộ tiếp nhận", "reception clerk"),
    Role.SPECIALIST: _W("chuyên viên", "specialist"),
    Role.UNIT_HEAD: _W("trưởng phòng", "unit head"),
    Role.SIGNER: _W("lãnh đạo ký", "signer"),
    Role.RECORDS: _W("văn thư", "records officer"),
    Role.RETURN_CLERK: _W("người trả kết quả", "return clerk"),
    Role.ACCOUNTANT: _W("kế toán", "accountant"),
    Role.DESK_HEAD: _W("người đứng đầu Bộ phận Một cửa", "head of the one-stop desk"),
    Role.SYSTEM: _W("hệ thống", "system"),
    Role.PARTNER: _W("đơn vị phối hợp", "partner"),
    Role.OPERATOR: _W("vận hành hệ thống", "operator"),
})

STAGES_EN: Final[Mapping[Stage, str]] = MappingProxyType({
    Stage.SUBMITTED: "Submitted",
    Stage.INTAKE_INCOMPLETE: "Waiting to be completed before acceptance",
    Stage.FEE_BEFORE: "Waiting for the fee before acceptance",
    Stage.NOT_ACCEPTED: "Not accepted",
    Stage.ACCEPTED: "Accepted",
    Stage.ROUTING: "Waiting for the competent agency to be found",
    Stage.PROCESSING: "Being processed",
    Stage.CONSULTING: "Opinions being asked",
    Stage.SUPPLEMENT: "Supplement asked for",
    Stage.FINANCIAL_DUTY: "Waiting for the financial duty",
    Stage.REVIEW: "Waiting for the unit head",
    Stage.SIGNING: "Waiting to be signed",
    Stage.NUMBERING: "Waiting to be numbered and issued",
    Stage.WITHDRAW_ASKED: "Withdrawal asked for",
    Stage.STOPPED: "Stopped",
    Stage.RESULT_READY: "Result ready",
    Stage.ON_THE_WAY: "On its way by post",
    Stage.RETURNED: "Result returned",
})

TASKS: Final[Mapping[TaskKind, Words]] = MappingProxyType({
    TaskKind.RECEIVE: _W("Tiếp nhận", "Receive"),
    TaskKind.COLLECT_FEE: _W("Thu phí", "Collect the fee"),
    TaskKind.TRANSFER: _W("Chuyển xử lý", "Transfer"),
    TaskKind.ROUTE: _W("Xác định thẩm quyền", "Find the competent agency"),
    TaskKind.APPRAISE: _W("Thẩm định", "Appraise"),
    TaskKind.ANSWER: _W("Trả lời ý kiến", "Give an opinion"),
    TaskKind.CHECK_SUPPLEMENT: _W("Chờ bổ sung", "Wait for papers"),
    TaskKind.CHECK_DUTY: _W("Chờ nghĩa vụ tài chính", "Wait for the financial duty"),
    TaskKind.REVIEW: _W("Duyệt", "Review"),
    TaskKind.SIGN: _W("Ký", "Sign"),
    TaskKind.ISSUE: _W("Vào số, phát hành", "Number and issue"),
    TaskKind.DECIDE_WITHDRAWAL: _W("Quyết định cho rút", "Decide the withdrawal"),
    TaskKind.RETURN: _W("Trả kết quả", "Return the result"),
    TaskKind.FOLLOW_PARCEL: _W("Theo dõi bưu gửi", "Follow the parcel"),
    TaskKind.APOLOGISE: _W("Xin lỗi, hẹn lại", "Apologise"),
    TaskKind.DECIDE_STOP: _W("Quyết định dừng", "Decide the stop"),
    TaskKind.DECIDE_OVERRIDE: _W("Quyết định ngoại lệ", "Decide the override"),
})

CHANNELS: Final[Mapping[Channel, Words]] = MappingProxyType({
    Channel.IN_PERSON: _W("Trực tiếp", "In person"),
    Channel.ONLINE: _W("Trực tuyến", "Online"),
    Channel.POST: _W("Bưu chính công ích", "Public post"),
})
RETURN_WAYS: Final[Mapping[ReturnWay, Words]] = MappingProxyType({
    ReturnWay.DESK: _W("Tại quầy", "At the desk"),
    ReturnWay.POST: _W("Bưu chính", "By post"),
    ReturnWay.ELECTRONIC: _W("Bản điện tử", "Electronic"),
})
OUTCOMES: Final[Mapping[Outcome, Words]] = MappingProxyType({
    Outcome.GRANTED: _W("Đề nghị cấp", "Propose to grant"),
    Outcome.REFUSED: _W("Đề nghị từ chối", "Propose to refuse"),
})
FAULTS: Final[Mapping[Fault, Words]] = MappingProxyType({
    Fault.SUBJECTIVE: _W("Chủ quan", "Our own"),
    Fault.OBJECTIVE: _W("Khách quan (kèm văn bản)", "Not ours (with a document)"),
})
SUBJECTS: Final[Mapping[Subject, Words]] = MappingProxyType({
    Subject.COMPLETION_LIMIT: _W("Yêu cầu hoàn thiện lần thứ hai", "Ask to complete a second time"),
    Subject.SUPPLEMENT_LIMIT: _W("Yêu cầu bổ sung lần thứ hai", "Ask for a supplement a second time"),
    Subject.REUSE: _W("Yêu cầu giấy tờ Nhà nước đã có", "Ask for a paper the State already has"),
})

CAUSES: Final[Mapping[str, Words]] = MappingProxyType({
    "wrong_agency": _W("Không thuộc thẩm quyền", "Not competent"),
    "papers_missing": _W("Thiếu giấy tờ bắt buộc", "A required paper is missing"),
    "papers_invalid": _W("Giấy tờ không hợp lệ", "A paper is not valid"),
    "unreadable": _W("Bản nộp không đọc được", "Not readable"),
    "content_differs": _W("Nội dung các giấy tờ không khớp nhau", "The papers contradict each other"),
    "not_entitled": _W("Không thuộc đối tượng được giải quyết", "Not entitled"),
    "duplicate": _W("Đã có hồ sơ cùng nội dung", "A dossier with the same content exists"),
    "draft_wrong": _W("Dự thảo có sai sót", "The draft has mistakes"),
    "ground_missing": _W("Thiếu căn cứ pháp lý", "The legal ground is missing"),
    "verify_again": _W("Cần xác minh thêm", "More verification is needed"),
    "decision_under_way": _W("Kết quả đang được trình ký", "The decision is being signed"),
    "duty_unpaid": _W("Còn nghĩa vụ chưa thực hiện", "A duty is not fulfilled"),
    "verification_late": _W("Kết quả xác minh đến muộn", "The verification came late"),
    "opinion_late": _W("Cơ quan phối hợp trả lời muộn", "Another agency answered late"),
    "late_handover": _W("Chuyển hồ sơ muộn", "Handed over late"),
    "staff_missing": _W("Thiếu người xử lý", "Nobody was there to do it"),
    "system_down": _W("Sự cố hệ thống thông tin", "The information system failed"),
    "subject_no_longer_exists": _W("Đối tượng của hồ sơ không còn", "The subject no longer exists"),
    "court_order": _W("Theo quyết định của tòa án", "By order of a court"),
    "law_changed": _W("Quy định pháp luật thay đổi", "The law has changed"),
    "new_facts_on_site": _W("Phát sinh tình tiết mới khi kiểm tra", "New facts were found on site"),
    "conditions_not_met": _W("Không đủ điều kiện theo quy định", "The conditions are not met"),
    "false_papers": _W("Giấy tờ không đúng sự thật", "The papers are false"),
    "planning_conflict": _W("Không phù hợp quy hoạch", "Against the plan in force"),
    "disputed": _W("Đối tượng đang có tranh chấp", "The subject is disputed"),
    "found_after_day_three": _W("Phát hiện khi thẩm định sau ngày thứ ba", "Found in appraisal after the third day"),
    "law_allows_later": _W("Pháp luật chuyên ngành cho phép", "The sector's law allows it"),
})
"""Closed vocabulary of causes and grounds: chosen from a list, then explained in words."""

CAUSES_OF: Final[Mapping[Act, tuple[str, ...]]] = MappingProxyType({
    Act.REJECT: ("wrong_agency", "papers_missing", "papers_invalid", "not_entitled", "duplicate"),
    Act.ASK_COMPLETION: ("papers_missing", "unreadable", "papers_invalid", "content_differs"),
    Act.ASK_SUPPLEMENT: ("papers_missing", "unreadable", "papers_invalid", "content_differs"),
    Act.SEND_BACK: ("draft_wrong", "ground_missing", "verify_again"),
    Act.DECLINE_SIGNATURE: ("draft_wrong", "ground_missing", "verify_again"),
    Act.DENY_WITHDRAW: ("decision_under_way", "duty_unpaid"),
    Act.ASK_EXTENSION: ("verification_late", "opinion_late", "staff_missing", "system_down"),
    Act.EXPLAIN_OVERDUE: ("late_handover", "opinion_late", "verification_late", "staff_missing", "system_down"),
    Act.ASK_STOP: ("subject_no_longer_exists", "court_order", "law_changed", "duplicate"),
    Act.ASK_OVERRIDE: ("new_facts_on_site", "papers_invalid", "content_differs"),
    Act.OPEN_CORRECTION: ("draft_wrong", "content_differs", "false_papers"),
    Act.PROPOSE: ("conditions_not_met", "false_papers", "not_entitled", "planning_conflict", "disputed", "duplicate"),
})
LATE_GROUNDS: Final = ("found_after_day_three", "law_allows_later")
"""Why papers are asked for after the third working day (NĐ 61/2018 Điều 19.4)."""
# fmt: on


class Tab(StrEnum):
    """The worklist's tabs; the word is the address."""

    RECEIVE = "cho-tiep-nhan"
    WORK = "can-lam"
    SUPPLEMENT = "cho-bo-sung"
    PAYMENT = "cho-thanh-toan"
    SIGN = "cho-ky"
    RETURN = "cho-tra"
    OVERDUE = "qua-han"
    ALL = "tat-ca"


TABS: Final[Mapping[Tab, tuple[Words, frozenset[TaskKind]]]] = MappingProxyType(
    {
        Tab.RECEIVE: (_W("Chờ tiếp nhận", "To receive"), frozenset({TaskKind.RECEIVE})),
        Tab.WORK: (
            _W("Cần làm", "To do"),
            frozenset(
                {
                    TaskKind.TRANSFER, TaskKind.ROUTE, TaskKind.APPRAISE, TaskKind.ANSWER, TaskKind.REVIEW,
                    TaskKind.ISSUE, TaskKind.DECIDE_WITHDRAWAL, TaskKind.APOLOGISE, TaskKind.DECIDE_STOP,
                    TaskKind.DECIDE_OVERRIDE,
                }
            ),
        ),
        Tab.SUPPLEMENT: (_W("Chờ bổ sung", "Waiting for papers"), frozenset({TaskKind.CHECK_SUPPLEMENT})),
        Tab.PAYMENT: (
            _W("Chờ thanh toán", "Waiting for payment"), frozenset({TaskKind.COLLECT_FEE, TaskKind.CHECK_DUTY}),
        ),
        Tab.SIGN: (_W("Chờ ký", "To sign"), frozenset({TaskKind.SIGN})),
        Tab.RETURN: (_W("Chờ trả", "To return"), frozenset({TaskKind.RETURN, TaskKind.FOLLOW_PARCEL})),
        Tab.OVERDUE: (_W("Quá hạn", "Overdue"), frozenset(TaskKind)),
        Tab.ALL: (_W("Tất cả", "All"), frozenset(TaskKind)),
    }
)  # fmt: skip


def cause(code: str | None, language: str) -> str:
    """The cause in words; one that is not in the list stays its code."""
    if code is None:
        return ""
    return CAUSES[code].said(language) if code in CAUSES else code
