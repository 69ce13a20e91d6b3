"""Whether a result may be given to the postman: asked before the carrier is called, since that cannot be undone."""

from __future__ import annotations

from shared.contracts.delivery import ParcelStatus
from shared.contracts.facts import Facts
from shared.dossier.actions import ReturnWay
from shared.dossier.refusal import Refused

_CAME_BACK = frozenset({ParcelStatus.RETURNING, ParcelStatus.RETURNED_TO_AGENCY})


def demand_ready(facts: Facts, *, is_booked: bool, status: ParcelStatus | None) -> None:
    """Silence when it may go. The dossier's own guard says the same again. Raises Refused."""
    if facts.return_way is not ReturnWay.POST:
        raise Refused("not_postal", "Người nộp không chọn nhận kết quả qua bưu chính.")
    if facts.fee_owed_vnd:
        raise Refused("fee_unpaid", f"Còn {facts.fee_owed_vnd} đồng phí, lệ phí chưa nộp.")
    if not (is_booked and facts.parcel_booked):
        raise Refused("parcel_pending", "Chưa có vận đơn của bưu chính; vui lòng thử lại sau ít giây.")
    if status in _CAME_BACK:
        raise Refused("parcel_came_back", "Bưu gửi đã chuyển hoàn; người nộp nhận kết quả tại quầy.")
