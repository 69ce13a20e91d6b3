"""An expected no: what was asked is not lawful now, or not for this actor. Never a person in it."""

from __future__ import annotations


class Refused(Exception):
    """A lawful no with a stable `code`, a sentence for people, the acts allowed instead and the rule that forbids.

    `status` is the HTTP status the doors answer with: 409 by default.
    """

    status = 409

    def __init__(self, code: str, detail: str, allowed: tuple[str, ...] = (), law: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.allowed = allowed
        self.law = law


class Forbidden(Refused):
    """The actor's roles do not cover this act (the stage would allow it to somebody else)."""

    status = 403


class Unknown(Refused):
    """No such dossier, or none within the actor's sight: both look the same from outside."""

    status = 404

    def __init__(self) -> None:
        super().__init__("dossier_unknown", "Không tìm thấy hồ sơ này trong phạm vi của ông/bà.")


REFUSALS: dict[int, type[Refused]] = {409: Refused, 403: Forbidden}
"""How a refusal that crossed the workflow's border by status and code becomes itself again."""
