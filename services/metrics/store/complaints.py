"""Newest facts of complaints, and what they count. One per thousand dossiers: nothing is summed before it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.rules.complaints import ComplaintEvent, Complaints, seen_in, state_of
from services.metrics.rules.period import Period, month_of

_KEEP: Final = text("""
    INSERT INTO metrics.complaint AS c (feedback_code, seq, period, state)
    SELECT * FROM unnest(
        CAST(:codes AS text[]), CAST(:seqs AS integer[]), CAST(:periods AS text[]), CAST(:states AS bytea[])
    )
    ON CONFLICT (feedback_code) DO UPDATE
        SET seq = excluded.seq, period = excluded.period, state = excluded.state WHERE c.seq < excluded.seq
""")
_OF_PERIOD: Final = text("SELECT state FROM metrics.complaint WHERE period BETWEEN :first AND :last")


async def keep(session: AsyncSession, events: Iterable[ComplaintEvent]) -> None:
    """The newest facts of each; twice, late and in any order is harmless."""
    newest: dict[str, ComplaintEvent] = {}
    for event in events:
        if event.key not in newest or newest[event.key].facts.seq < event.facts.seq:
            newest[event.key] = event
    rows = [newest[code].facts for code in sorted(newest)]
    given = {
        "codes": [row.feedback_code for row in rows],
        "seqs": [row.seq for row in rows],
        "periods": [month_of(row.received_at) for row in rows],
        "states": [state_of(row) for row in rows],
    }
    if rows:
        await session.execute(_KEEP, given)


async def counts(
    session: AsyncSession, complaints: Complaints, period: Period, at: datetime
) -> dict[tuple[str, str, str], int]:
    """(measure, agency, procedure or '') → count of the complaints received in the period, open ones judged at `at`."""
    states = await session.scalars(_OF_PERIOD, {"first": period.first_month, "last": period.last_month})
    found: Counter[tuple[str, str, str]] = Counter()
    for state in states:
        told = complaints.contribution(seen_in(state))
        for name, count in zip(complaints.names, told.at(at, len(complaints.names)), strict=True):
            found[name, told.where.agency_code, told.where.procedure_code] += count
    return {key: count for key, count in found.items() if count}
