"""The sibling services' doors for staff, called in the name of the person at the keyboard: cash, post, corrections.

Each call carries a token of the console's own key that is good for two minutes and holds the person's grants, so that
the sibling judges the person itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic import TypeAdapter, ValidationError

from shared.contracts.facts import Facts
from shared.dossier.permission import Actor
from shared.dossier.refusal import Forbidden, Refused, Unknown
from shared.platform.http import Answered, Away, Client
from shared.platform.tokens import for_person

_FACTS: Final = TypeAdapter(Facts)
_FORBIDDEN: Final = 403
_UNKNOWN: Final = 404


class Siblings(Protocol):
    """What the console asks of payment, delivery and intake for a person."""

    async def take_cash(self, actor: Actor, dossier_code: str, command_id: str, amount_vnd: int) -> Facts:
        """Cash counted at the desk. Raises Refused, Unknown, Away."""
        ...

    async def dispatch(self, actor: Actor, dossier_code: str, command_id: str) -> Facts:
        """The parcel is given to the postman. Raises Refused, Unknown, Away."""
        ...

    async def correct(self, actor: Actor, dossier_code: str, command_id: str, cause: str) -> Facts:
        """A wrong result is made anew; the facts of the new dossier. Raises Refused, Unknown, Away."""
        ...


class HttpSiblings:
    """Over HTTP, by the same routes that bots and programs use."""

    def __init__(self, *, payment: Client, delivery: Client, intake: Client, key_jwk: str) -> None:
        """`key_jwk`: the console's private key."""
        self._payment, self._delivery, self._intake, self._key = payment, delivery, intake, key_jwk

    async def take_cash(self, actor: Actor, dossier_code: str, command_id: str, amount_vnd: int) -> Facts:
        body = {"amount_vnd": amount_vnd}
        return await self._ask(self._payment, actor, f"/api/dossiers/{dossier_code}/cash", command_id, body)

    async def dispatch(self, actor: Actor, dossier_code: str, command_id: str) -> Facts:
        return await self._ask(self._delivery, actor, f"/api/dossiers/{dossier_code}/dispatch", command_id, None)

    async def correct(self, actor: Actor, dossier_code: str, command_id: str, cause: str) -> Facts:
        path = f"/api/dossiers/{dossier_code}/correction"
        return await self._ask(self._intake, actor, path, command_id, {"cause": cause})

    async def _ask(
        self, sibling: Client, actor: Actor, path: str, command_id: str, body: Mapping[str, Any] | None
    ) -> Facts:
        headers = {"authorization": f"Bearer {for_person(self._key, actor)}", "idempotency-key": command_id}
        try:
            answer = await sibling.post(path, headers=headers, json=body)
            return _FACTS.validate_python(answer.json()["facts"])
        except Answered as no:
            raise refusal_of(no) from no
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            raise Away(sibling.where, "not an answer of ours") from error


def refusal_of(no: Answered) -> Refused:
    """The sibling's refusal as our own: its code, its sentence."""
    if no.status == _UNKNOWN:
        return Unknown()
    detail = str(no.problem.get("detail", "")) or "Hệ thống bên cạnh không nhận yêu cầu này."
    return (Forbidden if no.status == _FORBIDDEN else Refused)(no.code or "refused", detail)
