"""The table of processes: what runs, on which ports, after what, with which environment.

Environment values are templates: `{payment}` is the host:port of that process, `{mailbox_smtp}` of its port `smtp`,
`{root}` the state folder, `{name}` the process itself, `{database_password}` its secret of that name. Every Python
process also gets ENVIRONMENT, HOST, PORT and SECRETS_DIR.
"""

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Final, Protocol

from deploy.local import kafka, postgres, temporal
from deploy.local.errors import StackError
from deploy.local.health import answers
from deploy.local.site import HOST, Site


class Server(Protocol):
    """What a module about a server offers (postgres.py, kafka.py, temporal.py)."""

    @property
    def OUTSIDE_SETTING(self) -> str: ...  # noqa: N802 - a module's constant: its setting that names a running server
    @property
    def PORTS(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def STOP(self) -> Signals: ...  # noqa: N802 - the signal that ends it in good order
    def find(self) -> Path: ...
    def outside_address(self, setting: str) -> str: ...
    def prepare(self, site: Site) -> None: ...
    def command(self, site: Site) -> Sequence[str]: ...
    async def healthy(self, site: Site) -> bool: ...
    async def settle(self, site: Site) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Process:
    """One line of the table: either a `server` with a module of its own, or `python -m module`."""

    name: str
    server: Server | None = None
    module: str = ""
    health: str = "/healthz"
    more_ports: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    env: Mapping[str, str]

    @property
    def ports(self) -> tuple[str, ...]:
        return self.server.PORTS if self.server else ("http", *self.more_ports)

    @property
    def stop(self) -> Signals:
        return self.server.STOP if self.server else SIGTERM

    def command(self, site: Site) -> Sequence[str]:
        return self.server.command(site) if self.server else [sys.executable, "-m", self.module]

    async def healthy(self, site: Site) -> bool:
        if self.server:
            return await self.server.healthy(site)
        return await answers(site.address(self.name), self.health)


def _simulator(name: str, *more_ports: str, **env: str) -> Process:
    ledger = {"LEDGER_FILE": "{root}/data/{name}/ledger.jsonl", "FAULTS_FILE": "{root}/data/{name}/faults.json"}
    return Process(name=name, module=f"deploy.simulators.{name}", more_ports=more_ports, env=ledger | env)


def _service(name: str, *after: str, **env: str) -> Process:
    return Process(name=name, module=f"services.{name}", health="/readyz", after=after, env=_SIBLINGS | env)


_SIBLINGS: Final = {
    "INTAKE_URL": "http://{intake}",
    "PROCESSING_URL": "http://{processing}",
    "PAYMENT_URL": "http://{payment}",
    "DELIVERY_URL": "http://{delivery}",
    "METRICS_URL": "http://{metrics}",
}
_DATABASE: Final = {"DATABASE_URL": "postgresql+asyncpg://{name}:{database_password}@{postgres}/motcua"}
_KAFKA: Final = {"KAFKA_BOOTSTRAP_SERVERS": "{kafka}"}
_TEMPORAL: Final = {"TEMPORAL_ADDRESS": "{temporal}", "TEMPORAL_NAMESPACE": "{namespace}"}
_ALL: Final = _DATABASE | _KAFKA | _TEMPORAL
_OBJECTS: Final = {"OBJECTS_DIR": "{root}/data/objects"}
_OUTSIDE: Final = {
    "GATEWAY_URL": "http://{payment_gateway}",
    "CARRIER_URL": "http://{carrier}",
    "POPULATION_URL": "http://{population_database}",
    "SIGNING_URL": "http://{signing_authority}",
}
_ACCOUNTS: Final = {"ACCOUNTS_FILE": "{root}/secrets/{name}/accounts.json"}
_CONSOLE: Final = {"CONSOLE_URL": "http://{processing}"}
_LINKS: Final = {"TEMPORAL_UI": "http://{temporal_ui}", "BOARD_URL": "http://{metrics}"}
_MESSENGERS: Final = {"MAIL_SERVER": "{mailbox_smtp}", "SMS_URL": "http://{mailbox}"}
_SERVERS: Final = ("postgres", "kafka", "temporal")

PROCESSES: Final = (
    Process(name="postgres", server=postgres, env={}),
    Process(name="kafka", server=kafka, env={}),
    Process(name="temporal", server=temporal, env={}),
    _simulator("payment_gateway", IPN_URL="http://{payment}/callbacks/gateway"),
    _simulator("carrier", WEBHOOK_URL="http://{delivery}/callbacks/carrier"),
    _simulator("population_database"),
    _simulator("mailbox", "smtp", SMTP_SERVER="{mailbox_smtp}"),
    _simulator("signing_authority", STATE_DIR="{root}/data/{name}"),
    Process(
        name="workflows",
        module="workflows",
        health="/readyz",
        after=("kafka", "temporal"),
        env=_KAFKA | _TEMPORAL,
    ),
    _service("intake", *_SERVERS, "population_database", "mailbox", **_ALL, **_OBJECTS, **_OUTSIDE, **_MESSENGERS),
    _service("processing", *_SERVERS, "signing_authority", **_ALL, **_OBJECTS, **_OUTSIDE, **_ACCOUNTS, **_LINKS),
    _service("payment", *_SERVERS, "payment_gateway", **_ALL, **_OUTSIDE),
    _service("delivery", *_SERVERS, "carrier", **_ALL, **_OUTSIDE),
    _service("metrics", "postgres", "kafka", **_DATABASE, **_KAFKA, **_CONSOLE),
)
BY_NAME: Final = {process.name: process for process in PROCESSES}

CLI: Final = _SIBLINGS | _OUTSIDE | _KAFKA | _TEMPORAL
"""What the command line and its bots get: no process, so no port and no database."""

_INHERITED: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "VIRTUAL_ENV", "SSL_CERT_FILE")


def chosen(names: Collection[str] | None) -> tuple[str, ...]:
    """The wanted processes and what they need, in the table's order; None is all of them."""
    if unknown := set(names or ()) - set(BY_NAME):
        raise StackError(f"no process is called {', '.join(sorted(unknown))}; known: {', '.join(BY_NAME)}.")
    wanted = set(BY_NAME if names is None else names)
    for process in reversed(PROCESSES):  # a process stands below everything it needs
        if process.name in wanted:
            wanted.update(process.after)
    return tuple(name for name in BY_NAME if name in wanted)


def settings(site: Site, name: str) -> dict[str, str]:
    """The table's environment of a process (or of `cli`), templates filled in."""
    process = BY_NAME.get(name)
    known = _Known(site, name)
    env = {key: value.format_map(known) for key, value in (process.env if process else CLI).items()}
    env |= {"ENVIRONMENT": os.environ.get("ENVIRONMENT", "local"), "SECRETS_DIR": str(site.secrets(name))}
    if process and not process.server:
        env |= {"HOST": HOST, "PORT": str(site.port(name))}
    return env | dict(site.extra.get(name, {}))


def environment(site: Site, name: str) -> dict[str, str]:
    """The whole environment of a child process: little is inherited, so that every start is the same."""
    inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1"} | settings(site, name)


class _Known(dict[str, str]):
    """Fills a template's names on demand: addresses of processes, else secrets of this one."""

    def __init__(self, site: Site, name: str) -> None:
        namespace = os.environ.get("TEMPORAL_NAMESPACE", temporal.NAMESPACE)
        super().__init__(root=str(site.root), name=name, namespace=namespace)
        self._site = site

    def __missing__(self, key: str) -> str:
        process, _, port = key.rpartition("_")
        if key in BY_NAME:
            return self._site.address(key)
        if process in BY_NAME:
            return f"{HOST}:{self._site.port(process, port)}"
        return self._site.secret(self["name"], key)
