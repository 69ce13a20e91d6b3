"""The measure columns, which follow the catalogue, and by what they were counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.fold import Ranges, Stream
from shared.platform.database import metadata_for
from shared.platform.rate import rate_table

SCHEMA: Final = "metrics"
rate = rate_table(metadata_for(SCHEMA))
CELL: Final = (
    ("period", "text"), ("agency_code", "text"), ("procedure_code", "text"), ("channel", "smallint"),
    ("until", "timestamptz"), ("shard", "integer"),
)  # fmt: skip
DAY: Final = (
    ("period", "text"), ("agency_code", "text"), ("procedure_code", "text"), ("at_day", "integer"),
    ("known_day", "integer"), ("shard", "integer"),
)  # fmt: skip

KEYS: Final = {"kpi_cell": CELL, "kpi_day": DAY}
"""The tables with one column a measure, and their other columns."""


async def counted_by(session: AsyncSession) -> str | None:
    """What filled the cells; None = nobody yet. Held until the transaction ends."""
    await session.execute(text("LOCK TABLE metrics.counted_by IN EXCLUSIVE MODE"))
    version: str | None = await session.scalar(text("SELECT version FROM metrics.counted_by"))
    return version


async def fit(session: AsyncSession, measures: Iterable[str]) -> None:
    """Gives the wide tables exactly these measures as columns; what a dropped one counted is gone."""
    wanted = list(measures)
    for table, key in KEYS.items():
        rows = await session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :t"),
            {"schema": SCHEMA, "t": table},
        )
        present = set(rows) - {name for name, _ in key}
        changes = [f'DROP COLUMN "{name}"' for name in sorted(present - set(wanted))]
        changes += [f'ADD COLUMN "{name}" bigint' for name in wanted if name not in present]
        if changes:
            await session.execute(text(f"ALTER TABLE metrics.{table} {', '.join(changes)}"))


async def forget(session: AsyncSession, topic: str, stream: Stream) -> None:
    """Empties everything that is folded from the topic, to be filled anew by this version; whoever folds waits."""
    await session.execute(text("LOCK TABLE metrics.consumer_offset IN EXCLUSIVE MODE"))
    await session.execute(text(f"TRUNCATE metrics.{stream.table}, metrics.kpi_cell, metrics.kpi_day"))
    await session.execute(text("DELETE FROM metrics.consumer_offset WHERE topic = :topic"), {"topic": topic})
    await session.execute(text("DELETE FROM metrics.counted_by"))
    await session.execute(text("INSERT INTO metrics.counted_by VALUES (:version)"), {"version": stream.version})


def flat(missing: Ranges) -> list[int] | None:
    """`missing` as it is stored: flat, in pairs."""
    return [each for pair in missing for each in pair] or None


def ranges(missing: Sequence[int] | None) -> Ranges:
    """The ranges again."""
    numbers = iter(missing or ())
    return tuple(zip(numbers, numbers, strict=True))
