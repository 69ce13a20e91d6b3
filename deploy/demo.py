"""`motcua demo`: a province at work on this machine, through the public APIs, with the counted proof at the end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from deploy.cli import state
from deploy.local import accounts, tokens
from deploy.local.errors import AlreadyRunningError, StackError
from deploy.local.stack import Stack
from deploy.proof import findings, proof
from deploy.province.bots import BotFailure, Life, Province
from deploy.province.plan import plans
from shared.platform.catalogue import load_catalogue

OUTSIDE: Final = ("payment_gateway", "population_database")
PROVINCE: Final = "000.00.00.H39"
QUICK: Final = {"carrier": {"SCAN_SECONDS": "0.2"}}
"""The carrier's parcels travel a day in a second; everything else keeps its pace."""

err = Console(stderr=True)


def demo(
    *,
    dossiers: Annotated[int, typer.Option(min=1, max=100_000, help="How many dossiers are filed.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed tells the same story.")] = 7,
    at_once: Annotated[int, typer.Option(min=1, max=200, help="Dossiers under way at the same time.")] = 16,
    leave: Annotated[bool, typer.Option("--exit", help="End everything afterwards.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """File dossiers over agencies of all levels, carry them to their ends, show KPIs and prove the count."""
    stack = Stack(state(), extra=QUICK)
    ours = True
    try:
        err.print("Starting servers, simulators, services and the workflow worker …")
        stack.up(owned=True)
    except AlreadyRunningError:
        ours = False
    try:
        report = asyncio.run(_run(stack, dossiers, seed, at_once))
        _show_figures(stack)
        _tell(report, stack)
        if as_json:
            sys.stdout.write(json.dumps(report) + "\n")
        if not leave and ours:
            err.print("Everything stays up until Ctrl-C.")
            while stack.is_running():
                time.sleep(0.5)
    finally:
        if ours:
            stack.down()
    if found := findings(report):
        raise StackError(f"the proof failed: {', '.join(found)}.")


async def _run(stack: Stack, count: int, seed: int, at_once: int) -> dict[str, Any]:
    story = plans(load_catalogue(), date.today(), count, seed)  # noqa: DTZ011 - the desks' own day
    addresses = {name: stack.url(name) for name in ("intake", "processing", "payment", "delivery", *OUTSIDE)}
    with Progress(
        TextColumn("Hồ sơ"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[rate]}"), console=err, disable=not err.is_terminal,
    ) as progress:  # fmt: skip
        bar = progress.add_task("", total=count, rate="")
        began = last = time.monotonic()
        done = 0

        def told(_: Life) -> None:
            nonlocal done, last
            done += 1
            now = time.monotonic()
            progress.update(bar, advance=1, rate=f"{done / (now - began):.1f}/s")
            if not err.is_terminal and now - last > 10:  # noqa: PLR2004 - one line per ten seconds
                last = now
                err.print(f"{done}/{count} dossiers, {done / (now - began):.1f}/s")

        register_token = (stack.root / "secrets/population_database/population_token").read_text().strip()
        province = Province(addresses, _mint(stack), told, register_token=register_token)
        try:
            lives = await province.live(story, at_once=at_once)
        except* (BotFailure, asyncio.CancelledError) as group:
            said = [*province.surprises, *(str(failure) for failure in group.exceptions)]
            raise StackError(f"a bot did not know what to do: {said[0]}") from group
        finally:
            await province.close()
        seconds = time.monotonic() - began
    return await proof(stack, lives, province.complaints, seconds)


def _mint(stack: Stack) -> Any:
    @cache
    def mint(kind: Any, person: str, role: str) -> str:
        grants = [(role, PROVINCE)] if role else []
        return tokens.mint(stack.root, person, grants, minutes=600, kind=kind)

    return mint


def _show_figures(stack: Stack) -> None:
    """`motcua kpi` as a person would call it, beside the demonstration."""
    command = [sys.executable, "-m", "deploy.cli", "kpi"]
    subprocess.run(command, check=False, stdout=sys.stderr, env=os.environ | {"MOTCUA_STATE": str(stack.root)})


def _tell(report: Mapping[str, Any], stack: Stack) -> None:
    clerk = next(person for person in accounts.read(stack.root) if person["login"] == accounts.FIRST)
    err.print(
        f"{report['submitted']} submitted = {report['finished']} finished + {report['refused']} refused "
        f"+ {report['withdrawn']} withdrawn + {report['stopped']} stopped, and {report['corrections']} corrections; "
        f"{report['events']} events, lost {report['lost']}, "
        f"duplicated {report['duplicated']}, stuck {report['stuck']}; "
        f"KPI {'equal to' if report['kpi_equals_refold'] else 'DIFFERENT FROM'} the refold from the topic.",
        "On the way: " + ", ".join(f"{name} {number}" for name, number in report["on_the_way"].items()),
        f"Feedback: {report['feedback']} given, {report['feedback_answered']} answered.",
        f"{report['seconds']} s, {report['dossiers_per_second']} dossiers/s, at most {report['max_history_events']} "
        f"history events, {report['resident_mib']} MiB resident.",
        f"{report['notices_sent']} notices sent to applicants, {report['notices_twice']} of them twice.",
        f"Board: {stack.url('metrics')}/board · mailbox: {stack.url('mailbox')} · Temporal UI: {stack.url('temporal')}",
        f"Console: {stack.url('processing')}/desk · sign in as {clerk['login']} with {clerk['password']} "
        "(all others: motcua accounts)",
        sep="\n",
        highlight=False,
    )
