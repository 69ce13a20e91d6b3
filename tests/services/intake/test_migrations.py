"""A migrated schema is the schema that the code describes."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from services.intake.store.tables import SCHEMA, metadata


async def test_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "version_table_schema": SCHEMA,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            },
        )
        return list(compare_metadata(context, metadata))

    elsewhere = {"server_settings": {"search_path": "pg_catalog"}}  # so that the schema is compared by its name
    engine = create_async_engine(database_url, poolclass=NullPool, connect_args=elsewhere)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
