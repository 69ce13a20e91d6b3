"""Feedback: its code, reserved under the client's key; its newest facts; and what was written in it, sealed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import feedback, feedback_words
from shared.contracts.feedback import FeedbackFacts


@dataclass(frozen=True)
class Given:
    """One feedback as it was given. `opening` and `order` are what the workflow gets; `facts` the newest known."""

    feedback_code: str
    caller: str
    key: str
    request_digest: str
    owner_code: str
    dossier_code: str | None
    subject: str
    agency_code: str
    opening: dict[str, Any]
    order: dict[str, Any]
    given_at: datetime
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Words:
    """What somebody wrote with one act; `seq` is the change, None while the act is not known to be taken."""

    feedback_code: str
    command_id: str
    act: str
    at: datetime
    digest: str
    sealed: bytes
    seq: int | None = None


_GIVEN = [feedback.c[name] for name in Given.__dataclass_fields__]


async def reserve(session: AsyncSession, new: Given) -> None:
    """Stores a feedback before anything starts."""
    await session.execute(insert(feedback).values(vars(new) | {"seq": 0}))


async def by_key(session: AsyncSession, caller: str, key: str) -> Given | None:
    """The feedback of this caller under this key."""
    return await _one(session, (feedback.c.caller == caller) & (feedback.c.key == key))


async def by_code(session: AsyncSession, feedback_code: str) -> Given | None:
    """The feedback of this code."""
    return await _one(session, feedback.c.feedback_code == feedback_code)


async def is_repeated(session: AsyncSession, owner_code: str, dossier_code: str, subject: str) -> bool:
    """Whether this owner complained of this dossier and subject before."""
    same = select(feedback.c.feedback_code).where(
        feedback.c.owner_code == owner_code, feedback.c.dossier_code == dossier_code, feedback.c.subject == subject
    )
    return (await session.execute(same.limit(1))).first() is not None


async def forget(session: AsyncSession, feedback_code: str) -> None:
    """Gives a refused feedback up, its words with it; its number stays used."""
    await session.execute(delete(feedback).where(feedback.c.feedback_code == feedback_code, feedback.c.seq == 0))


async def keep(session: AsyncSession, facts: FeedbackFacts, command_id: str) -> None:
    """Keeps newer facts, and says that the words of this order were taken. Twice or in any order is harmless."""
    mine = feedback.c.feedback_code == facts.feedback_code
    newer = {
        "seq": facts.seq,
        "stage": facts.stage.value,
        "agency_code": facts.agency_code,
        "facts": facts.model_dump(mode="json"),
    }
    await session.execute(update(feedback).where(mine, feedback.c.seq < facts.seq).values(newer))
    taken = update(feedback_words).where(
        feedback_words.c.feedback_code == facts.feedback_code,
        feedback_words.c.command_id == command_id,
        feedback_words.c.seq.is_(None),
    )
    await session.execute(taken.values(seq=facts.seq))


async def of_owner(session: AsyncSession, owner_code: str, *, after: str | None, limit: int) -> list[FeedbackFacts]:
    """The owner's feedback by code, after the given one."""
    return await _page(session, feedback.c.owner_code == owner_code, after, limit)


async def of_agencies(
    session: AsyncSession, agency_codes: Iterable[str], *, stage: str | None, after: str | None, limit: int
) -> list[FeedbackFacts]:
    """What these agencies have now, by code, at one stage or at any."""
    of_them: ColumnElement[bool] = feedback.c.agency_code.in_(list(agency_codes))
    return await _page(session, of_them if stage is None else of_them & (feedback.c.stage == stage), after, limit)


async def write(session: AsyncSession, words: Words) -> bool:
    """Keeps words under their order; False when other words stand there."""
    kept = insert(feedback_words).values(vars(words))
    kept = kept.on_conflict_do_update(
        index_elements=[feedback_words.c.feedback_code, feedback_words.c.command_id],
        set_={"digest": feedback_words.c.digest},  # the first ones stand; written again so that they are answered
    )
    return str((await session.execute(kept.returning(feedback_words.c.digest))).scalar_one()) == words.digest


async def unwrite(session: AsyncSession, feedback_code: str, command_id: str) -> None:
    """Drops words whose order was refused."""
    await session.execute(
        delete(feedback_words).where(
            feedback_words.c.feedback_code == feedback_code,
            feedback_words.c.command_id == command_id,
            feedback_words.c.seq.is_(None),
        )
    )


async def written(session: AsyncSession, feedback_code: str) -> Sequence[Words]:
    """What was written and taken, in its order."""
    query = (
        select(feedback_words)
        .where(feedback_words.c.feedback_code == feedback_code, feedback_words.c.seq.is_not(None))
        .order_by(feedback_words.c.seq)
    )
    return [Words(**row._mapping) for row in await session.execute(query)]  # noqa: SLF001 - public by documentation


async def _one(session: AsyncSession, which: ColumnElement[bool]) -> Given | None:
    row = (await session.execute(select(*_GIVEN).where(which))).one_or_none()
    return Given(**row._mapping) if row else None  # noqa: SLF001


async def _page(
    session: AsyncSession, which: ColumnElement[bool], after: str | None, limit: int
) -> list[FeedbackFacts]:
    query = select(feedback.c.facts).where(which, feedback.c.seq > 0).order_by(feedback.c.feedback_code).limit(limit)
    if after is not None:
        query = query.where(feedback.c.feedback_code > after)
    return [FeedbackFacts.model_validate(found) for found in (await session.execute(query)).scalars()]
