"""Queries of the schema `processing`; its tables stand in tables.py. No person's data: codes, times, counts.

Functions take a session, return frozen values, never commit. The worklist is a function of the newest facts: one
seq-guarded upsert serves the click and the consumer alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import TextClause, and_, delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.ext.asyncio import AsyncSession

from services.processing.rules.worklist import ERRANDS, Task, errands_of, had_errands, task_of
from services.processing.store.tables import (
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
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""After every place."""
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
    WITH written AS (
        INSERT INTO processing.worklist AS row (dossier_code, seq, role, task, agency_code, due_order, facts)
        SELECT * FROM unnest(
            CAST(:codes AS text[]), CAST(:seqs AS integer[]), CAST(:roles AS text[]), CAST(:tasks AS text[]),
            CAST(:agencies AS text[]), CAST(:dues AS timestamptz[]), CAST(CAST(:facts AS text[]) AS jsonb[])
        )
        ON CONFLICT (dossier_code) DO UPDATE SET
            seq = excluded.seq, role = excluded.role, task = excluded.task, agency_code = excluded.agency_code,
            due_order = excluded.due_order, facts = excluded.facts
        WHERE row.seq < excluded.seq
    )
    SELECT pg_notify(:channel, :told)
    """
)
"""Writes and tells in one round trip: it stands in every click."""

CHANNEL: Final = "worklist_changed"
"""PostgreSQL's channel on which open lists hear of changes: agency codes, split by blanks."""
_MOST_TOLD: Final = 7_000
"""Bytes of one message; what is cut off is heard of by the next change or the next click."""


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
    told = {task.agency_code for task in tasks if task} | {facts.agency_competent for facts in rows}
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
            "channel": CHANNEL,
            "told": " ".join(sorted(told))[:_MOST_TOLD],
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


_FIND: Final = text(
    """
    SELECT w.facts, h.person_code AS holder FROM processing.worklist w
    LEFT JOIN processing.holding h USING (dossier_code) WHERE w.dossier_code = :code
    """
)


async def find(session: AsyncSession, dossier_code: str) -> Row | None:
    """The dossier's row, if it was heard of."""
    found = (await session.execute(_FIND, {"code": dossier_code})).first()
    return Row(Facts.model_validate(found.facts), found.holder or "") if found else None


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
    def clauses(self) -> tuple[str, ...]:
        """What narrows beside kinds, as conditions on `w`: only those in use, so that each list finds its index."""
        in_use = {
            "w.procedure_code = :procedure": self.procedure_code is not None,
            "w.channel = :channel": self.channel is not None,
            _HELD: self.holder is not None,
            _UNHELD: self.unheld,
        }
        return tuple(clause for clause, wanted in in_use.items() if wanted)

    @property
    def parameters(self) -> dict[str, Any]:
        """Their values."""
        given = {"procedure": self.procedure_code, "channel": self.channel, "holder": self.holder}
        return {name: value for name, value in given.items() if value is not None}


_HELD: Final = "w.dossier_code = ANY (ARRAY (SELECT dossier_code FROM processing.holding WHERE person_code = :holder))"
_UNHELD: Final = "NOT EXISTS (SELECT FROM processing.holding h WHERE h.dossier_code = w.dossier_code)"
EVERYTHING: Final = Filter()
MOST_COUNTED: Final = 1_000
"""A tab counts no further: more is said as `hơn 999`."""

_KINDS: Final = frozenset((role, kind) for meaning in STAGES.values() for role, kind in meaning.tasks.items())
"""Which role has which tasks, as the lifecycle table says."""
_WANTED: Final = """
    unnest(CAST(:tasks AS text[]), CAST(:roles AS text[]), CAST(:agencies AS text[])) AS want (task, role, agency_code)
"""
_AFTER: Final = "(:after_due, CAST(:after_code AS text), CAST(:after_task AS text))"


@lru_cache(maxsize=64)
def _page(clauses: tuple[str, ...]) -> TextClause:
    narrow = "".join(f" AND {clause}" for clause in clauses)
    return text(
        f"""
    WITH place AS (
        SELECT found.* FROM {_WANTED} CROSS JOIN LATERAL (
            SELECT w.due_order, w.dossier_code, w.task, w.role, w.agency_code FROM processing.worklist w
            WHERE w.task = want.task AND w.role = want.role AND w.agency_code = want.agency_code
                AND w.due_order < :before {narrow}
                AND (w.due_order, w.dossier_code, w.task) > {_AFTER}
            ORDER BY w.due_order, w.dossier_code LIMIT :most
        ) AS found
        UNION ALL
        SELECT w.due_order, e.dossier_code, e.task, e.role, e.agency_code
        FROM {_WANTED} JOIN processing.errand e USING (task, role, agency_code)
        JOIN processing.worklist w ON w.dossier_code = e.dossier_code
        WHERE (w.due_order, e.dossier_code, e.task) > {_AFTER} AND w.due_order < :before {narrow}
        ORDER BY due_order, dossier_code, task LIMIT :most
    )
    SELECT place.*, row.facts, holding.person_code AS holder
    FROM place JOIN processing.worklist row USING (dossier_code) LEFT JOIN processing.holding USING (dossier_code)
    ORDER BY place.due_order, place.dossier_code, place.task
    """  # noqa: S608 - only our own constants are put together
    )


@lru_cache(maxsize=64)
def _counts(clauses: tuple[str, ...]) -> TextClause:
    """Each kind of task is one range of one index, read no further than a tab says."""
    narrow = "".join(f" AND {clause}" for clause in clauses)
    return text(
        f"""
    SELECT want.which, want.task, sum(least(:most, found.n)) AS n
    FROM unnest(
        CAST(:which AS integer[]), CAST(:tasks AS text[]), CAST(:roles AS text[]), CAST(:agencies AS text[]),
        CAST(:ends AS timestamptz[])
    ) AS want (which, task, role, agencies, ends)
    CROSS JOIN LATERAL (
        SELECT (SELECT count(*) FROM (SELECT FROM processing.worklist w
            WHERE w.task = want.task AND w.role = want.role
                AND w.agency_code = ANY (string_to_array(want.agencies, ' ')) AND w.due_order < want.ends {narrow}
            LIMIT :most) AS part)
            + (SELECT count(*) FROM processing.errand e JOIN processing.worklist w USING (dossier_code)
            WHERE e.task = want.task AND e.role = want.role
                AND e.agency_code = ANY (string_to_array(want.agencies, ' ')) AND w.due_order < want.ends {narrow}
            ) AS n
    ) AS found GROUP BY want.which, want.task
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
    place["before"] = narrow.before or _LAST
    found = await session.execute(_page(narrow.clauses), _wanted(scope, kinds) | narrow.parameters | place)
    return [
        Row(
            Facts.model_validate(row.facts),
            row.holder or "",
            Task(TaskKind(row.task), Role(row.role), row.agency_code),
        )
        for row in found
    ]


async def counts(
    session: AsyncSession, scope: Mapping[Role, Collection[str]], *narrows: Filter
) -> list[dict[TaskKind, int]]:
    """How many tasks of each kind there are, up to MOST_COUNTED: for each of these filters, which may differ in kinds
    and ends only, in one statement.
    """
    wants = [
        (which, kind.value, role.value, " ".join(sorted(scope[role])), narrow.before or _LAST)
        for which, narrow in enumerate(narrows)
        for role, kind in sorted(_KINDS | ERRANDS)
        if scope.get(role) and (narrow.kinds is None or kind in narrow.kinds)
    ]
    columns = zip(*wants, strict=True) if wants else ((),) * 5
    asked = dict(zip(("which", "tasks", "roles", "agencies", "ends"), map(list, columns), strict=True))
    common = narrows[0].parameters | {"most": MOST_COUNTED}
    found: list[dict[TaskKind, int]] = [{} for _ in narrows]
    for row in await session.execute(_counts(narrows[0].clauses), asked | common):
        found[row.which][TaskKind(row.task)] = int(row.n)
    return found


_ROWS_OF: Final = text(
    """
    SELECT w.facts, h.person_code AS holder FROM processing.worklist w
    LEFT JOIN processing.holding h USING (dossier_code) WHERE w.dossier_code = ANY (CAST(:codes AS text[]))
    """
)


async def rows_of(session: AsyncSession, codes: Collection[str]) -> list[Row]:
    """The rows of these dossiers, as far as they were heard of."""
    found = await session.execute(_ROWS_OF, {"codes": list(codes)})
    return [Row(Facts.model_validate(row.facts), row.holder or "") for row in found]


_NUMBERED: Final = text(
    """
    WITH found AS (
        SELECT part.dossier_code FROM unnest(CAST(:agencies AS text[])) AS mine (code) CROSS JOIN LATERAL (
            (SELECT w.dossier_code FROM processing.worklist w WHERE w.number = :number
                AND w.dossier_code > mine.code || '-' AND w.dossier_code < mine.code || '.'
                ORDER BY w.dossier_code DESC LIMIT :most)
            UNION ALL
            (SELECT w.dossier_code FROM processing.worklist w WHERE w.number = :number
                AND w.agency_code = mine.code ORDER BY w.dossier_code DESC LIMIT :most)
        ) AS part
    ), newest AS (
        SELECT DISTINCT substring(dossier_code FROM '-([0-9]{6})-') AS day, dossier_code FROM found
        ORDER BY day DESC, dossier_code LIMIT :most
    )
    SELECT w.facts, h.person_code AS holder FROM newest JOIN processing.worklist w USING (dossier_code)
    LEFT JOIN processing.holding h USING (dossier_code) ORDER BY newest.day DESC, dossier_code
    """
)
"""Of each agency what it took in and what lies with it; the day stands in the code."""


async def numbered(session: AsyncSession, number: str, agencies: Collection[str], limit: int) -> list[Row]:
    """Dossiers of this number of their day that these agencies took in or have on their desks, newest first."""
    asked = {"number": number, "agencies": sorted(agencies), "most": limit}
    return [Row(Facts.model_validate(row.facts), row.holder or "") for row in await session.execute(_NUMBERED, asked)]


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


_RECORD_READINGS: Final = text(
    """
    INSERT INTO processing.reading (at, person_code, dossier_code, what, granted)
    SELECT :at, :who, code, :what, :granted FROM unnest(CAST(:codes AS text[])) AS code
    """
)


async def record_readings(
    session: AsyncSession, person_code: str, codes: Collection[str], what: str, at: datetime, *, granted: bool = True
) -> None:
    """Who looked at whose data (SR-42): one line per dossier."""
    if codes:
        values = {"at": at, "who": person_code, "what": what, "granted": granted, "codes": list(codes)}
        await session.execute(_RECORD_READINGS, values)


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


_SAVED_VIEWS: Final = text("SELECT name, query FROM processing.saved_view WHERE person_code = :who ORDER BY name")


async def saved_views(session: AsyncSession, person_code: str) -> list[tuple[str, str]]:
    """(name, query) of the person's saved views, by name."""
    return [(row.name, row.query) for row in await session.execute(_SAVED_VIEWS, {"who": person_code})]


async def save_view(session: AsyncSession, person_code: str, name: str, query: str) -> None:
    """Keeps a view under its name; the same name again replaces it, an empty query forgets it."""
    mine = and_(saved_view.c.person_code == person_code, saved_view.c.name == name)
    await session.execute(delete(saved_view).where(mine))
    if query:
        await session.execute(insert(saved_view).values(person_code=person_code, name=name, query=query))


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


_FIND_FOR: Final = text(
    """
    SELECT (SELECT request_hash FROM processing.command WHERE dossier_code = :code AND command_id = :command_id)
        AS request_hash, w.facts, h.person_code AS holder
    FROM (SELECT CAST(:code AS text) AS dossier_code) AS asked
    LEFT JOIN processing.worklist w USING (dossier_code) LEFT JOIN processing.holding h USING (dossier_code)
    """
)


async def find_for(session: AsyncSession, dossier_code: str, command_id: str) -> tuple[Row | None, str | None]:
    """The dossier's row, and the request that this command id stood for when it was taken before."""
    found = (await session.execute(_FIND_FOR, {"code": dossier_code, "command_id": command_id})).one()
    row = Row(Facts.model_validate(found.facts), found.holder or "") if found.facts else None
    return row, found.request_hash


_RECORD_COMMAND: Final = text(
    """
    INSERT INTO processing.command AS kept (dossier_code, command_id, request_hash, taken_at)
    VALUES (:code, :command_id, :request_hash, :at)
    ON CONFLICT (dossier_code, command_id) DO UPDATE SET request_hash = kept.request_hash
    RETURNING request_hash
    """
)
"""The first one stands; it is written again so that it is answered."""


async def record_command(
    session: AsyncSession, dossier_code: str, command_id: str, request_hash: str, at: datetime
) -> str:
    """Remembers a command that was taken; answers the request it stands for, which may be an earlier one."""
    values = {"code": dossier_code, "command_id": command_id, "request_hash": request_hash, "at": at}
    return str((await session.execute(_RECORD_COMMAND, values)).scalar_one())


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
