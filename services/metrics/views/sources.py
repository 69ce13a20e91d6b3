"""Where figures come from, in Vietnamese: the catalogue notes it in English. What is law alone is the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VIETNAMESE_SOURCES: Final[Mapping[str, str]] = {
    "1559/CT-UBND gives no number; 766 caps at 80 %": ("1559/CT-UBND không nêu số; QĐ 766/QĐ-TTg cho đủ điểm từ 80%"),
    "1559/CT-UBND; among services with any dossier": "1559/CT-UBND; trong các dịch vụ có phát sinh hồ sơ",
    "1559/CT-UBND: the baseline of 41 % may have been counted so": (
        "1559/CT-UBND; mức 41% lúc ban hành có thể đã tính theo cách này"
    ),
    "1559/CT-UBND gives no target; 50 % is a sample": "1559/CT-UBND không đặt chỉ tiêu; 50% là số mẫu",
    "1559/CT-UBND: no dossier overdue; formula QĐ 766/QĐ-TTg 2.1": (
        "1559/CT-UBND: không để hồ sơ quá hạn; cách tính theo QĐ 766/QĐ-TTg mục 2.1"
    ),
    "1559/CT-UBND: no dossier overdue": "1559/CT-UBND: không để hồ sơ quá hạn",
    "QĐ 766/QĐ-TTg 2.2, days without completed supplement time; no points": (
        "QĐ 766/QĐ-TTg mục 2.2, số ngày không kể thời gian bổ sung đã xong; không tính điểm"
    ),
    "NĐ 45/2020/NĐ-CP (unverified); late acceptance is a rate of its own": (
        "NĐ 45/2020/NĐ-CP (chưa đối chiếu); tiếp nhận muộn là một tỷ lệ riêng"
    ),
    "NĐ 61/2018 Đ19.9: in 2.1 the new date counts, so it is shown apart": (
        "NĐ 61/2018 Đ19.9; mục 2.1 tính theo ngày hẹn mới nên được nêu riêng"
    ),
    "QĐ 766/QĐ-TTg 2.1, open and closed": "QĐ 766/QĐ-TTg mục 2.1, cả đang giải quyết và đã kết thúc",
    "every overdue dossier but those explained as OBJECTIVE": "mọi hồ sơ quá hạn, trừ hồ sơ có lý do khách quan",
    "1559/CT-UBND, QĐ 06/QĐ-TTg: from the agency's own start date on": (
        "1559/CT-UBND, QĐ 06/QĐ-TTg: từ ngày cơ quan bắt đầu phải số hóa"
    ),
    "NĐ 47/2020 Đ9.3: components found in shared data": "NĐ 47/2020 Đ9.3: thành phần đã có trong dữ liệu dùng chung",
    "1559/CT-UBND asks for it and gives no target": "1559/CT-UBND yêu cầu, không đặt chỉ tiêu",
    "1559/CT-UBND: every visitor is told of online filing and post": (
        "1559/CT-UBND: mọi người đến quầy được hướng dẫn nộp trực tuyến và bưu chính"
    ),
    "1559/CT-UBND: state agencies file at the highest level": "1559/CT-UBND: cơ quan nhà nước nộp ở mức cao nhất",
    "NĐ 61/2018 Đ19.4: asked after acceptance": "NĐ 61/2018 Đ19.4: yêu cầu sau khi tiếp nhận",
    "1559/CT-UBND: nobody is asked twice; late by QĐ 766/QĐ-TTg 2.1": (
        "1559/CT-UBND: không yêu cầu bổ sung quá một lần; tính là trễ theo QĐ 766/QĐ-TTg mục 2.1"
    ),
    "a defect: a rule was set aside": "sai sót: có quy định được bỏ qua",
    "NĐ 61/2018 Đ21.1; a defect of the agency, not another dossier": (
        "NĐ 61/2018 Đ21.1; là sai sót của cơ quan, không phải hồ sơ mới"
    ),
    "every filing; the only figure that counts what was not accepted": (
        "mọi lần nộp; số duy nhất tính cả hồ sơ không được tiếp nhận"
    ),
    "accepted dossiers by day of reception": "hồ sơ được tiếp nhận, theo ngày tiếp nhận",
    "channel 2": "kênh 2",
    "channel 1": "kênh 1",
    "channel 3": "kênh 3",
    "filed and not ended": "đã nộp và chưa kết thúc",
    "granted and issued": "được giải quyết và đã phát hành kết quả",
    "not accepted, or answered with a refusal": "không được tiếp nhận, hoặc bị từ chối giải quyết",
    "at the applicant's wish, before or after acceptance": "theo yêu cầu của người nộp, trước hoặc sau tiếp nhận",
    "by the agency, or because nobody supplemented": "do cơ quan dừng, hoặc do không bổ sung",
    "waits for a supplement or a financial duty; judged when the clock was stopped": (
        "chờ bổ sung hoặc nghĩa vụ tài chính; xét tại lúc dừng đồng hồ"
    ),
    "QĐ 766/QĐ-TTg 3.3: with its electronic result, times the sync rate where that is known": (
        "QĐ 766/QĐ-TTg mục 3.3: kèm kết quả điện tử, nhân tỷ lệ đồng bộ khi đã có"
    ),
    "QĐ 766/QĐ-TTg 1.4; the portal's own count: `reported` in scorecards.yaml; without it no data, and 3.3 is not reduced": (  # noqa: E501 - the catalogue's own words
        "QĐ 766/QĐ-TTg mục 1.4; số do Cổng quốc gia công bố; khi chưa có thì mục 3.3 không bị giảm"
    ),
    "1559/CT-UBND; by the agency that has it now": "1559/CT-UBND; theo cơ quan đang xử lý",
    "the agency says that the citizen was right": "cơ quan kết luận người dân phản ánh đúng",
    "QĐ 766/QĐ-TTg 5.2: done in time, or open inside its limit": (
        "QĐ 766/QĐ-TTg mục 5.2: xong đúng hạn, hoặc đang xử lý còn trong hạn"
    ),
    "QĐ 766/QĐ-TTg 5.3: first ones less dissatisfied or late; a repeated one is counted apart (K1.3)": (
        "QĐ 766/QĐ-TTg mục 5.3: phản ánh lần đầu, trừ không hài lòng hoặc trễ; lặp lại được đếm riêng (K1.3)"
    ),
    "QĐ 766/QĐ-TTg 5.3: the first answer did not settle it": (
        "QĐ 766/QĐ-TTg mục 5.3: trả lời lần đầu chưa giải quyết được"
    ),
    "kpi §7": "theo dõi nội bộ, trên 1.000 hồ sơ",
    "TT 01/2018/TT-VPCP Đ14: shorter 2, equal 1, longer 0": (
        "TT 01/2018/TT-VPCP Đ14: ngắn hơn quy định 2, bằng 1, dài hơn 0"
    ),
    "TT 01/2018/TT-VPCP Đ14: as index 1, for each leg of a linked procedure by itself": (
        "TT 01/2018/TT-VPCP Đ14: như chỉ số 1, cho từng phần của thủ tục liên thông"
    ),
    "TT 01/2018/TT-VPCP Đ14: none 2, one 1, more 0": "TT 01/2018/TT-VPCP Đ14: không lần nào 2, một lần 1, nhiều hơn 0",
    "TT 01/2018/TT-VPCP Đ14: none 2, the desk only 1, more 0": (
        "TT 01/2018/TT-VPCP Đ14: không cơ quan nào 2, chỉ Bộ phận Một cửa 1, nhiều hơn 0"
    ),
    "QĐ 766/QĐ-TTg 23/06/2022; national description in use (practice); split of group 3 is a sample": (
        "QĐ 766/QĐ-TTg ngày 23/06/2022, theo mô tả đang áp dụng; cách chia điểm nhóm 3 là số mẫu"
    ),
}
