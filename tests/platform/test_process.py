"""One process: requests in flight finish on SIGTERM, parts end after the door, a dead part ends the process."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from time import monotonic, sleep

import httpx

SCRIPT = """
import asyncio, sys
from fastapi import FastAPI
from shared.platform.process import run, serve
from shared.platform.telemetry import configure

class Part:
    def __init__(self, name, dies):
        self.name, self.dies, self.stopping = name, dies, asyncio.Event()
    async def run(self):
        if self.dies:
            await asyncio.sleep(0.3)
            raise ConnectionError("079123456789")
        await self.stopping.wait()
        print("ended", self.name, flush=True)
    async def shutdown(self):
        self.stopping.set()

app = FastAPI()

@app.get("/healthz")
async def healthz():
    return {}

@app.get("/slow")
async def slow():
    await asyncio.sleep(1)
    print("answered", flush=True)
    return {"whole": True}

async def main():
    configure("test")
    parts = [Part("first", False), Part("second", sys.argv[2] == "dies")]
    return await serve(app, host="127.0.0.1", port=int(sys.argv[1]), alongside=parts)

run(main)
"""


@contextmanager
def process(tmp_path: Path, manner: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SCRIPT, str(port), manner]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        try:
            url = f"http://127.0.0.1:{port}"
            until = monotonic() + 20
            while monotonic() < until and child.poll() is None:
                try:
                    httpx.get(f"{url}/healthz")
                    break
                except httpx.ConnectError:
                    sleep(0.05)
            yield child, url
        finally:
            child.kill()


async def test_sigterm_lets_the_request_finish_and_then_ends_the_parts_in_reverse(tmp_path: Path) -> None:
    with process(tmp_path, "lives") as (child, url):
        async with httpx.AsyncClient() as client:
            slow = asyncio.create_task(client.get(f"{url}/slow"))
            await asyncio.sleep(0.3)
            child.send_signal(signal.SIGTERM)
            assert (await slow).json() == {"whole": True}
        output, _ = await asyncio.to_thread(child.communicate, timeout=20)
        assert output.splitlines() == ["answered", "ended second", "ended first"]
        assert child.returncode == 0


def test_a_part_that_dies_ends_the_process_with_1_and_a_line_without_its_words(tmp_path: Path) -> None:
    with process(tmp_path, "dies") as (child, _):
        output, _ = child.communicate(timeout=20)
        assert child.returncode == 1
        assert '"event":"part_ended"' in output
        assert "ConnectionError" in output
        assert "079123456789" not in output
        assert "ended first" in output


def test_a_port_that_is_taken_is_one_failure_at_once(tmp_path: Path) -> None:
    with process(tmp_path, "lives") as (_, url):
        port = url.rsplit(":", 1)[1]
        second = subprocess.run(
            [sys.executable, "-c", SCRIPT, port, "lives"], capture_output=True, text=True, timeout=20, check=False
        )
        assert second.returncode == 3
        assert "already in use" in second.stdout
