"""S2, the worklist: tabs with counts, filters in the address, search, and what the page may do with ticked rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.processing import store
from services.processing.pages._door import (
    PREFIX,
    Console,
    Notice,
    Person,
    The,
    TheConsole,
    new_command,
    page,
    see_other,
)
from services.processing.rules.wording import BUTTONS, Tab
from services.processing.rules.worklist import agencies_below, readable_resource, scope_of
from services.processing.store import Row, accounts
from services.processing.views.worklist import Query, bulk_acts, pickers, row_views, tab_views
from shared.dossier.codes import is_dossier_code
from shared.dossier.lifecycle import Role, TaskKind
from shared.dossier.permission import Right, can
from shared.platform.http import Answered, Away
from shared.web.identity import allows
from shared.web.limits import LIST_SEARCH, limited
from shared.web.pages import cursor, key_of
from shared.web.problem import Problem

router = APIRouter(prefix=PREFIX, include_in_schema=False)
ROWS: Final = 50
_NUMBER: Final = re.compile(r"\d{1,6}")
_RECEIPT: Final = re.compile(r"\s+")


def query_of(request: Request) -> Query:
    """The address as a question; what is no filter of ours filters nothing."""
    given = {name: request.query_params.get(name, "")[:200].strip() for name in Query._fields}
    view = Tab(given.pop("view")) if request.query_params.get("view") in set(Tab) else Tab.ALL
    given.pop("view", None)
    if given["channel"] not in {"1", "2", "3"}:
        given["channel"] = ""
    return Query(view, **given)


TheQuery = Annotated[Query, Depends(query_of)]


@router.get("")
@allows(Right.READ_WORKLIST)
@limited(LIST_SEARCH)
async def show(request: Request, console: TheConsole, person: The, query: TheQuery) -> Response:
    if is_dossier_code(code := _RECEIPT.sub("", query.q).upper()):  # a scanned receipt opens its dossier
        return see_other(f"{PREFIX}/{code}")
    return await listed(request, console, person, query)


async def listed(
    request: Request,
    console: Console,
    person: Person,
    query: Query,
    *,
    notices: tuple[Notice, ...] = (),
    status: int = 200,
) -> Response:
    """The page of a question."""
    door, now, on, actor = console.door, console.door.now(), console.staff.today, person.member.actor
    scope = scope_of(door.catalogue, actor.grants, on)
    covered = frozenset[str]().union(*scope.values()) if scope else frozenset[str]()
    if query.agency:
        below = agencies_below(door.catalogue, query.agency, on)
        scope = {role: codes & below for role, codes in scope.items()}
    rows, more, found, overdue, views = await _rows(console, person, query, scope)
    named = await console.names(actor.person_code, [row.facts.dossier_code for row in rows])
    async with door.reads() as session:
        titles = await accounts.titles(session, {row.holder for row in rows if row.holder})
    say = person.say
    if named.is_away:
        sentence = say("Tên người nộp đang không tải được. Danh sách vẫn dùng được theo mã hồ sơ.")
        notices = (*notices, Notice("wait", sentence))
    shown = row_views(
        rows, actor=actor, catalogue=door.catalogue, now=now, named=named, titles=titles, language=person.language
    )
    return page(
        request, console, person, "worklist.html",
        status=status,
        notices=notices,
        query=query,
        tabs=tab_views(query, found, overdue, person.language),
        pickers=pickers(query, door.catalogue, covered, on, person.language),
        views=views,
        rows=shown,
        next=query._replace(cursor=more).address(cursor=more) if more else "",
        bulk=[(act.value, BUTTONS[act].said(person.language)) for act in bulk_acts(actor, rows, door.catalogue, on)],
        command=new_command(),
        now=now,
    )  # fmt: skip


async def _rows(
    console: Console, person: Person, query: Query, scope: Mapping[Role, frozenset[str]]
) -> tuple[list[Row], str, dict[TaskKind, int], int, list[tuple[str, str]]]:
    """(rows, cursor of the next page, counts per kind of task, overdue, saved views)."""
    door, code = console.door, person.member.actor.person_code
    narrow = query.filter(code, door.now())
    async with door.reads() as session:
        if query.q:
            covered = sorted(frozenset[str]().union(*scope.values()))
            rows, more = await _search(console, person, query, covered), ""
        else:
            rows = await store.tasks(session, scope, narrow=narrow, after=_place(query.cursor), limit=ROWS + 1)
            more = _cursor(rows[ROWS - 1]) if len(rows) > ROWS else ""
        tabs = [query._replace(view=view).filter(code, door.now()) for view in (Tab.ALL, Tab.OVERDUE)]
        found, late = await store.counts(session, scope, *tabs)
        views = await store.saved_views(session, code)
    return rows[:ROWS], more, found, sum(late.values()), views


async def _search(console: Console, person: Person, query: Query, covered: Collection[str]) -> list[Row]:
    """Dossiers by number, by the applicant's name, identity number or end of phone; only those within sight."""
    door, on, actor = console.door, console.staff.today, person.member.actor
    async with door.reads() as session:
        if _NUMBER.fullmatch(query.q):
            rows = await store.numbered(session, query.q.zfill(4), covered, ROWS)
        else:
            rows = []
    known = {row.facts.dossier_code for row in rows}
    try:
        codes = [code for code in await door.file.search(query.q, covered) if code not in known]
    except (Away, Answered):
        codes = []
    if codes:
        async with door.reads() as session:
            by_code = {row.facts.dossier_code: row for row in await store.rows_of(session, codes)}
        rows += [by_code[code] for code in codes if code in by_code]
    return [row for row in rows if can(actor, Right.READ_DOSSIER, readable_resource(door.catalogue, row.facts, on))][
        :ROWS
    ]


def _cursor(row: Row) -> str:
    return cursor(row.due_order.isoformat(), row.facts.dossier_code, row.task.kind if row.task else "")


def _place(after: str) -> tuple[datetime, str, str] | None:
    key = key_of(after, 3)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(str(key[0])).astimezone(UTC), str(key[1]), str(key[2])
    except ValueError as error:
        raise Problem(400, "cursor_invalid", detail=("Con trỏ trang không hợp lệ.", "Not a cursor of ours.")) from error
