"""One word, one act: the texts of the buttons, and that each act that people press has one."""

from __future__ import annotations

import pytest

from services.processing.rules.wording import (
    BUTTONS,
    CAUSES,
    CAUSES_OF,
    LIKELY,
    ROLES,
    STAGES_EN,
    TABS,
    TASKS,
    UNPRESSED,
    Tab,
)
from shared.dossier.lifecycle import Act, Role, Stage, TaskKind

SPECIFIED = """
save_draft Lưu nháp (Save draft) · submit Nộp hồ sơ (Submit) · register_at_desk Ghi nhận tại quầy (Register at desk) ·
register_from_post Nhận từ bưu chính (Register from post) · accept Tiếp nhận (Accept) ·
accept_and_finish Tiếp nhận và trả ngay (Accept and finish) · ask_completion Yêu cầu hoàn thiện (Ask to complete) ·
complete Nộp phần còn thiếu (Complete) · lapse Kết thúc do không hoàn thiện (Close as incomplete) ·
ask_pre_fee Yêu cầu nộp phí trước (Ask fee first) · reject Từ chối tiếp nhận (Reject) ·
forward Chuyển nơi có thẩm quyền (Forward) · route_unknown Chưa rõ thẩm quyền (Competence unknown) ·
transfer Chuyển xử lý (Transfer) · assign Giao việc (Assign) · claim Nhận việc (Claim) · reassign Giao lại (Reassign) ·
record_verification Ghi kết quả xác minh (Record verification) · consult Lấy ý kiến (Consult) ·
answer_consult Trả lời ý kiến (Answer) · go_on Làm tiếp, không chờ (Go on) ·
ask_supplement Yêu cầu bổ sung (Ask for supplement) · supplement_delivered Nộp bổ sung (Deliver supplement) ·
supplement_expired Hết hạn bổ sung (Supplement expired) ·
ask_financial_duty Yêu cầu nghĩa vụ tài chính (Ask financial duty) · propose Trình duyệt (Propose) ·
approve_draft Đồng ý trình ký (Approve) · send_back Trả lại để sửa (Send back) · sign Ký số (Sign) ·
decline_signature Không ký, trả lại (Decline) · number_and_issue Vào số, phát hành (Number and issue) ·
ask_extension Đề nghị hẹn lại (Ask for a new date) · send_apology Xin lỗi và hẹn lại (Send apology) ·
withdraw Rút hồ sơ (Withdraw) · ask_withdraw Xin rút hồ sơ (Ask to withdraw) ·
confirm_withdraw Đồng ý cho rút (Confirm) · deny_withdraw Không đồng ý cho rút (Deny) · stop Dừng giải quyết (Stop) ·
override Quyết định ngoại lệ (Override) · open_correction Đính chính kết quả (Correct the result) ·
fee_paid Ghi nhận đã thu (Record payment) · duty_paid Ghi nhận đã thu (Record payment) ·
hand_over Trả kết quả tại quầy (Hand over) · dispatch Bàn giao bưu chính (Hand to post) ·
delivered Đã phát (Delivered) ·
came_back Chuyển hoàn (Came back) · explain_overdue Ghi nguyên nhân trễ (Record cause of delay)
"""
"""The specification's own list, kept here so that a changed word is noticed."""
NEVER_PRESSED = ["fee_lapse", "consult_overdue", "notify_ready", "deliver_electronic", "transfer_competence"]
DRAFTS = {"save_draft"}
"""A draft is intake's, not an act of a dossier."""


def specified() -> dict[str, tuple[str, str]]:
    found = {}
    for entry in " ".join(SPECIFIED.split()).split(" · "):
        name, _, words = entry.partition(" ")
        vi, _, en = words.rpartition(" (")
        found[name] = (vi, en.rstrip(")"))
    return found


@pytest.mark.parametrize("name", sorted(specified().keys() - DRAFTS))
def test_a_button_says_exactly_what_is_specified(name: str) -> None:
    assert tuple(BUTTONS[Act(name)]) == specified()[name]


def test_each_act_has_a_button_or_is_never_pressed() -> None:
    assert set(BUTTONS) | UNPRESSED == set(Act)
    assert not set(BUTTONS) & UNPRESSED
    assert {Act(name) for name in NEVER_PRESSED} <= UNPRESSED


def test_every_role_stage_task_and_tab_has_words() -> None:
    assert set(ROLES) == set(Role)
    assert set(STAGES_EN) == set(Stage)
    assert set(TASKS) == set(TaskKind)
    assert set(TABS) == set(Tab)
    kinds = [kind for tab, (_, kinds) in TABS.items() if tab not in {Tab.ALL, Tab.OVERDUE} for kind in kinds]
    assert sorted(kinds) == sorted(TaskKind), "each kind of task stands under one tab"


def test_causes_are_words_of_the_list() -> None:
    assert {cause for causes in CAUSES_OF.values() for cause in causes} <= set(CAUSES)
    assert set(LIKELY) <= set(BUTTONS)
