"""Ends processes without ever touching a stranger: a pid counts only together with its start time."""

import contextlib
import os
import signal
from collections.abc import Iterable

import psutil

_SAME_START_S = 2.0
"""Start times are read back with the clock's small corrections; a pid is not given twice within two seconds."""


def started(pid: int) -> float:
    """When the process started, in seconds since 1970."""
    return psutil.Process(pid).create_time()


def alive(pid: int, started_at: float) -> psutil.Process | None:
    """The recorded process, if it still runs and is the same one."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started_at) < _SAME_START_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all it started."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(process: psutil.Process, stop: signal.Signals, grace_s: float) -> None:
    """Asks a process to stop; when it does not within `grace_s`, or leaves others behind, kills them."""
    members = family(process)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(stop)
    psutil.wait_procs([process], timeout=grace_s)
    kill(members)
    psutil.wait_procs(members, timeout=grace_s)


def kill(members: Iterable[psutil.Process]) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


def reap_group(pid: int) -> bool:
    """Whether our child `pid` has ended. Its group is swept while the pid is still ours, before it is reaped."""
    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return True
