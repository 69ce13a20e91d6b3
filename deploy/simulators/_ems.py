"""The post's wire protocol: orders as VNPost takes them, tracking numbers (UPU S10), scans as EMS v1 tells them.

Codes and bodies: post.md §3–4. The secret and the signature headers are our published contract with the partner:
`X-Carrier-Timestamp` (unix seconds) and `X-Carrier-Signature` = hex HMAC-SHA256 over
`<timestamp>.<ems-transaction>.<raw body>`.
"""

import hashlib
import hmac
import time
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LOCAL_TIME = ZoneInfo("Asia/Ho_Chi_Minh")
WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
TOKEN_SECONDS = 3600

CREATED, APPROVED, PICKED_UP, IN_TRANSIT, WITH_POSTMAN, DELIVERED = 1, 2, 3, 4, 11000, 5
STATUS_NAMES = {
    CREATED: "Đã tạo, chờ duyệt",
    APPROVED: "Đã duyệt, chờ lấy",
    PICKED_UP: "Đã lấy",
    IN_TRANSIT: "Đang vận chuyển",
    WITH_POSTMAN: "Đã giao bưu tá đi phát",
    DELIVERED: "Phát thành công",
    6: "Phát không thành công",
    7: "Đang chuyển hoàn",
    8: "Đã chuyển hoàn",
    9: "Hủy",
    10: "Thất lạc",
    11: "Hư hỏng",
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Credentials(BaseModel):
    model_config = ConfigDict(frozen=True)

    user: str = Field(alias="TenDangNhap")
    password: str = Field(alias="MatKhau")


class ParcelOrder(BaseModel):
    """Weight in grams, money in đồng. Fields of the real body that change nothing here are ignored."""

    model_config = ConfigDict(frozen=True)

    order_code: str = Field(alias="OrderCode", pattern=r"^[0-9A-Z-]{6,40}$")
    sender_name: Text = Field(alias="SenderFullname")
    sender_tel: Text = Field(alias="SenderTel")
    sender_address: Text = Field(alias="SenderAddress")
    sender_province: Text = Field(alias="SenderProvinceId")
    receiver_name: Text = Field(alias="ReceiverFullname")
    receiver_tel: Text = Field(alias="ReceiverTel")
    receiver_address: Text = Field(alias="ReceiverAddress")
    receiver_province: Text = Field(alias="ReceiverProvinceId")
    service: str = Field(alias="ServiceName", pattern=r"^(EMS|BK)$")
    content: Text = Field(alias="PackageContent")
    weight: int = Field(alias="WeightEvaluation", ge=1, le=30_000)
    cod_vnd: int = Field(alias="CodAmountEvaluation", ge=0, default=0)
    wants_proof: bool = Field(alias="UseBaoPhat", default=True)


def check_digit(serial: str) -> int:
    """UPU S10: 11 − Σ wᵢdᵢ mod 11, where 10 becomes 0 and 11 becomes 5."""
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(WEIGHTS, serial, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def tracking_number(serial: int) -> str:
    digits = f"{serial:08d}"
    return f"EJ{digits}{check_digit(digits)}VN"


def token(secret: str, user: str, now: float) -> str:
    """A token that needs no memory: it is still good after the carrier's restart. One hour."""
    expires = f"{int(now) + TOKEN_SECONDS}"
    return f"{expires}.{_mac(secret, f'{user}.{expires}'.encode())}.{user}"


def is_token(secret: str, given: str, now: float) -> bool:
    expires, _, rest = given.partition(".")
    mac, _, user = rest.partition(".")
    right = _mac(secret, f"{user}.{expires}".encode())
    return hmac.compare_digest(right.encode(), mac.encode()) and int(expires) > now


def signature_headers(secret: str, transaction: str, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "content-type": "application/json",
        "ems-transaction": transaction,
        "X-Carrier-Timestamp": timestamp,
        "X-Carrier-Signature": _mac(secret, f"{timestamp}.{transaction}.".encode() + body),
    }


def wire_time(at: datetime) -> str:
    """`dd/MM/yyyy HH:mm:ss`, local time."""
    return at.astimezone(LOCAL_TIME).strftime("%d/%m/%Y %H:%M:%S")


def _mac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
