"""The console looks as its golden pictures do: sign-in, lists, a dossier, the counter, an operator's page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser

from deploy.local.stack import Stack
from tests import console
from tests.browser import browser, chromium, served
from tests.pictures import TOLERANCE, difference

__all__ = ["browser", "chromium"]


@pytest.fixture
async def address(stack: Stack, tmp_path: Path) -> AsyncIterator[str]:
    async with console.app(stack, tmp_path) as made, served(made) as found:
        yield found


async def test_each_page_looks_as_it_did(browser: Browser, address: str) -> None:
    found = {shot.name: await console.drawn(browser, address, shot) for shot in console.SHOTS}
    differ = {
        name: far
        for name, picture in found.items()
        if (far := difference((console.PICTURES / f"{name}.png").read_bytes(), picture)) > TOLERANCE
    }
    assert differ == {}, "look at them, then `make golden`"


def test_a_chip_of_another_colour_is_another_picture() -> None:
    picture = (console.PICTURES / "worklist-desk.png").read_bytes()
    changed = Image.open(BytesIO(picture)).convert("RGB")
    ImageDraw.Draw(changed).rectangle((1008, 454, 1208, 480), fill="#e6f2ec")
    stream = BytesIO()
    changed.save(stream, "PNG")
    assert difference(picture, stream.getvalue()) > TOLERANCE
    assert difference(picture, picture) == 0


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in console.PICTURES.glob("*.png")} == {shot.name for shot in console.SHOTS}
