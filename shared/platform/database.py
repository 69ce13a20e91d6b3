"""PostgreSQL: engine, sessions, one schema per service, migrations under a lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, ExceptionContext, MetaData, NullPool, event, text
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

type Sessions = async_sessionmaker[AsyncSession]

AWAY: Final[tuple[type[Exception], ...]] = (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError)
"""What rises when the database cannot be reached or has no connection free: try again later."""

_CONNECT_SECONDS: Final = 5
_STATEMENT_MS: Final = 30_000
_LOCK_MS: Final = 10_000
_IDLE_MS: Final = 60_000
_MIGRATION_MS: Final = 300_000


def engine(url: str, *, pool_size: int = 5, max_overflow: int = 5) -> AsyncEngine:
    """An engine for one process: small pool, every wait bounded, no values of statements in error texts."""
    made = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=_CONNECT_SECONDS,
        pool_recycle=1800,
        **_habits(_STATEMENT_MS, _LOCK_MS),
    )
    event.listen(made.sync_engine, "handle_error", _as_weather)
    event.listen(made.sync_engine, "checkout", _still_open)
    return made


def _still_open(connection: Any, record: Any, proxy: Any) -> None:
    """A connection that the server closed is replaced before its use, with all that are older. Asks the socket, not
    the server: a ping would be three more round trips for each transaction (measured: a third of a click's SQL).
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def _as_weather(context: ExceptionContext) -> None:
    """A cut connection, a server that starts, stops or is full is not the statement's fault. Raises ConnectionError.

    PostgreSQL's classes 08 (connection), 57P (shutdown, crash, starting up) and 53300 (too many connections) rise
    from the driver as plain DBAPIError. The pool is invalidated all the same. A task that is cancelled in the middle
    of a statement stays cancelled.
    """
    if not isinstance(context.original_exception, Exception):
        return
    code = getattr(context.original_exception, "sqlstate", None) or ""
    if context.is_disconnect or code.startswith(("08", "57P", "53300")):
        raise ConnectionError(f"database away: {code or 'cut'}")


def sessions(of: AsyncEngine) -> Sessions:
    """Makes sessions; `async with sessions.begin() as session:` is one transaction."""
    return async_sessionmaker(of, expire_on_commit=False)


def reads(like: Sessions) -> Sessions:
    """The same pool without transactions around statements: a page that only looks saves two round trips each time."""
    of: AsyncEngine = like.kw["bind"]
    return async_sessionmaker(of.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False)


def metadata_for(schema: str) -> MetaData:
    """The tables of one service: its schema, and names of constraints that migrations can refer to."""
    return MetaData(
        schema=schema,
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )


async def migrate(url: str, schema: str, location: Path) -> None:
    """Brings the schema to the newest migration of `location`/versions: all steps in one transaction, one at a time.

    The schema exists (its role owns it); Alembic's version table lives inside it. Later starts find nothing to do.
    """
    migrating = create_async_engine(url, poolclass=NullPool, **_habits(_MIGRATION_MS, _MIGRATION_MS))
    try:
        async with migrating.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"migrate {schema}"}
            )
            await connection.execute(text("SELECT set_config('search_path', :schema, true)"), {"schema": schema})
            await connection.run_sync(_upgrade, schema, location)
    finally:
        await migrating.dispose()


async def answers(of: AsyncEngine) -> None:
    """Readiness: one round trip. Raises one of AWAY."""
    async with of.connect() as connection:
        await connection.execute(text("SELECT 1"))


def _upgrade(connection: Connection, schema: str, location: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migration_env")).replace("%", "%%"))
    config.set_main_option("version_locations", str(location / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, schema=schema)
    command.upgrade(config, "head")


def _habits(statement_ms: int, lock_ms: int) -> dict[str, Any]:
    """Settings every connection shares. `jit` only slows statements as short as ours."""
    return {
        "hide_parameters": True,
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
        "connect_args": {
            "timeout": _CONNECT_SECONDS,
            "command_timeout": statement_ms / 1000 + 1,
            "prepared_statement_cache_size": 200,
            "server_settings": {
                "application_name": "motcua",
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(statement_ms),
                "lock_timeout": str(lock_ms),
                "idle_in_transaction_session_timeout": str(_IDLE_MS),
            },
        },
    }
