"""Intake's read model: the newest facts of each dossier, written by the same upsert from answers and from Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import DateTime, cast, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.store.tables import applicant, dossier
from shared.contracts.facts import Facts
from shared.dossier.actions import Outcome
from shared.dossier.working_time import DAY, midnight, utc


@dataclass(frozen=True)
class EarlierResult:
    """A result that the same owner was granted before."""

    dossier_code: str
    procedure_code: str
    ended_at: datetime


async def keep(session: AsyncSession, newest: Iterable[Facts]) -> None:
    """Upserts facts; an older `seq` never overwrites a newer one. Rows are written in the order of their codes."""
    latest: dict[str, Facts] = {}
    for facts in newest:
        known = latest.get(facts.dossier_code)
        if known is None or known.seq < facts.seq:
            latest[facts.dossier_code] = facts
    if not latest:
        return
    rows = [
        {
            "dossier_code": facts.dossier_code,
            "seq": facts.seq,
            "procedure_code": facts.procedure_code,
            "stage": facts.stage.value,
            "outcome": facts.outcome.value if facts.outcome else None,
            "ended_at": facts.ended_at,
            "facts": facts.model_dump(mode="json"),
        }
        for facts in sorted(latest.values(), key=lambda facts: facts.dossier_code)
    ]
    written = insert(dossier).values(rows)
    await session.execute(
        written.on_conflict_do_update(
            index_elements=[dossier.c.dossier_code],
            set_={name: written.excluded[name] for name in rows[0] if name != "dossier_code"},
            where=dossier.c.seq < written.excluded.seq,
        )
    )


async def has_open_correction(session: AsyncSession, root_code: str) -> bool:
    """Whether a wrong result of this root is being made anew right now."""
    is_one = dossier.c.facts["is_correction"].as_boolean()
    query = select(dossier.c.dossier_code).where(
        dossier.c.facts["root_code"].as_string() == root_code, is_one, dossier.c.ended_at.is_(None)
    )
    return (await session.execute(query.limit(1))).first() is not None


async def received_on(session: AsyncSession, agency_code: str, on: date) -> list[Facts]:
    """Dossiers that the agency's desk took in on that local day, by code."""
    received = cast(dossier.c.facts["received_at"].as_string(), DateTime(timezone=True))
    query = (
        select(dossier.c.facts)
        .where(
            dossier.c.facts["agency_reception"].as_string() == agency_code,
            received >= utc(midnight(on)),
            received < utc(midnight(on + DAY)),
        )
        .order_by(dossier.c.dossier_code)
    )
    return [Facts.model_validate(found) for found in (await session.execute(query)).scalars()]


async def facts_of(session: AsyncSession, dossier_code: str) -> Facts | None:
    """The newest facts known here."""
    found = (
        await session.execute(select(dossier.c.facts).where(dossier.c.dossier_code == dossier_code))
    ).scalar_one_or_none()
    return Facts.model_validate(found) if found is not None else None


async def of_owner(session: AsyncSession, owner_code: str, *, after: str | None, limit: int) -> Sequence[Facts]:
    """The owner's dossiers by code, after the given one."""
    query = (
        select(dossier.c.facts)
        .join(applicant, applicant.c.dossier_code == dossier.c.dossier_code)
        .where(applicant.c.owner_code == owner_code)
        .order_by(applicant.c.dossier_code)
        .limit(limit)
    )
    if after is not None:
        query = query.where(applicant.c.dossier_code > after)
    return [Facts.model_validate(found) for found in (await session.execute(query)).scalars()]


async def granted_to(
    session: AsyncSession, owner_digest: str, procedure_codes: Iterable[str]
) -> Sequence[EarlierResult]:
    """Granted results of the same owner from these procedures, newest first."""
    query = (
        select(dossier.c.dossier_code, dossier.c.procedure_code, dossier.c.ended_at)
        .join(applicant, applicant.c.dossier_code == dossier.c.dossier_code)
        .where(
            applicant.c.owner_digest == owner_digest,
            dossier.c.outcome == Outcome.GRANTED,
            dossier.c.ended_at.is_not(None),
            dossier.c.procedure_code.in_(list(procedure_codes)),
        )
        .order_by(dossier.c.ended_at.desc())
    )
    return [EarlierResult(**row._mapping) for row in await session.execute(query)]  # noqa: SLF001
