"""The explanation of a due time: which interval was counted or skipped, why, and by which article.

Codes travel; `WORDS` says them in Vietnamese to clerks and citizens. Filled by `shared.dossier.deadline`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from shared.dossier.working_time import start_of, utc


class Reason(StrEnum):
    """Why an interval was counted or skipped; `WORDS` says it in Vietnamese, `LAW` names the article."""

    RECEPTION_DAY = "RECEPTION_DAY"
    WORKED = "WORKED"
    CALENDAR_DAYS = "CALENDAR_DAYS"
    MONTHS = "MONTHS"
    WEEKLY_REST = "WEEKLY_REST"
    DAY_OFF = "DAY_OFF"
    OUTSIDE_SHIFTS = "OUTSIDE_SHIFTS"
    IN_TIME = "IN_TIME"
    AFTER_CUT_OFF = "AFTER_CUT_OFF"
    MOVED = "MOVED"
    PAUSED = "PAUSED"
    ADDED = "ADDED"
    ROUNDED = "ROUNDED"
    RESTARTED = "RESTARTED"
    EXTENDED = "EXTENDED"
    APPOINTED = "APPOINTED"


WORDS: Final = {
    Reason.RECEPTION_DAY: "Ngày tiếp nhận, không tính",
    Reason.WORKED: "Thời gian làm việc, được tính",
    Reason.CALENDAR_DAYS: "Tính theo ngày liên tục",
    Reason.MONTHS: "Tính theo tháng",
    Reason.WEEKLY_REST: "Ngày nghỉ hằng tuần",
    Reason.DAY_OFF: "Ngày nghỉ lễ, nghỉ bù hoặc hoán đổi",
    Reason.OUTSIDE_SHIFTS: "Ngoài giờ làm việc",
    Reason.IN_TIME: "Tiếp nhận không muộn hơn 15 giờ, trả trong ngày",
    Reason.AFTER_CUT_OFF: "Tiếp nhận sau 15 giờ hoặc ngoài ngày làm việc, trả trong ngày làm việc tiếp theo",
    Reason.MOVED: "Ngày cuối là ngày nghỉ, chuyển sang ngày làm việc tiếp theo",
    Reason.PAUSED: "Tạm dừng chờ bổ sung",
    Reason.ADDED: "Cộng thời gian làm việc đã tạm dừng",
    Reason.ROUNDED: "Làm tròn đến hết giờ làm việc trong ngày",
    Reason.RESTARTED: "Hồ sơ đã đủ, tính lại thời hạn từ đầu",
    Reason.EXTENDED: "Kéo dài để xác minh",
    Reason.APPOINTED: "Ngày hẹn mới theo thư xin lỗi",
}
LAW: Final = {
    Reason.RECEPTION_DAY: "BLDS 2015 Điều 147.2",
    Reason.WORKED: "BLDS 2015 Điều 147",
    Reason.CALENDAR_DAYS: "BLDS 2015 Điều 148.1",
    Reason.MONTHS: "BLDS 2015 Điều 148.3",
    Reason.WEEKLY_REST: "BLLĐ 2019 Điều 111",
    Reason.DAY_OFF: "BLLĐ 2019 Điều 112",
    Reason.OUTSIDE_SHIFTS: "Quy định giờ làm việc của cơ quan",
    Reason.IN_TIME: "Luật Hộ tịch 2014 Điều 5.3; NĐ 23/2015/NĐ-CP Điều 7",
    Reason.AFTER_CUT_OFF: "Luật Hộ tịch 2014 Điều 5.3; NĐ 23/2015/NĐ-CP Điều 7",
    Reason.MOVED: "BLDS 2015 Điều 148.5",
    Reason.PAUSED: "NĐ 61/2018/NĐ-CP Điều 19.4",
    Reason.ADDED: "NĐ 61/2018/NĐ-CP Điều 19.4",
    Reason.ROUNDED: "BLDS 2015 Điều 148.6",
    Reason.RESTARTED: "NĐ 61/2018/NĐ-CP Điều 19.4",
    Reason.EXTENDED: "Luật Hộ tịch 2014 và luật chuyên ngành về xác minh",
    Reason.APPOINTED: "NĐ 61/2018/NĐ-CP Điều 19.9",
}


class Step(NamedTuple):
    """One interval of the derivation. `counts` is in the limit's own unit (days, months, hours); 0 = not counted."""

    from_at: datetime
    to_at: datetime
    counts: float
    reason: Reason
    law: str


class Derivation:
    """Collects steps in local time; neighbours of one reason become one interval."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(self, start: datetime, end: datetime, reason: Reason, counts: float = 0) -> None:
        if self._steps and reason not in (Reason.PAUSED, Reason.RESTARTED):
            before = self._steps[-1]
            if before.reason is reason and before.to_at == utc(start):
                self._steps[-1] = before._replace(to_at=utc(end), counts=before.counts + counts)
                return
        self._steps.append(Step(utc(start), utc(end), counts, reason, LAW[reason]))

    def put(self, step: Step) -> None:
        """A step that cannot belong to the one before."""
        self._steps.append(step)

    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps)


@lru_cache(maxsize=4096)
def whole_days(first: int, end: int, reason: Reason) -> Step:
    """The days [first, end) by their ordinals: the same few runs of days explain most due times."""
    counts = end - first if reason is Reason.WORKED else 0
    return Step(utc(start_of(first)), utc(start_of(end)), counts, reason, LAW[reason])
