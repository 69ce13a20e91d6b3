"""What the payer's page shows: finished words, from our own books only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.payment.rules.settlement import State
from services.payment.store import Attempt
from shared.web.html import dong

_WORDS: Final = {
    State.PENDING: ("Đang chờ ngân hàng xác nhận", "Thông thường mất không quá một phút. Xin tải lại trang này."),
    State.PAID: (
        "Đã nộp phí, lệ phí",
        "Biên lai điện tử đã được lập; tra cứu bằng mã hồ sơ và mã bí mật trên giấy hẹn.",
    ),
    State.FAILED: ("Giao dịch không thành công", "Chưa có khoản tiền nào được thu. Ông/bà có thể nộp lại."),
    State.EXPIRED: ("Giao dịch đã hết hạn", "Chưa có khoản tiền nào được thu. Ông/bà có thể nộp lại."),
    State.PAID_LATE: ("Đang hoàn trả tiền", "Hồ sơ không còn khoản phải nộp này; tiền được trả về nơi đã nộp."),
    State.REFUND_ASKED: ("Đang hoàn trả tiền", "Tiền được trả về nơi đã nộp."),
    State.REFUNDED: ("Đã hoàn trả tiền", "Tiền đã được trả về nơi đã nộp."),
}


@dataclass(frozen=True)
class ReturnView:
    """The page after the gateway."""

    heading: str
    sentence: str
    dossier_code: str
    txn_ref: str
    amount: str


def return_view(attempt: Attempt) -> ReturnView:
    """What our books say of this attempt now; the browser's own parameters are not believed."""
    heading, sentence = _WORDS[attempt.state]
    return ReturnView(
        heading=heading,
        sentence=sentence,
        dossier_code=attempt.dossier_code,
        txn_ref=attempt.txn_ref,
        amount=dong(attempt.amount_vnd),
    )
