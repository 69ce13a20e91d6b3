"""Real text of a stored paper, where there is some: scans have none, and that is no fault (identity §4.1)."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

MOST_CHARACTERS: Final = 200_000


def text_of(data: bytes, media_type: str) -> str:
    """The text of a PDF's pages, cut to MOST_CHARACTERS; empty for images and for text nobody can read."""
    if media_type != "application/pdf":
        return ""
    found: list[str] = []
    length = 0
    try:
        for page in PdfReader(BytesIO(data)).pages:
            found.append(page.extract_text().replace("\x00", ""))
            length += len(found[-1])
            if length > MOST_CHARACTERS:
                break
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        pass  # a page that the reader of text does not understand is still a stored, hashed paper
    return "\n".join(found).strip()[:MOST_CHARACTERS]
