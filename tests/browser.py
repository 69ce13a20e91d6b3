"""A real browser for tests of pages: Chromium found or installed, an application on a free port, axe.

`browser` is a session fixture: import it in a room's conftest. Root machines without Chromium (a fresh CI image) get
it from their package manager, once; others are told how.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
AXE: Final = Path(__file__).parent.parent / "shared/web/node_modules/axe-core/axe.min.js"
STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_INSTALL_S: Final = 600


def find() -> str:
    """The path of Chromium, installed first when this user may. Raises RuntimeError that says how to get it."""
    if found := _found():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Chromium was not found: installing it with apt-get (about a minute, once) ...\n")
        for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *step], check=True, capture_output=True, timeout=_INSTALL_S)
        if found := _found():
            return found
    raise RuntimeError("Chromium was not found: install it, for example with `apt-get install chromium`.")


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    return find()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        await opened.close()


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application's address while the block runs."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


async def violations(page: Page) -> list[str]:
    """What axe finds wrong: `rule: element`, worst rules of WCAG 2.2 AA and best practice. A script of the page's own
    policy is not needed: axe runs in the driver's world.
    """
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate(
        "async (standards) => await axe.run(document, { runOnly: standards, resultTypes: ['violations'] })", STANDARDS
    )
    return [f"{rule['id']}: {node['target'][0]}" for rule in found["violations"] for node in rule["nodes"]]


async def painted(page: Page) -> None:
    """Until the page can be seen: a browser drops keys that come before, and nobody presses any."""
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
