"""One local stack as a thing to hold: `Stack(root).up()`, `.down()`, `.environment("intake")`, `.url("metrics")`.

Used by the command line, by tests (a partial stack in a temporary folder) and by the demo.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import psutil

from deploy.local import secrets
from deploy.local.cache import REPOSITORY, locked
from deploy.local.children import alive, end, family, started
from deploy.local.errors import AlreadyRunningError, StackError
from deploy.local.processes import BY_NAME, chosen, settings
from deploy.local.progress import Tell, working
from deploy.local.site import Ports, Site, free_ports
from deploy.local.supervisor import GRACE_S, Running

_LOOK_S = 0.05
_DOWN_LIMIT_S = 60.0
_MIB = 1024 * 1024


class Status(NamedTuple):
    """How one process is. `pid` 0 = not running; `port` is the one that others call."""

    name: str
    pid: int
    port: int
    address: str
    phase: str
    healthy: bool
    resident_mib: int
    uptime_s: int
    restarts: int


class Stack:
    """The processes of one state folder. `processes`: the wanted ones, with all they need; None = all.

    `extra`: more environment for a process, over the table's (`{"carrier": {"SCAN_SECONDS": "0.1"}}`).
    As a context manager it is up inside the block and ends with this process, whatever happens.
    """

    def __init__(
        self,
        root: Path = REPOSITORY / "var",
        *,
        processes: Collection[str] | None = None,
        extra: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.root = root.resolve()
        self.names = chosen(processes)
        self.extra = extra or {}
        self._started: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.up(owned=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self, *, owned: bool = False) -> None:
        """Starts everything and returns when all is ready; on any failure nothing is left running.

        `owned`: the stack ends when this process does. Raises: AlreadyRunningError; StackError with one clear line.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with working("Starting") as tell, locked(self.root / "up.lock", tell):
            if self._supervisor():
                raise AlreadyRunningError(f"the stack in {self.root} is already running.")
            self._end_leftovers()
            try:
                self._supervise(site := self._plan(), owned=owned)
                self._await_ready(site, tell)
            except BaseException:
                self.down()
                raise

    def down(self) -> bool:
        """Ends every process of this folder, in reverse order; whether any was running."""
        supervisor = self._supervisor()
        if supervisor:
            supervisor.terminate()
            _wait_gone(supervisor)
        if self._started:
            self._started.terminate()  # it may not have written its record yet
            self._started.wait()
        was_running = self._end_leftovers() or supervisor is not None
        (self.root / "running.json").unlink(missing_ok=True)
        shutil.rmtree(self.root / "held", ignore_errors=True)
        return was_running

    def status(self) -> list[Status]:
        """How each process is now; empty when the stack is down."""
        if not (running := self._running()):
            return []
        site = Site.load(self.root)

        async def ask() -> list[bool]:
            return await asyncio.gather(*(BY_NAME[name].healthy(site) for name in site.names))

        def status(name: str, *, is_healthy: bool) -> Status:
            record = running["processes"][name]
            process = alive(record["pid"], record["started"]) if record["pid"] else None
            return Status(
                name=name,
                pid=record["pid"] if process else 0,
                port=int(site.address(name).rpartition(":")[2]),
                address=site.address(name),
                phase=record["phase"],
                healthy=is_healthy and (process is not None or name in site.outside),
                resident_mib=_resident(process),
                uptime_s=int(time.time() - record["started"]) if process else 0,
                restarts=record["restarts"],
            )

        health = zip(site.names, asyncio.run(ask()), strict=True)
        return [status(name, is_healthy=is_healthy) for name, is_healthy in health]

    def environment(self, name: str) -> dict[str, str]:
        """The settings a process is given (`cli` for clients), for running it or its code elsewhere."""
        return settings(Site.load(self.root), name)

    def address(self, name: str, port: str | None = None) -> str:
        """host:port of a process; `port` names another of its ports (`address("temporal", "ui")`)."""
        site = Site.load(self.root)
        return f"{site.address(name).rpartition(':')[0]}:{site.port(name, port)}" if port else site.address(name)

    def url(self, name: str) -> str:
        """Base address of a process that speaks HTTP; of Temporal, its UI."""
        return f"http://{self.address(name, 'ui' if name == 'temporal' else None)}"

    def is_running(self) -> bool:
        return self._supervisor() is not None

    def stop(self, name: str, number: signal.Signals = signal.SIGKILL, limit_s: float = 30) -> None:
        """Takes one process away until `start`: for tests of a life without it."""
        held = self.root / "held"
        held.mkdir(exist_ok=True)
        (held / name).touch()
        self.send(name, number)
        self._until(name, "restarting", limit_s)

    def start(self, name: str, limit_s: float = 60) -> None:
        """Lets a stopped process come back; returns when it is healthy."""
        (self.root / "held" / name).unlink(missing_ok=True)
        self._until(name, "ready", limit_s)

    def send(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to a process of this stack."""
        running = self._running()
        record = running["processes"].get(name) if running else None
        if not record or not (process := alive(record["pid"], record["started"])):
            raise StackError(f"{name} is not running.")
        process.send_signal(number)

    def _until(self, name: str, phase: str, limit_s: float) -> None:
        limit = time.monotonic() + limit_s
        while not (running := self._running()) or running["processes"][name]["phase"] != phase:
            if time.monotonic() > limit:
                raise StackError(f"{name} was not {phase} after {limit_s:.0f} s; see {self.root}/log/{name}.log.")
            time.sleep(_LOOK_S)

    def _plan(self) -> Site:
        """Finds or makes the servers, then ports, secrets and the folder; nothing is started yet."""
        outside: dict[str, str] = {}
        for name in self.names:
            if server := BY_NAME[name].server:
                if setting := os.environ.get(server.OUTSIDE_SETTING):
                    outside[name] = server.outside_address(setting)
                else:
                    server.find()
        before: Mapping[str, Ports] = {}
        if (self.root / "stack.json").exists():
            before = Site.load(self.root).ports
        ports = free_ports({process.name: process.ports for process in BY_NAME.values()}, before)
        site = Site(root=self.root, names=self.names, ports=ports, outside=outside, extra=self.extra)
        secrets.generate(site)
        for name in ("supervisor", *site.names):
            log = site.log(name)
            log.parent.mkdir(exist_ok=True)
            if log.exists():
                log.replace(log.with_suffix(".log.1"))
        (self.root / "running.json").unlink(missing_ok=True)
        site.save()
        return site

    def _await_ready(self, site: Site, tell: Tell) -> None:
        while (running := self._running()) is None or running["phase"] == "starting":
            if self._started and self._started.poll() is not None:
                break
            tell(_how_far(running))
            time.sleep(_LOOK_S)
        if running is None or running["phase"] != "ready":
            said = running["error"] if running else ""
            raise StackError(said or f"the stack was stopped while starting; see {site.log('supervisor')}.")

    def _supervise(self, site: Site, *, owned: bool) -> None:
        me = os.getpid()
        bond = "owned" if owned else "free"
        command = [sys.executable, "-m", "deploy.local.supervisor", str(self.root), str(me), str(started(me)), bond]
        with site.log("supervisor").open("ab") as log:
            self._started = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _running(self) -> Running | None:
        try:
            return json.loads((self.root / "running.json").read_text())  # type: ignore[no-any-return]
        except FileNotFoundError:
            return None

    def _supervisor(self) -> psutil.Process | None:
        running = self._running()
        return alive(running["pid"], running["started"]) if running else None

    def _end_leftovers(self) -> bool:
        """Ends what a killed supervisor left behind, by the recorded pid and start time."""
        found = False
        records = (self._running() or {"processes": {}})["processes"]
        for name in reversed(records):
            record = records[name]
            if record["pid"] and (process := alive(record["pid"], record["started"])):
                found = True
                end(process, BY_NAME[name].stop, GRACE_S)
        return found


def _how_far(running: Running | None) -> str:
    if running is None:
        return "supervisor"
    records = running["processes"]
    missing = [name for name, record in records.items() if record["phase"] not in ("ready", "outside")]
    return f"{len(records) - len(missing)}/{len(records)} ready, waiting for {', '.join(missing)}"


def _resident(process: psutil.Process | None) -> int:
    """Resident memory of a process and all it started, in MiB; shared pages count for each."""
    total = 0
    for member in family(process) if process else ():
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total // _MIB


def _wait_gone(supervisor: psutil.Process) -> None:
    gone: Sequence[psutil.Process]
    gone, _ = psutil.wait_procs([supervisor], timeout=_DOWN_LIMIT_S)
    if not gone:
        supervisor.kill()
        psutil.wait_procs([supervisor], timeout=GRACE_S)
