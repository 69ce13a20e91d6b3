"""A certified OpenID Provider for tests: its own process, pages, keys and sessions, started from a package."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HOME: Final = Path(__file__).parent
SECRET: Final = "of-tests-alone-" + "x" * 32
_LIMIT_S: Final = 20


@dataclass
class IdentityProvider:
    """One of them. `issuer` is on another host than the console, as a browser sees it."""

    issuer: str
    _process: asyncio.subprocess.Process

    async def know(self, console: str, people: Mapping[str, Mapping[str, Any]]) -> None:
        """Registers the console at that address, and the people: subject → claims."""
        await self._say({"console": console, "secret": SECRET, "people": people})

    async def rotate(self) -> None:
        """Signs with a new key from now on; the old one stays published."""
        await self._say({"rotate": True})

    async def end(self) -> None:
        """Ends it, as an outage does."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), _LIMIT_S)

    async def _say(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        await heard(self._process)


async def heard(process: asyncio.subprocess.Process) -> str:
    """Its next line. Raises RuntimeError when it has ended."""
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), _LIMIT_S)
    if not line:
        raise RuntimeError("The identity provider ended: `make setup` installs it (Node.js 20 or newer).")
    return line.decode().strip()


@asynccontextmanager
async def started() -> AsyncIterator[IdentityProvider]:
    """A running one, that knows nobody yet."""
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        "node", "server.mjs", cwd=HOME, stdin=pipe, stdout=pipe, stderr=quiet
    )
    provider = IdentityProvider(await heard(process), process)
    try:
        yield provider
    finally:
        await provider.end()
