"""Sets forms as PDF, beside the event loop and with a warm compiler."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

import typst

from services.intake.rules.forms import Sheet

FORMS: Final = Path(__file__).parent.parent / "forms"


class Unprintable(Exception):
    """The sheet cannot be set: usually a letter that the font does not hold."""


class Press:
    """Holds the compiler and its thread. Close it with the process."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")
        self._compiler: typst.Compiler | None = None

    async def printed(self, sheet: Sheet, at: datetime) -> bytes:
        """The form as PDF, the same bytes for the same sheet. Raises Unprintable."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._printed, sheet, at)

    def close(self) -> None:
        """Ends the thread; what it is doing is finished."""
        self._thread.shutdown()

    def _printed(self, sheet: Sheet, at: datetime) -> bytes:
        if self._compiler is None:
            fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
            self._compiler = typst.Compiler(FORMS / "form.typ", root=FORMS, font_paths=fonts)
        try:
            pdf, warnings = self._compiler.compile_with_warnings(
                format="pdf",
                sys_inputs={"data": sheet.model_dump_json()},
                timestamp=int(at.timestamp()),
                pdf_standards=["a-2b"],
            )
        except typst.TypstError:
            raise Unprintable(sheet.code) from None  # the compiler quotes the text that it cannot set
        if warnings or not isinstance(pdf, bytes):
            raise Unprintable(sheet.code)
        return pdf
