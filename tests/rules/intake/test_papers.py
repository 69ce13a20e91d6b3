"""What a file really is: accepted ones come out clean, hidden and active ones do not come in."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name, String
from PIL import Image

from services.intake.rules.digitization import text_of
from services.intake.rules.papers import MOST_PAGES, PaperRefused, TooLarge, WrongType, inspect
from tests.services.intake.fakes import a_pdf, an_image, saved


def refusal(data: bytes, name: str = "a.pdf") -> str:
    with pytest.raises(PaperRefused) as refused:
        inspect(data, name)
    return refused.value.code


def a_zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("evil.exe", b"MZ")
    return target.getvalue()


def test_a_pdf_comes_out_as_a_pdf_with_its_pages_and_text() -> None:
    paper = inspect(a_pdf(pages=2, text="Don de nghi"), "Đơn.PDF")
    assert (paper.media_type, paper.pages) == ("application/pdf", 2)
    assert text_of(paper.data, paper.media_type) == "Don de nghi\nDon de nghi"


def test_the_same_file_comes_out_as_the_same_bytes() -> None:
    data = a_pdf(text="same")
    assert inspect(data, "a.pdf").data == inspect(data, "a.pdf").data


def test_an_archive_behind_a_pdf_is_left_behind() -> None:
    paper = inspect(a_pdf() + a_zip(), "a.pdf")
    assert not zipfile.is_zipfile(io.BytesIO(paper.data))


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpg"), ("JPEG", "a.JPEG"), ("PNG", "a.png")])
def test_an_image_is_encoded_anew(kind: str, name: str) -> None:
    paper = inspect(an_image(kind) + a_zip() + b"<script>", name)
    assert not zipfile.is_zipfile(io.BytesIO(paper.data))
    assert b"<script>" not in paper.data
    with Image.open(io.BytesIO(paper.data)) as image:
        assert (image.format, image.size) == (kind, (40, 30))


def test_a_picture_is_turned_upright_and_loses_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret place"
    paper = inspect(an_image(exif=exif), "a.jpg")
    with Image.open(io.BytesIO(paper.data)) as image:
        assert image.size == (30, 40)
        assert not dict(image.getexif())


@pytest.mark.parametrize("data", [b"", b"GIF89a" + a_pdf(), b"\n" + a_pdf(), a_zip(), b"<svg></svg>"])
def test_other_content_is_the_wrong_type(data: bytes) -> None:
    with pytest.raises(WrongType) as refused:
        inspect(data, "a.pdf")
    assert refused.value.status == 415


@pytest.mark.parametrize("name", ["a.jpg", "a.html", "pdf", "a.pdf.exe", ""])
def test_content_and_name_must_agree(name: str) -> None:
    assert refusal(a_pdf(), name) == "file_disguised"


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n" + b"x" * 1000, saved(pikepdf.new())])
def test_a_pdf_nobody_can_read_is_refused(data: bytes) -> None:
    assert refusal(data) == "file_damaged"


def test_half_an_image_is_refused() -> None:
    assert refusal(an_image("PNG", (200, 200))[:200], "a.png") == "file_damaged"


def test_an_encrypted_pdf_is_refused_with_the_reason() -> None:
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        for password in ("", "secret"):
            data = saved(pdf, encryption=pikepdf.Encryption(user=password, owner="owner"))
            assert refusal(data) == "file_encrypted"


def script(_: pikepdf.Pdf) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def on_opening(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = script(pdf)


def on_opening_indirect(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pdf.make_indirect(script(pdf))


def in_a_link(pdf: pikepdf.Pdf) -> None:
    launch = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.Launch))
    pdf.pages[0].Annots = pikepdf.Array([launch])


def in_a_named_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=pikepdf.Array([String("a"), script(pdf)])))


def as_an_attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["evil.exe"] = b"MZ"


def as_a_form_of_xml(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = Dictionary(Fields=pikepdf.Array(), XFA=pdf.make_stream(b"<xdp/>"))


def as_rich_media(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Annots = pikepdf.Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=[0, 0, 9, 9])])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "plant",
    [on_opening, on_opening_indirect, in_a_link, in_a_named_script, as_an_attachment, as_a_form_of_xml, as_rich_media],
)
def test_active_content_is_refused_wherever_it_hides(plant: Callable[[pikepdf.Pdf], None], *, compressed: bool) -> None:
    mode = pikepdf.ObjectStreamMode.generate if compressed else pikepdf.ObjectStreamMode.disable
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        plant(pdf)
        data = saved(pdf, object_stream_mode=mode)
    assert refusal(data) == "file_active"


def test_a_harmless_opening_view_is_stripped() -> None:
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        pdf.Root.OpenAction = pikepdf.Array([pdf.pages[0].obj, Name.Fit])
        data = saved(pdf)
    with pikepdf.open(io.BytesIO(inspect(data, "a.pdf").data)) as clean:
        assert "/OpenAction" not in clean.Root


def a_signed_pdf() -> bytes:
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        signature: Any = Dictionary(Type=Name.Sig, ByteRange=[0, 1, 2, 3], Contents=String("00"))
        pdf.Root.AcroForm = Dictionary(Fields=pikepdf.Array([Dictionary(FT=Name.Sig, V=pdf.make_indirect(signature))]))
        return saved(pdf)


def test_a_signed_pdf_is_kept_byte_by_byte_but_with_nothing_behind_it() -> None:
    data = a_signed_pdf()
    assert inspect(data, "a.pdf").data == data
    assert refusal(data + a_zip()) == "file_disguised"


def test_limits_are_named() -> None:
    assert refusal(a_pdf(pages=MOST_PAGES + 1)) == "too_many_pages"
    assert inspect(a_pdf(pages=MOST_PAGES), "a.pdf").pages == MOST_PAGES
    with pytest.raises(TooLarge) as refused:
        inspect(announcing(8_000, 5_001), "a.png")
    assert (refused.value.status, refused.value.code) == (413, "too_many_pixels")
    assert refusal(announcing(30_000, 30_000), "a.png") == "too_many_pixels"


def announcing(width: int, height: int) -> bytes:
    """A small PNG whose header announces a large picture."""
    data = an_image("PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def test_a_file_made_to_keep_a_reader_busy_has_no_text() -> None:
    """Forms that draw forms that draw forms: 8^6 steps in a few kilobytes; and a page of 60 MB in 60 KB."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    form = pdf.make_stream(b"BT ET " * 8, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9])
    for _ in range(6):
        inner = Dictionary(XObject=Dictionary(X=form))
        form = pdf.make_stream(b"/X Do " * 8, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9], Resources=inner)
    page.Resources = Dictionary(XObject=Dictionary(X=form))
    page.Contents = pdf.make_stream(b"/X Do")
    assert text_of(saved(pdf), "application/pdf") == ""
    page.Contents = pdf.make_stream(b"BT (x) Tj ET " * 5_000_000)
    assert text_of(saved(pdf, compress_streams=True), "application/pdf") == ""


def test_images_and_strange_pages_have_no_text() -> None:
    assert text_of(an_image(), "image/jpeg") == ""
    assert text_of(a_pdf(), "application/pdf") == ""
    assert text_of(b"%PDF-1.7 nothing", "application/pdf") == ""
