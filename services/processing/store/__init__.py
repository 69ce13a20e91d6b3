"""Queries of the schema `processing`; its tables stand in tables.py. No person's data: codes, times, counts.

Functions take a session, return frozen values, never commit. The worklist is a function of the newest facts: one
seq-guarded upsert serves the click and the consumer alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, delete, func, insert, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.rules.worklist import ERRANDS, Task, errands_of, had_errands, task_of
from services.processing.store.tables import (
    command,
    errand,
    happening,
    holding,
    reading,
    result,
    result_number,
    saved_view,
    worklist,
)
from shared.contracts.facts import Facts
from shared.dossier.lifecycle import STAGES, Clock, Role, Stage, TaskKind
from shared.dossier.records import Change

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
"""Before every place."""
_ANSWER: Final = timedelta(days=1)
"""Before acceptance the place in the list is that of an answer within eight working hours, about a day."""
_LATER: Final = timedelta(days=36525)
"""Stopped clocks sort a century later, by their own limit: after everything that runs."""


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
    """The place in a list by time left: due time, about the answer's time, and last what has no running clock."""
    if facts.due_at is not None and facts.clock is Clock.RUNS:
        return facts.due_at
    if facts.stage is Stage.SUBMITTED:
        return facts.submitted_at + _ANSWER
    return (facts.asked_until or facts.submitted_at) + _LATER


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


CHANNEL: Final = "worklist_changed"
"""PostgreSQL's channel on which open lists hear of changes: agency codes, split by blanks."""
_MOST_TOLD: Final = 7_000
"""Bytes of one message; what is cut off is heard of by the next change or the next click."""
_TELL: Final = text("SELECT pg_notify(:channel, :agencies)")


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
    agencies = {task.agency_code for task in tasks if task} | {facts.agency_competent for facts in rows}
    await session.execute(_TELL, {"channel": CHANNEL, "agencies": " ".join(sorted(agencies))[:_MOST_TOLD]})
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


@dataclass(frozen=True)
class Filter:
    """What narrows a list. `kinds` none = all; `before`: places earlier than; `holder`: a person's code, or nobody."""

    kinds: frozenset[TaskKind] | None = None
    procedure_code: str | None = None
    channel: int | None = None
    holder: str | None = None
    unheld: bool = False
    before: datetime | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """For the statement."""
        return {
            "procedure": self.procedure_code,
            "channel": self.channel,
            "holder": self.holder,
            "unheld": self.unheld,
            "before": self.before,
        }


EVERYTHING: Final = Filter()
MOST_COUNTED: Final = 1_000
"""A tab counts no further: more is said as `hơn 999`."""

_KINDS: Final = frozenset((role, kind) for meaning in STAGES.values() for role, kind in meaning.tasks.items())
"""Which role has which tasks, as the lifecycle table says."""
_NARROW: Final = """
    AND (CAST(:procedure AS text) IS NULL OR w.procedure_code = :procedure)
    AND (CAST(:channel AS integer) IS NULL OR w.channel = :channel)
    AND (CAST(:before AS timestamptz) IS NULL OR w.due_order < :before)
    AND (CAST(:holder AS text) IS NULL OR EXISTS (SELECT FROM processing.holding h
         WHERE h.dossier_code = w.dossier_code AND h.person_code = :holder))
    AND (NOT CAST(:unheld AS boolean) OR NOT EXISTS (SELECT FROM processing.holding h
         WHERE h.dossier_code = w.dossier_code))
"""
_WANTED: Final = """
    unnest(CAST(:tasks AS text[]), CAST(:roles AS text[]), CAST(:agencies AS text[])) AS want (task, role, agency_code)
"""
_AFTER: Final = "(:after_due, CAST(:after_code AS text), CAST(:after_task AS text))"
_PAGE: Final = text(
    f"""
    WITH place AS (
        SELECT found.* FROM {_WANTED} CROSS JOIN LATERAL (
            SELECT w.due_order, w.dossier_code, w.task, w.role, w.agency_code FROM processing.worklist w
            WHERE w.task = want.task AND w.role = want.role AND w.agency_code = want.agency_code {_NARROW}
                AND (w.due_order, w.dossier_code, w.task) > {_AFTER}
            ORDER BY w.due_order, w.dossier_code LIMIT :most
        ) AS found
        UNION ALL
        SELECT w.due_order, e.dossier_code, e.task, e.role, e.agency_code
        FROM {_WANTED} JOIN processing.errand e USING (task, role, agency_code)
        JOIN processing.worklist w ON w.dossier_code = e.dossier_code
        WHERE (w.due_order, e.dossier_code, e.task) > {_AFTER} {_NARROW}
        ORDER BY due_order, dossier_code, task LIMIT :most
    )
    SELECT place.*, row.facts, holding.person_code AS holder
    FROM place JOIN processing.worklist row USING (dossier_code) LEFT JOIN processing.holding USING (dossier_code)
    ORDER BY place.due_order, place.dossier_code, place.task
    """  # noqa: S608 - only our own constants are put together
)
_COUNTS: Final = text(
    f"""
    SELECT want.task, sum(found.n) AS n FROM {_WANTED} CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM (SELECT FROM processing.worklist w
            WHERE w.task = want.task AND w.role = want.role AND w.agency_code = want.agency_code {_NARROW}
            LIMIT :most) AS part)
            + (SELECT count(*) FROM processing.errand e JOIN processing.worklist w USING (dossier_code)
            WHERE e.task = want.task AND e.role = want.role AND e.agency_code = want.agency_code {_NARROW}) AS n
    ) AS found GROUP BY want.task
    """  # noqa: S608
)


def _wanted(scope: Mapping[Role, Collection[str]], kinds: Collection[TaskKind] | None) -> dict[str, list[str]]:
    """One triple per kind of task, role and agency: each is one range of one index."""
    triples = [
        (kind.value, role.value, code)
        for role, kind in sorted(_KINDS | ERRANDS)
        if kinds is None or kind in kinds
        for code in sorted(scope.get(role, ()))
    ]
    tasks, roles, agencies = zip(*triples, strict=True) if triples else ((), (), ())
    return {"tasks": list(tasks), "roles": list(roles), "agencies": list(agencies)}


async def tasks(
    session: AsyncSession,
    scope: Mapping[Role, Collection[str]],
    *,
    kind: TaskKind | None = None,
    narrow: Filter = EVERYTHING,
    after: tuple[datetime, str, str] | None,
    limit: int,
) -> list[Row]:
    """Open tasks and errands of these roles at these agencies, by time left, code and kind of task."""
    kinds = narrow.kinds if kind is None else frozenset({kind})
    after_due, after_code, after_task = after or (_FIRST, "", "")
    place = {"after_due": after_due, "after_code": after_code, "after_task": after_task, "most": limit}
    found = await session.execute(_PAGE, _wanted(scope, kinds) | narrow.parameters | place)
    return [
        Row(
            Facts.model_validate(row.facts),
            row.holder or "",
            Task(TaskKind(row.task), Role(row.role), row.agency_code),
        )
        for row in found
    ]


async def counts(
    session: AsyncSession, scope: Mapping[Role, Collection[str]], narrow: Filter = EVERYTHING
) -> dict[TaskKind, int]:
    """How many tasks of each kind there are, each agency's counted up to MOST_COUNTED."""
    asked = _wanted(scope, narrow.kinds) | narrow.parameters | {"most": MOST_COUNTED}
    return {TaskKind(row.task): int(row.n) for row in await session.execute(_COUNTS, asked)}


async def rows_of(session: AsyncSession, codes: Collection[str]) -> list[Row]:
    """The rows of these dossiers, as far as they were heard of."""
    found = await session.execute(_rows().where(worklist.c.dossier_code.in_(codes)))
    return [Row(Facts.model_validate(row.facts), row.holder or "") for row in found]


async def numbered(session: AsyncSession, number: str, limit: int) -> list[Row]:
    """Dossiers of this number of their day, newest first."""
    asked = _rows().where(worklist.c.number == number).order_by(worklist.c.dossier_code.desc()).limit(limit)
    return [Row(Facts.model_validate(row.facts), row.holder or "") for row in await session.execute(asked)]


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


# ── what happened, who looked, which views were saved ─────────────────────────────────────────────────────────────────

_KEEP_CHANGES: Final = text(
    """
    INSERT INTO processing.happening (dossier_code, seq, change)
    SELECT * FROM unnest(
        CAST(:codes AS text[]), CAST(:seqs AS integer[]), CAST(CAST(:changes AS text[]) AS jsonb[])
    )
    ON CONFLICT (dossier_code, seq) DO UPDATE SET change = excluded.change
    """
)


async def keep_changes(session: AsyncSession, changes: Mapping[tuple[str, int], Change]) -> None:
    """Remembers changes by dossier and `seq`. A click's own line is replaced by the event's when it comes."""
    places = sorted(changes)
    if places:
        await session.execute(
            _KEEP_CHANGES,
            {
                "codes": [code for code, _ in places],
                "seqs": [seq for _, seq in places],
                "changes": [changes[place].model_dump_json() for place in places],
            },
        )


async def history(session: AsyncSession, dossier_code: str) -> list[tuple[int, Change]]:
    """(seq, change) of a dossier, oldest first."""
    asked = (
        select(happening.c.seq, happening.c.change)
        .where(happening.c.dossier_code == dossier_code)
        .order_by(happening.c.seq)
    )
    return [(row.seq, Change.model_validate(row.change)) for row in await session.execute(asked)]


async def record_readings(
    session: AsyncSession, person_code: str, codes: Collection[str], what: str, at: datetime, *, granted: bool = True
) -> None:
    """Who looked at whose data (SR-42): one line per dossier."""
    if codes:
        values = {"at": at, "person_code": person_code, "what": what, "granted": granted}
        await session.execute(insert(reading), [values | {"dossier_code": code} for code in codes])


async def seen_by(session: AsyncSession, person_code: str, looks: Mapping[str, str]) -> frozenset[str]:
    """Which of these dossiers the person looked at under exactly this name of a look."""
    places = tuple_(reading.c.dossier_code, reading.c.what).in_(list(looks.items()))
    asked = select(reading.c.dossier_code).where(reading.c.person_code == person_code, places)
    return frozenset((await session.execute(asked)).scalars()) if looks else frozenset()


async def readings_of(
    session: AsyncSession, dossier_code: str, limit: int, person_code: str | None = None
) -> list[tuple[datetime, str, str, bool]]:
    """(when, who, what, granted) of a dossier, newest first; of one person when named."""
    asked = select(reading).where(reading.c.dossier_code == dossier_code).order_by(reading.c.at.desc()).limit(limit)
    if person_code is not None:
        asked = asked.where(reading.c.person_code == person_code)
    return [(row.at, row.person_code, row.what, row.granted) for row in await session.execute(asked)]


async def saved_views(session: AsyncSession, person_code: str) -> list[tuple[str, str]]:
    """(name, query) of the person's saved views, by name."""
    asked = select(saved_view.c.name, saved_view.c.query).where(saved_view.c.person_code == person_code)
    return [(row.name, row.query) for row in await session.execute(asked.order_by(saved_view.c.name))]


async def save_view(session: AsyncSession, person_code: str, name: str, query: str) -> None:
    """Keeps a view under its name; the same name again replaces it, an empty query forgets it."""
    mine = and_(saved_view.c.person_code == person_code, saved_view.c.name == name)
    await session.execute(delete(saved_view).where(mine))
    if query:
        await session.execute(insert(saved_view).values(person_code=person_code, name=name, query=query))


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
