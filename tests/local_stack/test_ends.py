"""Whatever happens, nothing is left running."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import AlreadyRunningError, StackError
from deploy.local.stack import Stack
from tests.local_stack.conftest import alive, eventually, motcua, said_by, started_pids


def test_down_leaves_nothing(root: Path) -> None:
    stack = Stack(root, processes={"postgres", "carrier"})
    stack.up()
    assert [(status.name, status.healthy) for status in stack.status()] == [("postgres", True), ("carrier", True)]
    family = [child.pid for status in stack.status() for child in psutil.Process(status.pid).children(recursive=True)]
    assert alive(root)
    assert stack.down()
    assert alive(root) == []
    assert not [pid for pid in family if psutil.pid_exists(pid)]
    assert not stack.down()


def test_a_process_that_ends_while_starting_takes_the_start_with_it(root: Path) -> None:
    stack = Stack(root, processes={"postgres", "carrier"}, extra={"carrier": {"SECRETS_DIR": "/nowhere"}})
    with pytest.raises(StackError, match=r"carrier ended with 1; last lines of .*carrier\.log") as failed:
        stack.up()
    assert "/nowhere" in str(failed.value)
    assert len(started_pids(root)) >= 1
    assert alive(root) == []


def test_a_process_whose_health_never_comes_takes_the_start_with_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_START_LIMIT_S", "4")
    stack = Stack(root, processes={"carrier"}, extra={"carrier": {"PORT": "0"}})
    with pytest.raises(StackError, match="carrier was not healthy after 4 s"):
        stack.up()
    assert started_pids(root)
    assert alive(root) == []


def test_interrupting_a_start_leaves_nothing(root: Path) -> None:
    command = motcua(root, "up", "--only", "kafka")  # takes seconds, so that the interrupt comes in the middle
    eventually(lambda: started_pids(root), "a first process starts")
    command.send_signal(signal.SIGINT)
    code, out, _ = said_by(command)
    assert (code, out) == (130, "")
    assert alive(root) == []


def test_a_stack_that_is_waited_for_ends_with_its_owner(root: Path) -> None:
    command = motcua(root, "up", "--wait", "--only", "carrier")
    eventually(lambda: any(status.healthy for status in Stack(root).status()), "the carrier is healthy")
    command.kill()
    said_by(command)
    eventually(lambda: not alive(root), "everything has ended")


def test_down_ends_what_a_killed_supervisor_left(root: Path) -> None:
    stack = Stack(root, processes={"carrier"})
    stack.up()
    supervisor = psutil.Process(stack.status()[0].pid).parent()
    assert supervisor is not None
    supervisor.kill()
    supervisor.wait()
    assert not stack.is_running()
    assert alive(root)
    assert stack.down()
    assert alive(root) == []


def test_a_second_up_is_refused_and_harms_nothing(root: Path) -> None:
    with Stack(root, processes={"carrier"}) as stack:
        before = stack.status()[0].pid
        with pytest.raises(AlreadyRunningError):
            Stack(root).up()
        code, out, err = said_by(motcua(root, "up"))
        assert code == 0
        assert "already running" in err
        assert "carrier" in out
        assert str(before) in out
        assert stack.status()[0].pid == before


def test_who_dies_is_started_again(root: Path) -> None:
    with Stack(root, processes={"carrier"}) as stack:
        before = stack.status()[0]
        os.kill(before.pid, signal.SIGKILL)
        eventually(lambda: stack.status()[0].restarts == 1 and stack.status()[0].healthy, "the carrier is back")
        assert stack.status()[0].port == before.port
        assert f"carrier ended with -{signal.SIGKILL}" in (root / "log/supervisor.log").read_text()
