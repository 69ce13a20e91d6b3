"""Typesets results and puts signatures into them. Both are work for a processor, so both run beside the event loop.

One thread: the compiler gains nothing from more, and clicks keep the other processor. The compiler stays warm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import typst
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import cms_embedder
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from services.processing.rules.signing import Sheet

FORMS: Final = Path(__file__).parent.parent / "forms"
FIELD: Final = "NguoiKy"
"""Name of the signature field of the competent person."""
RESERVED: Final = 12_288
"""Hex digits kept for the container: signer's chain and time stamp take about 7,000."""


class Unprintable(Exception):
    """The sheet cannot be set: usually a letter that the font does not hold."""


@dataclass(frozen=True)
class Opened:
    """A PDF with an empty signature field, waiting for its container."""

    digest: bytes
    """SHA-256 over everything but the gap."""
    _fill: Callable[[bytes], bytes]

    def signed(self, container: bytes) -> bytes:
        """The whole file with the CMS container in the gap."""
        return self._fill(container)


class Press:
    """Holds the warm compiler and its thread. Close it with the process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")
        self._compiler: typst.Compiler | None = None

    async def printed(self, sheet: Sheet, at: datetime) -> bytes:
        """The sheet as PDF/A-2b, the same bytes for the same sheet. Raises Unprintable."""
        return await self._run(self._printed, sheet, at)

    async def opened(self, pdf: bytes, at: datetime) -> Opened:
        """The PDF with a signature field added as an incremental update; `at` is the claimed signing time."""
        return await self._run(_opened, pdf, at)

    def close(self) -> None:
        """Ends the thread; what it is doing is finished."""
        self._thread.shutdown()

    async def _run[T](self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _printed(self, sheet: Sheet, at: datetime) -> bytes:
        if self._compiler is None:
            fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
            self._compiler = typst.Compiler(FORMS / "result.typ", root=FORMS, font_paths=fonts)
        try:
            pdf, warnings = self._compiler.compile_with_warnings(
                format="pdf",
                sys_inputs={"data": sheet.model_dump_json()},
                timestamp=int(at.timestamp()),
                pdf_standards=["a-2b"],
            )
        except typst.TypstError:
            raise Unprintable(sheet.dossier_code) from None  # the compiler quotes the text that it cannot set
        if warnings or not isinstance(pdf, bytes):
            raise Unprintable(sheet.dossier_code)
        return pdf


class _Signing(IncrementalPdfFileWriter):
    """Adds a signature and nothing else: title and dates stay as typeset (rewriting them took half of the time)."""

    def _update_meta(self) -> None:
        pass


def _opened(pdf: bytes, at: datetime) -> Opened:
    writer = _Signing(BytesIO(pdf))
    steps = cms_embedder.PdfCMSEmbedder(new_field_spec=SigFieldSpec(FIELD)).write_cms(FIELD, writer)
    next(steps)
    gap = SignatureObject(subfilter=SigSeedSubFilter.PADES, bytes_reserved=RESERVED, timestamp=at)
    steps.send(cms_embedder.SigObjSetup(sig_placeholder=gap))
    prepared, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256"))

    def fill(container: bytes) -> bytes:
        steps.send(container)
        return bytes(output.getvalue())

    return Opened(prepared.document_digest, fill)
