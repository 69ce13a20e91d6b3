"""`motcua`: the one command line. Mounts the local stack; further commands are listed in MOUNTED.

Data goes to stdout, progress and complaints to stderr. Exit codes: 0 good, 1 failed, 2 wrong use, 3 inconclusive,
130 interrupted.
"""

import importlib
import json
import os
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from typer.exceptions import TyperException

from deploy.local.cache import REPOSITORY
from deploy.local.errors import AlreadyRunningError, StackError
from deploy.local.stack import Stack, Status

MOUNTED: Final[dict[str, str]] = {
    "demo": "deploy.demo:demo",
    "due": "deploy.due:due_command",
    "catalogue": "deploy.catalogue:app",
    "kpi": "services.metrics.commands:kpi",
    "verify": "services.metrics.commands:verify",
    "rebuild": "services.metrics.commands:rebuild",
    "archive": "services.metrics.commands.archive:archive",
    "restore": "services.metrics.commands.archive:restore",
    "province": "deploy.province.history:province",
    "bench": "deploy.bench.commands:app",
}
"""Command → `module:name` of a typer app or a plain function; one line each, mounted in this order."""

AT_HOME: Final[dict[str, str]] = dict.fromkeys(
    ("kpi", "verify", "rebuild", "archive", "restore", "province"), "metrics"
)
"""Commands of a service, which run with that service's settings: the local stack's, unless the environment has them."""

SERVERLESS: Final = frozenset({"--help", "--to-file"})
"""Options with which such a command needs no servers."""

INTERRUPTED: Final = 130
_LOOK_S = 0.2

app = typer.Typer(name="motcua", help="Một Cửa on this machine.", add_completion=False, pretty_exceptions_enable=False)
out, err = Console(), Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def state() -> Path:
    """The state folder: `var/` of the repository, or MOTCUA_STATE."""
    return Path(os.environ.get("MOTCUA_STATE", REPOSITORY / "var"))


@app.command(epilog="Example: motcua up --wait")
def up(
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until Ctrl-C, then end everything.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this process and what it needs; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the servers, the simulators, the services and the workflow worker."""
    stack = Stack(state(), processes=only)
    began = time.monotonic()
    try:
        stack.up(owned=wait)
    except AlreadyRunningError as running:
        _complain(str(running))
        _show(stack.status(), as_json=as_json)
        return
    try:
        _show(stack.status(), as_json=as_json)
        if not as_json:
            err.print(
                f"Ready after {time.monotonic() - began:.1f} s. Temporal: {stack.url('temporal')}", highlight=False
            )
        if wait:
            err.print("Ctrl-C ends everything.")
            while stack.is_running():
                time.sleep(_LOOK_S)
            raise StackError(f"the stack has ended by itself; see {state()}/log/supervisor.log.")
    finally:
        if wait:
            stack.down()


@app.command(epilog="Example: motcua down")
def down(*, as_json: AsJson = False) -> None:
    """End every process of the local stack; its data stays."""
    was_running = Stack(state()).down()
    if as_json:
        _print_json({"was_running": was_running})
    else:
        err.print("Everything has ended." if was_running else "Nothing was running.")


@app.command(epilog="Example: motcua status --json")
def status(*, as_json: AsJson = False) -> None:
    """Show each process; exit 1 when one is not healthy or nothing runs."""
    statuses = Stack(state()).status()
    _show(statuses, as_json=as_json)
    if not statuses:
        raise StackError("nothing is running: start it with `motcua up`.")
    if sick := [status.name for status in statuses if not status.healthy]:
        raise StackError(f"not healthy: {', '.join(sick)}; see `motcua logs {sick[0]}`.")


@app.command(epilog="Example: motcua logs intake --follow")
def logs(
    name: Annotated[str | None, typer.Argument(help="A process; all when left out.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="How many last lines of each process.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Print the last lines of the processes' logs."""
    files = sorted((state() / "log").glob(f"{name or '*'}.log"))
    if not files:
        raise StackError(f"there is no log of {name}." if name else "there are no logs yet: start with `motcua up`.")
    ends: dict[Path, int] = {}

    def show(path: Path, line: str) -> None:
        text = line.rstrip("\n")
        if as_json:
            _print_json({"process": path.stem, "line": text})
        else:
            typer.echo(text if name else f"{path.stem:>20} | {text}")

    for path in files:
        with path.open(errors="replace") as log:
            for line in deque(log, maxlen=lines):
                show(path, line)
            ends[path] = log.tell()
    while follow:
        for path in files:
            with path.open(errors="replace") as log:
                log.seek(ends[path] if path.stat().st_size >= ends[path] else 0)
                for line in iter(log.readline, ""):
                    show(path, line)
                ends[path] = log.tell()
        time.sleep(_LOOK_S)


@app.command(epilog="Example: motcua token --person CB-0017 --grant CLERK:000.00.06.H39 --minutes 30")
def token(
    *,
    person: Annotated[str, typer.Option(help="Code of the person, never a name.")],
    grant: Annotated[list[str], typer.Option(help="ROLE:AGENCY, may be repeated.")],
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long it is good.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Sign a short-lived token for a person or bot of the local stack."""
    if os.environ.get("ENVIRONMENT") == "production":
        raise StackError("local tokens are refused in production: sign in at the identity provider.")
    from deploy.local.tokens import mint

    grants = [(role, agency) for role, _, agency in (text.partition(":") for text in grant)]
    if not all(role and agency for role, agency in grants):
        raise typer.BadParameter("write a grant as ROLE:AGENCY, for example CLERK:000.00.06.H39")
    signed = mint(state(), person, grants, minutes=minutes)
    if as_json:
        _print_json({"token": signed, "expires_in_s": minutes * 60})
    else:
        typer.echo(signed)


@app.command(name="accounts", epilog="Example: motcua accounts --like tu-phap")
def accounts_command(
    *,
    like: Annotated[str, typer.Option(help="Only logins that hold this text.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print the sign-ins of the local stack's staff, for the console's sign-in page."""
    from deploy.local.accounts import read

    people = [person for person in read(state()) if like in person["login"]]
    if as_json:
        _print_json({"accounts": people})
        return
    table = Table("login", "password", "post", box=None, header_style="bold")
    for person in people:
        table.add_row(person["login"], person["password"], person["title"])
    out.print(table)


def _show(statuses: list[Status], *, as_json: bool) -> None:
    if as_json:
        total = sum(status.resident_mib for status in statuses)
        _print_json({"processes": [status._asdict() for status in statuses], "resident_mib": total})
        return
    if not statuses:
        return
    table = Table("process", "state", "address", "pid", "MiB", "uptime", "restarts", box=None, header_style="bold")
    for status in statuses:
        word = "[green]healthy[/]" if status.healthy else f"[red]{status.phase}, not healthy[/]"
        up_for = f"{status.uptime_s // 60}:{status.uptime_s % 60:02d}"
        numbers = (str(status.pid or "-"), str(status.resident_mib), up_for, str(status.restarts))
        table.add_row(status.name, word, status.address, *numbers)
    table.add_row("together", "", "", "", str(sum(status.resident_mib for status in statuses)), "", "")
    out.print(table)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _settle(wanted: str) -> None:
    """Give a service's command the settings that the running stack gave the service."""
    if wanted in AT_HOME and "DATABASE_URL" not in os.environ and not _is_serverless():
        stack = Stack(state())
        if not stack.is_running():
            raise StackError("nothing is running: start it with `motcua up`.")
        os.environ |= stack.environment(AT_HOME[wanted])


def _is_serverless() -> bool:
    is_file = sys.argv[1:3] == ["kpi", "fold"]
    return is_file or any(word.partition("=")[0] in SERVERLESS for word in sys.argv)


def _mount(wanted: str) -> None:
    """Load the wanted command only, all of them for the list of commands: services are heavy to import."""
    for name, where in MOUNTED.items():
        if wanted not in {name, "", "--help"}:
            continue
        module, _, attribute = where.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


def main() -> int:
    """Runs one command; every expected failure is one line on stderr."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # whoever ends us ends us as Ctrl-C does: nothing half done
        signal.signal(number, signal.default_int_handler)
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    _mount(wanted)
    try:
        _settle(wanted)
        return int(app(sys.argv[1:] or ["--help"], prog_name="motcua", standalone_mode=False) or 0)
    except TyperException as wrong:
        _complain(f"{wrong.format_message()} See `motcua --help`.")
        return wrong.exit_code
    except StackError as failed:
        _complain(str(failed))
        return 1
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def _complain(line: str) -> None:
    err.print(line, soft_wrap=True, markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
