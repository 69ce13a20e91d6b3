"""Tables of the schema `processing` and their queries. No person's data: codes, times, counts.

Functions take a session, return frozen values, never commit. The worklist is a function of the newest facts: one
seq-guarded upsert serves the click and the consumer alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    Select,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.rules.worklist import Task, errands_of, had_errands, task_of
from shared.contracts.facts import Facts
from shared.dossier.lifecycle import Role, TaskKind
from shared.platform.database import metadata_for

metadata = metadata_for("processing")

worklist = Table(
    "worklist",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("role", Text, comment="whose task; null while nobody of the staff is waited for"),
    Column("task", Text),
    Column("agency_code", Text, nullable=False, comment="where the task lies"),
    Column("due_order", DateTime(timezone=True), nullable=False, comment="due time; no due time sorts first"),
    Column("facts", JSONB, nullable=False),
    Index(None, "role", "agency_code", "due_order", "dossier_code"),
)
holding = Table(
    "holding",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("person_code", Text, nullable=False),
    comment="who holds a dossier: facts say only that somebody does",
)
errand = Table(
    "errand",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("agency_code", Text, primary_key=True),
    Index(None, "role", "agency_code"),
    comment="whom a dossier waits for beside its open task: consulted agencies, second persons",
)
command = Table(
    "command",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("command_id", Text, primary_key=True),
    Column("request_hash", Text, nullable=False, comment="principal and body"),
    Column("taken_at", DateTime(timezone=True), nullable=False),
)
result_number = Table(
    "result_number",
    metadata,
    Column("agency_code", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)
result = Table(
    "result",
    metadata,
    Column("dossier_code", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("year", Integer, nullable=False),
    Column("agency_code", Text, nullable=False),
    Column("address", Text, comment="in the document store; null until signed"),
    Column("file_hash", Text, comment="SHA-256 of the signed file"),
    Column("signed_at", DateTime(timezone=True)),
    Index(None, "agency_code", "year", "number", unique=True),
)

NO_DUE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Sorts dossiers without a due time, which nobody has answered yet, before all others."""


@dataclass(frozen=True)
class Row:
    """The newest facts of a dossier and who holds it (empty: not known here, or nobody); in a list also the task."""

    facts: Facts
    holder: str
    task: Task | None = None

    @property
    def due_order(self) -> datetime:
        """Its place in the list."""
        return due_order(self.facts)


@dataclass(frozen=True)
class SignedFile:
    """Where a signed result lies and when it was signed."""

    address: str
    signed_at: datetime


@dataclass(frozen=True)
class Number:
    """A result's number within agency and year, and its file once it was signed."""

    number: int
    year: int
    agency_code: str
    signed: SignedFile | None = None


def due_order(facts: Facts) -> datetime:
    """Due time; while paused the limit of whoever is waited for."""
    return facts.due_at or facts.asked_until or NO_DUE


# ── the worklist ──────────────────────────────────────────────────────────────────────────────────────────────────────

_UPSERT: Final = text(
    """
    INSERT INTO processing.worklist AS row (dossier_code, seq, role, task, agency_code, due_order, facts)
    SELECT * FROM unnest(
        CAST(:codes AS text[]), CAST(:seqs AS integer[]), CAST(:roles AS text[]), CAST(:tasks AS text[]),
        CAST(:agencies AS text[]), CAST(:dues AS timestamptz[]), CAST(CAST(:facts AS text[]) AS jsonb[])
    )
    ON CONFLICT (dossier_code) DO UPDATE SET
        seq = excluded.seq, role = excluded.role, task = excluded.task, agency_code = excluded.agency_code,
        due_order = excluded.due_order, facts = excluded.facts
    WHERE row.seq < excluded.seq
    """
)


async def upsert(session: AsyncSession, batch: Sequence[Facts]) -> None:
    """Brings each dossier's row to its newest facts; older, repeated or late facts change nothing."""
    newest: dict[str, Facts] = {}
    for facts in batch:
        known = newest.get(facts.dossier_code)
        if known is None or known.seq < facts.seq:
            newest[facts.dossier_code] = facts
    rows = [newest[code] for code in sorted(newest)]  # one order for all writers: no deadlocks
    if not rows:
        return
    tasks = [task_of(facts) for facts in rows]
    await session.execute(
        _UPSERT,
        {
            "codes": [facts.dossier_code for facts in rows],
            "seqs": [facts.seq for facts in rows],
            "roles": [task.role if task else None for task in tasks],
            "tasks": [task.kind if task else None for task in tasks],
            "agencies": [
                task.agency_code if task else facts.agency_competent for task, facts in zip(tasks, rows, strict=True)
            ],
            "dues": [due_order(facts) for facts in rows],
            "facts": [facts.model_dump_json() for facts in rows],
        },
    )
    if busy := [facts for facts in rows if had_errands(facts)]:
        await _put_errands(session, busy)


async def _put_errands(session: AsyncSession, rows: Sequence[Facts]) -> None:
    """The errands of the facts that are newest now; the rows locked by the upsert keep writers apart."""
    seqs = {facts.dossier_code: facts.seq for facts in rows}
    newest = await session.execute(
        select(worklist.c.dossier_code).where(tuple_(worklist.c.dossier_code, worklist.c.seq).in_(list(seqs.items())))
    )
    codes = set(newest.scalars())
    await session.execute(delete(errand).where(errand.c.dossier_code.in_(codes)))
    values = [
        {"dossier_code": facts.dossier_code, "role": task.role, "task": task.kind, "agency_code": task.agency_code}
        for facts in rows
        if facts.dossier_code in codes
        for task in errands_of(facts)
    ]
    if values:
        await session.execute(upsert_into(errand).values(values).on_conflict_do_nothing())


async def find(session: AsyncSession, dossier_code: str) -> Row | None:
    """The dossier's row, if it was heard of."""
    found = (await session.execute(_rows().where(worklist.c.dossier_code == dossier_code))).first()
    return found and Row(Facts.model_validate(found.facts), found.holder or "")


async def tasks(
    session: AsyncSession,
    scope: Mapping[Role, Collection[str]],
    *,
    kind: TaskKind | None,
    after: tuple[datetime, str, str] | None,
    limit: int,
) -> list[Row]:
    """Open tasks and errands of these roles at these agencies, by due time (none first), code and kind of task."""
    both = _mine(worklist, scope, kind).union_all(_mine(errand, scope, kind)).subquery("mine")
    place = (both.c.due_order, both.c.dossier_code, both.c.task)
    asked = (
        select(both, holding.c.person_code.label("holder"))
        .select_from(both.outerjoin(holding, holding.c.dossier_code == both.c.dossier_code))
        .order_by(*place)
        .limit(limit)
    )
    if after is not None:
        asked = asked.where(tuple_(*place) > tuple_(*after))
    return [
        Row(
            Facts.model_validate(row.facts),
            row.holder or "",
            Task(TaskKind(row.task), Role(row.role), row.agency_code),
        )
        for row in await session.execute(asked)
    ]


def _mine(table: Table, scope: Mapping[Role, Collection[str]], kind: TaskKind | None) -> Select[Any]:
    """The rows of `worklist` or `errand` that a scope covers."""
    asked = select(
        worklist.c.dossier_code, worklist.c.due_order, table.c.role, table.c.task, table.c.agency_code, worklist.c.facts
    ).where(or_(*(and_(table.c.role == role, table.c.agency_code.in_(codes)) for role, codes in scope.items())))
    if table is errand:
        asked = asked.where(errand.c.dossier_code == worklist.c.dossier_code)
    return asked if kind is None else asked.where(table.c.task == kind)


async def record_holder(session: AsyncSession, dossier_code: str, seq: int, person_code: str) -> None:
    """Remembers who holds the dossier since that change."""
    values = upsert_into(holding).values(dossier_code=dossier_code, seq=seq, person_code=person_code)
    await session.execute(
        values.on_conflict_do_update(
            index_elements=[holding.c.dossier_code],
            set_={"seq": values.excluded.seq, "person_code": values.excluded.person_code},
            where=holding.c.seq < values.excluded.seq,
        )
    )


def _rows() -> Select[tuple[dict[str, object], str | None]]:
    return select(worklist.c.facts, holding.c.person_code.label("holder")).select_from(
        worklist.outerjoin(holding, holding.c.dossier_code == worklist.c.dossier_code)
    )


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def find_for(session: AsyncSession, dossier_code: str, command_id: str) -> tuple[Row | None, str | None]:
    """The dossier's row, and the request that this command id stood for when it was taken before."""
    taken = select(command.c.request_hash).where(
        command.c.dossier_code == dossier_code, command.c.command_id == command_id
    )
    asked = select(taken.scalar_subquery().label("request_hash"), worklist.c.facts, holding.c.person_code).select_from(
        select(literal(dossier_code).label("code"))
        .subquery("asked")
        .outerjoin(worklist, worklist.c.dossier_code == dossier_code)
        .outerjoin(holding, holding.c.dossier_code == dossier_code)
    )
    found = (await session.execute(asked)).one()
    row = Row(Facts.model_validate(found.facts), found.person_code or "") if found.facts else None
    return row, found.request_hash


async def record_command(
    session: AsyncSession, dossier_code: str, command_id: str, request_hash: str, at: datetime
) -> str:
    """Remembers a command that was taken; answers the request it stands for, which may be an earlier one."""
    values = upsert_into(command).values(
        dossier_code=dossier_code, command_id=command_id, request_hash=request_hash, taken_at=at
    )
    kept = values.on_conflict_do_update(
        index_elements=[command.c.dossier_code, command.c.command_id],
        set_={"request_hash": command.c.request_hash},  # the first one stands; written again so that it is answered
    )
    return str((await session.execute(kept.returning(command.c.request_hash))).scalar_one())


# ── results ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def reserve_number(session: AsyncSession, dossier_code: str, version: int, agency_code: str, year: int) -> Number:
    """The number of this result: given once, next of its agency and year, in the transaction that keeps it."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{dossier_code}/{version}", 0))))
    mine = and_(result.c.dossier_code == dossier_code, result.c.version == version)
    known = (await session.execute(select(result).where(mine))).first()
    if known is not None:
        signed = SignedFile(known.address, known.signed_at) if known.signed_at else None
        return Number(known.number, known.year, known.agency_code, signed)
    counter = upsert_into(result_number).values(agency_code=agency_code, year=year, last=1)
    counter = counter.on_conflict_do_update(
        index_elements=[result_number.c.agency_code, result_number.c.year], set_={"last": result_number.c.last + 1}
    )
    number = (await session.execute(counter.returning(result_number.c.last))).scalar_one()
    await session.execute(
        insert(result).values(
            dossier_code=dossier_code, version=version, number=number, year=year, agency_code=agency_code
        )
    )
    return Number(number, year, agency_code)


async def signed_file(session: AsyncSession, dossier_code: str) -> SignedFile | None:
    """The signed file of the newest version."""
    asked = (
        select(result.c.address, result.c.signed_at)
        .where(result.c.dossier_code == dossier_code, result.c.signed_at.is_not(None))
        .order_by(result.c.version.desc())
        .limit(1)
    )
    row = (await session.execute(asked)).first()
    return row and SignedFile(row.address, row.signed_at)


async def record_signed(
    session: AsyncSession, dossier_code: str, version: int, signed: SignedFile, file_hash: str
) -> SignedFile:
    """Keeps the signed file of a version; answers the one that stands, which a faster attempt may have made."""
    kept = (
        update(result)
        .where(result.c.dossier_code == dossier_code, result.c.version == version)
        .values(
            address=func.coalesce(result.c.address, signed.address),
            file_hash=func.coalesce(result.c.file_hash, file_hash),
            signed_at=func.coalesce(result.c.signed_at, signed.signed_at),
        )
        .returning(result.c.address, result.c.signed_at)
    )
    row = (await session.execute(kept)).one()
    return SignedFile(row.address, row.signed_at)
