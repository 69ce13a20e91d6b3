"""Named conditions of the lifecycle table: pure, each says no by raising Refused with what to do next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.catalogue.model import CalendarMissing, FeeTiming
from shared.dossier.deadline import apology_by, supplement_by
from shared.dossier.refusal import Forbidden, Refused
from shared.dossier.working_time import local

if TYPE_CHECKING:
    from shared.catalogue.model import Terms
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


# ── before acceptance, supplements, money that never came ─────────────────────────────────────────────────────────


def may_ask_to_complete(dossier: Dossier, action: actions.AskCompletion) -> None:
    """Once, completely; a second time only after an override, which counts as a defect."""
    _nobody_is_asked_twice(dossier, action.kinds)
    if dossier.completions_asked and "COMPLETION_LIMIT" not in dossier.granted:
        raise Refused("asked_before", "Chỉ được yêu cầu hoàn thiện hồ sơ một lần; lần sau phải có hai người đồng ý.")


def may_ask_supplement(dossier: Dossier, action: actions.AskSupplement) -> None:
    """Once per dossier, within three working days from reception, else with a recorded ground."""
    _nobody_is_asked_twice(dossier, action.kinds)
    if dossier.supplements_asked and "SUPPLEMENT_LIMIT" not in dossier.granted:
        raise Refused("asked_before", "Chỉ được yêu cầu bổ sung hồ sơ một lần; lần sau phải có hai người đồng ý.")
    if dossier.now and dossier.received_at and action.late_ground is None:
        until = supplement_by(dossier.received_at, _terms(dossier).calendar)
        if dossier.now > until:
            detail = "Đã quá 03 ngày làm việc kể từ khi tiếp nhận; yêu cầu bổ sung phải nêu căn cứ."
            raise Refused("supplement_late", detail)


def _nobody_is_asked_twice(dossier: Dossier, kinds: tuple[str, ...]) -> None:
    """A paper the state already has is not asked of people (NĐ 47/2020/NĐ-CP Điều 9.3)."""
    known = [kind for kind in kinds if dossier.papers.get(kind) == "REUSED"]
    if known and "REUSE" not in dossier.granted:
        detail = f"Cơ quan nhà nước đã có giấy tờ: {', '.join(known)}."
        raise Refused("already_known", detail, law="NĐ 47/2020/NĐ-CP Điều 9.3")


def what_was_asked_is_there(dossier: Dossier, action: actions.Complete | actions.SupplementDelivered) -> None:
    """All that was asked comes together; other papers are not smuggled in."""
    if missing := [kind for kind in dossier.asked if kind not in action.kinds]:
        raise Refused("still_missing", f"Còn thiếu giấy tờ được yêu cầu: {', '.join(missing)}.")
    if other := [kind for kind in action.kinds if kind not in dossier.asked]:
        raise Refused("not_asked", f"Giấy tờ không nằm trong yêu cầu: {', '.join(other)}.")


def patience_is_over(dossier: Dossier, action: actions.Action) -> None:
    """Nobody is closed out before the limit they were told."""
    if dossier.now is None or dossier.patience_until is None or dossier.now < dossier.patience_until:
        raise Refused("limit_not_passed", "Chưa hết thời hạn dành cho người nộp hồ sơ.")


# ── other agencies, the new date, two persons ─────────────────────────────────────────────────────────────────────


def verification_may_extend(dossier: Dossier, action: actions.RecordVerification) -> None:
    """The longer limit exists only where the law grants one for verification, and once."""
    the_holder_acts(dossier, action)
    if action.extends and _terms(dossier).verification_time is None:
        raise Refused("no_extension", "Thủ tục này không có thời hạn kéo dài để xác minh.")
    if action.extends and dossier.verification_extends:
        raise Refused("extended_before", "Thời hạn đã được kéo dài để xác minh.")


def others_are_asked(dossier: Dossier, action: actions.Consult) -> None:
    """Other agencies, each once."""
    the_holder_acts(dossier, action)
    asked = [one.agency_code for one in action.asked]
    if dossier.agency_competent in asked or len(set(asked)) < len(asked):
        raise Refused("wrong_agency", "Cơ quan được lấy ý kiến phải khác cơ quan giải quyết và không trùng nhau.")


def was_consulted(dossier: Dossier, action: actions.AnswerConsult) -> None:
    """Only an agency that was asked and has not answered."""
    if dossier.acting_agency in [asked.agency_code for asked in dossier.open_consultations]:
        return
    if dossier.acting_agency in [asked.agency_code for asked in dossier.consultations]:
        raise Refused("already_answered", "Cơ quan này đã trả lời, hoặc không còn được chờ ý kiến.")
    raise Forbidden("not_consulted", "Cơ quan này không được lấy ý kiến.")


def time_has_come(dossier: Dossier, action: actions.Action) -> None:
    """The system speaks when its timer rang, and says the same thing once."""
    timer = dossier.next_timer
    if timer is None or dossier.now is None or timer.action != action or dossier.now < timer.at:
        raise Refused("not_due", "Chưa đến thời điểm nhắc việc.")


def new_date_is_possible(dossier: Dossier, action: actions.AskExtension) -> None:
    """At most once, at the latest a day before the due date, to a later working day of the published calendar."""
    _moment_is_not_missed(dossier)
    due_at, calendar = dossier.due_at, _terms(dossier).calendar
    try:
        is_worked = calendar.is_worked(action.new_due_on)
    except CalendarMissing as missing:
        raise Refused("calendar_missing", f"Chưa công bố lịch làm việc năm {missing.year}.") from missing
    if due_at is None or action.new_due_on <= local(due_at).date() or not is_worked:
        raise Refused("wrong_date", "Ngày hẹn mới phải là ngày làm việc sau ngày hẹn trả hiện tại.")


def extension_was_asked(dossier: Dossier, action: actions.SendApology) -> None:
    """The unit named the new day before the apology is signed, and the moment is not missed."""
    if dossier.extension is None:
        raise Refused("not_asked", "Chưa có đề nghị gia hạn của đơn vị giải quyết.")
    _moment_is_not_missed(dossier)


def _moment_is_not_missed(dossier: Dossier) -> None:
    if dossier.apologised_at:
        raise Refused("apologised_before", "Chỉ được hẹn lại ngày trả kết quả một lần.")
    if dossier.due_at is None or dossier.now is None:
        raise Refused("no_due_time", "Hồ sơ không có ngày hẹn trả.")
    if dossier.now > apology_by(dossier.due_at, _terms(dossier).calendar):
        raise Refused("too_late", "Phải xin lỗi và hẹn lại chậm nhất một ngày trước ngày hẹn trả.")


def is_overdue(dossier: Dossier, action: actions.ExplainOverdue) -> None:
    """Only lateness needs an explanation."""
    if dossier.overdue_at is None:
        raise Refused("not_overdue", "Hồ sơ chưa quá hạn.")


def stop_was_asked(dossier: Dossier, action: actions.Stop) -> None:
    """Two persons: the unit head asked, another one decides."""
    if dossier.stop_asked_by is None:
        raise Refused("not_asked", "Chưa có đề nghị dừng giải quyết của trưởng đơn vị.")
    _another_person(dossier, dossier.stop_asked_by)


def override_was_asked(dossier: Dossier, action: actions.Override) -> None:
    """Two persons: the unit head asked, the head of the desk agrees."""
    if dossier.asked_override is None:
        raise Refused("not_asked", "Chưa có đề nghị vượt quy định của trưởng đơn vị.")
    _another_person(dossier, dossier.asked_override.person_code)


def correction_is_free(dossier: Dossier, action: actions.OpenCorrection) -> None:
    """The agency bears all costs, and the dossier that went wrong is another one."""
    if any(fee.amount_vnd for fee in action.terms.fees):
        raise Refused("correction_costs", "Đính chính do lỗi của cơ quan không được thu phí, lệ phí.")
    if dossier.root_code == dossier.dossier_code:
        raise Refused("no_root", "Hồ sơ đính chính phải gắn với hồ sơ gốc.")


def _another_person(dossier: Dossier, first: str) -> None:
    if first == dossier.acting_person:
        raise Forbidden("same_person", "Hai người khác nhau phải cùng quyết định.")


def _terms(dossier: Dossier) -> Terms:
    if dossier.terms is None:
        raise Refused("not_filed", "Hồ sơ chưa được nộp.")
    return dossier.terms
