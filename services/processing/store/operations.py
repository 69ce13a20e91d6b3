"""What operators ask the schema: dossiers without progress, and what was decided about dead letters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Column, DateTime, Integer, Table, Text, text, tuple_
from sqlalchemy import select as select_from
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.store.tables import WITH_MACHINES, WITH_PEOPLE, metadata
from shared.contracts.facts import Facts

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("record", BigInteger, primary_key=True, comment="offset in the topic of dead letters"),
    Column("verdict", Text, nullable=False, comment="replayed or discarded"),
    Column("reason", Text, nullable=False),
    Column("person_code", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True), comment="null while a replay is on its way, or its end is not known"),
    comment="what operators decided about records that nobody could read",
)
type Where = tuple[str, int, int]
"""Topic, partition and offset of a dead letter."""


class Decided(NamedTuple):
    """What was decided about one dead letter, by whom and why."""

    verdict: str
    reason: str
    person_code: str
    decided_at: datetime
    done_at: datetime | None


class Still(NamedTuple):
    """A dossier without progress, and since when."""

    facts: Facts
    since: datetime
    by_machine: bool


_LAST: Final = """
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT CAST(h.change ->> 'at' AS timestamptz) FROM processing.happening h
            WHERE h.dossier_code = w.dossier_code ORDER BY h.seq DESC LIMIT 1),
            CAST(w.facts ->> 'submitted_at' AS timestamptz)) AS at
    ) AS last
"""
_STILL: Final = text(
    f"""
    SELECT DISTINCT ON (due_order, dossier_code) facts, at, by_machine FROM (
        (SELECT w.facts, last.at, true AS by_machine, w.due_order, w.dossier_code FROM processing.worklist w {_LAST}
        WHERE {WITH_MACHINES} AND last.at < :machines ORDER BY w.due_order, w.dossier_code LIMIT :most)
        UNION ALL
        (SELECT w.facts, last.at, false, w.due_order, w.dossier_code FROM processing.worklist w {_LAST}
        WHERE {WITH_PEOPLE} AND w.due_order < :now AND last.at < :people
        ORDER BY w.due_order, w.dossier_code LIMIT :most)
    ) AS found ORDER BY due_order, dossier_code, by_machine DESC LIMIT :most
    """  # noqa: S608 - only our own constants are put together
)
MACHINES: Final = timedelta(minutes=15)
"""So long a machine may keep a dossier."""
PEOPLE: Final = timedelta(days=5)
"""So long people may leave an overdue dossier where it is, until operators look whether it can move at all."""


async def still(session: AsyncSession, now: datetime, limit: int) -> list[Still]:
    """Dossiers that nobody moved: a machine for 15 minutes, or people for 5 days although it is overdue.

    The most overdue first.
    """
    given = {"now": now, "machines": now - MACHINES, "people": now - PEOPLE, "most": limit}
    return [
        Still(Facts.model_validate(row.facts), row.at, row.by_machine) for row in await session.execute(_STILL, given)
    ]


async def decided(session: AsyncSession, places: Collection[Where]) -> dict[Where, Decided]:
    """What was decided about these dead letters."""
    key = tuple_(dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.record)
    found = await session.execute(select_from(dead_letter).where(key.in_(list(places)))) if places else ()
    return {
        (row.topic, row.partition, row.record): Decided(
            row.verdict, row.reason, row.person_code, row.decided_at, row.done_at
        )
        for row in found
    }


async def decide(session: AsyncSession, place: Where, decision: Decided) -> tuple[Decided, bool]:
    """Writes the decision; answers the one that stands, and whether it is this one and no earlier one."""
    topic, partition, record = place
    values = {"topic": topic, "partition": partition, "record": record, **decision._asdict()}
    written = upsert_into(dead_letter).values(values).on_conflict_do_nothing().returning(dead_letter.c.record)
    is_first = (await session.execute(written)).first() is not None
    return (await decided(session, [place]))[place], is_first


_DONE: Final = text(
    """
    UPDATE processing.dead_letter SET done_at = coalesce(done_at, :at)
    WHERE topic = :topic AND partition = :partition AND record = :record
    """
)


async def done(session: AsyncSession, place: Where, at: datetime) -> None:
    """The decision was carried out."""
    topic, partition, record = place
    await session.execute(_DONE, {"topic": topic, "partition": partition, "record": record, "at": at})
