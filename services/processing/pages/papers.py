"""Papers on the dossier page: bringing those that were asked for, looking at each, printing the forms.

A file leaves only through here, judged for the person at the keyboard, and every time it is written down (SR-42).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from services.processing import acts, store
from services.processing.acts import intake_of
from services.processing.adapters.intake_desk import StoredPaper
from services.processing.pages import act as one_act
from services.processing.pages._door import PREFIX, Console, Person, The, TheConsole, page
from services.processing.pages._papers import kind_name, policy_of
from services.processing.pages._uploads import TheBringer
from services.processing.pages.dossier import Asking, Code, shown
from services.processing.rules.asked import BRINGS
from services.processing.rules.signing import is_issued
from shared.dossier.lifecycle import Act, Form
from shared.dossier.permission import Right
from shared.dossier.refusal import Unknown
from shared.platform.objects import ObjectMissing
from shared.web.guard import PAGE_POLICY
from shared.web.identity import allows
from shared.web.limits import UPLOAD, limited
from shared.web.sessions import first

router = APIRouter(prefix=PREFIX, include_in_schema=False)
DocumentId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_FRAMED: Final = f"{PAGE_POLICY}; frame-src 'self'; form-action 'self'"
_PDF: Final = "application/pdf"
_TRIES: Final = 25
_PAUSE: Final = 0.2
"""A form follows its change within moments: intake hears of it over the topic."""


@router.post("/{dossier_code}/papers")
@allows(*BRINGS)
@limited(UPLOAD)
async def bring(request: Request, console: TheConsole, person: TheBringer, dossier_code: Code) -> Response:
    """The papers that the applicant was asked for; a file that was not taken is named, the others are kept."""
    asked = first(person.typed, "act")
    if person.wrong and asked in BRINGS:
        await acts.read(console.door, person.member.actor, dossier_code)
        again = Asking(Act(asked), person.typed, person.wrong, first(person.typed, "command_id"))
        return await shown(request, console, person, dossier_code, asking=again, status=422)
    return await one_act.act(request, console, person, dossier_code)


@router.get("/{dossier_code}/papers/{document_id}")
@allows(Right.READ_DOSSIER)
async def look(
    request: Request, console: TheConsole, person: The, dossier_code: Code, document_id: DocumentId
) -> Response:
    """One paper in our frame."""
    paper = await _paper(console, person, dossier_code, document_id)
    name, path = kind_name(console, paper.kind), f"{PREFIX}/{dossier_code}/papers/{document_id}/file"
    return _framed(request, console, person, dossier_code, name=name, path=path, media_type=paper.media_type)


@router.get("/{dossier_code}/papers/{document_id}/file")
@allows(Right.READ_DOSSIER)
async def file(console: TheConsole, person: The, dossier_code: Code, document_id: DocumentId) -> Response:
    """Its bytes, as intake keeps them."""
    paper = await _paper(console, person, dossier_code, document_id)
    data = await intake_of(console.door).paper(person.member.actor, dossier_code, document_id)
    await _written_down(console, person, dossier_code, f"paper:{paper.kind}")
    return Response(data, media_type=paper.media_type, headers=policy_of(paper.media_type))


@router.get("/{dossier_code}/result")
@allows(Right.READ_DOSSIER)
async def look_at_result(request: Request, console: TheConsole, person: The, dossier_code: Code) -> Response:
    """The signed result in our frame."""
    facts = await acts.read(console.door, person.member.actor, dossier_code)
    if not is_issued(facts):
        raise Unknown
    path = f"{PREFIX}/{dossier_code}/result/file"
    name = person.say("Kết quả giải quyết")
    return _framed(request, console, person, dossier_code, name=name, path=path, media_type=_PDF)


@router.get("/{dossier_code}/result/file")
@allows(Right.READ_DOSSIER)
async def result(console: TheConsole, person: The, dossier_code: Code) -> Response:
    """The signed file."""
    facts = await acts.read(console.door, person.member.actor, dossier_code)
    async with console.door.sessions() as session:
        signed = await store.signed_file(session, dossier_code)
    if signed is None or not is_issued(facts):
        raise Unknown
    try:
        data = await console.door.objects.get(dossier_code, signed.address)
    except ObjectMissing as missing:
        raise LookupError("a signed result is gone from the document store") from missing
    await _written_down(console, person, dossier_code, "result")
    return Response(data, media_type=_PDF, headers=policy_of(_PDF))


@router.get("/{dossier_code}/forms/{form}")
@allows(Right.READ_DOSSIER)
async def printed(
    console: TheConsole,
    person: The,
    dossier_code: Code,
    form: Form,
    seq: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """A printed form as PDF; the newest one, when no change is named."""
    await acts.read(console.door, person.member.actor, dossier_code)
    data = await _printed(console, person, dossier_code, form, seq)
    await _written_down(console, person, dossier_code, "form")
    return Response(data, media_type=_PDF, headers=policy_of(_PDF))


async def _printed(console: Console, person: Person, code: str, form: Form, seq: int | None) -> bytes:
    for _ in range(_TRIES):
        try:
            return await intake_of(console.door).form(person.member.actor, code, form, seq)
        except Unknown:
            await asyncio.sleep(_PAUSE)
    raise Unknown


async def _paper(console: Console, person: Person, dossier_code: str, document_id: str) -> StoredPaper:
    """The paper's metadata. Raises Unknown out of sight and for a paper of another dossier."""
    await acts.read(console.door, person.member.actor, dossier_code)
    stored = await intake_of(console.door).papers(person.member.actor, dossier_code)
    found = next((each for each in stored.documents if each.document_id == document_id), None)
    if found is None:
        raise Unknown
    return found


async def _written_down(console: Console, person: Person, code: str, what: str) -> None:
    async with console.door.sessions.begin() as session:
        await store.record_readings(session, person.member.actor.person_code, [code], what, console.door.now())


def _framed(
    request: Request, console: Console, person: Person, code: str, *, name: str, path: str, media_type: str
) -> Response:
    is_picture = media_type.startswith("image/")
    response = page(request, console, person, "paper.html", code=code, name=name, file=path, is_picture=is_picture)
    response.headers["Content-Security-Policy"] = _FRAMED
    return response
