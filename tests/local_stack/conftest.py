"""A state folder of its own for each test, the command line as its users call it, and who is still alive."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from deploy.local.cache import REPOSITORY
from deploy.local.stack import Stack


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A state folder; whatever a failing test leaves in it is ended."""
    folder = tmp_path / "var"
    yield folder
    Stack(folder).down()


def motcua(root: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "MOTCUA_STATE": str(root), "NO_COLOR": "1", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said_by(command: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that has run to its end."""
    out, err = command.communicate(timeout=60)
    return command.returncode, out, err


def started_pids(root: Path) -> list[int]:
    """Every process that the stack in this folder started last time."""
    log = root / "log/supervisor.log"
    return [int(pid) for pid in re.findall(r"starts as (\d+)", log.read_text())] if log.exists() else []


def alive(root: Path) -> list[int]:
    """Which of these still run, and whoever else names this folder on its command line."""
    named = [process.pid for process in psutil.process_iter(["cmdline"]) if str(root) in " ".join(_words(process))]
    return sorted({pid for pid in started_pids(root) if psutil.pid_exists(pid)} | set(named))


def eventually(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Waits for a named condition, with a limit."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not in {seconds} s: {what}"
        time.sleep(0.05)


def _words(process: psutil.Process) -> list[str]:
    return process.info["cmdline"] or []
