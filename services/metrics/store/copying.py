"""COPY: many rows into a table at a fraction of what binding them to a statement costs (asyncpg, binary)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.vector import unpacked


async def copy(
    session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, schema: str | None
) -> None:
    """Rows into the table, in the session's transaction, which must have begun; no schema: a temporary table.

    Raises ConnectionError when the database goes away.
    """
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    try:
        await driver.copy_records_to_table(table, schema_name=schema, columns=list(columns), records=rows)
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError) as error:
        raise ConnectionError("database away") from error


def wide(moved: Mapping[Any, int], shard: int, length: int) -> list[tuple[Any, ...]]:
    """Each place with the writer's shard and one number a measure; 0 is NULL: most counts of most places are."""
    return [(*place, shard, *(count or None for count in unpacked(vector, length))) for place, vector in moved.items()]
