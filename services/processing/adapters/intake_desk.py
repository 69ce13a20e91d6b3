"""Intake's doors for the counter, called in the name of the person at the keyboard: papers, filings, notes, forms.

Persons' data passes through here on its way to intake and is kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from services.processing.adapters.siblings import refusal_of
from shared.contracts.facts import Facts
from shared.dossier.lifecycle import Form, Role
from shared.dossier.permission import Actor
from shared.dossier.refusal import Refused
from shared.platform.http import Answered, Away, Client
from shared.platform.tokens import for_person

_UNFIT: Final = 422


class FormRefused(Refused):
    """Fields of a filing are wrong; `pointers` say which (`#/applicant/phone`), never what stood there."""

    status = 422

    def __init__(self, pointers: Sequence[str]) -> None:
        super().__init__("invalid", "Nội dung chưa hợp lệ.")
        self.pointers = tuple(pointers)


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class StoredPaper(_Told):
    """One stored paper."""

    document_id: str
    kind: str
    media_type: str
    pages: int
    uploaded_at: datetime
    digitized_at: datetime | None = None


class FoundPaper(_Told):
    """What a search for a paper ended with; REUSED = the State has it. `reference`: its number, or a dossier."""

    kind: str
    verdict: str
    source: str
    reference: str | None = None
    valid_to: date | None = None


class HeldPapers(_Told):
    """What shared data hold for a person. `is_match` None: no register was asked."""

    is_match: bool | None
    is_away: bool
    papers: tuple[FoundPaper, ...]


class DossierPapers(_Told):
    """Papers that were filed, and what was looked up instead."""

    documents: tuple[StoredPaper, ...]
    lookups: tuple[FoundPaper, ...] = ()


class Note(_Told):
    """What a colleague wrote; `author` is a code."""

    at: datetime
    author: str
    role: Role
    words: str


class PrintedForm(_Told):
    """One form of the dossier, by the number of 2025."""

    form: Form
    number: str
    title: str
    seq: int
    at: datetime


class IntakeDesk(Protocol):
    """All methods raise Refused (Unknown out of sight) and Away; repeating one with its key is harmless."""

    async def upload(self, actor: Actor, key: str, kind: str, name: str, data: bytes) -> StoredPaper: ...
    async def held(self, actor: Actor, asked: Mapping[str, str]) -> HeldPapers: ...
    async def file(self, actor: Actor, key: str, body: Mapping[str, Any]) -> Facts:
        """Also raises FormRefused."""
        ...

    async def bring(self, actor: Actor, dossier_code: str, key: str, given: Mapping[str, str]) -> Facts:
        """The papers that were asked for: kind → document id."""
        ...

    async def papers(self, actor: Actor, dossier_code: str) -> DossierPapers: ...
    async def paper(self, actor: Actor, dossier_code: str, document_id: str) -> bytes: ...
    async def forms(self, actor: Actor, dossier_code: str) -> Sequence[PrintedForm]: ...
    async def form(self, actor: Actor, dossier_code: str, form: Form, seq: int | None) -> bytes: ...
    async def notes(self, actor: Actor, dossier_code: str) -> Sequence[Note]: ...
    async def note(self, actor: Actor, dossier_code: str, key: str, words: str) -> None: ...


class HttpIntakeDesk:
    """Over HTTP, by the routes that portal and bots use; each call carries a two-minute token of the person."""

    def __init__(self, intake: Client, key_jwk: str) -> None:
        """`key_jwk`: the console's private key."""
        self._intake, self._key = intake, key_jwk

    async def upload(self, actor: Actor, key: str, kind: str, name: str, data: bytes) -> StoredPaper:
        said = await self._ask(
            "POST", "/api/documents", actor, key=key, files={"file": (name, data)}, data={"kind": kind}
        )
        return _read(StoredPaper, said)

    async def held(self, actor: Actor, asked: Mapping[str, str]) -> HeldPapers:
        return _read(HeldPapers, await self._ask("POST", "/api/papers/held", actor, json=dict(asked)))

    async def file(self, actor: Actor, key: str, body: Mapping[str, Any]) -> Facts:
        return _facts(await self._ask("POST", "/api/dossiers", actor, key=key, json=dict(body)))

    async def bring(self, actor: Actor, dossier_code: str, key: str, given: Mapping[str, str]) -> Facts:
        body = {"documents": [{"kind": kind, "document_id": identity} for kind, identity in given.items()]}
        return _facts(await self._ask("POST", f"/api/dossiers/{dossier_code}/papers", actor, key=key, json=body))

    async def papers(self, actor: Actor, dossier_code: str) -> DossierPapers:
        return _read(DossierPapers, await self._ask("GET", f"/api/dossiers/{dossier_code}", actor))

    async def paper(self, actor: Actor, dossier_code: str, document_id: str) -> bytes:
        return await self._ask("GET", f"/api/dossiers/{dossier_code}/documents/{document_id}", actor)

    async def forms(self, actor: Actor, dossier_code: str) -> Sequence[PrintedForm]:
        said = await self._ask("GET", f"/api/dossiers/{dossier_code}/forms", actor)
        return _read(_Forms, said).forms

    async def form(self, actor: Actor, dossier_code: str, form: Form, seq: int | None) -> bytes:
        params = {} if seq is None else {"seq": str(seq)}
        return await self._ask("GET", f"/api/dossiers/{dossier_code}/forms/{form.value}", actor, params=params)

    async def notes(self, actor: Actor, dossier_code: str) -> Sequence[Note]:
        return _read(_Notes, await self._ask("GET", f"/api/dossiers/{dossier_code}/comments", actor)).comments

    async def note(self, actor: Actor, dossier_code: str, key: str, words: str) -> None:
        path = f"/api/dossiers/{dossier_code}/comments"
        await self._ask("POST", path, actor, key=key, json={"words": words})

    async def _ask(self, method: str, path: str, actor: Actor, *, key: str = "", **what: Any) -> bytes:
        headers = {"authorization": f"Bearer {for_person(self._key, actor)}"}
        if key:
            headers["idempotency-key"] = key
        try:
            return (await self._intake.call(method, path, headers=headers, **what)).content
        except Answered as no:
            if no.status == _UNFIT and no.code == "invalid":
                errors = no.problem.get("errors")
                raise FormRefused([str(each["pointer"]) for each in errors or ()]) from no
            raise refusal_of(no) from no


class _Forms(_Told):
    forms: tuple[PrintedForm, ...]


class _Notes(_Told):
    comments: tuple[Note, ...]


class _Filed(_Told):
    facts: Facts


def _facts(said: bytes) -> Facts:
    return _read(_Filed, said).facts


def _read[T: BaseModel](model: type[T], said: bytes) -> T:
    try:
        return model.model_validate_json(said)
    except ValidationError:
        raise Away("intake", "not an answer of ours") from None  # pydantic would quote a person into the log
