"""One stack's place: its state folder, its ports, its outside servers. A plain value, kept in `<root>/stack.json`."""

import json
import random
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below the system's ephemeral range: a dead process's port cannot become some client's source port before restart."""

type Ports = dict[str, int]


@dataclass(frozen=True)
class Site:
    """Where a stack runs. `ports`: process → port name → number; `outside`: server → host:port of one not ours."""

    root: Path
    names: tuple[str, ...]
    """The chosen processes, in start order."""
    ports: Mapping[str, Ports] = field(default_factory=dict)
    outside: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """More environment for a process, over what the table says."""

    def port(self, name: str, port: str | None = None) -> int:
        """A process's port; without a port name its first, the one others call."""
        ports = self.ports[name]
        return ports[port] if port else next(iter(ports.values()))

    def address(self, name: str) -> str:
        return self.outside.get(name) or f"{HOST}:{self.port(name)}"

    def data(self, name: str) -> Path:
        return self.root / "data" / name

    def secrets(self, name: str) -> Path:
        return self.root / "secrets" / name

    def secret(self, name: str, secret: str) -> str:
        return (self.secrets(name) / secret).read_text()

    def log(self, name: str) -> Path:
        return self.root / "log" / f"{name}.log"

    def save(self) -> None:
        write_json(self.root / "stack.json", {**asdict(self), "root": str(self.root)})

    @classmethod
    def load(cls, root: Path) -> Self:
        """The stack last started in this folder. Raises: FileNotFoundError before the first `up`."""
        kept = json.loads((root / "stack.json").read_text())
        return cls(**{**kept, "root": root, "names": tuple(kept["names"])})


def free_ports(wanted: Mapping[str, Iterable[str]], before: Mapping[str, Ports]) -> dict[str, Ports]:
    """A free port for each name, the one it had before where that is still free."""
    taken: set[int] = set()

    def choose(old: int | None) -> int:
        offers = ([old] if old else []) + random.sample(_PORTS, 200)
        port = next(offer for offer in offers if offer not in taken and _is_free(offer))
        taken.add(port)
        return port

    return {
        process: {name: choose(before.get(process, {}).get(name)) for name in names}
        for process, names in wanted.items()
    }


def write_json(path: Path, value: Mapping[str, Any] | Collection[Any]) -> None:
    """Replaces the file at once: a reader sees the old or the new, never a half."""
    half = path.with_suffix(".part")
    half.write_text(json.dumps(value, indent=1))
    half.replace(path)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
