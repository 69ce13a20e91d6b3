"""Simulators as real processes on free ports, and a listener that stands for our services."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

SECRETS = {
    "gateway_secret": "TESTSECRET",
    "gateway_merchant": "DEMOV210",
    "carrier_secret": "carrier-test-secret",
    "sms_token": "sms-test-token",
    "population_token": "population-test-token",
    "signing_token": "signing-test-token",
}


def eventually(condition: Callable[[], object], what: str, seconds: float = 8) -> None:
    """Waits for a named condition, with a limit."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not in {seconds} s: {what}"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Received(NamedTuple):
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Listener(ThreadingHTTPServer):
    """Remembers what it was told and answers what `answer` says; None: HTTP 500."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], object | None] = lambda _: {}
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def forget(self) -> None:
        self.received.clear()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        told = Received(path, query, {name.lower(): value for name, value in self.headers.items()}, body)
        answer = self.server.answer(told)
        self.server.received.append(told)
        content = json.dumps(answer).encode()
        self.send_response(500 if answer is None else 200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  the base class's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass


@contextmanager
def listening(port: int = 0) -> Iterator[Listener]:
    listener = Listener(port)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class Simulator:
    """One process; `kill` and `start` keep its port, ledger and state."""

    def __init__(self, name: str, folder: Path, **environment: str) -> None:
        self.name, self.port, self.ledger_file = name, free_port(), folder / f"{name}.jsonl"
        (folder / "secrets").mkdir(exist_ok=True)
        for file, text in SECRETS.items():
            (folder / "secrets" / file).write_text(text)
        self._environment = {
            **os.environ,
            "ENVIRONMENT": "local",
            "PORT": str(self.port),
            "LEDGER_FILE": str(self.ledger_file),
            "STATE_DIR": str(folder / "state"),
            "SECRETS_DIR": str(folder / "secrets"),
            **environment,
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", f"deploy.simulators.{self.name}"]
        self._process = subprocess.Popen(command, env=self._environment)
        eventually(self._is_alive, f"{self.name} is alive", 20)

    def _is_alive(self) -> bool:
        assert self._process.poll() is None, f"{self.name} ended"
        try:
            return self.http.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait(10)

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """Read from the file, as the checker does."""
        return [
            entry for line in self.ledger_file.read_text().splitlines() if (entry := json.loads(line))["kind"] == kind
        ]

    def faults(self, **faults: float) -> None:
        self.http.put("/faults", json=faults).raise_for_status()


type Start = Callable[..., Simulator]


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(name: str, **environment: str) -> Simulator:
            simulator = Simulator(name, tmp_path_factory.mktemp(name), **environment)
            stack.callback(simulator.end)
            return simulator

        yield started
