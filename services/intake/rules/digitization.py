"""Real text of a stored paper, where there is some: scans have none, and that is no fault (identity §4.1)."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from pypdf import PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PyPdfError

MOST_CHARACTERS: Final = 200_000
MOST_OPERATIONS: Final = 200_000
"""Drawing steps of a whole file: an ordinary page has some hundreds, a hostile one loops."""

_FRUGAL: Final[dict[str, Any]] = {
    "zlib_maximum_output_length": 8_000_000,
    "lzw_maximum_output_length": 8_000_000,
    "run_length_maximum_output_length": 8_000_000,
    "array_based_stream_maximum_output_length": 8_000_000,
    "stream_decoding_work_maximum_length": 16_000_000,
    "stream_parsing_work_maximum_count": 400_000,
    "xform_maximum_invocations_per_extraction": 100,
    "jbig2dec_binary": None,
}
"""Text is a few kilobytes a page: whatever unpacks to much more is not read (SR-32)."""


class _Budget:
    """Counts drawing steps, nested forms included."""

    def __init__(self, operations: int) -> None:
        self._left = operations

    def __call__(self, *_: object) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitReachedError("too many drawing steps")


def text_of(data: bytes, media_type: str) -> str:
    """The text of a PDF's pages, cut to MOST_CHARACTERS; what comes after a page that nobody can read is left out."""
    if media_type != "application/pdf":
        return ""
    found: list[str] = []
    try:
        with apply_configuration(**_FRUGAL):
            budget = _Budget(MOST_OPERATIONS)
            for page in PdfReader(BytesIO(data)).pages:
                found.append(page.extract_text(visitor_operand_before=budget).replace("\x00", ""))
                if sum(map(len, found)) > MOST_CHARACTERS:
                    break
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        pass  # the paper is stored and hashed all the same
    return "\n".join(found).strip()[:MOST_CHARACTERS]
