"""Errors as `application/problem+json` (RFC 9457): a stable type and code, a sentence in the reader's language.

Nothing a person typed is ever echoed: not in errors of fields, not in logs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from shared.platform.telemetry import trace_id

TYPE: Final = "https://motcua.vn/problems/"
MEDIA_TYPE: Final = "application/problem+json"

type Words = str | tuple[str, str]
"""Vietnamese, or (Vietnamese, English)."""

TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Yêu cầu không đúng định dạng", "Malformed request"),
    401: ("Chưa đăng nhập hoặc phiên đã hết hạn", "Not signed in"),
    403: ("Không có quyền thực hiện", "Not allowed"),
    404: ("Không tìm thấy", "Not found"),
    405: ("Cách gọi không được hỗ trợ", "Method not allowed"),
    406: ("Không có dạng trả lời được yêu cầu", "Not acceptable"),
    409: ("Không thực hiện được ở trạng thái hiện tại", "Conflict with the present state"),
    412: ("Hồ sơ đã thay đổi", "The dossier has changed"),
    413: ("Dữ liệu gửi lên quá lớn", "Too large"),
    415: ("Loại dữ liệu không được hỗ trợ", "Unsupported type"),
    422: ("Nội dung chưa hợp lệ", "Understood but wrong"),
    428: ("Thiếu điều kiện If-Match", "If-Match is missing"),
    429: ("Quá nhiều yêu cầu", "Too many requests"),
    500: ("Lỗi hệ thống", "Internal error"),
    502: ("Hệ thống bên cạnh trả lời không đúng", "Bad answer from a partner system"),
    503: ("Tạm thời chưa phục vụ được", "Temporarily unavailable"),
}
CODES: Final[Mapping[int, str]] = {
    400: "malformed", 401: "not_signed_in", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
    406: "not_acceptable", 409: "conflict", 412: "changed_meanwhile", 413: "too_large", 415: "unsupported_type",
    422: "invalid", 428: "if_match_missing", 429: "too_many", 500: "internal", 502: "bad_answer", 503: "away",
}  # fmt: skip
"""The code of a status where nobody gave a better one."""

_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "Bắt buộc phải có.",
    "extra_forbidden": "Trường này không được nhận.",
    "string_too_short": "Quá ngắn.",
    "string_too_long": "Quá dài.",
    "string_pattern_mismatch": "Không đúng mẫu.",
    "string_type": "Phải là chữ.",
    "int_type": "Phải là số nguyên.",
    "int_parsing": "Phải là số nguyên.",
    "bool_type": "Phải là đúng hoặc sai.",
    "enum": "Không có trong danh mục.",
    "literal_error": "Không có trong danh mục.",
    "union_tag_invalid": "Không có loại này.",
    "union_tag_not_found": "Thiếu loại.",
    "greater_than_equal": "Quá nhỏ.",
    "greater_than": "Quá nhỏ.",
    "less_than_equal": "Quá lớn.",
    "less_than": "Quá lớn.",
    "too_short": "Quá ít mục.",
    "too_long": "Quá nhiều mục.",
    "timezone_aware": "Thời điểm phải có múi giờ.",
    "datetime_from_date_parsing": "Không phải thời điểm.",
    "date_from_datetime_parsing": "Không phải ngày.",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")


class Problem(HTTPException):
    """A refusal of a door. `code` is stable and forms the type's address; words may be (Vietnamese, English)."""

    def __init__(
        self,
        status: int,
        code: str = "",
        *,
        detail: Words = "",
        title: Words = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        """`errors`: {pointer, message} per field; `extra`: further members, such as `allowed`."""
        super().__init__(status, headers=dict(headers or {}))
        self.code = code or CODES.get(status, "problem")
        self.words = (title or TITLES.get(status, self.code), detail)
        self.errors = list(errors)
        self.extra = extra

    def answer(self, request: Request) -> JSONResponse:
        """The response, in the language of Accept-Language."""
        title, detail = (said(words, request) for words in self.words)
        body: dict[str, Any] = {
            "type": TYPE + self.code,
            "title": title,
            "status": self.status_code,
            **({"detail": detail} if detail else {}),
            "instance": request.url.path,
            "code": self.code,
            **({"errors": self.errors} if self.errors else {}),
            **self.extra,
            "trace_id": trace_id(),
        }
        return JSONResponse(body, self.status_code, headers=self.headers, media_type=MEDIA_TYPE)


def said(words: Words, request: Request) -> str:
    """The Vietnamese words, or the English ones for a reader who prefers English."""
    if isinstance(words, str):
        return words
    return words[1] if prefers_english(request) else words[0]


def prefers_english(request: Request) -> bool:
    """Whether Accept-Language names English before (or without) Vietnamese."""
    languages = request.headers.get("accept-language", "").lower()
    english, vietnamese = languages.find("en"), languages.find("vi")
    return english >= 0 and (vietnamese < 0 or english < vietnamese)


def of_fields(errors: Sequence[Mapping[str, Any]], request: Request) -> Problem:
    """Validation errors of pydantic as one problem: 400 when the body is no JSON at all, else 422."""
    if any(error["type"] in {"json_invalid", "json_type"} for error in errors):
        return Problem(
            400, "malformed_json", detail=("Nội dung không phải JSON hợp lệ.", "The body is not valid JSON.")
        )
    fields = [{"pointer": pointer(error["loc"]), "message": _message(error, request)} for error in errors[:50]]
    return Problem(422, "invalid", errors=fields)


def pointer(location: Sequence[str | int]) -> str:
    """`("body", "papers", 0, "kind")` → `#/papers/0/kind`; `("query", "limit")` → `query/limit`.

    A name that is no plain name was typed by the caller and is shown as `?`.
    """
    where, *rest = location
    parts = [str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in rest]
    return "/".join(["#" if where == "body" else str(where), *parts])


def _message(error: Mapping[str, Any], request: Request) -> str:
    """Pydantic's own sentences name limits and patterns, never the value; a validator's words do not come along."""
    if error["type"] in {"value_error", "assertion_error"}:
        return said(("Giá trị không hợp lệ.", "Not a valid value."), request)
    return said((_MESSAGES.get(error["type"], "Giá trị không hợp lệ."), str(error["msg"])), request)
