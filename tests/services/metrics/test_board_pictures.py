"""The board looks as its golden pictures do: desk, phone, wall, a figure, both ratings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.async_api import Browser

from tests import board
from tests.browser import browser, chromium, served
from tests.pictures import TOLERANCE, difference

__all__ = ["browser", "chromium"]


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with served(board.app()) as found:
        yield found


@pytest.mark.parametrize("shot", board.SHOTS, ids=lambda shot: shot.name)
async def test_it_looks_as_it_did(browser: Browser, address: str, shot: board.Shot) -> None:
    golden = board.PICTURES / f"{shot.name}.png"
    picture = await board.drawn(browser, address, shot)
    assert difference(golden.read_bytes(), picture) <= TOLERANCE, "look at it, then `make golden`"


def test_a_level_of_another_colour_is_another_picture() -> None:
    picture = (board.PICTURES / "wall.png").read_bytes()
    changed = Image.open(BytesIO(picture)).convert("RGB")
    ImageDraw.Draw(changed).rectangle((330, 392, 450, 434), fill="#e8710a")
    stream = BytesIO()
    changed.save(stream, "PNG")
    assert difference(picture, stream.getvalue()) > TOLERANCE
    assert difference(picture, picture) == 0


def test_no_picture_is_left_over() -> None:
    assert {path.stem for path in board.PICTURES.glob("*.png")} == {shot.name for shot in board.SHOTS}
