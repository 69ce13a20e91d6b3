"""Engine and migrations on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.platform import database as plumbing
from shared.platform.settings import ServiceSettings

MIGRATIONS = Path(__file__).parent / "migrations"


async def test_five_processes_that_start_together_migrate_once(
    database: AsyncEngine, settings: ServiceSettings
) -> None:
    url = settings.database_url.get_secret_value()
    await asyncio.gather(*(plumbing.migrate(url, "intake", MIGRATIONS) for _ in range(5)))
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT id, name FROM intake.counter"))).all() == [(1, "first")]
        version = await connection.execute(text("SELECT version_num FROM intake.alembic_version"))
        assert version.scalars().all() == ["0002"]


async def test_a_service_cannot_migrate_another_schema(settings: ServiceSettings) -> None:
    with pytest.raises(DBAPIError):
        await plumbing.migrate(settings.database_url.get_secret_value(), "payment", MIGRATIONS)


async def test_a_statement_that_hangs_is_cut_off_and_readiness_answers(
    database: AsyncEngine, settings: ServiceSettings
) -> None:
    await plumbing.answers(database)
    async with database.connect() as connection:
        shown = {
            name: (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
        }
    assert shown == {
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "TimeZone": "UTC",
    }


async def test_the_values_of_a_failed_statement_do_not_reach_its_error(database: AsyncEngine) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with database.begin() as connection:
            await connection.execute(text("SELECT no_such_function(CAST(:id AS text))"), {"id": "079123456789"})
    assert "079123456789" not in str(failed.value)


async def test_a_database_that_is_away_is_one_of_the_known_failures() -> None:
    nowhere = plumbing.engine("postgresql+asyncpg://nobody:nothing@127.0.0.1:1/motcua")
    with pytest.raises(plumbing.AWAY):
        await plumbing.answers(nowhere)
    await nowhere.dispose()


async def test_a_server_that_is_still_starting_is_weather_too() -> None:
    """57P03 at the connection: what every restart of PostgreSQL answers for a moment."""

    async def starting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4))
        asked = await reader.readexactly(length - 4)
        if int.from_bytes(asked[:4]) == 80877103:  # SSLRequest
            writer.write(b"N")
            await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
        fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
        writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(starting, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = plumbing.engine(f"postgresql+asyncpg://x:y@127.0.0.1:{port}/x")
    async with server:
        with pytest.raises(plumbing.AWAY):
            await plumbing.answers(engine)
    await engine.dispose()


async def test_a_task_cancelled_in_the_middle_of_a_statement_stays_cancelled(database: AsyncEngine) -> None:
    async def waits() -> None:
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(20)"))

    task = asyncio.create_task(waits())
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await plumbing.answers(database)
