"""Papers come in here: one file a call, counted while it is read, known by its content, stored encrypted."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.datastructures import UploadFile

from services.intake import acts
from services.intake.acts import looking
from services.intake.api._door import TheDoor
from services.intake.rules.completeness import DocumentId
from services.intake.rules.papers import LIMIT_BYTES
from services.intake.views import DocumentView
from shared.dossier.codes import DossierCode
from shared.dossier.lifecycle import Act
from shared.dossier.permission import Actor, Kind, Right
from shared.dossier.refusal import Forbidden
from shared.web.idempotency import LONGEST
from shared.web.identity import allows, caller, demand
from shared.web.limits import UPLOAD, limited
from shared.web.problem import Problem

router = APIRouter(prefix="/api", tags=["documents"])

UPLOADS: Final = {r"/api/documents": LIMIT_BYTES + 64 * 1024}
"""Body limit of the upload route: the largest file and room for the form around it."""
_LONGEST_KIND: Final = 40
_ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {} for media in _ENDINGS}, "description": "The stored file"}
}
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "kind"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "PDF, JPEG or PNG, at most 10 MiB",
                        },
                        "kind": {"type": "string", "description": "Document kind of the catalogue"},
                    },
                }
            }
        },
    }
}


@router.post("/documents", status_code=201, openapi_extra=_FORM)
@allows(Right.FILE_ONLINE, Act.REGISTER_AT_DESK)
@limited(UPLOAD)
async def upload(
    request: Request,
    door: TheDoor,
    actor: Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF))],
    idempotency_key: Annotated[
        str, Header(max_length=LONGEST, description="The same file again is the same paper")
    ] = "",
) -> DocumentView:
    """Stores a paper that the same caller files later. The body is read only after the caller is known."""
    if not acts.may_upload(actor):
        raise Forbidden("not_your_role", "Chỉ người nộp hồ sơ và cán bộ tiếp nhận được tải giấy tờ lên.")
    async with request.form(max_files=1, max_fields=1, max_part_size=1024) as form:
        file, kind = form.get("file"), form.get("kind")
        if not isinstance(file, UploadFile) or not isinstance(kind, str) or not 0 < len(kind) <= _LONGEST_KIND:
            raise Problem(422, errors=[{"pointer": "#/file", "message": "Cần một tệp `file` và loại giấy tờ `kind`."}])
        data = await file.read()
        stored = await acts.upload(door, actor, kind=kind, name=file.filename or "", data=data, key=idempotency_key)
    return DocumentView.of(stored)


@router.get("/dossiers/{dossier_code}/documents/{document_id}", response_class=Response, responses=_FILE)
@allows(Right.READ_DOSSIER)
async def read(
    dossier_code: Annotated[DossierCode, Path()],
    document_id: Annotated[DocumentId, Path()],
    door: TheDoor,
    actor: Annotated[Actor, Depends(caller(Kind.CITIZEN, Kind.STAFF))],
) -> Response:
    """The stored file of one paper, for its owner and for staff in scope. Every reading is recorded."""
    _, resource = await acts.rights_to(door, dossier_code)
    demand(actor, Right.READ_DOSSIER, resource)
    paper, data = await looking.read_paper(door, actor, dossier_code, document_id)
    ending = _ENDINGS[paper.media_type]
    headers = {"Content-Disposition": f'inline; filename="{dossier_code}-{paper.kind}.{ending}"'}
    return Response(data, media_type=paper.media_type, headers=headers)
