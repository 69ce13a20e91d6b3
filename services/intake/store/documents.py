"""Uploaded papers: metadata here, bytes in the document store under an address bound to the document's id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import document


@dataclass(frozen=True)
class Document:
    """One stored paper; `sealed` is the real text found in it, `characters` how much, both from digitization."""

    document_id: str
    uploader: str
    kind: str
    media_type: str
    size_bytes: int
    sha256: str
    original_sha256: str
    pages: int
    address: str
    uploaded_at: datetime
    dossier_code: str | None = None
    digitized_at: datetime | None = None
    characters: int | None = None
    replaced_at: datetime | None = None


_COLUMNS = [column for column in document.c if column.name != "sealed"]


async def add(session: AsyncSession, new: Document) -> Document:
    """Keeps the document; the one that stands there already when its id was used."""
    written = insert(document).values(**vars(new)).on_conflict_do_nothing().returning(document.c.document_id)
    if (await session.execute(written)).first():
        return new
    standing = select(*_COLUMNS).where(document.c.document_id == new.document_id)
    return Document(**(await session.execute(standing)).one()._mapping)  # noqa: SLF001


async def one_of(session: AsyncSession, dossier_code: str, document_id: str) -> Document | None:
    """One paper of this dossier, replaced ones too."""
    query = select(*_COLUMNS).where(document.c.dossier_code == dossier_code, document.c.document_id == document_id)
    row = (await session.execute(query)).one_or_none()
    return Document(**row._mapping) if row else None  # noqa: SLF001


async def attachable(session: AsyncSession, document_ids: Iterable[str], uploader: str) -> dict[str, Document]:
    """Those of the documents that this caller uploaded and no dossier has yet; locked until the transaction ends."""
    query = (
        select(*_COLUMNS)
        .where(
            document.c.document_id.in_(list(document_ids)),
            document.c.uploader == uploader,
            document.c.dossier_code.is_(None),
        )
        .order_by(document.c.document_id)
        .with_for_update()
    )
    return {row.document_id: Document(**row._mapping) for row in await session.execute(query)}  # noqa: SLF001


async def attach(session: AsyncSession, document_ids: Iterable[str], dossier_code: str) -> None:
    await session.execute(
        update(document).where(document.c.document_id.in_(list(document_ids))).values(dossier_code=dossier_code)
    )


async def deliver(
    session: AsyncSession, given: Mapping[str, str], dossier_code: str, uploader: str, at: datetime
) -> bool:
    """Attaches papers that came later (id → kind); those of the same kinds stay on record, replaced.

    False when one of them is unknown, of another kind, somebody else's or used; attached before = nothing to do.
    """
    standing = {paper.document_id: paper.kind for paper in await of_dossier(session, dossier_code)}
    new = {identity: kind for identity, kind in given.items() if standing.get(identity) != kind}
    found = await attachable(session, new, uploader)
    if any(identity not in found or found[identity].kind != kind for identity, kind in new.items()):
        return False
    if new:
        await session.execute(
            update(document)
            .where(
                document.c.dossier_code == dossier_code,
                document.c.kind.in_(list(new.values())),
                document.c.replaced_at.is_(None),
            )
            .values(replaced_at=at)
        )
        await attach(session, new, dossier_code)
    return True


async def of_dossier(session: AsyncSession, dossier_code: str) -> Sequence[Document]:
    """The dossier's papers, by kind."""
    query = (
        select(*_COLUMNS)
        .where(document.c.dossier_code == dossier_code, document.c.replaced_at.is_(None))
        .order_by(document.c.kind)
    )
    return [Document(**row._mapping) for row in await session.execute(query)]  # noqa: SLF001


async def digitized(session: AsyncSession, document_id: str, *, at: datetime, characters: int, sealed: bytes) -> None:
    """Keeps what digitization found; the first time counts."""
    await session.execute(
        update(document)
        .where(document.c.document_id == document_id, document.c.digitized_at.is_(None))
        .values(digitized_at=at, characters=characters, sealed=sealed)
    )
