"""Papers that the demonstration's people bring: real PDFs with real text, and scans as photographs of paper."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw


@cache
def _compiler(source: str) -> bytes:
    import typst

    return typst.compile(source.encode(), format="pdf")


def a_pdf(kind: str, number: int) -> bytes:
    """A one-page PDF whose text names its kind; every number gives other bytes."""
    text = f"#set page(width: 148mm, height: 210mm)\n= {kind}\nBản khai số {number}. Tôi cam đoan những nội dung trên."
    return _compiler(text)


def a_scan(kind: str, number: int) -> bytes:
    """A JPEG as a counter's scanner makes it (A6 at 200 dpi)."""
    page = Image.new("RGB", (827, 1165), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 60, 767, 1105), outline="black", width=3)
    draw.text((90, 90), f"{kind} {number}", fill="black")
    out = io.BytesIO()
    page.save(out, "JPEG", quality=70)
    return out.getvalue()
