"""Where each peer's program runs: an environment made on first use from pinned requirements, or built by Maven."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from deploy.local.cache import REPOSITORY, made, run
from deploy.local.progress import Tell

_PROGRAMS: Final = REPOSITORY / "deploy/bench/peer_programs"
_JAVA: Final = _PROGRAMS / "kafka_streams"
_JVM: Final = ("-Xms512m", "-Xmx1g", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_JAVA_AT_LEAST: Final = 17


class _Peer(NamedTuple):
    guarantee: str
    module: str = ""
    """Its program, when it is Python."""
    wheels_for: tuple[int, int] | None = None
    """The one version of Python that its wheels are for; None = the project's own will do."""


_ONCE_IN_SQL: Final = "cells and offsets in one SQL transaction, skipped by offset when repeated"
_PEERS: Final = {
    "quixstreams": _Peer(f"exactly once: Kafka transaction per checkpoint; {_ONCE_IN_SQL}", "on_quixstreams"),
    "faust-streaming": _Peer(
        "at least once: table and cells can differ by the batch in which it died; offsets stored with the cells",
        "on_faust",
    ),
    "bytewax": _Peer(f"exactly once: state and source snapshots per epoch; {_ONCE_IN_SQL}", "on_bytewax", (3, 12)),
    "kafka-streams": _Peer(f"exactly once: exactly_once_v2; {_ONCE_IN_SQL}"),
}

PEERS: Final = tuple(_PEERS)
"""Their names."""


class Command(NamedTuple):
    """How to start a peer's program."""

    words: Sequence[str]
    version: str
    guarantee: str


def missing(name: str) -> str | None:
    """Why this peer cannot run on this machine; None when it can. Raises KeyError for a name that is no peer."""
    peer = _PEERS[name]
    if peer.module:
        return None if _python(peer) else f"{name} has wheels for Python {_dotted(peer)} only, which was not found"
    if not shutil.which("mvn"):
        return f"{name} is built by Maven, which was not found"
    return None if _java_version() >= _JAVA_AT_LEAST else f"{name} needs Java {_JAVA_AT_LEAST} or newer"


def command(name: str, *, bootstrap: str, topic: str, group: str, partitions: int, state: Path) -> Command:
    """The program's command line; makes its environment when there is none yet, which can take minutes.

    Raises: StackError when packages cannot be had.
    """
    peer = _PEERS[name]
    if not peer.module:
        folder = made("bench-kafka-streams", sorted(_JAVA.rglob("*.*")), f"Building {name} (first time only)", _build)
        path = f"{folder / 'target/classes'}:{folder / 'libs'}/*"
        words = ["java", *_JVM, "-cp", path, "motcua.peer.Fold", bootstrap, topic, group, str(state)]
        return Command(
            words, _named(_JAVA / "pom.xml", r"kafka-streams</artifactId>\s*<version>([^<]+)"), peer.guarantee
        )
    pins = _PROGRAMS / f"requirements/{name}.txt"

    def install(folder: Path, tell: Tell) -> None:
        run([_python(peer), "-m", "venv", str(folder)], cwd=folder, tell=tell)
        options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(pins))
        run([str(folder / "bin/python"), "-m", "pip", "install", *options], cwd=folder, tell=tell)

    folder = made(f"bench-{name}", [pins], f"Installing {name} (first time only)", install)
    task = {"bootstrap": bootstrap, "topic": topic, "partitions": partitions, "group": group, "state": str(state)}
    module = f"deploy.bench.peer_programs.{peer.module}"
    words = [str(folder / "bin/python"), "-m", module, json.dumps(task)]
    return Command(words, _named(pins, rf"(?m)^{name}==(\S+)"), peer.guarantee)


def _build(folder: Path, tell: Tell) -> None:
    shutil.copytree(_JAVA, folder, dirs_exist_ok=True)
    goal = (f"-DoutputDirectory={folder / 'libs'}", "-DincludeScope=runtime")
    run(["mvn", "-B", "compile", "dependency:copy-dependencies", *goal], cwd=folder, tell=tell)


@cache
def _python(peer: _Peer) -> str:
    """An interpreter that the peer's wheels are for; "" = none was found."""
    if peer.wheels_for in (None, sys.version_info[:2]):
        return sys.executable
    name = f"python{_dotted(peer)}"
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    offers = [name, *map(str, sorted(kept.glob(f"{_dotted(peer)}*/bin/{name}"), reverse=True))]
    return next((offer for offer in offers if _answers(offer)), "")


def _answers(python: str) -> bool:
    """A name on the path may be the shim of a version manager that will not run it here."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False, timeout=20).returncode == 0
    except OSError:
        return False


@cache
def _java_version() -> int:
    """0 = none."""
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False, timeout=20).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def _dotted(peer: _Peer) -> str:
    return ".".join(map(str, peer.wheels_for or ()))


def _named(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text())
    return found[1] if found else "unknown"
