"""Entity tags: the dossier's `seq` in quotes says which state somebody saw (RFC 9110 §8.8, §13)."""

from __future__ import annotations

from fastapi import Request, Response

from shared.web.problem import Problem


def etag(seq: int | str) -> str:
    """`"7"`"""
    return f'"{seq}"'


def not_modified(request: Request, seq: int | str) -> Response | None:
    """304 when If-None-Match names this state, else None: answer as usual, with the header ETag."""
    tags = _tags(request.headers.get("if-none-match"))
    if etag(seq) in tags or "*" in tags:
        return Response(status_code=304, headers={"ETag": etag(seq)})
    return None


def demand_match(request: Request, seq: int | str, *, required: bool = True) -> None:
    """Raises: Problem 412 when If-Match names another state, 428 when it is required and missing."""
    header = request.headers.get("if-match")
    if header is None:
        if required:
            raise Problem(428, detail=("Cần If-Match với ETag đã đọc.", "Send If-Match with the ETag you read."))
        return
    tags = _tags(header)
    if etag(seq) not in tags and "*" not in tags:
        detail = ("Hồ sơ đã thay đổi sau khi ông/bà mở. Vui lòng tải lại.", "It changed after you read it. Read again.")
        raise Problem(412, detail=detail, headers={"ETag": etag(seq)})


def _tags(header: str | None) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in (header or "").split(",") if tag.strip()}
