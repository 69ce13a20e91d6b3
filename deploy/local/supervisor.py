"""The process that starts the others, restarts who dies and ends all: `python -m deploy.local.supervisor`.

Started by stack.py, ended by SIGTERM. It alone writes `<root>/running.json`: phase of the stack, pid and start time of
each process. `<root>/held/<name>` keeps a process down (tests of "the broker is away").
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

import psutil

from deploy.local.cache import REPOSITORY
from deploy.local.children import alive, family, kill, reap_group, started
from deploy.local.errors import StackError
from deploy.local.processes import BY_NAME, Process, environment
from deploy.local.site import Site, write_json

START_LIMIT_S = float(os.environ.get("MOTCUA_START_LIMIT_S", "90"))
"""How long a first start may take: on two busy cores it runs migrations; a warm one takes a few seconds."""
GRACE_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0
_STEADY_S = 30.0
"""Who ran this long starts again with the shortest pause."""
_LOOK_S = 0.1
_LAST_LINES = 8


class Record(TypedDict):
    """One process as `running.json` tells it; pid 0 = not running now."""

    pid: int
    started: float
    phase: Literal["waiting", "starting", "ready", "restarting", "ended", "outside"]
    restarts: int


class Running(TypedDict):
    """`running.json`."""

    pid: int
    started: float
    phase: Literal["starting", "ready", "stopping", "failed"]
    error: str
    processes: dict[str, Record]


class Supervisor:
    """One stack's keeper. `owner`: (pid, start time) of who asked; without it the stack ends while starting, or ever
    when `owned`.
    """

    def __init__(self, site: Site, owner: tuple[int, float], *, owned: bool) -> None:
        self.site, self.owner, self.owned = site, owner, owned
        self.stop = asyncio.Event()
        self.ready = {name: asyncio.Event() for name in site.names}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.running: Running = {
            "pid": os.getpid(),
            "started": started(os.getpid()),
            "phase": "starting",
            "error": "",
            "processes": {name: {"pid": 0, "started": 0.0, "phase": "waiting", "restarts": 0} for name in site.names},
        }

    async def run(self) -> int:
        """Keeps the stack until it is told to stop; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        self._save()
        tasks = [loop.create_task(self._live(BY_NAME[name]), name=name) for name in self.site.names]
        for task in tasks:
            task.add_done_callback(self._notice)
        watch = [loop.create_task(self._watch_owner()), loop.create_task(self._watch_readiness())]
        await self.stop.wait()
        if not self.running["error"]:
            self.running["phase"] = "stopping"
        self._save()
        for task in (*tasks, *watch):
            task.cancel()
        await asyncio.gather(*tasks, *watch, return_exceptions=True)
        await self._end_all()
        self.running["phase"] = "failed" if self.running["error"] else "stopping"
        self._save()
        return 1 if self.running["error"] else 0

    async def _live(self, process: Process) -> None:
        """The life of one process: after those it needs, up, watched, up again."""
        await asyncio.gather(*(self.ready[need].wait() for need in process.after))
        if process.name in self.site.outside:
            return await self._greet(process)
        self.site.data(process.name).mkdir(parents=True, exist_ok=True)
        if process.server:
            await asyncio.to_thread(process.server.prepare, self.site)
        pause = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            child = self._start(process)
            is_first = not self.ready[process.name].is_set()
            limit = began + START_LIMIT_S if is_first else None
            if await self._becomes_healthy(process, child, limit):
                if is_first and process.server:
                    await process.server.settle(self.site)
                self._mark(process.name, phase="ready")
                self.ready[process.name].set()
                await self._exit_of(child)
            elif is_first:
                raise StackError(self._why(process, child))
            if time.monotonic() - began > _STEADY_S:
                pause = _FIRST_PAUSE_S
            record = self.running["processes"][process.name]
            self._mark(process.name, pid=0, phase="restarting", restarts=record["restarts"] + 1)
            _say(f"{process.name} ended with {child.wait()}; starts again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 2)
            await _until(lambda: not (self.site.root / "held" / process.name).exists())

    async def _greet(self, process: Process) -> None:
        """A server that runs elsewhere is not started, only prepared for us."""
        limit = time.monotonic() + START_LIMIT_S
        while not await process.healthy(self.site):
            if time.monotonic() > limit:
                raise StackError(f"{process.name} at {self.site.address(process.name)} does not answer.")
            await asyncio.sleep(0.5)
        if process.server:
            await process.server.settle(self.site)
        self._mark(process.name, phase="outside")
        self.ready[process.name].set()

    def _start(self, process: Process) -> subprocess.Popen[bytes]:
        log = self.site.log(process.name)
        with log.open("ab") as output:
            child = subprocess.Popen(
                process.command(self.site),
                env=environment(self.site, process.name),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.children[process.name] = child
        self._mark(process.name, pid=child.pid, started=started(child.pid), phase="starting")
        _say(f"{process.name} starts as {child.pid}")
        return child

    async def _becomes_healthy(self, process: Process, child: subprocess.Popen[bytes], limit: float | None) -> bool:
        while not await process.healthy(self.site):
            if reap_group(child.pid) or (limit and time.monotonic() > limit):
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def _exit_of(self, child: subprocess.Popen[bytes]) -> None:
        await _until(lambda: reap_group(child.pid))
        child.wait()

    async def _end_all(self) -> None:
        """Ends everybody, those who need others first."""
        ended = {name: asyncio.Event() for name in self.site.names}

        async def end(name: str) -> None:
            needed_by = (other for other in self.site.names if name in BY_NAME[other].after)
            await asyncio.gather(*(ended[other].wait() for other in needed_by))
            if child := self.children.get(name):
                await self._end(BY_NAME[name], child)
                self._mark(name, pid=0, phase="ended")
            ended[name].set()

        await asyncio.gather(*(end(name) for name in self.site.names))

    async def _end(self, process: Process, child: subprocess.Popen[bytes]) -> None:
        if child.returncode is not None:
            return
        child.send_signal(process.stop)
        try:
            await asyncio.wait_for(self._exit_of(child), GRACE_S)
        except TimeoutError:
            _say(f"{process.name} did not end within {GRACE_S:.0f} s and is killed")
            kill(family(psutil.Process(child.pid)))
            await self._exit_of(child)

    async def _watch_owner(self) -> None:
        while self.owned or self.running["phase"] == "starting":
            if not alive(*self.owner):
                _say("the process that asked for this stack has gone")
                self.stop.set()
            await asyncio.sleep(0.5)

    async def _watch_readiness(self) -> None:
        await asyncio.gather(*(event.wait() for event in self.ready.values()))
        self.running["phase"] = "ready"
        self._save()

    def _notice(self, task: asyncio.Task[None]) -> None:
        """A process that cannot be kept ends the whole stack, with the reason kept for `up`."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not self.running["error"]:
            said = str(error) if isinstance(error, StackError) else f"{task.get_name()}: {error!r}"
            self.running["error"] = said
            self.running["phase"] = "failed"
            _say(said)
        self.stop.set()

    def _why(self, process: Process, child: subprocess.Popen[bytes]) -> str:
        code = child.poll()
        what = f"ended with {code}" if code is not None else f"was not healthy after {START_LIMIT_S:.0f} s"
        log = self.site.log(process.name)
        lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n  ".join([f"{process.name} {what}; last lines of {log}:", *lines])

    def _mark(
        self,
        name: str,
        *,
        phase: Literal["starting", "ready", "restarting", "ended", "outside"],
        pid: int | None = None,
        started: float | None = None,
        restarts: int | None = None,
    ) -> None:
        record = self.running["processes"][name]
        record["phase"] = phase
        record["pid"] = record["pid"] if pid is None else pid
        record["started"] = record["started"] if started is None else started
        record["restarts"] = record["restarts"] if restarts is None else restarts
        self._save()

    def _save(self) -> None:
        write_json(self.site.root / "running.json", self.running)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes and files send no event
        await asyncio.sleep(_LOOK_S)


def _say(what: str) -> None:
    print(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {what}", flush=True)  # noqa: T201 - its log


def main() -> int:
    """Arguments: state folder, owner's pid, owner's start time, `owned` or `free`."""
    root, pid, started_at, bond = sys.argv[1:]
    supervisor = Supervisor(Site.load(Path(root)), (int(pid), float(started_at)), owned=bond == "owned")
    return asyncio.run(supervisor.run())


if __name__ == "__main__":
    sys.exit(main())
