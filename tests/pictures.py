"""Golden pictures of pages: how far two may differ, and drawing anew only what looks otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageChops, ImageStat

TOLERANCE: Final = 0.1
"""Mean difference of grey values (0 to 255) of the same picture; one level of another colour is beyond it."""


def difference(one: bytes, other: bytes) -> float:
    """Mean difference of grey values; 255 for pictures of different sizes."""
    first, second = (Image.open(BytesIO(each)).convert("L") for each in (one, other))
    if first.size != second.size:
        return 255.0
    return float(ImageStat.Stat(ImageChops.difference(first, second)).mean[0])


def rewritten(folder: Path, pictures: Mapping[str, bytes]) -> Iterator[Path]:
    """Writes those that no longer look the same; `pictures`: name → PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        path = folder / f"{name}.png"
        if not path.exists() or difference(path.read_bytes(), picture) > TOLERANCE:
            path.write_bytes(picture)
            yield path
