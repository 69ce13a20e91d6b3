"""`motcua province` without servers: the same bytes for the same seed, a whole file or none, one line when refused."""

from __future__ import annotations

import hashlib
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

COMMAND = (sys.executable, "-m", "deploy.cli", "province")
SHORT = ("--dossiers", "150", "--from", "2022-05-01", "--to", "2022-06-30", "--json")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=110, check=False)


def written(path: Path, *words: str) -> dict[str, Any]:
    done = run(*SHORT, "--to-file", str(path), *words)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return summary


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_processes(tmp_path: Path) -> None:
    one = written(tmp_path / "one", "--processes", "1")
    two = written(tmp_path / "two", "--processes", "2")
    content = (tmp_path / "one").read_bytes()
    assert content == (tmp_path / "two").read_bytes()
    assert one["sha256"] == two["sha256"] == hashlib.sha256(content).hexdigest()
    assert (one["dossiers"], one["events"]) == (150, content.count(b"\n"))
    other = written(tmp_path / "three", "--processes", "2", "--seed", "8")
    assert other["sha256"] != one["sha256"]
    times = [orjson.loads(line)["change"]["at"] for line in content.splitlines()]
    inversions = sum(earlier > later for earlier, later in itertools.pairwise(times))
    assert inversions < len(times) / 50, "only what was recorded late stands after its time"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "2021-12-31"), "--from"),
        (("--from", "2023-02-01", "--to", "2023-01-01"), "--from"),
        (("--to", "2027-12-31"), "published calendars"),
        (("--dossiers", "0"), "dossiers"),
        (("--from", "soon"), "soon"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = run(*words, "--to-file", str(tmp_path / "none"))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_interrupted_run_leaves_no_half_file(tmp_path: Path) -> None:
    words = ("--dossiers", "200000", "--to-file", str(tmp_path / "never"), "--json")
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while not (tmp_path / "never.part").exists():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=100)
    assert running.returncode == 130
    assert not out
    assert not list(tmp_path.iterdir())
