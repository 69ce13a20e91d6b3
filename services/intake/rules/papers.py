"""What an uploaded file really is, and a clean copy of it: content, name and a real parser must agree (SR-31, SR-33).

A PDF is saved anew and an image encoded anew, so that nothing hides behind, before or inside the accepted format. A
PDF that carries a signature is kept byte by byte: saving it anew would break the signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import pikepdf
from PIL import Image, ImageOps

from shared.dossier.refusal import Refused

LIMIT_BYTES: Final = 10 * 1024 * 1024
"""Largest accepted file (identity_and_documents §4.2)."""
MOST_PAGES: Final = 200
MOST_PIXELS: Final = 40_000_000

_BY_CONTENT: Final = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
_BY_NAME: Final = {"pdf": "application/pdf", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}
_ACTIONS: Final = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/RichMediaExecute"}
)
_EMBEDDING: Final = frozenset({"/JavaScript", "/JS", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"})
_MEDIA: Final = frozenset({"/RichMedia", "/FileAttachment", "/Screen", "/Movie", "/Sound", "/3D"})
_NAMING: Final = frozenset({"/S", "/Subtype", "/Type"})
_AUTOMATIC: Final = ("/OpenAction", "/AA")
_TAIL: Final = re.compile(rb"%%EOF[\s\x00]*\Z")


class PaperRefused(Refused):
    """The file cannot be taken; says what to send instead."""

    status = 422


class TooLarge(PaperRefused):
    """More bytes, pages or pixels than a paper may have."""

    status = 413


class WrongType(PaperRefused):
    """Neither a PDF nor a JPEG or PNG image by its content."""

    status = 415


@dataclass(frozen=True)
class Paper:
    """A file that is what it says: `data` is the clean copy, or the untouched original when it is signed."""

    media_type: str
    data: bytes
    pages: int


def inspect(data: bytes, name: str) -> Paper:
    """The clean paper. `name`: the file name it came with; only its ending is looked at.

    Raises: TooLarge (413), WrongType (415), PaperRefused (422).
    """
    if len(data) > LIMIT_BYTES:
        raise TooLarge("file_too_large", "Tệp vượt quá 10 MB.")
    media_type = next((media for start, media in _BY_CONTENT.items() if data.startswith(start)), None)
    if media_type is None:
        raise WrongType("file_type", "Chỉ nhận tệp PDF, JPG hoặc PNG.")
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if _BY_NAME.get(ending) != media_type:
        raise PaperRefused("file_disguised", "Nội dung tệp không đúng với phần mở rộng của tên tệp.")
    return _pdf(data) if media_type == "application/pdf" else _image(data, media_type)


def _pdf(data: bytes) -> Paper:
    try:
        with pikepdf.open(BytesIO(data)) as pdf:
            return _clean_pdf(pdf, data)
    except pikepdf.PasswordError as error:
        raise PaperRefused("file_encrypted", "Tệp PDF có mật khẩu; vui lòng bỏ mật khẩu rồi tải lại.") from error
    except (pikepdf.PdfError, ValueError, RuntimeError, RecursionError) as error:
        raise PaperRefused("file_damaged", "Không đọc được tệp PDF.") from error


def _clean_pdf(pdf: pikepdf.Pdf, data: bytes) -> Paper:
    if pdf.is_encrypted:
        raise PaperRefused("file_encrypted", "Tệp PDF bị mã hóa; vui lòng bỏ bảo vệ rồi tải lại.")
    pages = len(pdf.pages)
    if pages > MOST_PAGES:
        raise TooLarge("too_many_pages", f"Tệp PDF vượt quá {MOST_PAGES} trang.")
    if pages == 0:
        raise PaperRefused("file_damaged", "Tệp PDF không có trang nào.")
    parts = list(_dictionaries(pdf))
    if any(_is_active(part) for part in parts):
        raise PaperRefused("file_active", "Tệp PDF chứa mã lệnh hoặc tệp nhúng; vui lòng in lại thành PDF thường.")
    if any("/ByteRange" in part for part in parts):
        if not _TAIL.search(data):
            raise PaperRefused("file_disguised", "Tệp có dữ liệu lạ sau phần PDF.")
        return Paper("application/pdf", data, pages)
    return Paper("application/pdf", _saved_anew(pdf, parts), pages)


def _saved_anew(pdf: pikepdf.Pdf, parts: list[pikepdf.Object]) -> bytes:
    """The same pages without what would start by itself."""
    for part in parts:
        for key in _AUTOMATIC:
            if key in part:
                del part[key]
    clean = BytesIO()
    pdf.save(clean, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return clean.getvalue()


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary and stream, direct ones inside others included: walking indirect objects alone misses some."""
    waiting: list[pikepdf.Object] = [pdf.trailer, *pdf.objects]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
            yield part
            inside = [part[key] for key in part.keys()]  # noqa: SIM118 - a stream is no mapping
        elif isinstance(part, pikepdf.Array):
            inside = list(part)
        else:
            continue
        waiting.extend(each for each in inside if isinstance(each, pikepdf.Object) and not each.is_indirect)


def _is_active(part: pikepdf.Object) -> bool:
    keys = set(part.keys())
    named = {
        str(part[key]) for key in ("/S", "/Subtype", "/Type") if key in keys and isinstance(part[key], pikepdf.Name)
    }
    return bool(keys & _EMBEDDING or named & _ACTIONS or named & _MEDIA or "/EmbeddedFile" in named)


def _image(data: bytes, media_type: str) -> Paper:
    kind = "JPEG" if media_type == "image/jpeg" else "PNG"
    try:
        with Image.open(BytesIO(data), formats=[kind]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TooLarge("too_many_pixels", f"Ảnh vượt quá {MOST_PIXELS // 1_000_000} megapixel.")
            image.load()
            return Paper(media_type, _encoded(image, kind), 1)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge("too_many_pixels", f"Ảnh vượt quá {MOST_PIXELS // 1_000_000} megapixel.") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise PaperRefused("file_damaged", "Không đọc được tệp ảnh.") from error


def _encoded(image: Image.Image, kind: str) -> bytes:
    """The same picture, upright, without what else the file carried (places, thumbnails, other formats)."""
    upright = ImageOps.exif_transpose(image) or image
    target = BytesIO()
    if kind == "PNG":
        upright.save(target, "PNG")
    else:
        coloured = upright if upright.mode in {"L", "RGB", "CMYK"} else upright.convert("RGB")
        coloured.save(target, "JPEG", quality=92, exif=b"")
    return target.getvalue()
