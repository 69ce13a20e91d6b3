"""Temporal of the local stack: the official CLI's server with UI, history in a SQLite file.

Order of search: TEMPORAL_ADDRESS (a server that runs elsewhere) → MOTCUA_TEMPORAL_BINARY → `temporal` on PATH, when
new enough → our cache → built with Go from the module in deploy/temporal.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from deploy.local.cache import REPOSITORY, made, run
from deploy.local.errors import StackError
from deploy.local.health import answers, connects
from deploy.local.progress import Tell
from deploy.local.site import HOST, Site

OUTSIDE_SETTING = "TEMPORAL_ADDRESS"
PORTS = ("grpc", "ui", "http", "metrics")
STOP = signal.SIGTERM
NAMESPACE = "default"
SEARCH_ATTRIBUTES = {
    "DossierStage": "Keyword",
    "ProcedureCode": "Keyword",
    "AgencyCode": "Keyword",
    "Channel": "Keyword",
    "DueAt": "Datetime",
}
_SETTINGS = {
    "frontend.namespaceRPS": "20000",  # the development server limits itself to 2,400 requests a second
    "frontend.rps": "20000",
    "system.enableActivityEagerExecution": "true",
}
_MODULE = REPOSITORY / "deploy/temporal"
_OLDEST_SERVER = (1, 32)
_HINT = "or set TEMPORAL_ADDRESS to a running server"


@cache
def find() -> Path:
    """The `temporal` program. Raises: StackError with what to install."""
    if setting := os.environ.get("MOTCUA_TEMPORAL_BINARY"):
        if not os.access(setting, os.X_OK):
            raise StackError(f"MOTCUA_TEMPORAL_BINARY={setting} is no program that can be run.")
        return Path(setting).resolve()
    on_path = shutil.which("temporal")
    if on_path and _server_version(on_path) >= _OLDEST_SERVER:
        return Path(on_path)
    sources = [_MODULE / "go.mod", _MODULE / "go.sum"]
    return made("temporal", sources, "Building Temporal (first time only, about 5 minutes)", _build) / "temporal"


def outside_address(setting: str) -> str:
    return setting


def prepare(site: Site) -> None:
    site.data("temporal").mkdir(parents=True, exist_ok=True)


def command(site: Site) -> Sequence[str]:
    ports = {
        "--port": "grpc",
        "--ui-port": "ui",
        "--http-port": "http",
        "--metrics-port": "metrics",
    }
    return [
        *(str(find()), "server", "start-dev", "--ip", HOST, "--log-level", "warn"),
        *("--db-filename", str(site.data("temporal") / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
        *(part for flag, port in ports.items() for part in (flag, str(site.port("temporal", port)))),
        *(part for name, value in _SETTINGS.items() for part in ("--dynamic-config-value", f"{name}={value}")),
        *(part for name, kind in SEARCH_ATTRIBUTES.items() for part in ("--search-attribute", f"{name}={kind}")),
    ]


async def healthy(site: Site) -> bool:
    """Whether the server serves its namespace. One that stands elsewhere is only asked for a connection."""
    if "temporal" in site.outside:
        return await connects(site.address("temporal"))
    return await answers(f"{HOST}:{site.port('temporal', 'http')}", f"/api/v1/namespaces/{NAMESPACE}")


async def settle(site: Site) -> None:
    """Declares the search attributes on a server that stands elsewhere; our own was started with them."""
    if "temporal" not in site.outside:
        return
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
    from temporalio.client import Client

    namespace = os.environ.get("TEMPORAL_NAMESPACE", NAMESPACE)
    operator = (await Client.connect(site.address("temporal"), namespace=namespace)).operator_service
    known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    missing = {
        name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}")
        for name, kind in SEARCH_ATTRIBUTES.items()
        if name not in known.custom_attributes
    }
    if missing:
        await operator.add_search_attributes(AddSearchAttributesRequest(namespace=namespace, search_attributes=missing))


def _server_version(binary: str) -> tuple[int, ...]:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Server (\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else (0,)


def _build(folder: Path, tell: Tell) -> None:
    if not shutil.which("go"):
        raise StackError(
            "Temporal must be built once and needs Go 1.26 or newer, which was not found:"
            f" install Go, set MOTCUA_TEMPORAL_BINARY to a `temporal` program (server 1.32 or newer), {_HINT}."
        )
    package = "github.com/temporalio/cli/cmd/temporal"
    build = ["go", "build", "-v", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "temporal"), package]
    run(build, cwd=_MODULE, tell=tell)
