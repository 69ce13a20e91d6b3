"""Notices owed to applicants: one row per change and way, so that each is sent at most once. No address stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.rules.notices import Way, is_news, words_of
from services.intake.store.tables import notice
from shared.contracts.facts import Event

LOST: Final = timedelta(minutes=5)
"""A sender that has said nothing for so long died with the message on its lips."""


class State(StrEnum):
    """What became of a notice. UNKNOWN: it may have been sent, and is not sent again."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    EXPIRED = "EXPIRED"
    NOBODY = "NOBODY"


@dataclass(frozen=True)
class Notice:
    """One change to be told one way."""

    dossier_code: str
    seq: int
    way: Way
    change: str
    at: datetime
    state: State = State.WAITING
    attempts: int = 0
    reference: str | None = None


async def owe(session: AsyncSession, events: Iterable[Event], ways: Collection[Way], now: datetime) -> int:
    """Notes what applicants have to be told; twice is harmless. How many are new and still news."""
    rows = {
        (event.facts.dossier_code, event.facts.seq, way): {
            "dossier_code": event.facts.dossier_code,
            "seq": event.facts.seq,
            "way": way,
            "change": event.change.change,
            "at": event.change.at,
            "state": State.WAITING if is_news(event.change.at, now) else State.EXPIRED,
            "next_at": now,
        }
        for event in events
        if words_of(event)
        for way in ways
    }
    if not rows:
        return 0
    added = insert(notice).values([rows[key] for key in sorted(rows)]).on_conflict_do_nothing()
    return list((await session.execute(added.returning(notice.c.state))).scalars()).count(State.WAITING)


async def claim(session: AsyncSession, way: Way, now: datetime, limit: int) -> Sequence[Notice]:
    """Takes the next ones to send this way; from now on they are SENDING, and nobody else's."""
    due = (
        select(notice.c.dossier_code, notice.c.seq, notice.c.way)
        .where(notice.c.way == way, notice.c.state == State.WAITING, notice.c.next_at <= now)
        .order_by(notice.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(notice)
        .where(
            notice.c.dossier_code == due.c.dossier_code, notice.c.seq == due.c.seq, notice.c.way == due.c.way
        )
        .values(state=State.SENDING, attempts=notice.c.attempts + 1, next_at=now)
        .returning(*_COLUMNS)
    )  # fmt: skip
    return [_notice(row) for row in await session.execute(taken)]


async def give_up(session: AsyncSession, way: Way, now: datetime) -> int:
    """Marks those whose sender died as UNKNOWN; how many."""
    died = (notice.c.way == way, notice.c.state == State.SENDING, notice.c.next_at < now - LOST)
    lost = update(notice).where(*died)
    found = await session.execute(lost.values(state=State.UNKNOWN).returning(notice.c.seq))
    return len(found.all())


async def settle(session: AsyncSession, rows: Sequence[tuple[Notice, State, str | None, datetime]]) -> None:
    """(notice, what became of it, the carrier's reference or the reason, when to try again)."""
    keys = ("dossier_code", "seq", "way")
    settled = update(notice).where(*(notice.c[key] == bindparam(f"of_{key}") for key in keys))
    values = settled.values(
        state=bindparam("to_state"), reference=bindparam("to_reference"), next_at=bindparam("to_next_at")
    )
    given = [
        {f"of_{key}": getattr(each, key) for key in keys}
        | {"to_state": state, "to_reference": reference, "to_next_at": next_at}
        for each, state, reference, next_at in rows
    ]
    await (await session.connection()).execute(values, given)


async def of_dossier(session: AsyncSession, dossier_code: str) -> Sequence[Notice]:
    """All notices of a dossier, oldest first."""
    query = select(*_COLUMNS).where(notice.c.dossier_code == dossier_code).order_by(notice.c.seq, notice.c.way)
    return [_notice(row) for row in await session.execute(query)]


_COLUMNS: Final = tuple(
    notice.c[name] for name in ("dossier_code", "seq", "way", "change", "at", "state", "attempts", "reference")
)


def _notice(row: object) -> Notice:
    given = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001 - public by documentation
    return Notice(**given | {"way": Way(given["way"]), "state": State(given["state"])})
