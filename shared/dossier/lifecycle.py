"""What may happen to a dossier: the one table that validator, buttons, clock, worklist, portal status and docs read.

`STAGES` says once what *being* somewhere means; `MOVES` says once what may leave it, who may do it and by which law.
Nobody else writes `if stage ==`. Law: NĐ 61/2018/NĐ-CP Điều 15-22 and TT 01/2018/TT-VPCP until 30/06/2025,
NĐ 118/2025/NĐ-CP and TT 03/2025/TT-VPCP after; where an article was not read the row says "unverified".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.dossier import guards

if TYPE_CHECKING:
    from shared.dossier.state import Dossier

Guard = Callable[["Dossier", Any], None]
"""A named pure predicate over the dossier and the action asked; says no by raising Refused."""


class Stage(StrEnum):
    """Where a dossier is; eighteen places, three of them ends. A draft is not a dossier yet: intake keeps it."""

    SUBMITTED = "SUBMITTED"
    INTAKE_INCOMPLETE = "INTAKE_INCOMPLETE"
    FEE_BEFORE = "FEE_BEFORE"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    ACCEPTED = "ACCEPTED"
    ROUTING = "ROUTING"
    PROCESSING = "PROCESSING"
    CONSULTING = "CONSULTING"
    SUPPLEMENT = "SUPPLEMENT"
    FINANCIAL_DUTY = "FINANCIAL_DUTY"
    REVIEW = "REVIEW"
    SIGNING = "SIGNING"
    NUMBERING = "NUMBERING"
    WITHDRAW_ASKED = "WITHDRAW_ASKED"
    STOPPED = "STOPPED"
    RESULT_READY = "RESULT_READY"
    ON_THE_WAY = "ON_THE_WAY"
    RETURNED = "RETURNED"


class Landing(StrEnum):
    """A destination that depends on the dossier rather than on the table."""

    SAME = "SAME"
    BEFORE = "BEFORE"  # the stage a withdrawal request interrupted
    LAST_ANSWER = "LAST_ANSWER"  # back to processing when no consulted agency is silent any more


class Clock(StrEnum):
    """What the legal clock does while the dossier is there."""

    IDLE = "IDLE"
    RUNS = "RUNS"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class Role(StrEnum):
    """Who acts: nine roles of people, two of machines; operators look after the machines and move no dossier."""

    APPLICANT = "APPLICANT"
    CLERK = "CLERK"
    SPECIALIST = "SPECIALIST"
    UNIT_HEAD = "UNIT_HEAD"
    SIGNER = "SIGNER"
    RECORDS = "RECORDS"
    RETURN_CLERK = "RETURN_CLERK"
    ACCOUNTANT = "ACCOUNTANT"
    DESK_HEAD = "DESK_HEAD"
    SYSTEM = "SYSTEM"
    PARTNER = "PARTNER"
    OPERATOR = "OPERATOR"


class TaskKind(StrEnum):
    """What appears in a role's worklist while the dossier is at a stage."""

    RECEIVE = "RECEIVE"
    COLLECT_FEE = "COLLECT_FEE"
    TRANSFER = "TRANSFER"
    ROUTE = "ROUTE"
    APPRAISE = "APPRAISE"
    ANSWER = "ANSWER"
    CHECK_SUPPLEMENT = "CHECK_SUPPLEMENT"
    CHECK_DUTY = "CHECK_DUTY"
    REVIEW = "REVIEW"
    SIGN = "SIGN"
    ISSUE = "ISSUE"
    DECIDE_WITHDRAWAL = "DECIDE_WITHDRAWAL"
    RETURN = "RETURN"
    FOLLOW_PARCEL = "FOLLOW_PARCEL"
    APOLOGISE = "APOLOGISE"
    DECIDE_STOP = "DECIDE_STOP"
    DECIDE_OVERRIDE = "DECIDE_OVERRIDE"


class Form(StrEnum):
    """Printed forms by their number of 2025 (TT 03/2025/TT-VPCP; 2018 numbers differ from 05 on)."""

    RECEIPT = "01"
    SUPPLEMENT_REQUEST = "02"
    REJECTION = "03"
    APOLOGY = "04"
    STOP_NOTICE = "05"
    CONTROL_SLIP = "06"
    REGISTER = "07"


class Act(StrEnum):
    """The kinds of action: what somebody asks, in the imperative."""

    SUBMIT = "submit"
    REGISTER_AT_DESK = "register_at_desk"
    REGISTER_FROM_POST = "register_from_post"
    RECORD_DIGITIZED = "record_digitized"
    RECORD_REUSED = "record_reused"
    ACCEPT = "accept"
    ACCEPT_AND_FINISH = "accept_and_finish"
    ASK_COMPLETION = "ask_completion"
    COMPLETE = "complete"
    LAPSE = "lapse"
    ASK_PRE_FEE = "ask_pre_fee"
    FEE_PAID = "fee_paid"
    FEE_LAPSE = "fee_lapse"
    REJECT = "reject"
    FORWARD = "forward"
    TRANSFER = "transfer"
    ROUTE_UNKNOWN = "route_unknown"
    ASSIGN = "assign"
    CLAIM = "claim"
    REASSIGN = "reassign"
    RECORD_VERIFICATION = "record_verification"
    CONSULT = "consult"
    ANSWER_CONSULT = "answer_consult"
    CONSULT_OVERDUE = "consult_overdue"
    GO_ON = "go_on"
    ASK_SUPPLEMENT = "ask_supplement"
    SUPPLEMENT_DELIVERED = "supplement_delivered"
    SUPPLEMENT_EXPIRED = "supplement_expired"
    ASK_FINANCIAL_DUTY = "ask_financial_duty"
    DUTY_PAID = "duty_paid"
    PROPOSE = "propose"
    APPROVE_DRAFT = "approve_draft"
    SEND_BACK = "send_back"
    SIGN = "sign"
    DECLINE_SIGNATURE = "decline_signature"
    RECORD_SIGNATURE = "record_signature"
    NUMBER_AND_ISSUE = "number_and_issue"
    MARK_OVERDUE = "mark_overdue"
    REMIND = "remind"
    ASK_EXTENSION = "ask_extension"
    SEND_APOLOGY = "send_apology"
    EXPLAIN_OVERDUE = "explain_overdue"
    WITHDRAW = "withdraw"
    ASK_WITHDRAW = "ask_withdraw"
    CONFIRM_WITHDRAW = "confirm_withdraw"
    DENY_WITHDRAW = "deny_withdraw"
    ASK_STOP = "ask_stop"
    STOP = "stop"
    NOTIFY_READY = "notify_ready"
    RECORD_PARCEL = "record_parcel"
    HAND_OVER = "hand_over"
    DELIVER_ELECTRONIC = "deliver_electronic"
    DISPATCH = "dispatch"
    DELIVERED = "delivered"
    CAME_BACK = "came_back"
    OPEN_CORRECTION = "open_correction"
    TRANSFER_COMPETENCE = "transfer_competence"
    ASK_OVERRIDE = "ask_override"
    OVERRIDE = "override"


class Meaning(NamedTuple):
    """What being at a stage means."""

    clock: Clock
    portal: int
    """Status 1..10 told to the national portal."""
    tasks: Mapping[Role, TaskKind]
    label: str
    """On screen, Vietnamese."""
    is_end: bool = False


class Move(NamedTuple):
    """One lawful step."""

    to: Stage | Landing
    by: frozenset[Role]
    guard: Guard
    prints: Form | None
    law: str


def _tasks(**kinds: TaskKind) -> Mapping[Role, TaskKind]:
    return MappingProxyType({Role(role): kind for role, kind in kinds.items()})


_NOBODY = _tasks()

STAGES: Final[Mapping[Stage, Meaning]] = MappingProxyType(
    {
        Stage.SUBMITTED: Meaning(Clock.IDLE, 1, _tasks(CLERK=TaskKind.RECEIVE), "Mới đăng ký"),
        Stage.INTAKE_INCOMPLETE: Meaning(
            Clock.IDLE, 5, _tasks(CLERK=TaskKind.CHECK_SUPPLEMENT), "Chờ hoàn thiện trước tiếp nhận"
        ),
        Stage.FEE_BEFORE: Meaning(
            Clock.IDLE, 6, _tasks(ACCOUNTANT=TaskKind.COLLECT_FEE), "Chờ nộp phí trước tiếp nhận"
        ),
        Stage.NOT_ACCEPTED: Meaning(Clock.STOPPED, 3, _NOBODY, "Không được tiếp nhận", is_end=True),
        Stage.ACCEPTED: Meaning(Clock.RUNS, 2, _tasks(CLERK=TaskKind.TRANSFER), "Được tiếp nhận"),
        Stage.ROUTING: Meaning(Clock.RUNS, 2, _tasks(CLERK=TaskKind.ROUTE), "Chờ xác định cơ quan giải quyết"),
        Stage.PROCESSING: Meaning(Clock.RUNS, 4, _tasks(SPECIALIST=TaskKind.APPRAISE), "Đang xử lý"),
        Stage.CONSULTING: Meaning(Clock.RUNS, 4, _tasks(SPECIALIST=TaskKind.APPRAISE), "Đang lấy ý kiến phối hợp"),
        Stage.SUPPLEMENT: Meaning(Clock.PAUSED, 5, _tasks(CLERK=TaskKind.CHECK_SUPPLEMENT), "Yêu cầu bổ sung giấy tờ"),
        Stage.FINANCIAL_DUTY: Meaning(
            Clock.PAUSED, 6, _tasks(ACCOUNTANT=TaskKind.CHECK_DUTY), "Chờ nghĩa vụ tài chính"
        ),
        Stage.REVIEW: Meaning(Clock.RUNS, 4, _tasks(UNIT_HEAD=TaskKind.REVIEW), "Chờ trưởng phòng duyệt"),
        Stage.SIGNING: Meaning(Clock.RUNS, 4, _tasks(SIGNER=TaskKind.SIGN), "Chờ ký"),
        Stage.NUMBERING: Meaning(Clock.RUNS, 4, _tasks(RECORDS=TaskKind.ISSUE), "Chờ vào số, đóng dấu, phát hành"),
        Stage.WITHDRAW_ASKED: Meaning(
            Clock.RUNS, 7, _tasks(UNIT_HEAD=TaskKind.DECIDE_WITHDRAWAL), "Công dân yêu cầu rút hồ sơ"
        ),
        Stage.STOPPED: Meaning(Clock.STOPPED, 8, _NOBODY, "Dừng xử lý", is_end=True),
        Stage.RESULT_READY: Meaning(Clock.STOPPED, 9, _tasks(RETURN_CLERK=TaskKind.RETURN), "Đã xử lý xong, chờ trả"),
        Stage.ON_THE_WAY: Meaning(
            Clock.STOPPED, 9, _tasks(RETURN_CLERK=TaskKind.FOLLOW_PARCEL), "Đang trả qua bưu chính"
        ),
        Stage.RETURNED: Meaning(Clock.STOPPED, 10, _NOBODY, "Đã trả kết quả", is_end=True),
    }
)

RUNNING: Final = (
    Stage.ACCEPTED,
    Stage.ROUTING,
    Stage.PROCESSING,
    Stage.CONSULTING,
    Stage.REVIEW,
    Stage.SIGNING,
    Stage.NUMBERING,
)
"""`*` of the law's table: accepted, not ended, clock not stopped."""

BEFORE_ACCEPTANCE: Final = (Stage.SUBMITTED, Stage.INTAKE_INCOMPLETE, Stage.FEE_BEFORE)
_PAUSED = (Stage.SUPPLEMENT, Stage.FINANCIAL_DUTY)
_OPEN = (
    *BEFORE_ACCEPTANCE,
    *RUNNING,
    *_PAUSED,
    Stage.WITHDRAW_ASKED,
    Stage.RESULT_READY,
    Stage.ON_THE_WAY,
)
_R = Role
_ANYTIME = guards.anytime

Row = tuple[tuple[Stage | None, ...], Act, Stage | Landing, tuple[Role, ...], Guard, Form | None, str]

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    # from, act, to, who, guard, form, law
    ((None,), Act.SUBMIT, Stage.SUBMITTED, (_R.APPLICANT,), guards.channel_is_open, None, "NĐ 45/2020 (unverified: answer in 8 working hours)"),  # noqa: E501
    ((None,), Act.REGISTER_AT_DESK, Stage.SUBMITTED, (_R.CLERK,), guards.channel_is_open, None, "NĐ 61/2018 Đ17.1"),
    ((None,), Act.REGISTER_FROM_POST, Stage.SUBMITTED, (_R.CLERK,), guards.channel_is_open, None, "QĐ 45/2016 Đ7.4"),
    (_OPEN, Act.RECORD_DIGITIZED, Landing.SAME, (_R.SYSTEM,), _ANYTIME, None, "NĐ 61/2018 Đ17.1, NĐ 107/2021, TT 01/2023"),  # noqa: E501
    (_OPEN, Act.RECORD_REUSED, Landing.SAME, (_R.SYSTEM,), _ANYTIME, None, "NĐ 47/2020 Đ9.3"),
    ((Stage.SUBMITTED, Stage.INTAKE_INCOMPLETE), Act.ACCEPT, Stage.ACCEPTED, (_R.CLERK,), guards.papers_and_fee_are_there, Form.RECEIPT, "NĐ 61/2018 Đ17.1-17.3"),  # noqa: E501
    ((Stage.SUBMITTED,), Act.ACCEPT_AND_FINISH, Stage.RETURNED, (_R.CLERK,), guards.papers_and_all_fees_are_there, None, "NĐ 61/2018 Đ17.4"),  # noqa: E501
    ((Stage.SUBMITTED,), Act.ASK_COMPLETION, Stage.INTAKE_INCOMPLETE, (_R.CLERK,), guards.may_ask_to_complete, Form.SUPPLEMENT_REQUEST, "NĐ 61/2018 Đ15.3, Đ17.1a, Đ17.2a"),  # noqa: E501
    ((Stage.INTAKE_INCOMPLETE,), Act.COMPLETE, Stage.SUBMITTED, (_R.APPLICANT, _R.CLERK), guards.what_was_asked_is_there, None, "NĐ 61/2018 Đ17.2"),  # noqa: E501
    ((Stage.INTAKE_INCOMPLETE,), Act.LAPSE, Stage.NOT_ACCEPTED, (_R.CLERK,), guards.patience_is_over, Form.REJECTION, "policy: intake_ttl 30 days"),  # noqa: E501
    ((Stage.SUBMITTED,), Act.ASK_PRE_FEE, Stage.FEE_BEFORE, (_R.CLERK,), guards.pre_fee_is_owed, None, "NĐ 61/2018 Đ22"),  # noqa: E501
    ((Stage.FEE_BEFORE,), Act.FEE_PAID, Stage.SUBMITTED, (_R.PARTNER, _R.ACCOUNTANT), guards.amount_is_what_is_owed, None, "NĐ 61/2018 Đ22"),  # noqa: E501
    ((Stage.SUBMITTED, *RUNNING, *_PAUSED, Stage.RESULT_READY, Stage.ON_THE_WAY), Act.FEE_PAID, Landing.SAME, (_R.PARTNER, _R.ACCOUNTANT), guards.amount_is_what_is_owed, None, "NĐ 61/2018 Đ22"),  # noqa: E501
    ((Stage.FEE_BEFORE,), Act.FEE_LAPSE, Stage.NOT_ACCEPTED, (_R.SYSTEM,), guards.patience_is_over, Form.REJECTION, "policy: fee_ttl 10 days"),  # noqa: E501
    ((Stage.SUBMITTED,), Act.REJECT, Stage.NOT_ACCEPTED, (_R.CLERK,), _ANYTIME, Form.REJECTION, "NĐ 61/2018 Đ17.1"),
    ((Stage.SUBMITTED,), Act.FORWARD, Stage.SUBMITTED, (_R.CLERK,), _ANYTIME, Form.CONTROL_SLIP, "NĐ 61/2018 Đ18.3"),
    ((Stage.ACCEPTED,), Act.FORWARD, Stage.ROUTING, (_R.CLERK,), _ANYTIME, Form.CONTROL_SLIP, "NĐ 61/2018 Đ18.3"),
    ((Stage.ACCEPTED, Stage.ROUTING), Act.TRANSFER, Stage.PROCESSING, (_R.CLERK,), _ANYTIME, Form.CONTROL_SLIP, "NĐ 61/2018 Đ18.1-18.2"),  # noqa: E501
    ((Stage.ACCEPTED,), Act.ROUTE_UNKNOWN, Stage.ROUTING, (_R.CLERK,), _ANYTIME, None, "policy: alarm after 4 working hours"),  # noqa: E501
    ((Stage.PROCESSING,), Act.ASSIGN, Landing.SAME, (_R.UNIT_HEAD,), guards.nobody_holds_it, Form.CONTROL_SLIP, "NĐ 61/2018 Đ19.1"),  # noqa: E501
    ((Stage.PROCESSING,), Act.CLAIM, Landing.SAME, (_R.SPECIALIST,), guards.nobody_holds_it, Form.CONTROL_SLIP, "NĐ 61/2018 Đ19.1"),  # noqa: E501
    ((Stage.PROCESSING,), Act.REASSIGN, Landing.SAME, (_R.UNIT_HEAD,), _ANYTIME, Form.CONTROL_SLIP, "NĐ 61/2018 Đ19.1"),
    ((Stage.PROCESSING,), Act.RECORD_VERIFICATION, Landing.SAME, (_R.SPECIALIST,), guards.verification_may_extend, None, "NĐ 61/2018 Đ19.3b"),  # noqa: E501
    ((Stage.PROCESSING,), Act.CONSULT, Stage.CONSULTING, (_R.SPECIALIST,), guards.others_are_asked, None, "NĐ 61/2018 Đ19.5"),  # noqa: E501
    ((Stage.CONSULTING,), Act.ANSWER_CONSULT, Landing.LAST_ANSWER, (_R.SPECIALIST,), guards.was_consulted, None, "NĐ 61/2018 Đ19.5"),  # noqa: E501
    ((Stage.CONSULTING,), Act.CONSULT_OVERDUE, Landing.SAME, (_R.SYSTEM,), guards.time_has_come, None, "NĐ 61/2018 Đ19.5b"),  # noqa: E501
    ((Stage.CONSULTING,), Act.GO_ON, Stage.PROCESSING, (_R.SPECIALIST,), guards.the_holder_acts, None, "NĐ 61/2018 Đ19.5b"),  # noqa: E501
    ((Stage.PROCESSING,), Act.ASK_SUPPLEMENT, Stage.SUPPLEMENT, (_R.UNIT_HEAD,), guards.may_ask_supplement, Form.SUPPLEMENT_REQUEST, "NĐ 61/2018 Đ19.4"),  # noqa: E501
    ((Stage.SUPPLEMENT,), Act.SUPPLEMENT_DELIVERED, Stage.PROCESSING, (_R.APPLICANT, _R.CLERK), guards.what_was_asked_is_there, Form.RECEIPT, "NĐ 61/2018 Đ19.4"),  # noqa: E501
    ((Stage.SUPPLEMENT,), Act.SUPPLEMENT_EXPIRED, Stage.STOPPED, (_R.UNIT_HEAD,), guards.patience_is_over, Form.STOP_NOTICE, "policy: supplement_ttl 30 days"),  # noqa: E501
    ((Stage.PROCESSING,), Act.ASK_FINANCIAL_DUTY, Stage.FINANCIAL_DUTY, (_R.SPECIALIST, _R.PARTNER), _ANYTIME, None, "unverified: pause for tax and land duties"),  # noqa: E501
    ((Stage.FINANCIAL_DUTY,), Act.DUTY_PAID, Stage.PROCESSING, (_R.PARTNER, _R.ACCOUNTANT), _ANYTIME, None, "unverified: resume after duties"),  # noqa: E501
    ((Stage.PROCESSING,), Act.PROPOSE, Stage.REVIEW, (_R.SPECIALIST,), guards.the_holder_acts, None, "NĐ 61/2018 Đ19.3, Đ19.8"),  # noqa: E501
    ((Stage.REVIEW,), Act.APPROVE_DRAFT, Stage.SIGNING, (_R.UNIT_HEAD,), _ANYTIME, None, "NĐ 61/2018 Đ19.7"),
    ((Stage.REVIEW,), Act.SEND_BACK, Stage.PROCESSING, (_R.UNIT_HEAD,), _ANYTIME, None, "NĐ 61/2018 Đ19.7"),
    ((Stage.SIGNING,), Act.SIGN, Stage.NUMBERING, (_R.SIGNER,), guards.signer_did_not_draft, None, "NĐ 30/2020 phụ lục I"),  # noqa: E501
    ((Stage.SIGNING,), Act.DECLINE_SIGNATURE, Stage.REVIEW, (_R.SIGNER,), _ANYTIME, None, "NĐ 61/2018 Đ19.7"),
    ((Stage.NUMBERING,), Act.RECORD_SIGNATURE, Landing.SAME, (_R.SYSTEM,), _ANYTIME, None, "NĐ 30/2020 phụ lục I"),
    ((Stage.NUMBERING,), Act.NUMBER_AND_ISSUE, Stage.RESULT_READY, (_R.RECORDS,), guards.result_is_signed, None, "NĐ 30/2020 Đ14-15, NĐ 61/2018 Đ19.8"),  # noqa: E501
    (RUNNING, Act.MARK_OVERDUE, Landing.SAME, (_R.SYSTEM,), guards.due_time_has_passed, None, "NĐ 61/2018 Đ19.9"),
    ((Stage.WITHDRAW_ASKED,), Act.MARK_OVERDUE, Landing.SAME, (_R.SYSTEM,), guards.due_time_has_passed, None, "NĐ 61/2018 Đ19.9"),  # noqa: E501
    ((Stage.INTAKE_INCOMPLETE, Stage.FEE_BEFORE, *RUNNING, *_PAUSED), Act.REMIND, Landing.SAME, (_R.SYSTEM,), guards.time_has_come, None, "policy: near due times and limits that passed are said aloud"),  # noqa: E501
    (RUNNING, Act.ASK_EXTENSION, Landing.SAME, (_R.UNIT_HEAD,), guards.new_date_is_possible, None, "NĐ 61/2018 Đ19.9"),
    (RUNNING, Act.SEND_APOLOGY, Landing.SAME, (_R.SIGNER,), guards.extension_was_asked, Form.APOLOGY, "NĐ 61/2018 Đ19.9"),  # noqa: E501
    ((*RUNNING, *_PAUSED, Stage.WITHDRAW_ASKED, Stage.RESULT_READY, Stage.ON_THE_WAY), Act.EXPLAIN_OVERDUE, Landing.SAME, (_R.UNIT_HEAD,), guards.is_overdue, None, "NĐ 61/2018 Đ19.9"),  # noqa: E501
    (BEFORE_ACCEPTANCE, Act.WITHDRAW, Stage.STOPPED, (_R.APPLICANT,), _ANYTIME, None, "practice: before acceptance at will"),  # noqa: E501
    (tuple(stage for stage in (*RUNNING, *_PAUSED) if stage is not Stage.NUMBERING), Act.ASK_WITHDRAW, Stage.WITHDRAW_ASKED, (_R.APPLICANT,), _ANYTIME, None, "practice: until the decision is signed"),  # noqa: E501
    ((Stage.WITHDRAW_ASKED,), Act.CONFIRM_WITHDRAW, Stage.STOPPED, (_R.UNIT_HEAD,), _ANYTIME, Form.STOP_NOTICE, "TT 03/2025 mẫu 05 (unverified)"),  # noqa: E501
    ((Stage.WITHDRAW_ASKED,), Act.DENY_WITHDRAW, Landing.BEFORE, (_R.UNIT_HEAD,), _ANYTIME, None, "practice: with a reason"),  # noqa: E501
    ((*RUNNING, *_PAUSED), Act.ASK_STOP, Landing.SAME, (_R.UNIT_HEAD,), _ANYTIME, None, "TT 03/2025 mẫu 05 (unverified)"),  # noqa: E501
    ((*RUNNING, *_PAUSED), Act.STOP, Stage.STOPPED, (_R.SIGNER,), guards.stop_was_asked, Form.STOP_NOTICE, "TT 03/2025 mẫu 05 (unverified)"),  # noqa: E501
    ((Stage.RESULT_READY,), Act.NOTIFY_READY, Landing.SAME, (_R.SYSTEM,), guards.time_has_come, None, "NĐ 61/2018 Đ20.4; policy: days 3, 15, 30"),  # noqa: E501
    ((Stage.RESULT_READY,), Act.RECORD_PARCEL, Landing.SAME, (_R.SYSTEM,), _ANYTIME, None, "QĐ 45/2016 Đ9"),
    ((Stage.RESULT_READY,), Act.HAND_OVER, Stage.RETURNED, (_R.RETURN_CLERK,), guards.fee_is_paid, None, "NĐ 61/2018 Đ20.1"),  # noqa: E501
    ((Stage.RESULT_READY,), Act.DELIVER_ELECTRONIC, Stage.RETURNED, (_R.SYSTEM,), guards.electronic_return_was_chosen, None, "NĐ 61/2018 Đ20, NĐ 45/2020 (unverified)"),  # noqa: E501
    ((Stage.RESULT_READY,), Act.DISPATCH, Stage.ON_THE_WAY, (_R.RETURN_CLERK,), guards.parcel_is_booked, Form.CONTROL_SLIP, "QĐ 45/2016 Đ9"),  # noqa: E501
    ((Stage.ON_THE_WAY,), Act.DELIVERED, Stage.RETURNED, (_R.PARTNER,), _ANYTIME, None, "QĐ 45/2016 Đ10, TT 17/2017 Đ5.2d"),  # noqa: E501
    ((Stage.ON_THE_WAY,), Act.CAME_BACK, Stage.RESULT_READY, (_R.PARTNER, _R.RETURN_CLERK), _ANYTIME, None, "QĐ 45/2016 Đ10"),  # noqa: E501
    ((None,), Act.OPEN_CORRECTION, Stage.ACCEPTED, (_R.UNIT_HEAD,), guards.correction_is_free, Form.RECEIPT, "NĐ 61/2018 Đ21.1"),  # noqa: E501
    (_OPEN, Act.TRANSFER_COMPETENCE, Landing.SAME, (_R.SYSTEM, _R.DESK_HEAD), _ANYTIME, Form.CONTROL_SLIP, "NQ 202/2025/QH15 (unverified)"),  # noqa: E501
    (_OPEN, Act.ASK_OVERRIDE, Landing.SAME, (_R.UNIT_HEAD,), _ANYTIME, None, "policy: two persons, always a KPI defect"),  # noqa: E501
    (_OPEN, Act.OVERRIDE, Landing.SAME, (_R.DESK_HEAD,), guards.override_was_asked, None, "policy: two persons, always a KPI defect"),  # noqa: E501
)
# fmt: on

MOVES: Final[Mapping[tuple[Stage | None, Act], Move]] = MappingProxyType(
    {
        (stage, act): Move(to, frozenset(by), guard, prints, law)
        for stages, act, to, by, guard, prints, law in ROWS
        for stage in stages
    }
)

CHANGES: Final[Mapping[Act, str]] = MappingProxyType(
    {
        Act.SUBMIT: "submitted",
        Act.REGISTER_AT_DESK: "registered_at_desk",
        Act.REGISTER_FROM_POST: "registered_from_post",
        Act.RECORD_DIGITIZED: "digitized",
        Act.RECORD_REUSED: "reused",
        Act.ACCEPT: "accepted",
        Act.ACCEPT_AND_FINISH: "accepted_and_finished",
        Act.ASK_COMPLETION: "completion_asked",
        Act.COMPLETE: "completed",
        Act.LAPSE: "lapsed",
        Act.ASK_PRE_FEE: "pre_fee_asked",
        Act.FEE_PAID: "fee_paid",
        Act.FEE_LAPSE: "fee_lapsed",
        Act.REJECT: "rejected",
        Act.FORWARD: "forwarded",
        Act.TRANSFER: "transferred",
        Act.ROUTE_UNKNOWN: "route_found_unknown",
        Act.ASSIGN: "assigned",
        Act.CLAIM: "claimed",
        Act.REASSIGN: "reassigned",
        Act.RECORD_VERIFICATION: "verified_on_site",
        Act.CONSULT: "consulted",
        Act.ANSWER_CONSULT: "consultation_answered",
        Act.CONSULT_OVERDUE: "consultation_overdue",
        Act.GO_ON: "gone_on",
        Act.ASK_SUPPLEMENT: "supplement_asked",
        Act.SUPPLEMENT_DELIVERED: "supplement_delivered",
        Act.SUPPLEMENT_EXPIRED: "supplement_expired",
        Act.ASK_FINANCIAL_DUTY: "financial_duty_asked",
        Act.DUTY_PAID: "duty_paid",
        Act.PROPOSE: "proposed",
        Act.APPROVE_DRAFT: "draft_approved",
        Act.SEND_BACK: "sent_back",
        Act.SIGN: "signed",
        Act.DECLINE_SIGNATURE: "signature_declined",
        Act.RECORD_SIGNATURE: "signature_recorded",
        Act.NUMBER_AND_ISSUE: "issued",
        Act.MARK_OVERDUE: "overdue",
        Act.REMIND: "reminded",
        Act.ASK_EXTENSION: "extension_asked",
        Act.SEND_APOLOGY: "apologised",
        Act.EXPLAIN_OVERDUE: "overdue_explained",
        Act.WITHDRAW: "withdrawn",
        Act.ASK_WITHDRAW: "withdrawal_asked",
        Act.CONFIRM_WITHDRAW: "withdrawal_confirmed",
        Act.DENY_WITHDRAW: "withdrawal_denied",
        Act.ASK_STOP: "stop_asked",
        Act.STOP: "stopped",
        Act.NOTIFY_READY: "readiness_notified",
        Act.RECORD_PARCEL: "parcel_booked",
        Act.HAND_OVER: "handed_over",
        Act.DELIVER_ELECTRONIC: "delivered_electronically",
        Act.DISPATCH: "dispatched",
        Act.DELIVERED: "delivered",
        Act.CAME_BACK: "came_back",
        Act.OPEN_CORRECTION: "correction_opened",
        Act.TRANSFER_COMPETENCE: "competence_transferred",
        Act.ASK_OVERRIDE: "override_asked",
        Act.OVERRIDE: "overridden",
    }
)
"""Past tense of each act: the `<change>` of the event type `vn.motcua.dossier.<change>.v1`."""


def acts_at(stage: Stage | None) -> tuple[Act, ...]:
    """The acts that the table allows at a stage, in the table's order, whoever asks."""
    return tuple(act for (at, act) in MOVES if at is stage)


def acts_of(stage: Stage | None, role: Role) -> tuple[Act, ...]:
    """The acts that a role may do at a stage, in the table's order."""
    return tuple(act for act in acts_at(stage) if role in MOVES[stage, act].by)
