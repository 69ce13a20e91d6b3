"""Uploads: known by content, counted while read, cleaned, stored so that nobody reads them on the disk."""

from __future__ import annotations

import hashlib

import pikepdf
import pytest

from services.intake.rules.papers import LIMIT_BYTES
from services.intake.store import documents
from tests.services.intake import fakes
from tests.services.intake.world import World, told


async def test_a_pdf_is_stored_with_its_hash_and_pages(world: World) -> None:
    sent = fakes.a_pdf(pages=3)
    answer = await world.upload("DON-GPLD", sent)
    assert answer.status_code == 201
    paper = answer.json()
    assert (paper["kind"], paper["pages"], paper["media_type"]) == ("DON-GPLD", 3, "application/pdf")
    assert paper["original_sha256"] == hashlib.sha256(sent).hexdigest()
    async with world.door.sessions.begin() as session:
        found = await documents.attachable(session, [paper["document_id"]], "citizen-1")
    stored = found[paper["document_id"]]
    kept = await world.door.objects.get(stored.document_id, stored.address)
    assert hashlib.sha256(kept).hexdigest() == paper["sha256"]
    assert len(kept) == paper["size_bytes"]


async def test_a_clerk_uploads_and_others_of_the_staff_do_not(world: World) -> None:
    assert (await world.upload("DON-GPLD", who=world.keys.staff())).status_code == 201
    assert told(await world.upload("DON-GPLD", who=world.keys.staff("SIGNER"))) == (403, "not_your_role")
    assert told(await world.upload("DON-GPLD", who=world.keys.processing())) == (403, "kind_not_allowed")
    assert told(await world.upload("DON-GPLD", who={"X-Nobody": "1"}))[0] == 401


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"hello", "a.pdf", (415, "file_type")),
        (b"<html>" + fakes.a_pdf(), "a.pdf", (415, "file_type")),
        (fakes.a_pdf(), "a.jpg", (422, "file_disguised")),
        (fakes.an_image(), "a.pdf", (422, "file_disguised")),
        (b"%PDF-1.7 nothing", "a.pdf", (422, "file_damaged")),
        (fakes.saved(pikepdf.new()), "a.pdf", (422, "file_damaged")),
    ],
)
async def test_what_is_no_paper_is_refused(world: World, data: bytes, name: str, expected: tuple[int, str]) -> None:
    assert told(await world.upload("DON-GPLD", data, name)) == expected
    assert await world.count("document") == 0


async def test_size_is_counted_while_reading(world: World) -> None:
    assert told(await world.upload("DON-GPLD", b"%PDF-" + bytes(LIMIT_BYTES))) == (413, "file_too_large")
    assert told(await world.upload("DON-GPLD", b"%PDF-" + bytes(LIMIT_BYTES + 100_000))) == (413, "too_large")


async def test_unknown_kinds_and_missing_parts_are_refused(world: World) -> None:
    assert told(await world.upload("NO-SUCH-KIND")) == (422, "unknown_document")
    assert told(await world.upload("")) == (422, "invalid")
    headers = world.keys.citizen()
    assert told(await world.http.post("/api/documents", data={"kind": "DON-GPLD"}, headers=headers)) == (422, "invalid")
    two = [("file", ("a.pdf", fakes.a_pdf())), ("file", ("b.pdf", fakes.a_pdf()))]
    many = await world.http.post("/api/documents", files=two, data={"kind": "DON-GPLD"}, headers=headers)
    assert many.status_code == 400
    assert many.headers["content-type"] == "application/problem+json"
