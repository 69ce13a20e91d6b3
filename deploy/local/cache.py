"""Things that take minutes to make are made once per machine, in a cache outside the repository."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.progress import Tell, working

REPOSITORY = Path(__file__).resolve().parents[2]
_LAST_LINES = 3


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "motcua"


def made(name: str, sources: Sequence[Path], what: str, make: Callable[[Path, Tell], None]) -> Path:
    """The cached folder that `make` fills, keyed by the content of `sources`; made at most once, all or nothing.

    Two callers at once: the second waits for the first. A broken build leaves no half-filled folder behind.
    """
    folder = cache_folder() / f"{name}-{_key(sources)}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with working(what) as tell, locked(folder.parent / f"{name}.lock", tell):
        if folder.exists():
            return folder
        half = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".part", dir=folder.parent))
        try:
            make(half, tell)
            half.chmod(0o755)
            half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return folder


def run(command: Sequence[str], *, cwd: Path, tell: Tell, env: Mapping[str, str] | None = None) -> None:
    """Runs a builder to its end, telling its latest line.

    Raises: StackError with the builder's last lines.
    """
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, cwd=cwd, stdout=said, stderr=subprocess.STDOUT, env=env)
        try:
            while child.poll() is None:
                time.sleep(0.2)
                tell(_tail(said.fileno(), 1) or command[0])
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode:
            said.seek(0)
            last = " | ".join(line.strip() for line in said.read().splitlines()[-_LAST_LINES:])
            raise StackError(f"`{' '.join(command)}` failed: {last}")


@contextmanager
def locked(path: Path, tell: Tell = lambda _: None) -> Iterator[None]:
    """Holds the lock file at `path`; waits while another process of this machine holds it."""
    with path.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                tell("waiting for another process that is doing the same")
                time.sleep(0.2)
        yield


def _key(sources: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _tail(descriptor: int, lines: int) -> str:
    size = os.fstat(descriptor).st_size
    text = os.pread(descriptor, 2000, max(0, size - 2000)).decode(errors="replace")
    return " ".join(text.splitlines()[-lines:])
