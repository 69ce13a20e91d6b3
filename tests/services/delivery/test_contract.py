"""The committed OpenAPI document, the migrated schema and the declared callers are what the code says."""

from __future__ import annotations

import json
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from services.delivery import __main__ as process
from services.delivery import api, store
from shared.web.identity import undeclared_routes


def test_the_committed_document_is_the_served_one() -> None:
    committed = (process.HERE / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(json.dumps(api.document())), "run `make golden`"


def test_every_route_declares_who_may_call_it() -> None:
    nothing: Any = None
    app = process.app_of(nothing, identity=None, readiness={}, environment="local")
    assert undeclared_routes(app) == []


async def test_the_migrations_make_the_tables_of_the_code(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        connection.dialect.default_schema_name = "public"  # else tables on the search path are reflected without schema
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == "delivery",
        }
        found = compare_metadata(MigrationContext.configure(connection, opts=options), store.metadata)
        return [each for each in found if "modify_comment" not in str(each) and "alembic_version" not in str(each)]

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
