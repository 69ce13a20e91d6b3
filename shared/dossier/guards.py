"""Named conditions of the lifecycle table: pure, each says no by raising Refused with what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.catalogue.model import FeeTiming
from shared.dossier.refusal import Forbidden, Refused

if TYPE_CHECKING:
    from shared.dossier import actions
    from shared.dossier.state import Dossier


def anytime(dossier: Dossier, action: actions.Action) -> None:
    """No condition beyond stage and role."""


def channel_is_open(dossier: Dossier, action: actions.Filing) -> None:
    """An online-only procedure is refused at the desk and by post (catalogue flag with decision number)."""
    if action.terms.online_only and action.channel != 2:  # noqa: PLR2004 - channel 2 = online, portal's number
        raise Refused("online_only", "Thủ tục này chỉ tiếp nhận trực tuyến; vui lòng hướng dẫn nộp trên cổng.")


def papers_and_fee_are_there(dossier: Dossier, action: actions.Accept | actions.AcceptAndFinish) -> None:
    """Each required component has a scan or a reuse record where digitization is due, and the pre-fee is paid."""
    if dossier.is_looking_at_papers:
        raise Refused("papers_pending", "Hệ thống đang số hóa và tra cứu giấy tờ; vui lòng thử lại sau ít giây.")
    if missing := dossier.missing_papers:
        raise Refused("papers_missing", f"Còn thiếu giấy tờ: {', '.join(missing)}.")
    if dossier.owed_vnd(FeeTiming.BEFORE):
        raise Refused("pre_fee_unpaid", "Phí, lệ phí thu trước chưa được nộp.")


def papers_and_all_fees_are_there(dossier: Dossier, action: actions.AcceptAndFinish) -> None:
    """Answered on the spot: everything must be there and paid (NĐ 61/2018 Điều 17.4)."""
    papers_and_fee_are_there(dossier, action)
    fee_is_paid(dossier, action)


def pre_fee_is_owed(dossier: Dossier, action: actions.AskPreFee) -> None:
    """Only procedures whose fee is due before acceptance, and only while it is unpaid."""
    if not dossier.owed_vnd(FeeTiming.BEFORE):
        raise Refused("no_pre_fee", "Thủ tục này không có khoản phí thu trước nào chưa nộp.")


def amount_is_what_is_owed(dossier: Dossier, action: actions.FeePaid) -> None:
    """One payment covers exactly what is owed; a second one is refused and goes back to the payer (I4)."""
    if not dossier.owed_vnd():
        raise Refused("fee_settled", "Hồ sơ không còn khoản phí, lệ phí nào phải nộp.")
    if action.amount_vnd != dossier.owed_vnd():
        raise Refused("amount_differs", f"Số tiền phải nộp là {dossier.owed_vnd()} đồng.")


def fee_is_paid(dossier: Dossier, action: actions.Action) -> None:
    """No result leaves the desk before its fee is paid."""
    if owed := dossier.owed_vnd():
        raise Refused("fee_unpaid", f"Còn {owed} đồng phí, lệ phí chưa nộp.")


def nobody_holds_it(dossier: Dossier, action: actions.Action) -> None:
    """A dossier that somebody already works on is handed over by the unit head, not taken."""
    if dossier.holder and dossier.holder != dossier.acting_person:
        raise Refused("already_claimed", "Hồ sơ đã có chuyên viên nhận thụ lý.")


def the_holder_acts(dossier: Dossier, action: actions.Action) -> None:
    """Only the specialist who holds the dossier works on it."""
    if not dossier.holder:
        raise Refused("not_claimed", "Hồ sơ chưa có chuyên viên nhận thụ lý; vui lòng nhận việc trước.")
    if dossier.holder != dossier.acting_person:
        raise Forbidden("held_by_other", "Hồ sơ đang do chuyên viên khác thụ lý.")


def signer_did_not_draft(dossier: Dossier, action: actions.Sign) -> None:
    """Whoever drafts may not sign the same dossier (policy; lifecycle of roles)."""
    if dossier.drafted_by and dossier.drafted_by == dossier.acting_person:
        raise Forbidden("signer_drafted", "Người soạn thảo không được ký cùng hồ sơ.")


def result_is_signed(dossier: Dossier, action: actions.NumberAndIssue) -> None:
    """The signed file exists before it gets out, and whoever signed may not issue (policy)."""
    if dossier.result_signed_at is None:
        raise Refused("signature_pending", "Kết quả đang được ký số; vui lòng thử lại sau ít giây.")
    if dossier.signed_by and dossier.signed_by == dossier.acting_person:
        raise Forbidden("records_signed", "Người ký không được đồng thời phát hành kết quả.")


def due_time_has_passed(dossier: Dossier, action: actions.MarkOverdue) -> None:
    """Late means after the due instant, never at it (late_compare=INSTANT)."""
    due_at, now = dossier.due_at, dossier.now
    if due_at is None or now is None or now <= due_at or dossier.overdue_at is not None:
        raise Refused("not_overdue", "Hồ sơ chưa quá hạn.")


def electronic_return_was_chosen(dossier: Dossier, action: actions.DeliverElectronic) -> None:
    """The applicant chose the electronic result and paid for it."""
    if dossier.return_way != "ELECTRONIC":
        raise Refused("not_electronic", "Người nộp không chọn nhận kết quả điện tử.")
    fee_is_paid(dossier, action)


def parcel_is_booked(dossier: Dossier, action: actions.Dispatch) -> None:
    """The carrier knows the parcel and the fee is paid before the result is given to the postman."""
    if dossier.return_way != "POST":
        raise Refused("not_postal", "Người nộp không chọn nhận kết quả qua bưu chính.")
    if not dossier.parcel_number:
        raise Refused("parcel_pending", "Chưa có vận đơn của bưu chính; vui lòng thử lại sau ít giây.")
    fee_is_paid(dossier, action)


def is_late(ended_at: datetime, due_at: datetime) -> bool:
    """Late ⇔ ended strictly after the due instant (R15)."""
    return ended_at > due_at
